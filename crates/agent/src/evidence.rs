//! What was last asked at each hop and what came back, for whoever wants to know why a hop is judged as it is. PURE.
//!
//! Only the last exchange of each hop is kept, and only calls that carry nothing of a ticket: versions, lists of models,
//! heartbeats. Whatever looks like a secret is taken out before it is shown; what was sent as one is never kept.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use supervise::Moment;
use supervise::health::Layer;
use supervise::health::facts::{Binding, Fact, LinkAnswer, Models};
use supervise::health::reading::{Call, CallError, HttpAnswer};

use crate::diagnostics::Mask;
use crate::model::linked::Said;
use crate::probes::Seen;
use crate::status::Wall;

/// Letters of an answer that are kept, before secrets are taken out.
const MOST_KEPT: usize = 4_096;

/// Letters of an answer that are shown.
const MOST_SHOWN: usize = 600;

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked: a request line, or a few words. Values of secret headers are stars.
    pub request: String,
    /// What came back: status and the beginning of the body, or why nothing came.
    pub answer: String,
    /// How long that took, in milliseconds, where it was measured.
    pub took_ms: Option<u64>,
    /// When, RFC 3339.
    pub at: String,
}

/// Where things are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Ollama: `http://` and host and port.
    pub ollama: String,
    /// cloudflared's metrics server, likewise.
    pub metrics: String,
    /// The public address, when there is one.
    pub public: Option<String>,
    /// The orchestrator, when this machine is paired.
    pub orchestrator: Option<String>,
}

/// The last exchange of each hop.
#[derive(Debug, Default)]
pub struct Exchanges(BTreeMap<Layer, Kept>);

#[derive(Debug)]
struct Kept {
    request: String,
    answer: String,
    took: Option<Duration>,
    at: Moment,
}

impl Exchanges {
    /// Nothing is known any more: other places are asked from now on.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// Keeps what a probe saw.
    pub fn see(&mut self, seen: &Seen, places: &Places, at: Moment) {
        let public = || format!("GET {}/api/version", places.public.as_deref().unwrap_or_default());
        match seen {
            Seen::Woke { .. } => {}
            Seen::OllamaApi(call) => {
                self.called(Layer::OllamaApi, format!("GET {}/api/version", places.ollama), call, at);
            }
            Seen::Ready(call) => self.called(Layer::Edge, format!("GET {}/ready", places.metrics), call, at),
            Seen::Public(call) => {
                let request = format!("{}\nCF-Access-Client-Id: ***\nCF-Access-Client-Secret: ***", public());
                self.called(Layer::PublicAddress, request, call, at);
            }
            Seen::WithoutToken(call) => {
                self.called(Layer::AccessClosed, format!("{}\nwithout a service token", public()), call, at);
            }
            Seen::Models(models, _) => {
                let request = format!("GET {0}/api/tags\nGET {0}/api/ps", places.ollama);
                let (answer, took) = match models {
                    Fact::Known { answer, latency } => (listed(answer), Some(*latency)),
                    Fact::NotYet | Fact::NotSetUp => ("No list came back.".to_owned(), None),
                };
                self.keep(Layer::Model, Kept { request, answer, took, at });
            }
            Seen::Binding(binding) => {
                let request = format!("Who can connect to {}", places.ollama);
                self.keep(Layer::OllamaPrivate, Kept { request, answer: reachable(binding), took: None, at });
            }
        }
    }

    /// Keeps what a heartbeat came to.
    pub fn hear(&mut self, said: &Said, places: &Places, at: Moment) {
        let Some(orchestrator) = &places.orchestrator else { return };
        let request = format!("POST {orchestrator}/api/v1/heartbeat\nAuthorization: ***");
        match said {
            Said::Heard { answer, latency, .. } => {
                let version = &answer.server.version;
                let (took, link) = (Some(*latency), format!("HTTP 200, orchestrator {version}"));
                self.keep(Layer::Link, Kept { request: request.clone(), answer: link, took, at });
                let view = format!(
                    "HTTP 200\n{}",
                    serde_json::json!({ "view": answer.view, "layers": answer.layers })
                );
                self.keep(Layer::OrchestratorView, Kept { request, answer: view, took, at });
            }
            Said::NotHeard { answer, latency } => {
                let answer = match answer {
                    LinkAnswer::Accepted => "It was taken.".to_owned(),
                    LinkAnswer::NotPaired => "HTTP 401: it does not know this machine.".to_owned(),
                    LinkAnswer::Failing(status) => format!("HTTP {status}"),
                    LinkAnswer::Unreachable(words) => format!("No answer: {words}"),
                };
                self.keep(Layer::Link, Kept { request, answer, took: Some(*latency), at });
            }
            Said::NotSetUp
            | Said::Begun
            | Said::Tickets(_)
            | Said::Alerts(_)
            | Said::Desk(_)
            | Said::Changed(_)
            | Said::Checked(_)
            | Said::HandedOver(_)
            | Said::NotHandedOver(_) => {}
        }
    }

    /// What was last asked at a hop, without what nobody else may read.
    pub fn of(&self, layer: Layer, wall: Wall, mask: &Mask) -> Option<Exchange> {
        let Kept { request, answer, took, at } = self.0.get(&layer)?;
        let lines: Vec<String> = answer.lines().map(|line| mask.line(line)).collect();
        let millis = |took: &Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Some(Exchange {
            request: request.clone(),
            answer: cut(&lines.join("\n"), MOST_SHOWN),
            took_ms: took.as_ref().map(millis),
            at: wall.time(*at),
        })
    }

    fn called(&mut self, layer: Layer, request: String, call: &Fact<Call>, at: Moment) {
        match call {
            Fact::Known { answer, latency } => {
                let (answer, took) = (told(answer), Some(*latency));
                self.keep(layer, Kept { request, answer, took, at });
            }
            // There is nothing to ask, or nothing was asked so far.
            Fact::NotYet | Fact::NotSetUp => drop(self.0.remove(&layer)),
        }
    }

    fn keep(&mut self, layer: Layer, kept: Kept) {
        self.0.insert(layer, kept);
    }
}

fn told(call: &Call) -> String {
    match call {
        Ok(HttpAnswer { status, location, content_type, body }) => {
            let header =
                |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}: {value}"));
            let head = [
                Some(format!("HTTP {status}")),
                header("Location", location),
                header("Content-Type", content_type),
            ];
            let body = Some(plain(&cut(body.trim(), MOST_KEPT))).filter(|body| !body.is_empty());
            head.into_iter().chain([body]).flatten().collect::<Vec<_>>().join("\n")
        }
        Err(CallError::NoSuchName) => "No answer: the name does not resolve.".to_owned(),
        Err(CallError::Unreachable) => {
            "No answer: the connection was refused or reset, or there is no route.".to_owned()
        }
        Err(CallError::BadCertificate) => "No answer: the certificate does not fit the name.".to_owned(),
        Err(CallError::TimedOut) => "No answer in time.".to_owned(),
    }
}

fn listed(models: &Models) -> String {
    let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!("Installed: {}\nIn memory: {}", names(&models.installed), names(&models.loaded))
}

fn reachable(binding: &Binding) -> String {
    match binding {
        Binding::NotKnown => "It could not be found out.".to_owned(),
        Binding::Loopback => "This machine only.".to_owned(),
        Binding::Beyond => "Other machines too.".to_owned(),
    }
}

/// Without signs that a terminal would obey; lines stay lines.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter }).collect()
}

fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters).chain(['…']).collect()
}

#[cfg(test)]
#[path = "evidence/tests.rs"]
mod tests;
