//! What was seen, as the facts that health is judged by.

use std::time::Duration;

use supervise::Moment;
use supervise::health::facts::{Binding, Fact, Facts, LinkAnswer, Models};
use supervise::health::reading::{Call, Reading, connections, read};

use crate::ollama_api::Loaded;

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensed {
    /// When, on the agent's clock.
    pub at: Moment,
    /// What.
    pub seen: Seen,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The machine slept, or stood still; everything seen before is old, and is being looked at again.
    Woke {
        /// About how long.
        slept: Duration,
    },
    /// Ollama's answer.
    OllamaApi(Fact<Call>),
    /// The models, and the loaded ones once more with where they are. [`Fact::NotYet`] when they could not be listed.
    Models(Fact<Models>, Vec<Loaded>),
    /// Who can reach Ollama's port.
    Binding(Binding),
    /// cloudflared's answer.
    Ready(Fact<Call>),
    /// The public address's answer to the service token.
    Public(Fact<Call>),
    /// The public address's answer to a stranger.
    WithoutToken(Fact<Call>),
    /// The orchestrator's answer.
    Link(Fact<LinkAnswer>),
}

impl Seen {
    /// Enters it among the facts. A download under way stays there.
    pub fn enter(self, facts: &mut Facts) {
        match self {
            Self::Woke { .. } => {}
            Self::OllamaApi(call) => facts.ollama_api = call,
            Self::Models(mut models, _) => {
                if let (Fact::Known { answer: new, .. }, Fact::Known { answer: old, .. }) =
                    (&mut models, &facts.models)
                {
                    new.pull = old.pull;
                }
                facts.models = models;
            }
            Self::Binding(binding) => facts.binding = binding,
            Self::Ready(call) => facts.ready = call,
            Self::Public(call) => facts.public = call,
            Self::WithoutToken(call) => facts.without_token = call,
            Self::Link(answer) => facts.link = answer,
        }
    }

    /// Whether there is anything to look at.
    pub(super) fn is_set_up(&self) -> bool {
        match self {
            Self::OllamaApi(fact) | Self::Ready(fact) | Self::Public(fact) | Self::WithoutToken(fact) => {
                *fact != Fact::NotSetUp
            }
            Self::Models(fact, _) => *fact != Fact::NotSetUp,
            Self::Link(fact) => *fact != Fact::NotSetUp,
            Self::Woke { .. } | Self::Binding(_) => true,
        }
    }

    /// Whether the next look has time.
    pub(super) fn is_well(&self) -> bool {
        match self {
            Self::Woke { .. } => true,
            Self::OllamaApi(fact) | Self::Public(fact) => {
                goes_well(fact, |call| matches!(read(call), Reading::Ollama { .. }))
            }
            Self::Models(fact, _) => goes_well(fact, |_| true),
            Self::Binding(binding) => matches!(binding, Binding::Loopback),
            Self::Ready(fact) => goes_well(fact, |call| {
                call.as_ref().ok().and_then(connections).is_some_and(|connections| connections > 0)
            }),
            Self::WithoutToken(fact) => {
                goes_well(fact, |call| matches!(read(call), Reading::LoginAsked | Reading::NoPolicy))
            }
            Self::Link(fact) => goes_well(fact, |answer| matches!(answer, LinkAnswer::Accepted)),
        }
    }
}

fn goes_well<T>(fact: &Fact<T>, is_well: impl FnOnce(&T) -> bool) -> bool {
    match fact {
        Fact::NotSetUp => true,
        Fact::NotYet => false,
        Fact::Known { answer, .. } => is_well(answer),
    }
}
