//! What the probes saw, before anybody judges it.

use std::time::Duration;

use crate::install::Platform;
use crate::program::State;

use super::reading::Call;

/// One thing that is looked at again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// There is nothing to look at before somebody sets it up.
    NotSetUp,
    /// It has not been looked at so far.
    NotYet,
    /// What was seen last.
    Known {
        /// The answer.
        answer: T,
        /// How long it took.
        latency: Duration,
    },
}

/// The models of Ollama, from `/api/tags` and `/api/ps`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Models {
    /// Names of what is on the disk.
    pub installed: Vec<String>,
    /// Names of what is in memory.
    pub loaded: Vec<String>,
    /// The download of the wanted model, if one is under way.
    pub pull: Option<Pull>,
}

/// A download under way. Both figures are bytes over all layers of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull {
    /// So much is here.
    pub done_bytes: u64,
    /// So much there is; 0 before the first answer.
    pub total_bytes: u64,
}

/// Who can reach Ollama's port without the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// This machine only.
    Loopback,
    /// Other machines too.
    Beyond,
    /// It could not be found out.
    NotKnown,
}

/// What the orchestrator answered to the last heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkAnswer {
    /// It took it.
    Accepted,
    /// It does not know this machine (any more).
    NotPaired,
    /// It answered with this HTTP status.
    Failing(u16),
    /// It could not be reached; in the system's words.
    Unreachable(String),
}

/// How the orchestrator sees the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// It can use it.
    Usable,
    /// It cannot; in its words, without a full stop.
    Unusable(String),
    /// It has not tried.
    NotTried,
}

/// What somebody far away saw who called the public address as a stranger would.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Outside {
    /// Nobody has looked at this address, or there was no answer to judge.
    #[default]
    NotKnown,
    /// Everything that must be refused was refused.
    Closed,
    /// Something was answered that must be refused.
    Open {
        /// What, without a full stop.
        what: String,
        /// When, for a person.
        at: String,
    },
}

/// Everything that is known about the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The family of the operating system, for what to type.
    pub platform: Platform,
    /// Where Ollama stands.
    pub ollama: State,
    /// Where cloudflared stands.
    pub cloudflared: State,
    /// `GET /api/version` on Ollama's own address.
    pub ollama_api: Fact<Call>,
    /// The models.
    pub models: Fact<Models>,
    /// The model tickets are triaged with.
    pub wanted_model: String,
    /// Who can reach Ollama.
    pub binding: Binding,
    /// `GET /ready` on cloudflared's metrics address.
    pub ready: Fact<Call>,
    /// `GET /api/version` on the public address with the service token.
    pub public: Fact<Call>,
    /// The same without the token.
    pub without_token: Fact<Call>,
    /// The last look at the public address from outside.
    pub outside: Outside,
    /// The last heartbeat.
    pub link: Fact<LinkAnswer>,
    /// How the orchestrator sees the model.
    pub view: Fact<View>,
}
