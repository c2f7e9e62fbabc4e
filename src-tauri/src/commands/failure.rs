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
}

impl Failure {
    pub(super) fn new(
        code: &'static str,
        headline: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self { code, headline: headline.into(), what_to_do: what_to_do.into() }
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
        | Reply::Open { .. } => Ok(()),
    }
}
