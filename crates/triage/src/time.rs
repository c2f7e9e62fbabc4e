//! A point in time as the database stores it: whole milliseconds since the Unix epoch.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment and `duration` more; stays at the last representable moment instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// `duration` before this moment; stays at the first representable moment instead of overflowing.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// From RFC 3339, e.g. `2026-11-23T00:00:00Z` or `2026-11-23T01:00:00.5+01:00`; `None` when it is not that.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.timestamp_millis()))
    }

    /// RFC 3339 in UTC with milliseconds, e.g. `2026-11-23T00:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0).map_or_else(
            || "1970-01-01T00:00:00.000Z".to_owned(),
            |at| at.to_rfc3339_opts(SecondsFormat::Millis, true),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_rfc3339_and_never_overflows() {
        assert_eq!(Timestamp::from_millis(1_795_392_000_123).to_rfc3339(), "2026-11-23T00:00:00.123Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).plus(Duration::MAX).as_millis(), i64::MAX);
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
        assert_eq!(Timestamp::from_millis(i64::MIN).minus(Duration::MAX).as_millis(), i64::MIN);
        assert_eq!(Timestamp::from_millis(5).minus(Duration::from_millis(2)), Timestamp::from_millis(3));
    }

    #[test]
    fn reads_rfc3339_and_nothing_else() {
        let read = |text| Timestamp::parse_rfc3339(text).map(Timestamp::as_millis);
        assert_eq!(read("2026-11-23T00:00:00.123Z"), Some(1_795_392_000_123));
        assert_eq!(read("2026-11-23T01:00:00+01:00"), Some(1_795_392_000_000));
        assert_eq!((read("2026-11-23"), read("1795392000123"), read("")), (None, None, None));
    }
}
