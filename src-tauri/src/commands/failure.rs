//! What the window is told when something did not work.

use std::io;

use agent::socket::Reply;
use serde::Serialize;

/// A name to switch on, and two sentences for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    code: &'static str,
    headline: String,
    what_to_do: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// The setting, as in `config.toml`.
    pub(super) key: &'static str,
    wrong: String,
    what_to_do: &'static str,
}

impl Problem {
    pub(super) fn new(key: &'static str, wrong: &str, what_to_do: &'static str) -> Self {
        Self { key, wrong: wrong.to_owned(), what_to_do }
    }
}

impl Failure {
    pub(super) fn new(
        code: &'static str,
        headline: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self { code, headline: headline.into(), what_to_do: what_to_do.into(), problems: Vec::new() }
    }

    /// Settings that cannot be.
    pub(super) fn settings(problems: Vec<Problem>) -> Self {
        let failure = Self::new(
            "wrong_settings",
            "The settings were not saved.",
            "Correct what is marked, then save again.",
        );
        Self { problems, ..failure }
    }

    /// Nobody answers.
    pub(super) fn no_agent() -> Self {
        let what_to_do = "It is started again by itself; if not, quit the tray app and start it again.";
        Self::new("no_agent", "The agent does not answer.", what_to_do)
    }
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::no_agent()
    }
}

/// What an answer that is no more than done or failed says.
pub(super) fn done(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Failed { why, what_to_do } => Err(Failure::new("refused", why, what_to_do)),
        Reply::Done { .. }
        | Reply::Status(_)
        | Reply::Line { .. }
        | Reply::Missed { .. }
        | Reply::Triage(_)
        | Reply::Evidence { .. }
        | Reply::Secrets { .. }
        | Reply::Tested { .. }
        | Reply::Test { .. }
        | Reply::Answered { .. }
        | Reply::Open { .. } => Ok(()),
    }
}
