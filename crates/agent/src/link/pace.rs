//! When the orchestrator is called next. PURE.

use std::time::Duration;

/// The orchestrator may wish for another rhythm within these.
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// A machine that is refused looks again so often; it can be paired again at any time.
const WHEN_REFUSED: Duration = Duration::from_mins(5);

/// How often in a row it did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pace {
    failures: u32,
}

impl Pace {
    /// It worked: the wait that the orchestrator wishes for.
    pub(super) fn heard(&mut self, wished_millis: u64) -> Duration {
        self.failures = 0;
        Duration::from_millis(wished_millis).clamp(SHORTEST, LONGEST)
    }

    /// It did not work: 1, 2, 4 … 60 s, up to a quarter less by chance (`dice`, 0 to 1), so that many machines do not
    /// come back in one moment; never less than the orchestrator asked for.
    pub(super) fn failed(&mut self, asked: Option<Duration>, dice: f64) -> Duration {
        let step = Duration::from_secs(1) * 2_u32.pow(self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        let wait = step.min(LONGEST).mul_f64(1.0 - dice.clamp(0.0, 1.0) / 4.0);
        wait.max(asked.unwrap_or_default().min(WHEN_REFUSED))
    }

    /// This machine is not known there.
    pub(super) fn refused(&mut self) -> Duration {
        self.failures = 0;
        WHEN_REFUSED
    }

    /// It begins to work.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_to_a_minute_and_begin_anew_after_success() {
        let mut pace = Pace::default();
        let waits: Vec<u64> = (0..9).map(|_| pace.failed(None, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pace.heard(15_000).as_secs(), 15);
        assert_eq!(pace.failed(None, 1.0).as_millis(), 750);
        assert_eq!(pace.failed(Some(Duration::from_secs(30)), 0.0).as_secs(), 30);
        assert_eq!(pace.refused().as_secs(), 300);
        assert_eq!((pace.heard(0).as_secs(), pace.heard(u64::MAX).as_secs()), (5, 60));
    }

    proptest! {
        #[test]
        fn it_is_tried_for_ever_and_never_in_a_rush(steps in prop::collection::vec((any::<bool>(), any::<u64>(), 0.0..1.0f64), 0..200)) {
            let mut pace = Pace::default();
            for (works, wished, dice) in steps {
                let asked = Some(Duration::from_millis(wished));
                let wait = if works { pace.heard(wished) } else { pace.failed(asked, dice) };
                prop_assert!(wait >= Duration::from_millis(750) && wait <= WHEN_REFUSED);
            }
        }
    }
}
