//! A point in time on the agent's own, steady clock: a jump of the wall clock moves nothing here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the agent's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// From milliseconds since the agent's start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the agent's start.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This moment and `duration` more; stays at the last representable moment instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_and_subtracts_without_ever_overflowing() {
        let moment = Moment::from_millis(1_500);
        assert_eq!(moment.plus(Duration::from_secs(2)).as_millis(), 3_500);
        assert_eq!(moment.plus(Duration::MAX).as_millis(), u64::MAX);
        assert_eq!(moment.since(Moment::from_millis(500)), Duration::from_secs(1));
        assert_eq!(moment.since(Moment::from_millis(9_000)), Duration::ZERO);
    }
}
