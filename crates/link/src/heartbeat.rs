//! What a device and the orchestrator tell each other every 15 seconds, and at once when something changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Server, Tunnel};

/// Pause between heartbeats, in milliseconds.
pub const HEARTBEAT_EVERY_MS: u64 = 15_000;

/// A device not heard of for so long, in milliseconds, counts as silent.
pub const SILENT_AFTER_MS: u64 = 45_000;

/// Whether tickets can be triaged on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Usability {
    /// They can.
    Usable,
    /// They cannot.
    Unusable,
    /// Not enough is known.
    #[default]
    Unknown,
}

/// Whether tickets can be triaged on a machine, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Standing {
    /// Whether they can.
    pub state: Usability,
    /// Why not, without a full stop.
    pub why: Option<String>,
}

/// How a layer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LayerHealth {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work, or is not safe.
    Fail,
    /// Not checked, or not checkable.
    Unknown,
}

/// One hop, as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LayerReport {
    /// Its name: `ollama_process`, `ollama_api`, `model`, `ollama_private`, `cloudflared_process`, `edge`,
    /// `public_address`, `access_closed`, `link`, `orchestrator_view`.
    pub layer: String,
    /// How it is doing.
    pub health: LayerHealth,
    /// What is known, for a person.
    pub sentence: String,
    /// How long the last answer took.
    pub latency_ms: Option<u64>,
}

/// A supervised program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ProgramReport {
    /// `ollama` or `cloudflared`.
    pub program: String,
    /// Its state in a word or two.
    pub state: String,
    /// Its version, when it is known.
    pub version: Option<String>,
}

/// A model in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LoadedModel {
    /// With its tag.
    pub name: String,
    /// How much memory it takes.
    pub size_bytes: u64,
    /// How much of it the graphics card holds, in per cent.
    pub gpu_percent: Option<u8>,
}

/// How busy the machine is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Load {
    /// Runnable tasks, as an average over the last minute.
    pub one_minute: f64,
    /// Processors that share them.
    pub processors: u32,
}

/// `POST /api/v1/heartbeat`: how everything is on the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Heartbeat {
    /// Version of the device's program.
    pub version: String,
    /// The device's clock, RFC 3339; only shown, never compared.
    pub sent_at: String,
    /// `healthy`, `degraded`, `down`, `starting` or `paused`.
    pub overall: String,
    /// Whether tickets can be triaged on it, as far as the device itself can tell: the way through its own programs and
    /// its public address, whatever the orchestrator thinks of it.
    pub standing: Standing,
    /// Every layer.
    pub layers: Vec<LayerReport>,
    /// The supervised programs.
    pub programs: Vec<ProgramReport>,
    /// The models in memory.
    pub models: Vec<LoadedModel>,
    /// The model that tickets are triaged with.
    pub wanted_model: String,
    /// The public address of its tunnel, when it has one.
    pub public_url: Option<String>,
    /// How busy it is, where the system tells.
    pub load: Option<Load>,
}

/// What becomes of tickets that cannot be triaged on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Elsewhere {
    /// Another device takes them.
    AnotherDevice,
    /// They go to Groq.
    Groq,
    /// They wait.
    Wait,
}

/// The orchestrator's answer to a heartbeat: how it sees the same layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct HeartbeatAnswer {
    /// The orchestrator.
    pub server: Server,
    /// Its clock, RFC 3339.
    pub time: String,
    /// When it wants to hear again, in milliseconds.
    pub next_in_ms: u64,
    /// Whether it can use the model on this device; `unknown` before it tried, and while it has no tunnel of it.
    pub view: Standing,
    /// `public_address`, `model`, `access_closed` as they look from there; what it did not look at is left out.
    pub layers: Vec<LayerReport>,
    /// What becomes of tickets meanwhile.
    pub elsewhere: Elsewhere,
    /// The tunnel as it is kept there.
    pub tunnel: Option<Tunnel>,
    /// The last look at the public address from outside.
    pub receipt: Option<Receipt>,
}

/// What the orchestrator saw when it called a device's public address as a stranger would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Receipt {
    /// When.
    pub checked_at: String,
    /// Which address.
    pub url: String,
    /// Everything that must be refused was refused.
    pub closed: bool,
    /// The calls.
    pub checks: Vec<Check>,
}

/// One call of a look from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Check {
    /// `without_token`, `wrong_token`, or the path that must not be served.
    pub what: String,
    /// It was refused, as it must be. `None` when there was no answer to judge.
    pub refused: Option<bool>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// What was seen, for a person.
    pub sentence: String,
}
