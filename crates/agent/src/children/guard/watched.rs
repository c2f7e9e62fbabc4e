//! What the guard is told, one line a group, and what it does in the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::children::platform::{self, Group};

/// From the request to end to the kill.
const GRACE: Duration = Duration::from_millis(1500);
/// Between two looks whether they are gone.
const LOOK: Duration = Duration::from_millis(20);

/// A group has come.
pub(super) fn come(leader: u32, started: &str) -> String {
    format!("+{leader} {started}\n")
}

/// A group has ended.
pub(super) fn gone(leader: u32) -> String {
    format!("-{leader}\n")
}

/// The groups there are: the leader's number and its start.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Watched(BTreeMap<u32, String>);

impl Watched {
    /// Takes one line without its end; one that is not understood says nothing.
    pub(super) fn take(&mut self, line: &str) {
        if let Some((leader, started)) = line.strip_prefix('+').and_then(|rest| rest.split_once(' ')) {
            if let Ok(leader) = leader.parse() {
                self.0.insert(leader, started.to_owned());
            }
        } else if let Some(Ok(leader)) = line.strip_prefix('-').map(str::parse) {
            self.0.remove(&leader);
        }
    }

    /// Ends every group: asked first, killed when it takes too long.
    pub(super) fn end(self) {
        let mut groups: Vec<Group> =
            self.0.iter().filter_map(|(leader, started)| theirs(*leader, started)).collect();
        groups.iter().for_each(Group::terminate_all);
        let asked = Instant::now();
        groups.retain(Group::is_alive);
        while !groups.is_empty() && asked.elapsed() < GRACE {
            std::thread::sleep(LOOK);
            groups.retain(Group::is_alive);
        }
        groups.iter().for_each(Group::kill);
    }
}

/// The group, unless its number belongs to another process by now. A leader that is gone does not matter: while its
/// group has members the number is given to nobody.
fn theirs(leader: u32, started: &str) -> Option<Group> {
    let now = platform::started(leader);
    if now.is_some_and(|now| now != started) { None } else { Group::led_by(leader) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> Vec<(u32, String)> {
        let mut watched = Watched::default();
        lines.lines().for_each(|line| watched.take(line));
        watched.0.into_iter().collect()
    }

    #[test]
    fn groups_come_and_go() {
        let lines = [come(7, "a:1"), come(8, "a:2"), gone(7), come(8, "a:3"), gone(99)].concat();
        assert_eq!(told(&lines), [(8, "a:3".to_owned())]);
    }

    #[test]
    fn what_is_not_understood_says_nothing() {
        assert_eq!(told("+\n+x y\n+7\n-\n-x\nhello\n\n+-1 a\n"), []);
    }

    #[test]
    fn a_number_that_was_given_to_another_process_is_left_alone() {
        let own = std::process::id();
        let started = platform::started(own).unwrap();
        assert_eq!(theirs(own, "another:1"), None);
        assert_eq!(theirs(own, &started), Group::led_by(own));
    }

    #[test]
    fn the_numbers_that_mean_everybody_are_no_groups() {
        assert_eq!((Group::led_by(0), Group::led_by(1), Group::led_by(u32::MAX)), (None, None, None));
    }
}
