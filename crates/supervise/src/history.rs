//! The last day of one layer in small pieces, for a sparkline: bounded memory, whatever happens.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Moment;
use crate::health::Health;

/// How many pieces a day has.
pub const BUCKETS: usize = 288;
/// How long a piece is.
pub const BUCKET: Duration = Duration::from_secs(5 * 60);
/// Latencies remembered within one piece; what comes beyond is not in its median.
const SAMPLES: usize = 128;

/// One piece of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Bucket {
    /// The worst that was seen; `None` when nothing was.
    pub worst: Option<Health>,
    /// The middle of the latencies, in milliseconds.
    pub median_ms: Option<u32>,
    /// The longest latency, in milliseconds.
    pub longest_ms: Option<u32>,
}

/// The last 24 hours of one layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    closed: VecDeque<Bucket>,
    /// Number of the piece that is being filled, counted from the agent's start.
    current: u64,
    worst: Option<Health>,
    samples: Vec<u32>,
    longest_ms: Option<u32>,
}

impl History {
    /// Notes what was seen at `now`. Never goes back: an earlier moment counts into the current piece.
    pub fn record(&mut self, health: Health, latency: Option<Duration>, now: Moment) {
        self.turn_to(now);
        self.worst = self.worst.max(Some(health));
        if let Some(latency) = latency {
            let millis = u32::try_from(latency.as_millis()).unwrap_or(u32::MAX);
            self.longest_ms = self.longest_ms.max(Some(millis));
            if self.samples.len() < SAMPLES {
                self.samples.push(millis);
            }
        }
    }

    /// The pieces up to `now`, oldest first, the last one still being filled; at most [`BUCKETS`].
    pub fn buckets(&self, now: Moment) -> Vec<Bucket> {
        let mut turned = self.clone();
        turned.turn_to(now);
        let current = turned.current_bucket();
        turned.closed.into_iter().chain([current]).collect()
    }

    fn turn_to(&mut self, now: Moment) {
        let number = now.as_millis() / u64::try_from(BUCKET.as_millis()).unwrap_or(u64::MAX);
        if number <= self.current {
            return;
        }
        self.close(self.current_bucket());
        let missed = usize::try_from(number - self.current - 1).unwrap_or(usize::MAX);
        for _ in 0..missed.min(BUCKETS) {
            self.close(Bucket::default());
        }
        self.current = number;
        self.worst = None;
        self.samples.clear();
        self.longest_ms = None;
    }

    fn close(&mut self, bucket: Bucket) {
        if self.closed.len() + 1 >= BUCKETS {
            self.closed.pop_front();
        }
        self.closed.push_back(bucket);
    }

    fn current_bucket(&self) -> Bucket {
        let mut sorted = self.samples.clone();
        sorted.sort_unstable();
        let median_ms = sorted.get(sorted.len() / 2).copied();
        Bucket { worst: self.worst, median_ms, longest_ms: self.longest_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_piece_keeps_the_worst_the_middle_and_the_longest() {
        let mut history = History::default();
        for (health, millis) in [(Health::Ok, 30), (Health::Fail, 10), (Health::Warn, 900)] {
            history.record(health, Some(Duration::from_millis(millis)), Moment::from_millis(1));
        }
        history.record(Health::Ok, None, Moment::from_millis(2));
        let bucket = Bucket { worst: Some(Health::Fail), median_ms: Some(30), longest_ms: Some(900) };
        assert_eq!(history.buckets(Moment::from_millis(3)), [bucket]);
    }

    #[test]
    fn silence_is_empty_and_a_day_later_nothing_is_left() {
        let mut history = History::default();
        history.record(Health::Fail, None, at(0));
        let seen: Vec<_> = history.buckets(at(3)).iter().map(|bucket| bucket.worst).collect();
        assert_eq!(seen, [Some(Health::Fail), None, None, None]);
        assert_eq!(history.buckets(at(287))[0].worst, Some(Health::Fail));
        assert!(history.buckets(at(288)).iter().all(|bucket| bucket.worst.is_none()));
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_the_newest_is_always_there(steps in prop::collection::vec((0u64..90_000_000, 0u32..5000), 1..400)) {
            let (mut history, mut now) = (History::default(), Moment::default());
            for (wait, latency) in steps {
                now = now.plus(Duration::from_millis(wait));
                history.record(Health::Warn, Some(Duration::from_millis(u64::from(latency))), now);
                prop_assert!(history.closed.len() < BUCKETS && history.samples.len() <= SAMPLES);
                prop_assert_eq!(history.buckets(now).last().and_then(|bucket| bucket.worst), Some(Health::Warn));
            }
        }
    }

    fn at(bucket: u64) -> Moment {
        Moment::default().plus(BUCKET * u32::try_from(bucket).unwrap())
    }
}
