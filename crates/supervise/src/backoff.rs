//! How long a program that ended is left alone before it is started again.

use std::time::Duration;

/// The waits after the first, second, … end in a row; the last one stays.
pub const STEPS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// The wait after `failures` ends in a row (1 = the first has just happened). There is always a next try.
pub fn delay(failures: u32) -> Duration {
    let index = usize::try_from(failures.max(1) - 1).unwrap_or(usize::MAX);
    STEPS[index.min(STEPS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn follows_the_steps_and_stays_at_the_last() {
        let seconds: Vec<u64> = (1..=8).map(|failures| delay(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 5, 10, 30, 60, 60, 60]);
        assert_eq!(delay(0), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn never_shorter_than_before_and_never_longer_than_a_minute(failures in any::<u32>()) {
            prop_assert!(delay(failures) <= Duration::from_secs(60));
            prop_assert!(delay(failures) <= delay(failures.saturating_add(1)));
        }
    }
}
