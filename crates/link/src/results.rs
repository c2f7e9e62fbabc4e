//! What became of tickets: lists, figures, the live stream, and what people say is right.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Triage;

/// `GET /api/v1/triages`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TriagePage {
    /// Newest first.
    pub items: Vec<Triage>,
    /// Where the next page begins, as `before`; `None` on the last one.
    pub next: Option<String>,
}

/// `PUT /api/v1/triages/{ticket_id}/correction`: what a person says is right. What is left out was right.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct CorrectionRequest {
    /// Key of a category of the configured taxonomy.
    #[serde(default)]
    pub category: Option<String>,
    /// `low`, `medium`, `high` or `urgent`.
    #[serde(default)]
    pub priority: Option<String>,
    /// In the person's words.
    #[serde(default)]
    pub note: Option<String>,
}

/// What a person said is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Correction {
    /// The right category; `None` when the verdict's was.
    pub category: Option<String>,
    /// The right priority; likewise.
    pub priority: Option<String>,
    /// In the person's words.
    pub note: Option<String>,
    /// On which device it was said.
    pub device_id: String,
    /// That device's name.
    pub device_name: String,
    /// When.
    pub at: String,
}

/// `GET /api/v1/stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Stats {
    /// Length of the window that ends now.
    pub window_seconds: u64,
    /// Tickets that came in.
    pub received: u64,
    /// Verdicts given; those that need review among them.
    pub triaged: u64,
    /// Verdicts that a person must check.
    pub needs_review: u64,
    /// Tickets that came in and could not be triaged.
    pub failed: u64,
    /// Tickets that are waiting, queued or being triaged now, whenever they came.
    pub open: u64,
    /// Share of calls to models that ended with a verdict, 0..1; `None` when none ended.
    pub success_rate: Option<f64>,
    /// Share of verdicts given by the team's own machines, 0..1; `None` when there was no verdict.
    pub local_share: Option<f64>,
    /// How long the deciding call took, in milliseconds.
    pub latency_ms: Percentiles,
    /// From the webhook to the first message in Discord, in milliseconds, of tickets that came in.
    pub to_discord_ms: Percentiles,
    /// By category of the verdict, most frequent first.
    pub categories: Vec<CategoryStats>,
}

/// Half, and nineteen of twenty, took no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Percentiles {
    /// Median.
    pub p50: Option<i64>,
    /// 95th percentile.
    pub p95: Option<i64>,
}

/// One category in the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CategoryStats {
    /// Its key.
    pub category: String,
    /// Verdicts with it.
    pub count: u64,
    /// Those of them that a person spoke about.
    pub judged: u64,
    /// Share of those in which the person left the category as it was, 0..1; `None` when nobody spoke.
    pub agreement: Option<f64>,
}

/// One event of `GET /api/v1/events`; its `id` is the event's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Change {
    /// Ever growing.
    pub id: i64,
    /// `received`, `changed`, `requested`, `waiting`, `waiting_told`, `triaged`, `needs_review`, `failed`, `gone`,
    /// `delivered`, `corrected`, `alert_raised`, `alert_changed`, `alert_cleared`, …: what happened.
    pub kind: String,
    /// When.
    pub at: String,
    /// The ticket, unless it is about an alert.
    pub ticket_id: Option<String>,
    /// The ticket as it is now.
    pub triage: Option<Triage>,
    /// The alert as it is now.
    pub alert: Option<Alert>,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Alert {
    /// Its id.
    pub id: String,
    /// Its rule: `device_silent`, `tunnel_exposed`, `credentials_expire`, …
    pub kind: String,
    /// What it is about: a device's id, or empty.
    pub subject: String,
    /// `page` or `email`: how urgent it is.
    pub severity: String,
    /// What is wrong.
    pub sentence: String,
    /// What to do about it.
    pub what_to_do: String,
    /// Since when.
    pub raised_at: String,
    /// When it passed.
    pub cleared_at: Option<String>,
}

/// `GET /api/v1/alerts`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Alerts {
    /// Those that have not passed, newest first.
    pub open: Vec<Alert>,
    /// Those that passed within the last week, newest first.
    pub recent: Vec<Alert>,
}
