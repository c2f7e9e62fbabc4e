//! The test ticket: sent by the orchestrator to itself because a device asks, and how far it has come.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TriageStatus;

/// A test ticket is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TestTicketSent {
    /// By which it is followed.
    pub ticket_id: String,
}

/// How far a test ticket has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TestTicket {
    /// It begins with `test-`; HubSpot has no such ticket.
    pub ticket_id: String,
    /// Where it stands.
    pub status: TriageStatus,
    /// When its webhook was stored.
    pub accepted_at: String,
    /// Who triaged it, once somebody has.
    pub triaged: Option<TestTriaged>,
    /// Why the model of the calling device did not, as far as it is known: what its last call ended with, else why
    /// somebody else was asked.
    pub why_not_here: Option<String>,
    /// Its Discord message.
    pub message: TestMessage,
    /// What is being waited for, or went wrong.
    pub error: Option<String>,
}

/// Who triaged a test ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TestTriaged {
    /// `local` or `groq`.
    pub provider: String,
    /// The model of the calling device did.
    pub here: bool,
    /// Name of the paired machine that did.
    pub device: Option<String>,
    /// The model.
    pub model: String,
    /// How long its call took.
    pub latency_ms: i64,
    /// When its verdict was there.
    pub at: String,
}

/// The Discord message of a test ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TestMessage {
    /// It is not written so far.
    Waiting {
        /// What for, when the last try failed.
        why: Option<String>,
    },
    /// Discord took it.
    Delivered {
        /// When.
        at: String,
    },
    /// Discord was asked for it, and has it.
    Confirmed {
        /// When it was asked.
        at: String,
    },
    /// Discord does not take it, or does not have it any more.
    Refused {
        /// Why.
        why: String,
    },
    /// No channel is configured.
    NoChannel,
}
