//! `GET /health`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the orchestrator and what it depends on are doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Health {
    /// `healthy`, or `degraded` when the database cannot be used or a dependency is known to be broken.
    pub status: Status,
    /// When this was said.
    pub timestamp: String,
    /// Version of the orchestrator.
    pub version: String,
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// The parts.
    pub dependencies: Dependencies,
}

/// The parts that tickets pass through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Dependencies {
    /// Checked for this answer.
    pub database: Dependency,
    /// From the last real use.
    pub local_llm: Dependency,
    /// From the last real use.
    pub groq_api: Dependency,
    /// From the last real use.
    pub discord: Dependency,
    /// From the last reconciliation, whichever orchestrator made it.
    pub hubspot: Dependency,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Dependency {
    /// How it is doing.
    pub status: Status,
    /// How long the last successful use took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<String>,
    /// What is wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It works.
    Healthy,
    /// It works in part.
    Degraded,
    /// It does not work.
    Unhealthy,
    /// It has not been used since the start.
    NotChecked,
    /// It is not set up.
    NotConfigured,
}
