//! What was seen, as the facts that health is judged by.

use std::time::Duration;

use supervise::Moment;
use supervise::health::facts::{Binding, Fact, Facts, Models};
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
        }
    }

    /// Whether there is anything to look at.
    pub(super) fn is_set_up(&self) -> bool {
        match self {
            Self::OllamaApi(fact) | Self::Ready(fact) | Self::Public(fact) | Self::WithoutToken(fact) => {
                *fact != Fact::NotSetUp
            }
            Self::Models(fact, _) => *fact != Fact::NotSetUp,
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

#[cfg(test)]
mod tests {
    use super::*;
    use supervise::health::facts::{Outside, Pull};
    use supervise::health::reading::{CallError, HttpAnswer};
    use supervise::install::Platform;
    use supervise::program::State;

    fn known<T>(answer: T) -> Fact<T> {
        Fact::Known { answer, latency: Duration::ZERO }
    }

    fn call(status: u16, body: &str) -> Fact<Call> {
        known(Ok(HttpAnswer { status, body: body.to_owned(), ..HttpAnswer::default() }))
    }

    #[test]
    fn what_does_not_go_well_is_looked_at_sooner() {
        let (version, four) = (r#"{"version":"0.33.0"}"#, r#"{"readyConnections":4}"#);
        let silent = || known(Err(CallError::TimedOut));
        for (seen, is_well) in [
            (Seen::OllamaApi(call(200, version)), true),
            (Seen::OllamaApi(call(200, "{}")), false),
            (Seen::OllamaApi(silent()), false),
            (Seen::Models(known(Models::default()), Vec::new()), true),
            (Seen::Models(Fact::NotYet, Vec::new()), false),
            (Seen::Ready(call(200, four)), true),
            (Seen::Ready(call(503, r#"{"readyConnections":0}"#)), false),
            (Seen::Ready(silent()), false),
            (Seen::Public(call(200, version)), true),
            (Seen::Public(call(401, "")), false),
            (Seen::WithoutToken(call(401, "")), true),
            (Seen::WithoutToken(call(200, version)), false),
            (Seen::WithoutToken(call(530, "")), false),
            (Seen::WithoutToken(silent()), false),
            (Seen::Public(Fact::NotSetUp), true),
        ] {
            assert_eq!(seen.is_well(), is_well, "{seen:?}");
        }
    }

    #[test]
    fn a_list_of_models_leaves_a_download_in_its_place() {
        let pull = Some(Pull { done_bytes: 1, total_bytes: 2 });
        let mut facts = Facts {
            platform: Platform::Linux,
            ollama: State::Stopped,
            cloudflared: State::Stopped,
            ollama_api: Fact::NotYet,
            models: known(Models { pull, ..Models::default() }),
            wanted_model: "llama3.2".to_owned(),
            binding: Binding::NotKnown,
            ready: Fact::NotYet,
            public: Fact::NotYet,
            without_token: Fact::NotYet,
            outside: Outside::NotKnown,
            link: Fact::NotYet,
            view: Fact::NotYet,
        };
        let installed = vec!["llama3.2:latest".to_owned()];
        let listed = Models { installed: installed.clone(), ..Models::default() };
        Seen::Models(known(listed), Vec::new()).enter(&mut facts);
        assert_eq!(facts.models, known(Models { installed, pull, ..Models::default() }));
    }
}
