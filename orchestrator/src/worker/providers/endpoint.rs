//! One way to a model: its client, its breaker, its concurrency and how it did last.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tracing::{info, warn};
use triage::breaker::{Admission, Breaker, Limits, Report, Signal};
use triage::stage::Availability;
use triage::ticket::Provider;
use triage::time::Timestamp;

use crate::clients::fault::Fault;
use crate::clients::model::{Answer, Model, Question};
use crate::clock::Clock;

/// A client of a model and what its calls have taught.
pub(super) struct Endpoint {
    provider: Provider,
    model: Box<dyn Model>,
    breaker: Mutex<Breaker>,
    slots: Arc<Slots>,
    /// Told when waiting for a slot is in vain.
    released: watch::Sender<()>,
    replaced: AtomicBool,
    last: Mutex<Option<LastUse>>,
    proved: AtomicBool,
}

/// What a provider takes at once; stays when its client is replaced by another one.
pub(super) struct Slots {
    semaphore: Arc<Semaphore>,
    concurrency: usize,
    waiting: AtomicUsize,
}

/// What speaks against using a provider, each with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Troubles {
    /// The machine says that it cannot be used.
    pub(super) held: Option<String>,
    /// Our own calls found it broken.
    pub(super) broken: Option<String>,
    /// It answered a probe, but no call has shown since that it is mended.
    pub(super) doubted: Option<String>,
}

/// How the last use of a provider went.
#[derive(Debug, Clone)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// How long it took, or what went wrong.
    pub result: Result<Duration, String>,
}

/// Whoever waits for a slot is counted for as long.
struct Waiting<'a>(&'a AtomicUsize);

impl Slots {
    pub(super) fn new(concurrency: usize) -> Arc<Self> {
        let semaphore = Arc::new(Semaphore::new(concurrency));
        Arc::new(Self { semaphore, concurrency, waiting: AtomicUsize::new(0) })
    }
}

impl Endpoint {
    /// A closed breaker before this client.
    pub(super) fn new(provider: Provider, model: Box<dyn Model>, slots: Arc<Slots>) -> Self {
        Self {
            provider,
            model,
            breaker: Mutex::new(Breaker::new(Limits::default())),
            slots,
            released: watch::Sender::default(),
            replaced: AtomicBool::new(false),
            last: Mutex::new(None),
            proved: AtomicBool::new(false),
        }
    }

    pub(super) fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// For a client that takes its place.
    pub(super) fn slots(&self) -> Arc<Slots> {
        Arc::clone(&self.slots)
    }

    pub(super) fn last_use(&self) -> Option<LastUse> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn availability(&self, now: Timestamp) -> Availability {
        match self.breaker().admits(now) {
            Admission::Yes => Availability::Ready,
            Admission::No { until, why } => Availability::Unavailable { until, why },
        }
    }

    /// What speaks against it now.
    pub(super) fn troubles(&self) -> Troubles {
        let breaker = self.breaker();
        let owned = |why: Option<&str>| why.map(str::to_owned);
        Troubles {
            held: owned(breaker.held()),
            broken: owned(breaker.broken()),
            doubted: owned(breaker.doubted()),
        }
    }

    /// Calls in progress and waiting, per thousand of those it takes at once.
    pub(super) fn busy_permille(&self) -> u32 {
        let Slots { semaphore, concurrency, waiting } = self.slots.as_ref();
        let calls =
            concurrency.saturating_sub(semaphore.available_permits()) + waiting.load(Ordering::Relaxed);
        u32::try_from(calls * 1000 / concurrency).unwrap_or(u32::MAX)
    }

    /// Waits for a free slot and asks the breaker; `None` as soon as waiting is in vain.
    pub(super) async fn admit(&self, clock: &Clock) -> Option<OwnedSemaphorePermit> {
        let mut released = self.released.subscribe();
        if self.is_closed_to_calls(clock.now()) {
            return None;
        }
        let slot = {
            let _waiting = Waiting::new(&self.slots.waiting);
            tokio::select! {
                biased;
                _ = released.changed() => return None,
                slot = Arc::clone(&self.slots.semaphore).acquire_owned() => slot.ok()?,
            }
        };
        let now = clock.now();
        let mut breaker = self.breaker();
        if self.replaced.load(Ordering::Acquire) || breaker.admits(now) != Admission::Yes {
            return None;
        }
        breaker.begin_call(now);
        drop(breaker);
        Some(slot)
    }

    /// Makes a call that was admitted; `true` beside the answer when that proved that the provider works again.
    pub(super) async fn ask(
        &self,
        question: &Question,
        clock: &Clock,
    ) -> (Result<Answer, Fault>, Duration, bool) {
        let started = Instant::now();
        let result = self.model.ask(question).await;
        let latency = started.elapsed();
        let now = clock.now();
        self.remember(&result, started, now);
        let signal = result.as_ref().map_or_else(|fault| fault.signal(now), |_| Signal::Works);
        (result, latency, self.learn(signal, now))
    }

    /// A call was given up half-way and says nothing about the service: the next one may try.
    pub(super) fn give_up(&self, now: Timestamp) {
        self.breaker().record(Signal::Busy { until: now }, now);
    }

    /// Learns what the machine says of itself.
    pub(super) fn report(&self, report: Report, name: &str, now: Timestamp) {
        let mut breaker = self.breaker();
        let was_held = breaker.held().is_some();
        breaker.report(report, now);
        let held = breaker.held().map(str::to_owned);
        drop(breaker);
        if let (false, Some(why)) = (was_held, held) {
            warn!(event = "breaker_opened", provider = %self.provider, machine = name, error_message = %why, "the machine says that it cannot be used");
            self.released.send_replace(());
        }
    }

    /// Another client has taken its place: calls in progress end here, new ones begin there.
    pub(super) fn replace(&self) {
        self.replaced.store(true, Ordering::Release);
        self.released.send_replace(());
    }

    /// Takes the probe if one is due.
    pub(super) fn begin_probe(&self, now: Timestamp) -> bool {
        self.breaker().begin_probe(now)
    }

    /// Makes the probe that was taken; `true` when the service answered.
    pub(super) async fn probe(&self, clock: &Clock) -> bool {
        let started = Instant::now();
        let result = self.model.probe().await;
        let now = clock.now();
        self.remember(&result, started, now);
        let answered = result.is_ok();
        self.breaker().end_probe(result.map_err(|fault| fault.message), now);
        answered
    }

    fn is_closed_to_calls(&self, now: Timestamp) -> bool {
        self.replaced.load(Ordering::Acquire) || self.breaker().admits(now) != Admission::Yes
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // A breaker is a value that is replaced whole: a panic elsewhere cannot leave it half changed.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Teaches the breaker; `true` when that closed it, and at the first success: a process before this one may have
    /// known the provider as broken.
    fn learn(&self, signal: Signal, now: Timestamp) -> bool {
        let mut breaker = self.breaker();
        let was_open = breaker.is_open();
        let works = signal == Signal::Works;
        breaker.record(signal.clone(), now);
        let is_open = breaker.is_open();
        drop(breaker);
        match (was_open, is_open, signal) {
            (false, true, Signal::Failed { why, .. }) => {
                warn!(event = "breaker_opened", provider = %self.provider, error_message = %why, "not asking this provider for now");
                self.released.send_replace(());
            }
            (true, false, _) => {
                info!(event = "breaker_closed", provider = %self.provider, "the provider works again")
            }
            _ => {}
        }
        was_open && !is_open || works && !self.proved.swap(true, Ordering::Relaxed)
    }

    fn remember<T>(&self, result: &Result<T, Fault>, started: Instant, at: Timestamp) {
        let result = match result {
            Ok(_) => Ok(started.elapsed()),
            Err(fault) => Err(fault.message.clone()),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(LastUse { at, result });
    }
}

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
