//! Concurrent webhooks share commits: what arrives while a transaction runs goes into the next one together.
//!
//! A commit costs the same for one request as for a hundred, so under load this multiplies the rate, and an idle
//! server adds no delay: the first request of a batch never waits for others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::error;

use super::{Accepted, Incoming, Kind};
use crate::clock::Clock;
use crate::queue::wake::Wake;
use crate::store::{Error, Result, Store};

/// Requests that share one transaction at the most.
const LARGEST_BATCH: usize = 256;

/// Transactions under way at once: while one waits for its commit the next is being filled.
const CONCURRENT_BATCHES: usize = 2;

/// Requests that may wait for a transaction; past it new ones are told to come back later.
const WAITING: usize = 512;

/// A database that takes longer has gone: HubSpot's apps wait 5 seconds for an answer.
pub(crate) const SLOWEST_COMMIT: Duration = Duration::from_secs(4);

/// The way in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {
    sender: mpsc::Sender<Waiting>,
    failing: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Waiting {
    incoming: Incoming,
    answer: oneshot::Sender<Result<Accepted>>,
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
        let (sender, receiver) = mpsc::channel(WAITING);
        let failing = Arc::<AtomicBool>::default();
        tokio::spawn(run(receiver, Context { store, clock, wake, retriage, failing: Arc::clone(&failing) }));
        Self { sender, failing }
    }

    /// The database failed the last time that something was to be stored.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Stores the events of one request; returns when they are durable.
    pub async fn submit(&self, incoming: Incoming) -> std::result::Result<Accepted, Refused> {
        let (answer, stored) = oneshot::channel();
        self.sender.try_send(Waiting { incoming, answer }).map_err(|_| Refused::Overloaded)?;
        stored.await.map_err(|_| Refused::Overloaded)?.map_err(Refused::Database)
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

async fn run(mut receiver: mpsc::Receiver<Waiting>, context: Context) {
    let slots = Arc::new(Semaphore::new(CONCURRENT_BATCHES));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let mut batch = Vec::new();
        if receiver.recv_many(&mut batch, LARGEST_BATCH).await == 0 {
            return;
        }
        let context = context.clone();
        tokio::spawn(async move {
            store_batch(&context, batch).await;
            drop(slot);
        });
    }
}

async fn store_batch(context: &Context, batch: Vec<Waiting>) {
    let (incoming, answers): (Vec<Incoming>, Vec<_>) =
        batch.into_iter().map(|w| (w.incoming, w.answer)).unzip();
    match context.accept(&incoming).await {
        Ok(accepted) => {
            for (answer, accepted) in answers.into_iter().zip(accepted) {
                // A client that went away does not need its answer; its events are stored.
                let _ = answer.send(Ok(accepted));
            }
        }
        // One request's data must not cost the others theirs.
        Err(error) if error.is_about_data() && incoming.len() > 1 => {
            for (incoming, answer) in incoming.into_iter().zip(answers) {
                let stored = context.accept(std::slice::from_ref(&incoming)).await;
                let _ = answer.send(stored.map(|accepted| accepted.first().copied().unwrap_or_default()));
            }
        }
        Err(error) => {
            error!(event = "webhook_not_stored", requests = incoming.len(), error = %error.chain(), "cannot store webhooks");
            let mut failure = Some(error);
            for answer in answers {
                // Dropping the rest tells their requests the same.
                if let Some(error) = failure.take() {
                    let _ = answer.send(Err(error));
                }
            }
        }
    }
}

impl Context {
    async fn accept(&self, incoming: &[Incoming]) -> Result<Vec<Accepted>> {
        let storing = self.store.accept(incoming, self.retriage, self.clock.now());
        let accepted =
            tokio::time::timeout(SLOWEST_COMMIT, storing).await.unwrap_or_else(|_| Err(Error::timed_out()));
        let failed = accepted.as_ref().is_err_and(|error| !error.is_about_data());
        self.failing.store(failed, Ordering::Relaxed);
        let accepted = accepted?;
        if accepted.iter().any(|a| a.accepted > 0) {
            self.wake.wake(Kind::Triage);
        }
        Ok(accepted)
    }
}
