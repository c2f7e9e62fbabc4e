//! A ticket's triage as people and programs see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Correction;

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TriageStatus {
    /// Accepted, not begun.
    Queued,
    /// A worker has it.
    Triaging,
    /// No model can be asked now, or the next try is due later.
    Waiting,
    /// It has a verdict.
    Triaged,
    /// It has a verdict that a person must check; nothing is written to HubSpot.
    NeedsReview,
    /// It could not be triaged; a person must read it.
    Failed,
    /// It was deleted in HubSpot.
    Gone,
}

/// What a triage says of a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Verdict {
    /// Key of a category of the configured taxonomy.
    pub category: String,
    /// `low`, `medium`, `high` or `urgent`.
    pub priority: String,
    /// `negative`, `neutral` or `positive`.
    pub sentiment: String,
    /// ISO 639 code of the ticket's language, `und` when unknown.
    pub language: String,
    /// What it is about.
    pub summary: String,
    /// Why this category and priority.
    pub reason: String,
    /// 0..1: how sure the model is.
    pub confidence: f64,
    /// Key of the team it belongs to.
    pub team: String,
    /// Draft of an answer, when configured.
    pub suggested_reply: Option<String>,
}

/// An outgoing effect of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Delivery {
    /// `discord` or `hubspot`.
    pub target: String,
    /// `pending`, `delivered`, `failed`, `skipped` (there was nothing to write) or `undone`.
    pub status: String,
    /// When it reached this status.
    pub at: String,
    /// Id of the Discord message or of the note in HubSpot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A ticket and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Triage {
    /// HubSpot's record id.
    pub ticket_id: String,
    /// Subject, as far as it is known.
    pub subject: Option<String>,
    /// The ticket in HubSpot.
    pub url: Option<String>,
    /// Where it stands.
    pub status: TriageStatus,
    /// The current verdict.
    pub verdict: Option<Verdict>,
    /// `local` or `groq`.
    pub provider: Option<String>,
    /// The model that gave the verdict.
    pub model: Option<String>,
    /// The machine the model ran on.
    pub device_id: Option<String>,
    /// How long the deciding call took.
    pub latency_ms: Option<i64>,
    /// Calls made for this ticket so far.
    pub attempts: i64,
    /// When the first webhook about it was accepted.
    pub received_at: String,
    /// When the current verdict was given.
    pub triaged_at: Option<String>,
    /// Outgoing effects.
    pub deliveries: Vec<Delivery>,
    /// What a person last said is right, whichever verdict it was about.
    pub correction: Option<Correction>,
    /// What went wrong, or what is being waited for.
    pub error: Option<String>,
}

/// One call to a model: who read the text, where it went, what was removed first, how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Attempt {
    /// `local` or `groq`.
    pub provider: String,
    /// The machine the model ran on.
    pub device_id: Option<String>,
    /// `first`, `repair` (shown what was wrong with its answer) or `halved` (with half the text).
    pub form: String,
    /// The model asked.
    pub model: String,
    /// Digest of the model's weights, when known.
    pub model_digest: Option<String>,
    /// Fingerprint of prompt, taxonomy and schema.
    pub prompt_version: String,
    /// Host that the text was sent to.
    pub sent_to: String,
    /// Kinds of personal data removed before, with counts.
    pub redacted: std::collections::BTreeMap<String, u32>,
    /// Characters left out because the ticket was too long.
    pub omitted_chars: i64,
    /// Why the text was allowed to go to the cloud.
    pub cloud_reason: Option<String>,
    /// When it began.
    pub started_at: String,
    /// How long it took; `None` while it runs, or when its worker died.
    pub latency_ms: Option<i64>,
    /// `verdict`, `bad_answer`, an error's name, or `started`.
    pub outcome: String,
    /// HTTP status of the answer.
    pub http_status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
}

/// A webhook event that named the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Event {
    /// `workflow` or a subscription type.
    pub kind: String,
    /// HubSpot's event id.
    pub event_id: Option<String>,
    /// The property that changed.
    pub property: Option<String>,
    /// When it was accepted.
    pub received_at: String,
}

/// Something that was written into HubSpot, or was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Written {
    /// `note`, or the name of a property of the ticket.
    pub what: String,
    /// The option; `None` for a note, and when there was nothing to write.
    pub value: Option<String>,
    /// What stood there before.
    pub former: Option<String>,
    /// `intended` (HubSpot's answer is not known), `written`, `skipped`, `overruled` (a person changed it since),
    /// `undoing` or `undone`.
    pub status: String,
    /// Why it was not written.
    pub why: Option<String>,
    /// When that was decided, or when it was undone.
    pub at: String,
}

/// A ticket with everything that is known of its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TriageDetail {
    /// The ticket.
    #[serde(flatten)]
    pub triage: Triage,
    /// Webhook events, oldest first.
    pub events: Vec<Event>,
    /// Calls to models, oldest first.
    pub calls: Vec<Attempt>,
    /// What was written into HubSpot and what was not, oldest first.
    pub written: Vec<Written>,
}
