//! Hours in which nobody is to be disturbed.

use serde::{Deserialize, Serialize};

/// From one minute of the local day up to, and without, another. It spans midnight when `from` is after `until`; when
/// both are the same there are no quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// Minutes since local midnight, 0–1439.
    pub from: u16,
    /// Minutes since local midnight, 0–1439.
    pub until: u16,
}

impl QuietHours {
    /// Whether `minute` of the local day is one of them.
    pub const fn contains(self, minute: u16) -> bool {
        if self.from <= self.until {
            self.from <= minute && minute < self.until
        } else {
            minute >= self.from || minute < self.until
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_within_a_day_across_midnight_and_none() {
        let table = [
            ((600, 720), 599, false),
            ((600, 720), 600, true),
            ((600, 720), 719, true),
            ((600, 720), 720, false),
            ((1320, 420), 1319, false),
            ((1320, 420), 1320, true),
            ((1320, 420), 0, true),
            ((1320, 420), 419, true),
            ((1320, 420), 420, false),
            ((480, 480), 480, false),
        ];
        for ((from, until), minute, expected) in table {
            assert_eq!(QuietHours { from, until }.contains(minute), expected, "{from}–{until} at {minute}");
        }
    }
}
