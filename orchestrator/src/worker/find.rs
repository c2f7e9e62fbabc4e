//! Walks through the tickets that HubSpot has since a moment and enqueues those that nobody has told us of.

use std::collections::BTreeMap;
use std::time::Duration;

use link::TriageStatus;
use tracing::{debug, info};
use triage::reconcile::{self, Failure, OutOfOrder, Pace, Search, Then, Walk};
use triage::ticket::TicketId;
use triage::time::Timestamp;
use triage::webhook::Event;

use crate::clients::hubspot::{Error, Found, HubSpot, Page};
use crate::clock::Clock;
use crate::queue::Incoming;
use crate::queue::intake::{Intake, Refused};
use crate::store::{self, Standing, Store};

/// After how long a walk that the database ended may be made again.
const DATABASE_PAUSE: Duration = Duration::from_secs(10);

/// What a walk needs.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Where to look.
    pub hubspot: &'a HubSpot,
    /// What is known.
    pub store: &'a Store,
    /// The way in, the same as for webhooks.
    pub intake: &'a Intake,
    /// For pauses.
    pub clock: &'a Clock,
    /// The account, if it is set.
    pub portal_id: Option<i64>,
}

/// A walk that is under way.
pub struct Finder<'a> {
    means: Means<'a>,
    walk: Walk,
    pace: Pace,
    request_id: String,
}

/// A page of tickets that HubSpot has.
#[derive(Debug)]
pub struct Seen {
    /// The tickets.
    pub ids: Vec<TicketId>,
    /// Where those stand that are known, after the page was dealt with.
    pub standings: BTreeMap<String, Standing>,
    /// So many were unknown, taken for deleted, or without a job, and have been enqueued.
    pub enqueued: usize,
}

/// Why a page could not be had or stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Trouble {
    /// Its kind in a word: `refused`, `unavailable`, `bad_answer` or `database`.
    pub error_type: &'static str,
    /// A sentence for people.
    pub why: String,
    /// After how long it may be tried again.
    pub retry_after: Duration,
}

impl<'a> Finder<'a> {
    /// A walk through what was created at `since` or later.
    pub fn new(means: Means<'a>, since: Timestamp) -> Self {
        let request_id = uuid::Uuid::now_v7().simple().to_string();
        Self { means, walk: Walk::new(since), pace: Pace::default(), request_id }
    }

    /// The next page, with what was unknown enqueued; `None` when everything was seen.
    pub async fn next(&mut self) -> Result<Option<Seen>, Trouble> {
        let Some(search) = self.walk.next() else { return Ok(None) };
        let page = self.search(search).await?;
        let passed = self.walk.pass(page.tickets.iter().map(|ticket| ticket.number), page.has_more);
        // Even of a page out of order, what is there is not lost.
        let seen = self.take_in(page.tickets).await?;
        passed?;
        Ok(Some(seen))
    }

    /// Everything was seen.
    pub const fn is_over(&self) -> bool {
        self.walk.next().is_none()
    }

    /// Searches at the pace that HubSpot allows; short refusals are sat out.
    async fn search(&mut self, search: Search) -> Result<Page, Trouble> {
        let Means { hubspot, clock, .. } = self.means;
        let mut failures = 0;
        loop {
            clock.sleep_until(self.pace.take(clock.now())).await;
            let error = match hubspot.search(search).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            failures += 1;
            match reconcile::after_failure(failure(&error), failures, rand::random()) {
                Then::SearchAgain(wait) => {
                    debug!(%error, ?wait, "searching HubSpot again");
                    clock.sleep_until(clock.now().plus(wait)).await;
                }
                Then::EndRun(retry_after) => return Err(trouble(error, retry_after)),
            }
        }
    }

    async fn take_in(&self, found: Vec<Found>) -> Result<Seen, Trouble> {
        let ids: Vec<TicketId> = found.iter().map(|ticket| ticket.id.clone()).collect();
        let mut standings = self.standings(&ids).await?;
        let missed: Vec<Found> =
            found.into_iter().filter(|ticket| is_missed(standings.get(ticket.id.as_str()))).collect();
        let enqueued = missed.len();
        if enqueued > 0 {
            self.enqueue(missed, &standings).await?;
            standings = self.standings(&ids).await?;
        }
        Ok(Seen { ids, standings, enqueued })
    }

    async fn enqueue(&self, missed: Vec<Found>, known: &BTreeMap<String, Standing>) -> Result<(), Trouble> {
        let Means { store, intake, clock, portal_id, .. } = self.means;
        let (known, unknown): (Vec<_>, Vec<_>) =
            missed.into_iter().partition(|ticket| known.contains_key(ticket.id.as_str()));
        for ticket in known.iter().chain(&unknown) {
            info!(event = "ticket_found", ticket_id = %ticket.id, "found by a search and enqueued: no webhook told of it, it was taken for deleted, or its job was lost");
        }
        for ticket in known {
            store.retry(&ticket.id, clock.now()).await?;
        }
        let events: Vec<Event> =
            unknown.into_iter().map(|t| Event::found(t.id, portal_id, t.created)).collect();
        if !events.is_empty() {
            intake.submit(Incoming { request_id: self.request_id.clone(), events }).await?;
        }
        Ok(())
    }

    /// A quiet page costs no query.
    async fn standings(&self, ids: &[TicketId]) -> store::Result<BTreeMap<String, Standing>> {
        if ids.is_empty() { Ok(BTreeMap::new()) } else { self.means.store.standings(ids).await }
    }
}

/// Nobody has told us of it, or it had not been there when its text was read, and now it is, or its job was lost.
fn is_missed(standing: Option<&Standing>) -> bool {
    standing.is_none_or(|standing| standing.is_lost || standing.status == TriageStatus::Gone)
}

const fn failure(error: &Error) -> Failure {
    match error {
        Error::Refused(_) => Failure::Refused,
        Error::Later { retry_after, .. } => Failure::Later { retry_after: *retry_after },
    }
}

fn trouble(error: Error, retry_after: Duration) -> Trouble {
    let (error_type, why) = match error {
        Error::Refused(why) => ("refused", why),
        Error::Later { why, .. } => ("unavailable", why),
    };
    Trouble { error_type, why, retry_after }
}

impl From<OutOfOrder> for Trouble {
    fn from(problem: OutOfOrder) -> Self {
        Self { error_type: "bad_answer", why: problem.to_string(), retry_after: reconcile::EVERY }
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self { error_type: "database", why: error.chain(), retry_after: DATABASE_PAUSE }
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Database(error) => error.into(),
            Refused::Overloaded => {
                let why = "too many webhooks are waiting to be stored".to_owned();
                Self { error_type: "database", why, retry_after: DATABASE_PAUSE }
            }
        }
    }
}
