//! The two providers with their breakers: who can be asked now, asking, and finding out when one is back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use triage::breaker::{Admission, Breaker, Limits, Signal};
use triage::stage::{Availability, CloudFallback, World};
use triage::ticket::Provider;
use triage::time::Timestamp;

use crate::clients::fault::Fault;
use crate::clients::model::{Answer, Model, Question};
use crate::clock::Clock;
use crate::queue::Proof;

/// How often the breakers are looked at for a probe that is due.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The providers that are set up.
pub struct Providers {
    local: Option<Endpoint>,
    groq: Option<Endpoint>,
    cloud: CloudFallback,
    answers: Notify,
    works: Notify,
}

/// One provider: its client, its breaker, its concurrency and how it did last.
pub struct Endpoint {
    provider: Provider,
    model: Box<dyn Model>,
    breaker: Mutex<Breaker>,
    slots: Semaphore,
    last: Mutex<Option<LastUse>>,
    proved: AtomicBool,
}

/// How the last use of a provider went.
#[derive(Debug, Clone)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// How long it took, or what went wrong.
    pub result: Result<Duration, String>,
}

/// Leave to make one call.
pub(super) struct Admitted<'a> {
    endpoint: &'a Endpoint,
    providers: &'a Providers,
    clock: &'a Clock,
    reported: bool,
    _slot: SemaphorePermit<'a>,
}

impl Providers {
    /// The providers with closed breakers.
    pub fn new(local: Option<Endpoint>, groq: Option<Endpoint>, cloud: CloudFallback) -> Self {
        Self { local, groq, cloud, answers: Notify::new(), works: Notify::new() }
    }

    /// What the routing looks at.
    pub fn world(&self, now: Timestamp) -> World {
        let of = |endpoint: Option<&Endpoint>| {
            endpoint.map_or(Availability::NotConfigured, |e| e.availability(now))
        };
        World { local: of(self.local.as_ref()), groq: of(self.groq.as_ref()), cloud: self.cloud }
    }

    /// One provider, if it is set up.
    pub const fn get(&self, provider: Provider) -> Option<&Endpoint> {
        match provider {
            Provider::Local => self.local.as_ref(),
            Provider::Groq => self.groq.as_ref(),
        }
    }

    /// Completes when a provider that could not be used may be usable again: it has just worked, or answered a probe.
    pub async fn recovered(&self) -> Proof {
        tokio::select! {
            biased;
            () = self.works.notified() => Proof::Works,
            () = self.answers.notified() => Proof::Answers,
        }
    }

    /// Completes [`Providers::recovered`] once more, for a ticket that began to wait too late to be woken.
    pub(super) fn look_again(&self) {
        self.answers.notify_one();
    }

    /// Waits for a free slot and asks the breaker; `None` when the provider has become unavailable meanwhile.
    pub(super) async fn admit<'a>(&'a self, provider: Provider, clock: &'a Clock) -> Option<Admitted<'a>> {
        let endpoint = self.get(provider)?;
        let slot = endpoint.slots.acquire().await.ok()?;
        let now = clock.now();
        let mut breaker = endpoint.breaker();
        if breaker.admits(now) != Admission::Yes {
            return None;
        }
        breaker.begin_call(now);
        drop(breaker);
        Some(Admitted { endpoint, providers: self, clock, reported: false, _slot: slot })
    }

    /// Probes broken providers when it is time, one probe each at a time, until `stop`.
    pub async fn probe_broken(&self, clock: &Clock, stop: &CancellationToken) {
        let watch = async |endpoint: Option<&Endpoint>| {
            let Some(endpoint) = endpoint else { return };
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                if endpoint.probe_if_due(clock).await {
                    self.answers.notify_one();
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            ((), ()) = async { tokio::join!(watch(self.local.as_ref()), watch(self.groq.as_ref())) } => {
                stop.cancelled().await;
            }
        }
    }
}

impl Endpoint {
    /// A provider that takes `concurrency` calls at once.
    pub fn new(provider: Provider, model: Box<dyn Model>, concurrency: usize) -> Self {
        Self {
            provider,
            model,
            breaker: Mutex::new(Breaker::new(Limits::default())),
            slots: Semaphore::new(concurrency),
            last: Mutex::new(None),
            proved: AtomicBool::new(false),
        }
    }

    /// Its client.
    pub fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// How the last use went; `None` when there was none.
    pub fn last_use(&self) -> Option<LastUse> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn availability(&self, now: Timestamp) -> Availability {
        match self.breaker().admits(now) {
            Admission::Yes => Availability::Ready,
            Admission::No { until, why } => Availability::Unavailable { until, why },
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        // A breaker is a value that is replaced whole: a panic elsewhere cannot leave it half changed.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `true` when a probe was made and the service answered.
    async fn probe_if_due(&self, clock: &Clock) -> bool {
        if !self.breaker().begin_probe(clock.now()) {
            return false;
        }
        let started = Instant::now();
        let result = self.model.probe().await;
        self.remember(&result, started, clock);
        let answered = result.is_ok();
        self.breaker().end_probe(result.map_err(|fault| fault.message), clock.now());
        answered
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
            }
            (true, false, _) => {
                info!(event = "breaker_closed", provider = %self.provider, "the provider works again")
            }
            _ => {}
        }
        was_open && !is_open || works && !self.proved.swap(true, Ordering::Relaxed)
    }

    fn remember<T>(&self, result: &Result<T, Fault>, started: Instant, clock: &Clock) {
        let result = match result {
            Ok(_) => Ok(started.elapsed()),
            Err(fault) => Err(fault.message.clone()),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(LastUse { at: clock.now(), result });
    }
}

impl Admitted<'_> {
    /// Makes the call and teaches the breaker what came of it.
    pub(super) async fn ask(mut self, question: &Question) -> (Result<Answer, Fault>, Duration) {
        let started = Instant::now();
        let result = self.endpoint.model.ask(question).await;
        let latency = started.elapsed();
        let now = self.clock.now();
        self.endpoint.remember(&result, started, self.clock);
        let signal = result.as_ref().map_or_else(|fault| fault.signal(now), |_| Signal::Works);
        self.reported = true;
        if self.endpoint.learn(signal, now) {
            self.providers.works.notify_one();
        }
        (result, latency)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if !self.reported {
            // The call was given up half-way and says nothing about the service: let the next one try.
            let now = self.clock.now();
            self.endpoint.breaker().record(Signal::Busy { until: now }, now);
        }
    }
}
