//! Up to which change everything is settled, decided from what can be seen; no input and output.
//!
//! Postgres hands out ids before their transactions commit, so that of two changes the later may be seen first, and one
//! that was rolled back is never seen. A missing id may be passed when everybody has ended who may have taken it.

use std::collections::BTreeSet;

/// Up to which change everything is settled: it can be seen, or will never be.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    settled: Option<i64>,
    gap: Option<Gap>,
}

/// Ids are missing below one that can be seen.
#[derive(Debug)]
struct Gap {
    upto: i64,
    /// Those who may have taken the missing ids and have not ended yet.
    writers: BTreeSet<String>,
}

impl Frontier {
    /// Up to which everything is settled; `None` before that is known.
    pub(super) const fn settled(&self) -> Option<i64> {
        self.settled
    }

    /// It waits for somebody to end.
    pub(super) const fn waits(&self) -> bool {
        self.gap.is_some()
    }

    /// Takes the ids that can be seen after what is settled, in order and without leaving one out. When some are missing
    /// between them, the highest id comes back: ask who is writing now, and say so to [`Frontier::wait_for`].
    pub(super) fn walk(&mut self, ids: &[i64]) -> Option<i64> {
        for (next, id) in (self.settled? + 1..).zip(ids) {
            if *id != next {
                return ids.last().copied();
            }
            self.settled = Some(next);
        }
        None
    }

    /// Everything up to `upto`, which could be seen before it was asked who is writing, is settled when they have ended.
    pub(super) fn wait_for(&mut self, upto: i64, writers: BTreeSet<String>) {
        let writing = writers.clone();
        self.gap = Some(Gap { upto, writers });
        self.writing(&writing);
    }

    /// Takes who is writing now.
    pub(super) fn writing(&mut self, writers: &BTreeSet<String>) {
        let Some(gap) = &mut self.gap else { return };
        gap.writers.retain(|writer| writers.contains(writer));
        if gap.writers.is_empty() {
            self.settled = self.settled.max(Some(gap.upto));
            self.gap = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writers(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn at(settled: i64) -> Frontier {
        Frontier { settled: Some(settled), gap: None }
    }

    #[test]
    fn ids_without_a_gap_are_settled_as_they_come() {
        let mut frontier = at(4);
        assert_eq!(frontier.walk(&[]), None);
        assert_eq!(frontier.walk(&[5, 6, 7]), None);
        assert_eq!(frontier.settled(), Some(7));
    }

    #[test]
    fn a_gap_is_passed_when_those_who_wrote_then_have_ended_whoever_came_since() {
        let mut frontier = at(4);
        assert_eq!(frontier.walk(&[5, 7, 9]), Some(9));
        assert_eq!(frontier.settled(), Some(5));
        frontier.wait_for(9, writers(&["1/1", "2/2"]));
        frontier.writing(&writers(&["1/1", "2/2", "3/3"]));
        frontier.writing(&writers(&["2/2", "3/3"]));
        assert!(frontier.waits() && frontier.settled() == Some(5));
        // Names are never given twice, so one that was gone and is seen again does not count.
        frontier.writing(&writers(&["1/1", "3/3"]));
        assert!(!frontier.waits() && frontier.settled() == Some(9));
    }

    #[test]
    fn where_nobody_writes_a_gap_is_no_gap() {
        let mut frontier = at(4);
        assert_eq!(frontier.walk(&[8]), Some(8));
        frontier.wait_for(8, writers(&[]));
        assert_eq!((frontier.settled(), frontier.waits()), (Some(8), false));
    }

    #[test]
    fn in_the_beginning_it_is_not_known() {
        let mut frontier = Frontier::default();
        assert_eq!(frontier.walk(&[1, 2]), None);
        assert_eq!(frontier.settled(), None);
        frontier.wait_for(2, writers(&["1/1"]));
        assert_eq!(frontier.settled(), None);
        frontier.writing(&writers(&[]));
        assert_eq!(frontier.settled(), Some(2));
    }

    /// Transactions take ids, commit or roll back in any order, and looks at any moment: nothing that is not settled yet
    /// lies below the frontier, and in the end everything does.
    #[test]
    fn nothing_becomes_visible_below_the_frontier() {
        use rand::rngs::StdRng;
        use rand::{Rng, SeedableRng};

        for seed in 0..500 {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut visible, mut open) = (BTreeSet::<i64>::new(), Vec::<(String, i64)>::new());
            let (mut last, mut frontier) = (0, at(0));
            for step in 0..400 {
                let is_over = step >= 300;
                match random.random_range(0..3) {
                    0 if !is_over => {
                        last += 1;
                        open.push((format!("writer {step}"), last));
                    }
                    1 if !open.is_empty() => {
                        let (_, id) = open.swap_remove(random.random_range(0..open.len()));
                        if random.random_bool(0.8) {
                            assert!(frontier.settled() < Some(id), "seed {seed}: {id} comes too late");
                            visible.insert(id);
                        }
                    }
                    _ => look(&mut frontier, &visible, &open),
                }
            }
            open.clear();
            look(&mut frontier, &visible, &open);
            look(&mut frontier, &visible, &open);
            assert!(frontier.settled() >= visible.last().copied(), "seed {seed}: stuck at {frontier:?}");
        }
    }

    fn look(frontier: &mut Frontier, visible: &BTreeSet<i64>, open: &[(String, i64)]) {
        let writing: BTreeSet<String> = open.iter().map(|(writer, _)| writer.clone()).collect();
        frontier.writing(&writing);
        let settled = frontier.settled().unwrap();
        let ids: Vec<i64> = visible.range(settled + 1..).copied().collect();
        if !frontier.waits()
            && let Some(upto) = frontier.walk(&ids)
        {
            frontier.wait_for(upto, writing);
        }
    }
}
