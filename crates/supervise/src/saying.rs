//! What is worth a line in the log when a program's life turns.

use std::time::Duration;

use crate::Kind;
use crate::exit::Reason;

/// News of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// Somebody else runs it; it is used and left alone.
    Adopted,
    /// Somebody else's program is gone; ours is started.
    AdoptedGone,
    /// The person asked to end or restart what is not ours.
    NotOurs,
    /// It can be used.
    Ready,
    /// It was ready and cannot be used any more.
    Unready,
    /// It ended and is started again.
    StartsAgain {
        /// The sentence why.
        why: String,
        /// When.
        after: Duration,
    },
    /// It is ended, to be started again.
    EndedForBeingUnready {
        /// The sentence why.
        why: String,
    },
    /// It did not end when asked and is killed.
    Killed,
    /// It has nothing to do before somebody sets it up.
    NotSetUp(Reason),
    /// Starting it again cannot help.
    GaveUp(Reason),
}

impl Saying {
    /// The sentence about `kind`.
    pub fn sentence(&self, kind: Kind) -> String {
        match self {
            Self::Adopted => {
                format!("{kind} is running already. It is used, and left to whoever started it.")
            }
            Self::AdoptedGone => format!("{kind} was run by somebody else and is gone. It is started here."),
            Self::NotOurs => format!("{kind} was started by somebody else, so it is not ended from here."),
            Self::Ready => format!("{kind} is ready."),
            Self::Unready => format!("{kind} is not ready any more."),
            Self::StartsAgain { why, after } if after.is_zero() => {
                format!("{why} It is started again at once.")
            }
            Self::StartsAgain { why, after } => {
                format!("{why} It is started again in {} s.", after.as_secs())
            }
            Self::EndedForBeingUnready { why } => format!("{why} It is ended and started again."),
            Self::Killed => format!("{kind} did not end when asked. It is killed."),
            Self::NotSetUp(reason) | Self::GaveUp(reason) => format!("{} {}", reason.why, reason.what_to_do),
        }
    }
}
