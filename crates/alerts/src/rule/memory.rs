//! What must be remembered between two events. Bounded, whatever is reported.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::incident::{Gate, Incident, Signal, Telling, step};
use crate::notice::{Happening, Notice, Trouble};

use super::{Click, Event, Now, Rules};

/// Troubles remembered at a time: one per kind and program is a handful.
const MOST_TROUBLES: usize = 32;
/// Happenings waiting to be told.
const MOST_WAITING: usize = 256;
/// Happenings remembered so that they are not told again.
const MOST_TOLD: usize = 1024;

/// What has been reported and told so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    troubles: BTreeMap<(Trouble, String), Open>,
    waiting: BTreeMap<(Happening, String), String>,
    told: VecDeque<(Happening, String)>,
    woke: Option<Duration>,
    clicked: Option<Duration>,
    is_halted: bool,
}

/// A trouble, with the last words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    incident: Incident,
    body: String,
}

impl Memory {
    /// Remembers what is not the business of a single trouble.
    pub(super) fn note(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Woke => self.woke = Some(now),
            Event::Clicked(click) => {
                self.clicked = Some(now);
                self.is_halted = match click {
                    Click::Halted => true,
                    Click::Started => false,
                };
            }
            Event::Happened { happening, subject, body } => self.note_happening(*happening, subject, body),
            Event::Moot { trouble, subject } => {
                self.troubles.remove(&(*trouble, subject.clone()));
            }
            Event::Withdrawn { happening, subject } => {
                self.waiting.remove(&(*happening, subject.clone()));
            }
            Event::Bad { .. } | Event::Good { .. } | Event::Tick => {}
        }
    }

    /// Moves every trouble on, and tells what has settled.
    pub(super) fn tell_troubles(&mut self, event: &Event, now: Now, rules: &Rules) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Event::Bad { trouble, subject, body } = event {
            let key = (*trouble, subject.clone());
            if !self.troubles.contains_key(&key) && self.has_room() {
                let (incident, _) = step(None, Signal::Bad, now.moment, rules.patience(*trouble), Gate::Held);
                self.troubles.extend(incident.map(|incident| (key, Open { incident, body: body.clone() })));
            }
        }
        for ((trouble, subject), open) in std::mem::take(&mut self.troubles) {
            let (signal, body) = match event {
                Event::Bad { trouble: of, subject: whose, body } if (*of, whose) == (trouble, &subject) => {
                    (Signal::Bad, body.clone())
                }
                Event::Good { trouble: of, subject: whose } if (*of, whose) == (trouble, &subject) => {
                    (Signal::Good, open.body)
                }
                Event::Woke => (Signal::Anew, open.body),
                Event::Bad { .. }
                | Event::Good { .. }
                | Event::Moot { .. }
                | Event::Happened { .. }
                | Event::Withdrawn { .. }
                | Event::Clicked(_)
                | Event::Tick => (Signal::Tick, open.body),
            };
            let (incident, telling) = self.turn(trouble, open.incident, signal, now, rules);
            notices.extend(telling.map(|telling| match telling {
                Telling::Raised => Notice::raised(trouble, &subject, &body),
                Telling::Recovered { lasted } => Notice::recovered(trouble, &subject, lasted),
            }));
            self.troubles.extend(incident.map(|incident| ((trouble, subject), Open { incident, body })));
        }
        notices
    }

    /// Tells what has happened, several of a kind in one.
    pub(super) fn tell_happenings(&mut self, now: Now, rules: &Rules) -> Vec<Notice> {
        self.waiting.retain(|(happening, _), _| !rules.off.contains(&happening.kind()));
        if rules.is_quiet(now) || self.is_just_awake(now.moment, rules) {
            return Vec::new();
        }
        let waiting = std::mem::take(&mut self.waiting);
        let of = |happening| waiting.iter().filter(move |((of, _), _)| *of == happening);
        Happening::ALL
            .into_iter()
            .filter_map(|happening| match of(happening).count() {
                0 => None,
                1 => of(happening)
                    .next()
                    .map(|((_, subject), body)| Notice::happened(happening, subject, body)),
                number => Some(Notice::several(happening, number)),
            })
            .collect()
    }

    fn turn(
        &self,
        trouble: Trouble,
        incident: Incident,
        signal: Signal,
        now: Now,
        rules: &Rules,
    ) -> (Option<Incident>, Option<Telling>) {
        let patience = rules.patience(trouble);
        let is_untold = matches!(incident, Incident::Settling { .. } | Incident::Over { .. });
        if is_untold && self.is_own_click(trouble, now.moment, rules) {
            let (incident, _) = step(Some(incident), signal, now.moment, patience, Gate::Held);
            return step(incident, Signal::Anew, now.moment, patience, Gate::Held);
        }
        step(Some(incident), signal, now.moment, patience, self.gate(trouble, now, rules))
    }

    fn gate(&self, trouble: Trouble, now: Now, rules: &Rules) -> Gate {
        let waits_for_nothing = match trouble {
            Trouble::Exposed => true,
            Trouble::TunnelDown | Trouble::GaveUp => false,
        };
        let is_held = !waits_for_nothing && (rules.is_quiet(now) || self.is_just_awake(now.moment, rules));
        if is_held || rules.off.contains(&trouble.kind()) { Gate::Held } else { Gate::Open }
    }

    /// The person has just done what makes this trouble, so it is no news to them.
    fn is_own_click(&self, trouble: Trouble, now: Duration, rules: &Rules) -> bool {
        let is_recent = self.clicked.is_some_and(|clicked| now.saturating_sub(clicked) < rules.click);
        match trouble {
            Trouble::TunnelDown => self.is_halted || is_recent,
            Trouble::Exposed | Trouble::GaveUp => false,
        }
    }

    fn is_just_awake(&self, now: Duration, rules: &Rules) -> bool {
        self.woke.is_some_and(|woke| now.saturating_sub(woke) < rules.wake)
    }

    /// Whether one more trouble may be remembered; an old end makes place for it.
    fn has_room(&mut self) -> bool {
        if self.troubles.len() >= MOST_TROUBLES {
            self.troubles.retain(|_, open| !matches!(open.incident, Incident::Over { .. }));
        }
        self.troubles.len() < MOST_TROUBLES
    }

    fn note_happening(&mut self, happening: Happening, subject: &str, body: &str) {
        let key = (happening, subject.to_owned());
        if self.told.contains(&key) || self.waiting.len() >= MOST_WAITING {
            return;
        }
        if self.told.len() >= MOST_TOLD {
            self.told.pop_front();
        }
        self.told.push_back(key.clone());
        self.waiting.insert(key, body.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_told_is_forgotten_from_the_oldest_on() {
        let (mut memory, rules) = (Memory::default(), Rules::default());
        let now = Now { moment: Duration::from_secs(60), local_minute: 0 };
        for number in 0..=MOST_TOLD {
            let (happening, subject) = (Happening::NewAlert, number.to_string());
            let event = Event::Happened { happening, subject, body: String::new() };
            let notices;
            (memory, notices) = super::super::observe(memory, &event, now, &rules);
            assert_eq!(notices.len(), 1);
        }
        assert_eq!(memory.told.len(), MOST_TOLD);
        assert_eq!(memory.told.front(), Some(&(Happening::NewAlert, "1".to_owned())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn memory_is_bounded_whatever_is_reported(reports in prop::collection::vec((0u8..4, 0u32..5000, 0u64..60), 1..3000)) {
            let mut memory = Memory::default();
            let quiet = Some(crate::quiet::QuietHours { from: 0, until: 1439 });
            let rules = Rules { quiet, ..Rules::default() };
            let mut moment = Duration::ZERO;
            for (choice, number, wait) in reports {
                moment += Duration::from_secs(wait);
                let (subject, body) = (number.to_string(), String::new());
                let event = match choice {
                    0 => Event::Bad { trouble: Trouble::Exposed, subject, body },
                    1 => Event::Good { trouble: Trouble::Exposed, subject },
                    2 => Event::Happened { happening: Happening::NeedsReview, subject, body },
                    _ => Event::Bad { trouble: Trouble::TunnelDown, subject, body },
                };
                (memory, _) = super::super::observe(memory, &event, Now { moment, local_minute: 5 }, &rules);
                prop_assert!(memory.troubles.len() <= MOST_TROUBLES);
                prop_assert!(memory.waiting.len() <= MOST_WAITING && memory.told.len() <= MOST_TOLD);
            }
        }
    }
}
