//! When a failed step is tried again: a schedule in data, jittered, never earlier than the service asked for.

use std::time::Duration;

/// Delays after the first, second, … failed attempt of a ticket or delivery; after the last one it has failed.
pub const SCHEDULE: [Duration; 9] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(4 * 60 * 60),
    Duration::from_secs(8 * 60 * 60),
];

/// The longest wait that a service's `Retry-After` can impose: past it we look again ourselves.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// How long to wait after `failures` failed attempts (1 = the first just failed), or `None` when the schedule is
/// over. `jitter` in 0..=1 moves the delay between 80 % and 120 % of the scheduled one; a longer `retry_after`
/// is honoured up to [`LONGEST_RETRY_AFTER`].
pub fn delay(failures: u32, jitter: f64, retry_after: Option<Duration>) -> Option<Duration> {
    let index = usize::try_from(failures.max(1) - 1).unwrap_or(usize::MAX);
    let scheduled = SCHEDULE.get(index)?.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    Some(scheduled.max(retry_after.unwrap_or(Duration::ZERO).min(LONGEST_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn follows_the_schedule_and_then_ends() {
        assert_eq!(delay(1, 0.5, None), Some(Duration::from_secs(10)));
        assert_eq!(delay(9, 0.5, None), Some(Duration::from_secs(8 * 3600)));
        assert_eq!(delay(10, 0.5, None), None);
        assert_eq!(delay(u32::MAX, 0.5, None), None);
    }

    #[test]
    fn a_service_that_says_when_is_heard_within_reason() {
        assert_eq!(delay(1, 0.5, Some(Duration::from_secs(90))), Some(Duration::from_secs(90)));
        assert_eq!(delay(1, 0.5, Some(Duration::from_secs(1))), Some(Duration::from_secs(10)));
        assert_eq!(delay(1, 0.5, Some(Duration::MAX)), Some(LONGEST_RETRY_AFTER));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(failures in 1u32..=9, jitter in 0.0f64..=1.0) {
            let base = SCHEDULE[failures as usize - 1];
            let delay = delay(failures, jitter, None).unwrap();
            prop_assert!(delay >= base.mul_f64(0.799) && delay <= base.mul_f64(1.201));
        }
    }
}
