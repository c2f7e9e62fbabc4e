//! How a machine becomes a device, and who the devices are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Desk, Receipt, Standing};

/// What a machine says of itself when it is paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DeviceInfo {
    /// Its name for people; usually the host's.
    pub name: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// Version of the program that is being paired.
    pub version: String,
}

/// `POST /api/v1/pair`: a machine that holds a pairing code wants to become a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PairRequest {
    /// The code, in any case, with or without spaces and hyphens.
    pub code: String,
    /// The machine.
    pub device: DeviceInfo,
}

/// The machine is paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Paired {
    /// Names the device from now on.
    pub device_id: String,
    /// What it proves itself with, as `Authorization: Bearer …`; said this once.
    pub token: String,
    /// Whom it is paired with.
    pub server: Server,
}

/// The orchestrator, as it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Server {
    /// Its version.
    pub version: String,
    /// Its public address, when it was told.
    pub public_url: Option<String>,
}

/// `GET /api/v1/me`: what the orchestrator knows of the calling device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Me {
    /// The device.
    pub device: Device,
    /// Whom it is paired with.
    pub server: Server,
    /// What tickets are sorted into there; empty when an older orchestrator does not say.
    #[serde(default)]
    pub desk: Desk,
}

/// A paired machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Device {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// Version of its program, as last heard.
    pub version: String,
    /// When it was paired.
    pub paired_at: String,
    /// Its last heartbeat.
    pub last_seen_at: Option<String>,
    /// It has not been heard of for 45 seconds, or ever.
    pub silent: bool,
    /// Whether tickets can be triaged on it, as it said last.
    pub standing: Standing,
    /// The tunnel it handed over.
    pub tunnel: Option<Tunnel>,
    /// The last look at its public address from outside.
    pub receipt: Option<Receipt>,
}

/// All devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Devices {
    /// Those that are not revoked, oldest first.
    pub items: Vec<Device>,
}

/// `POST /api/v1/pairing-codes`: a code that pairs one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PairingCode {
    /// The code, as it is typed: `ABCD-EFGH`.
    pub code: String,
    /// `hubspot-triage://pair?url=…&code=…`: opened on the machine, it pairs it.
    pub link: String,
    /// From then on it pairs nobody.
    pub expires_at: String,
}

/// The way to the model on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Tunnel {
    /// Its public address.
    pub url: String,
    /// The model that is asked there.
    pub model: String,
    /// When a call through it last proved these credentials, before they were taken.
    pub verified_at: String,
    /// When the service token ends, as far as it is known.
    pub expires_at: Option<String>,
}

/// `PUT /api/v1/tunnel`: a device hands its tunnel over. Verified before it replaces what was there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TunnelOffer {
    /// Public address: `https`, or `http` on loopback.
    pub url: String,
    /// `CF-Access-Client-Id`; absent on loopback only.
    pub access_client_id: Option<String>,
    /// `CF-Access-Client-Secret`; likewise.
    pub access_client_secret: Option<String>,
    /// The model to ask.
    pub model: String,
    /// When the service token ends, RFC 3339, when the machine knows.
    #[serde(default)]
    pub expires_at: Option<String>,
}

/// Its credentials never show.
impl std::fmt::Debug for TunnelOffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TunnelOffer")
            .field("url", &self.url)
            .field("model", &self.model)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The tunnel was verified and is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TunnelTaken {
    /// The tunnel as it is kept.
    pub tunnel: Tunnel,
    /// How long the call through it took.
    pub latency_ms: i64,
}
