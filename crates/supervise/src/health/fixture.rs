//! Facts for tests: a machine on which all is well, to be broken in one place.

use std::time::Duration;

use super::Layer;
use super::chain::Chain;
use super::facts::{Binding, Fact, Facts, LinkAnswer, Models, Outside, View};
use super::overall::{Elsewhere, Overall, Summary, overall};
use super::reading::{Call, HttpAnswer};
use crate::Moment;
use crate::exit::Reason;
use crate::install::Platform;
use crate::program::{Readiness, Run, State};

pub(super) const NOW: Moment = Moment::from_millis(1_000_000);

/// The facts of a machine on which everything is as it should be.
pub(super) fn well() -> Facts {
    Facts {
        platform: Platform::Linux,
        ollama: State::Adopted { gone_since: None },
        cloudflared: running(Moment::default()),
        ollama_api: answered(200, r#"{"version":"0.33.0"}"#),
        models: models(&["llama3.2:latest"]),
        wanted_model: "llama3.2".to_owned(),
        binding: Binding::Loopback,
        ready: answered(200, r#"{"readyConnections":4}"#),
        public: answered(200, r#"{"version":"0.33.0"}"#),
        without_token: answered(401, ""),
        outside: Outside::Closed,
        link: known(LinkAnswer::Accepted),
        view: known(View::Usable),
    }
}

pub(super) fn running(since: Moment) -> State {
    State::Running { run: Run(1), since, readiness: Readiness::Ready { since } }
}

pub(super) fn gave_up(why: &str) -> State {
    State::GaveUp { reason: Reason { why: why.to_owned(), what_to_do: "Mend it.".to_owned() } }
}

pub(super) fn known<T>(answer: T) -> Fact<T> {
    Fact::Known { answer, latency: Duration::from_millis(12) }
}

pub(super) fn answered(status: u16, body: &str) -> Fact<Call> {
    known(Ok(HttpAnswer { status, body: body.to_owned(), ..HttpAnswer::default() }))
}

pub(super) fn models(installed: &[&str]) -> Fact<Models> {
    let installed = installed.iter().map(|name| (*name).to_owned()).collect();
    known(Models { installed, ..Models::default() })
}

pub(super) fn said(chain: &Chain) -> (Overall, String, Option<Layer>) {
    let Summary { overall, sentence, layer } = overall(chain.layers(), false, Elsewhere::Groq);
    (overall, sentence, layer)
}
