//! How much of a flood passes: the first lines of every second, the last ones, and the count of what lies between.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Stream;

const WINDOW: Duration = Duration::from_secs(1);

/// A line as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) at: DateTime<Utc>,
    pub(super) stream: Stream,
    /// Without the line's end.
    pub(super) bytes: Vec<u8>,
    /// There was more of it.
    pub(super) is_cut: bool,
}

/// What passes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    Line(Raw),
    /// So many lines do not.
    Dropped(u64),
}

/// The memory of the current second.
#[derive(Debug)]
pub(super) struct Flood {
    first: usize,
    last: usize,
    since: Option<Instant>,
    passed: usize,
    held: VecDeque<Raw>,
    dropped: u64,
}

impl Flood {
    pub(super) fn new(first: usize, last: usize) -> Self {
        Self { first, last, since: None, passed: 0, held: VecDeque::new(), dropped: 0 }
    }

    /// Takes a line that was read at `at`.
    pub(super) fn take(&mut self, line: Raw, at: Instant, pass: &mut dyn FnMut(Passed)) {
        if self.since.is_none_or(|since| at.duration_since(since) >= WINDOW) {
            self.end(pass);
            self.since = Some(at);
        }
        if self.passed < self.first {
            self.passed += 1;
            return pass(Passed::Line(line));
        }
        self.held.push_back(line);
        if self.held.len() > self.last {
            self.held.pop_front();
            self.dropped += 1;
        }
    }

    /// Ends the second: what is held back passes.
    pub(super) fn end(&mut self, pass: &mut dyn FnMut(Passed)) {
        if self.dropped > 0 {
            pass(Passed::Dropped(self.dropped));
        }
        self.held.drain(..).for_each(|line| pass(Passed::Line(line)));
        (self.since, self.passed, self.dropped) = (None, 0, 0);
    }

    /// When the second ends, if something is held back until then.
    pub(super) fn due(&self) -> Option<Instant> {
        let is_holding = !self.held.is_empty() || self.dropped > 0;
        self.since.filter(|_| is_holding).map(|since| since + WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(number: u32) -> Raw {
        Raw {
            at: DateTime::UNIX_EPOCH,
            stream: Stream::Err,
            bytes: number.to_string().into_bytes(),
            is_cut: false,
        }
    }

    fn words(passed: Vec<Passed>) -> Vec<String> {
        let word = |one| match one {
            Passed::Line(raw) => String::from_utf8(raw.bytes).unwrap(),
            Passed::Dropped(count) => format!("-{count}"),
        };
        passed.into_iter().map(word).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_and_the_last_of_a_second_pass() {
        let mut flood = Flood::new(3, 2);
        let (start, mut passed) = (Instant::now(), Vec::new());
        for number in 1..=10 {
            flood.take(raw(number), start, &mut |one| passed.push(one));
        }
        assert_eq!(flood.due(), Some(start + WINDOW));
        flood.take(raw(11), start + WINDOW, &mut |one| passed.push(one));
        assert_eq!(words(passed), ["1", "2", "3", "-5", "9", "10", "11"]);
        assert_eq!(flood.due(), None, "nothing is held back");
    }

    #[tokio::test(start_paused = true)]
    async fn no_line_is_neither_passed_nor_counted() {
        let (mut flood, mut total) = (Flood::new(7, 3), 0);
        let start = Instant::now();
        let mut count = |one| match one {
            Passed::Line(_) => total += 1,
            Passed::Dropped(count) => total += count,
        };
        for number in 0..5000_u32 {
            flood.take(raw(number), start + Duration::from_millis(u64::from(number / 3)), &mut count);
        }
        flood.end(&mut count);
        assert_eq!(total, 5000);
    }
}
