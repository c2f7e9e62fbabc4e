//! The layers on the orchestrator's side.

use super::Finding;
use super::facts::{Fact, LinkAnswer, View};

const PAIR: &str =
    "Pair this machine: `orchestrator pair` prints the code and the link for `triage-agent pair`.";

/// Whether the orchestrator is reachable and knows this machine.
pub(super) fn link(fact: &Fact<LinkAnswer>) -> Finding {
    match fact {
        Fact::NotSetUp => Finding::warn("This machine is not paired with an orchestrator.", PAIR),
        Fact::NotYet => Finding::unknown("The orchestrator has not been called so far."),
        Fact::Known { answer, latency } => match answer {
            LinkAnswer::Accepted => Finding::ok("The orchestrator answers."),
            LinkAnswer::NotPaired => {
                Finding::fail("The orchestrator does not know this machine any more.", PAIR)
            }
            LinkAnswer::Failing(_) => Finding::fail(
                "The orchestrator answers with an error.",
                "Look at the orchestrator's log; it is tried again by itself.",
            ),
            LinkAnswer::Unreachable(why) => Finding::fail(
                format!("The orchestrator cannot be reached from here: {why}."),
                "Check this machine's internet connection and the orchestrator's address.",
            ),
        }
        .took(*latency),
    }
}

/// Whether the orchestrator can use the model.
pub(super) fn view(fact: &Fact<View>) -> Finding {
    match fact {
        Fact::NotSetUp | Fact::NotYet => {
            Finding::unknown("The orchestrator has not said so far whether it can use the model.")
        }
        Fact::Known { answer, latency } => match answer {
            View::Usable => Finding::ok("The orchestrator can use the model.").took(*latency),
            View::Unusable(why) => Finding::fail(
                format!("The orchestrator cannot use the model: {why}."),
                "Check that the orchestrator has this machine's address and service token.",
            ),
            View::NotTried => Finding::unknown("The orchestrator has not tried the model so far."),
        },
    }
}
