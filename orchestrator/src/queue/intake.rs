//! The way in: concurrent webhooks share commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::error;

use super::together::{Bounds, Together};
use super::{Accepted, Incoming, Kind};
use crate::clock::Clock;
use crate::queue::wake::Wake;
use crate::store::{Error, Result, Store};

/// Past so many events in one transaction nobody's commit gets cheaper, only later. One transaction at a time: two halves
/// cost more than the whole, in Postgres as in here.
const BOUNDS: Bounds = Bounds { waiting: 512, heaviest: 1024, concurrent: 1, gather: Duration::ZERO };

/// A database that takes longer has gone: HubSpot's apps wait 5 seconds for an answer.
pub(crate) const SLOWEST_COMMIT: Duration = Duration::from_secs(4);

/// The way in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {
    together: Together<Incoming, Result<Accepted>>,
    failing: Arc<AtomicBool>,
}

/// The events were not stored.
#[derive(Debug)]
pub enum Refused {
    /// Too many requests are waiting already, or the server is stopping.
    Overloaded,
    /// The database failed.
    Database(Error),
}

impl Intake {
    /// Starts the task that stores what is submitted; it ends when the last handle is dropped.
    pub fn start(store: Store, clock: Clock, wake: Arc<Wake>, retriage: bool) -> Self {
        let failing = Arc::<AtomicBool>::default();
        let context = Context { store, clock, wake, retriage, failing: Arc::clone(&failing) };
        let together = Together::start(
            BOUNDS,
            |incoming: &Incoming| incoming.events.len(),
            move |batch| {
                let context = context.clone();
                async move { context.store_batch(&batch).await }
            },
        );
        Self { together, failing }
    }

    /// The database failed the last time that something was to be stored.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Stores the events of one request; returns when they are durable.
    pub async fn submit(&self, incoming: Incoming) -> std::result::Result<Accepted, Refused> {
        let stored = self.together.call(incoming).await;
        stored.map_err(|_| Refused::Overloaded)?.map_err(Refused::Database)
    }
}

#[derive(Clone)]
struct Context {
    store: Store,
    clock: Clock,
    wake: Arc<Wake>,
    retriage: bool,
    failing: Arc<AtomicBool>,
}

impl Context {
    async fn store_batch(&self, batch: &[Incoming]) -> Vec<Result<Accepted>> {
        match self.accept(batch).await {
            Ok(accepted) => accepted.into_iter().map(Ok).collect(),
            // One request's data must not cost the others theirs.
            Err(error) if error.is_about_data() && batch.len() > 1 => {
                let mut stored = Vec::with_capacity(batch.len());
                for incoming in batch {
                    let accepted = self.accept(std::slice::from_ref(incoming)).await;
                    stored.push(accepted.map(|accepted| accepted.first().copied().unwrap_or_default()));
                }
                stored
            }
            Err(error) => {
                error!(event = "webhook_not_stored", requests = batch.len(), error = %error.chain(), "cannot store webhooks");
                batch.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    async fn accept(&self, incoming: &[Incoming]) -> Result<Vec<Accepted>> {
        let storing = self.store.accept(incoming, self.retriage, self.clock.now());
        let accepted =
            tokio::time::timeout(SLOWEST_COMMIT, storing).await.unwrap_or_else(|_| Err(Error::timed_out()));
        let failed = accepted.as_ref().is_err_and(|error| !error.is_about_data());
        self.failing.store(failed, Ordering::Relaxed);
        let accepted = accepted?;
        if accepted.iter().any(|a| a.accepted > 0) {
            self.wake.wake(Kind::Triage);
            self.wake.tell_others();
            self.wake.changed();
        }
        Ok(accepted)
    }
}
