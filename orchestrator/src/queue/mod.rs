//! The queue: what was accepted and what is to be done, in the database.
//!
//! A job is at most one per kind and ticket and is deleted when done. Claiming it sets a lease (`visible_at`) and a
//! token; whoever finishes must still hold that token, so a worker that comes too late changes nothing. Requests that
//! arrive while a worker has the job are noted in `again`, and such a job is not deleted but runs another round.

mod accept;
mod accept_new;
mod claim;
mod deliver;
mod delivered;
mod finish;
mod finish_verdicts;
pub mod intake;
mod sweep;
pub(crate) mod together;
pub mod wake;
mod write_back;

use std::time::Duration;

pub use accept::{Accepted, Incoming};
pub use claim::{Back, Job, Proof};
pub use deliver::{DeliveryState, Subject, Told};
pub use delivered::{Delivered, Delivering, Sent};
pub use finish::{AttemptRow, Ended, Finished, Finishing, TriageRow};
pub use sweep::TOO_LONG;
pub use write_back::{BeginUndo, Settled, WriteEnd, WroteBack};

/// How long a claim lasts unless it is extended: a dead worker's job is taken over after this.
pub const LEASE: Duration = Duration::from_secs(30);

/// How often a worker extends the lease of what it is working on.
pub const EXTEND_EVERY: Duration = Duration::from_secs(10);

/// What a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Give the ticket a verdict.
    Triage,
    /// Tell Discord.
    Discord,
    /// Write the verdict into the ticket.
    HubSpot,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Triage, Self::Discord, Self::HubSpot];

    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Discord => "discord",
            Self::HubSpot => "hubspot",
        }
    }
}
