//! What the window is told when something did not work.

use std::io;

use serde::Serialize;

use crate::settings::Problem;
use crate::tunnel_setup::Trouble;

/// What every request that is refused, or fails, is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Failure {
    /// Stable name, for switching.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    code: &'static str,
    /// What happened, in a sentence.
    headline: String,
    /// What to do about it.
    what_to_do: String,
    /// Per setting, when settings were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<Vec<Problem>>", optional))]
    problems: Vec<Problem>,
}

impl Failure {
    /// Of anything.
    pub fn new(code: &'static str, headline: impl Into<String>, what_to_do: impl Into<String>) -> Self {
        Self { code, headline: headline.into(), what_to_do: what_to_do.into(), problems: Vec::new() }
    }

    /// Settings that cannot be.
    #[must_use]
    pub fn settings(problems: Vec<Problem>) -> Self {
        let failure = Self::new(
            "wrong_settings",
            "The settings were not saved.",
            "Correct what is marked, then save again.",
        );
        Self { problems, ..failure }
    }

    /// Nobody answers.
    #[must_use]
    pub fn no_agent() -> Self {
        let what_to_do = "It is started again by itself; if not, quit the tray app and start it again.";
        Self::new("no_agent", "The agent does not answer.", what_to_do)
    }
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::no_agent()
    }
}

impl From<Trouble> for Failure {
    fn from(Trouble { code, headline, what_to_do }: Trouble) -> Self {
        Self::new(code, headline, what_to_do)
    }
}
