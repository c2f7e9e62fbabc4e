//! The words of the support desk, as the orchestrator was given them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What tickets are sorted into, and who takes them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Desk {
    /// In the order in which the desk names them.
    pub categories: Vec<Category>,
    /// Likewise.
    pub teams: Vec<Team>,
}

/// One kind of ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Category {
    /// As verdicts and corrections name it.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// Key of the team that takes these tickets.
    pub team: String,
    /// Tickets can get it; otherwise only older ones have it.
    pub enabled: bool,
}

/// The people who take tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Team {
    /// As verdicts name it.
    pub key: String,
    /// Its name for people.
    pub label: String,
}
