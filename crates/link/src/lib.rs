//! What the orchestrator, its devices and its command line say to each other: serde types and nothing else.
//!
//! Times are RFC 3339 in UTC, durations milliseconds.

mod desk;
mod health;
mod heartbeat;
mod pairing;
mod reconciliation;
mod results;
mod test_ticket;
mod triage;

pub use desk::{Category, Desk, Team};
pub use health::{Dependencies, Dependency, Health, Status};
pub use heartbeat::{
    Check, Elsewhere, HEARTBEAT_EVERY_MS, Heartbeat, HeartbeatAnswer, LayerHealth, LayerReport, Load,
    LoadedModel, ProgramReport, Receipt, SILENT_AFTER_MS, Standing, Usability,
};
pub use pairing::{
    Device, DeviceInfo, Devices, Me, PairRequest, Paired, PairingCode, Server, Tunnel, TunnelOffer,
    TunnelTaken,
};
pub use reconciliation::{FailedTicket, GapReport, Listed};
pub use results::{
    Alert, Alerts, CategoryStats, Change, Correction, CorrectionRequest, Percentiles, Stats, TriagePage,
};
pub use test_ticket::{TestMessage, TestTicket, TestTicketSent, TestTriaged};
pub use triage::{Attempt, Delivery, Event, Triage, TriageDetail, TriageStatus, Verdict, Written};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct WebhookAnswer {
    /// Events that are stored and will be acted upon.
    pub accepted: u64,
    /// Events that had been stored before.
    pub duplicates: u64,
    /// Events that are not about the creation or the content of a ticket.
    pub ignored: u64,
}

/// Body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ErrorDetail {
    /// Stable name in snake_case, for programs.
    pub code: String,
    /// A sentence for a person.
    pub message: String,
    /// Names this request in the logs.
    pub request_id: String,
}
