//! What `orchestrator reconcile --json` prints.

use serde::{Deserialize, Serialize};

/// Where every ticket stands that HubSpot has of a window.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GapReport {
    /// Begin of the window: when the oldest of these tickets can have been created.
    pub since: String,
    /// End of the window.
    pub until: String,
    /// Tickets that HubSpot has.
    pub tickets: u64,
    /// Those of them that were unknown until now and are in the queue.
    pub enqueued: u64,
    /// They have a verdict.
    pub triaged: u64,
    /// They have a verdict that a person must check.
    pub needs_review: u64,
    /// They are queued, being triaged, or waiting for the next try.
    pub waiting: u64,
    /// HubSpot said that they are deleted, although its search finds them.
    pub gone: u64,
    /// They could not be triaged.
    pub failed: Listed<FailedTicket>,
    /// HubSpot has them and the orchestrator does not. Must be none.
    pub unaccounted: Listed<String>,
}

/// A ticket that could not be triaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTicket {
    /// HubSpot's record id.
    pub ticket_id: String,
    /// Why.
    pub reason: String,
}

/// So many, and the first of them by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// All of them.
    pub count: u64,
    /// By name, up to some thousand.
    pub tickets: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, tickets: Vec::new() }
    }
}
