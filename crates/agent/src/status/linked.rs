//! What is known through the orchestrator, as shown. PURE.

use link::{Receipt, Triage, TriageStatus, Tunnel};
use serde::{Deserialize, Serialize};

use super::Wall;
use crate::model::Model;

/// Letters of a subject that are shown.
const LONGEST_SUBJECT: usize = 60;

/// The orchestrator that this machine is paired with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OrchestratorStatus {
    /// Its address.
    pub url: String,
    /// Its version, once it has answered.
    pub version: Option<String>,
    /// When it last took a heartbeat, RFC 3339.
    pub heard_at: Option<String>,
    /// The tunnel as it keeps it.
    pub tunnel: Option<Tunnel>,
    /// Its last look at the public address from outside.
    pub receipt: Option<Receipt>,
}

/// A ticket of late.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TicketStatus {
    /// HubSpot's record id.
    pub ticket_id: String,
    /// Its subject, shortened; not in what leaves this machine.
    pub subject: Option<String>,
    /// The ticket in HubSpot.
    pub url: Option<String>,
    /// Where it stands.
    pub status: TriageStatus,
    /// The verdict's category.
    pub category: Option<String>,
    /// The verdict's priority.
    pub priority: Option<String>,
    /// How sure the model is of them, 0..1.
    pub confidence: Option<f64>,
    /// `local` or `groq`.
    pub provider: Option<String>,
    /// How long the deciding call took.
    pub latency_ms: Option<i64>,
    /// When it came, RFC 3339.
    pub received_at: String,
}

impl OrchestratorStatus {
    pub(super) fn of(url: String, model: &Model, wall: Wall) -> Self {
        let linked = model.linked();
        Self {
            url,
            version: linked.server().map(|server| server.version.clone()),
            heard_at: linked.heard_at().map(|at| wall.time(at)),
            tunnel: linked.tunnel().cloned(),
            receipt: linked.receipt().cloned(),
        }
    }
}

impl TicketStatus {
    pub(super) fn of(ticket: &Triage) -> Self {
        let verdict = ticket.verdict.as_ref();
        Self {
            ticket_id: ticket.ticket_id.clone(),
            subject: ticket.subject.as_deref().map(shortened),
            url: ticket.url.clone(),
            status: ticket.status,
            category: verdict.map(|verdict| verdict.category.clone()),
            priority: verdict.map(|verdict| verdict.priority.clone()),
            confidence: verdict.map(|verdict| verdict.confidence),
            provider: ticket.provider.clone(),
            latency_ms: ticket.latency_ms,
            received_at: ticket.received_at.clone(),
        }
    }
}

/// One line of it, without signs that a terminal would obey.
fn shortened(subject: &str) -> String {
    let plain: String =
        subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= LONGEST_SUBJECT {
        return words;
    }
    words.chars().take(LONGEST_SUBJECT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_short_line_that_no_terminal_obeys() {
        assert_eq!(shortened("  Invoice\n\x1b[31m 7 "), "Invoice [31m 7");
        let long = shortened(&"ä".repeat(200));
        assert_eq!((long.chars().count(), long.ends_with('…')), (LONGEST_SUBJECT, true));
        assert_eq!(shortened(&"x".repeat(LONGEST_SUBJECT)).len(), LONGEST_SUBJECT);
    }
}
