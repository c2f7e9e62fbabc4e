//! What the agent's answers say of failing.

use agent::socket::Reply;
use agent::window::Failure;

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
