//! The chain of hops a ticket takes through this machine: what was seen at each, in sentences.
//!
//! [`assess`](chain::Chain::assess) turns what the probes saw into the state of each layer, [`overall`](overall::overall)
//! rolls them up into one word and one sentence. A layer behind a broken one is not judged: it is unknown because of it.

pub mod chain;
pub mod facts;
mod far;
#[cfg(test)]
mod fixture;
mod local;
pub mod overall;
pub mod reading;
mod tunnel;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Moment;

/// One hop or property of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Ollama's process runs.
    OllamaProcess,
    /// Ollama answers.
    OllamaApi,
    /// The model is installed.
    Model,
    /// Ollama is reachable from this machine only and has no known holes.
    OllamaPrivate,
    /// cloudflared's process runs.
    CloudflaredProcess,
    /// cloudflared is connected to Cloudflare.
    Edge,
    /// A call through the public address with the service token arrives at Ollama.
    PublicAddress,
    /// The same call without the token is refused.
    AccessClosed,
    /// The orchestrator is reachable and paired.
    Link,
    /// The orchestrator can use the model.
    OrchestratorView,
}

impl Layer {
    /// All layers in the order in which one depends on another.
    pub const ALL: [Self; 10] = [
        Self::OllamaProcess,
        Self::OllamaApi,
        Self::Model,
        Self::OllamaPrivate,
        Self::CloudflaredProcess,
        Self::Edge,
        Self::PublicAddress,
        Self::AccessClosed,
        Self::Link,
        Self::OrchestratorView,
    ];

    /// No ticket is triaged on this machine while this layer fails.
    pub const fn carries_tickets(self) -> bool {
        match self {
            Self::OllamaProcess
            | Self::OllamaApi
            | Self::Model
            | Self::CloudflaredProcess
            | Self::Edge
            | Self::PublicAddress
            | Self::OrchestratorView => true,
            Self::OllamaPrivate | Self::AccessClosed | Self::Link => false,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OllamaProcess => "Ollama",
            Self::OllamaApi => "Ollama's answer",
            Self::Model => "Model",
            Self::OllamaPrivate => "Ollama's privacy",
            Self::CloudflaredProcess => "cloudflared",
            Self::Edge => "Connection to Cloudflare",
            Self::PublicAddress => "Public address",
            Self::AccessClosed => "Lock on the address",
            Self::Link => "Orchestrator",
            Self::OrchestratorView => "Orchestrator's view",
        })
    }
}

/// How a layer is doing. Ordered from good to bad; not knowing is better than knowing of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Not checked, or not checkable.
    Unknown,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work, or is not safe.
    Fail,
}

/// One layer, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerState {
    /// Which.
    pub layer: Layer,
    /// How it is doing.
    pub health: Health,
    /// What is known, for a person.
    pub sentence: String,
    /// The one thing to do about it.
    pub fix: Option<String>,
    /// The layer before it that has to work first.
    pub because: Option<Layer>,
    /// When `health` last changed, on the agent's clock.
    pub since: Moment,
    /// How long the last answer took, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// What is found about a layer now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    health: Health,
    sentence: String,
    fix: Option<String>,
    because: Option<Layer>,
    latency: Option<Duration>,
}

impl Finding {
    fn new(health: Health, sentence: impl Into<String>) -> Self {
        Self { health, sentence: sentence.into(), fix: None, because: None, latency: None }
    }

    fn ok(sentence: impl Into<String>) -> Self {
        Self::new(Health::Ok, sentence)
    }

    fn warn(sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(Health::Warn, sentence) }
    }

    fn fail(sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(Health::Fail, sentence) }
    }

    /// Not known for now; the next answers are on their way.
    fn unknown(sentence: impl Into<String>) -> Self {
        Self::new(Health::Unknown, sentence)
    }

    /// Not judged, because `layer` has to work first.
    fn because(layer: Layer) -> Self {
        let sentence = format!("Not checked, because of: {layer}.");
        Self { because: Some(layer), ..Self::new(Health::Unknown, sentence) }
    }

    fn took(self, latency: Duration) -> Self {
        Self { latency: Some(latency), ..self }
    }

    /// The layer that those behind this one have to wait for, if this one does not work: itself, or its own reason.
    fn blocker(&self, layer: Layer) -> Option<Layer> {
        match self.health {
            Health::Ok | Health::Warn => None,
            Health::Fail | Health::Unknown => Some(self.because.unwrap_or(layer)),
        }
    }
}
