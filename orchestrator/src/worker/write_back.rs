//! Writing a verdict back into its HubSpot ticket, as a note or as properties, and taking it away again.

mod note;
mod properties;
pub mod undo;

use std::time::Duration;

use tracing::{error, info, warn};
use triage::retry;
use triage::ticket::TicketId;
use triage::writeback::{Ours, State, WriteBack};

use super::insist;
use crate::app::App;
use crate::clients::hubspot::{Error as HubSpotError, HubSpot};
use crate::queue::{Back, DeliveryState, Job, Settled, Told, WriteEnd, WroteBack};
use crate::store::{self, HubSpotWrite, Result};

/// HubSpot may not have a new ticket everywhere at once: so often it is asked for again.
const PATIENCE_WITH_NEW_TICKETS: u32 = 2;

/// Everything that writing needs.
struct Writing<'a> {
    app: &'a App,
    client: &'a HubSpot,
    job: &'a Job,
    told: &'a Told,
}

/// Why a write-back did not come to its end.
enum Stop {
    HubSpot(HubSpotError),
    Database(store::Error),
    /// HubSpot does not have the ticket.
    NoTicket,
    /// Somebody else has the job.
    LeaseLost,
}

impl From<HubSpotError> for Stop {
    fn from(error: HubSpotError) -> Self {
        Self::HubSpot(error)
    }
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        Self::Database(error)
    }
}

/// Writes the verdict of the job's ticket into HubSpot.
pub(super) async fn perform(app: &App, job: &Job) -> Result<()> {
    let mode = app.config.hubspot.write_back;
    let Some(client) = app.hubspot.as_ref().filter(|_| mode != WriteBack::Off) else {
        return end(app, job, skipped("HUBSPOT_WRITE_BACK is off")).await;
    };
    let told = match app.store.subject(job).await?.map(|subject| subject.state) {
        Some(DeliveryState::Verdict(told)) if told.review.is_none() => told,
        Some(DeliveryState::Verdict(_)) => {
            return end(app, job, skipped("the verdict needs review")).await;
        }
        Some(DeliveryState::Waiting { .. } | DeliveryState::Failed { .. }) | None => {
            return end(app, job, skipped("there is no verdict")).await;
        }
    };
    let writing = Writing { app, client, job, told: &told };
    let wrote = match mode {
        WriteBack::Off => return Ok(()),
        WriteBack::Note => note::write(&writing).await,
        WriteBack::Properties => properties::write(&writing).await,
    };
    match wrote {
        Ok(wrote) => {
            app.hubspot_recovery.note(true);
            end(app, job, wrote).await
        }
        Err(Stop::Database(error)) => Err(error),
        Err(Stop::LeaseLost) => {
            warn!(event = "lease_lost", ticket_id = %job.ticket_id, kind = job.kind.as_str(), "somebody else writes this ticket");
            Ok(())
        }
        Err(Stop::NoTicket) => no_ticket(app, job).await,
        Err(Stop::HubSpot(HubSpotError::Refused(why))) => end(app, job, failed(why)).await,
        Err(Stop::HubSpot(HubSpotError::Later { why, retry_after })) => {
            app.hubspot_recovery.note(false);
            try_later(app, job, why, retry_after).await
        }
    }
}

async fn no_ticket(app: &App, job: &Job) -> Result<()> {
    let why = "HubSpot does not have the ticket";
    if job.failures >= PATIENCE_WITH_NEW_TICKETS {
        return end(app, job, skipped(why)).await;
    }
    let delay = retry::delay(job.failures.saturating_add(1), rand::random(), None).unwrap_or_default();
    insist(|| app.store.put_back(job, Back::Failed, delay, why, app.clock.now())).await.map(|_| ())
}

async fn try_later(app: &App, job: &Job, why: String, retry_after: Option<Duration>) -> Result<()> {
    let Some(delay) = retry::delay(job.failures.saturating_add(1), rand::random(), retry_after) else {
        return end(app, job, failed(format!("given up; at last: {why}"))).await;
    };
    warn!(event = "delivery_delayed", ticket_id = %job.ticket_id, target = job.kind.as_str(), error_message = %why, "trying again later");
    insist(|| app.store.put_back(job, Back::ServiceFailed, delay, &why, app.clock.now())).await.map(|_| ())
}

async fn end(app: &App, job: &Job, wrote: WroteBack) -> Result<()> {
    let (ticket_id, target) = (&job.ticket_id, job.kind.as_str());
    let why = wrote.why.as_deref().unwrap_or_default();
    match wrote.end {
        WriteEnd::Delivered => {
            info!(event = "delivery_completed", %ticket_id, target, "the verdict stands in HubSpot")
        }
        WriteEnd::Skipped => {
            info!(event = "delivery_skipped", %ticket_id, target, reason = why, "nothing is written into HubSpot")
        }
        WriteEnd::Failed => {
            error!(event = "delivery_failed", %ticket_id, target, error_message = why, "the verdict cannot be written into HubSpot")
        }
    }
    insist(|| app.store.wrote_back(job, &wrote, app.clock.now())).await.map(|_| ())
}

fn skipped(why: &str) -> WroteBack {
    WroteBack {
        end: WriteEnd::Skipped,
        why: Some(why.to_owned()),
        note_id: None,
        triage_id: None,
        settled: Vec::new(),
    }
}

fn failed(why: String) -> WroteBack {
    WroteBack { end: WriteEnd::Failed, why: Some(why), ..skipped("") }
}

/// HubSpot said no to these writes themselves.
fn refused(rows: &[HubSpotWrite], why: &str) -> WroteBack {
    WroteBack { settled: settle(rows, State::Skipped, Some(why)), ..failed(why.to_owned()) }
}

impl Writing<'_> {
    fn ticket(&self) -> &TicketId {
        &self.job.ticket_id
    }

    fn delivered(&self, settled: Vec<Settled>) -> WroteBack {
        let triage_id = Some(self.told.triage_id.clone());
        WroteBack { end: WriteEnd::Delivered, why: None, triage_id, settled, ..skipped("") }
    }

    /// Records what is about to be written; only who still holds the job may go on.
    async fn intend(&self, writes: &[HubSpotWrite]) -> std::result::Result<(), Stop> {
        if self.app.store.intend(self.job, writes).await? { Ok(()) } else { Err(Stop::LeaseLost) }
    }

    /// A row for something about to be written.
    fn intention(&self, what: &str) -> HubSpotWrite {
        HubSpotWrite {
            id: uuid::Uuid::now_v7().to_string(),
            triage_id: self.told.triage_id.clone(),
            what: what.to_owned(),
            value: None,
            former: None,
            marker: None,
            note_id: None,
            state: State::Intended,
            why: None,
            at: self.app.clock.now(),
            undone_at: None,
        }
    }
}

/// What was written of one kind, newest first.
fn of<'a>(writes: &'a [HubSpotWrite], what: &str) -> Vec<&'a HubSpotWrite> {
    writes.iter().filter(|write| write.what == what).collect()
}

fn as_ours(writes: &[&HubSpotWrite]) -> Vec<Ours> {
    writes.iter().map(|write| write.ours()).collect()
}

fn settle(writes: &[HubSpotWrite], state: State, why: Option<&str>) -> Vec<Settled> {
    let intended = writes.iter().filter(|write| write.state == State::Intended);
    intended.map(|write| Settled { id: write.id.clone(), state, why: why.map(str::to_owned) }).collect()
}
