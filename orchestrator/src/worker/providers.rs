//! The providers with their breakers: who can be asked now, asking, and finding out when one is back.

mod endpoint;
mod machines;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use triage::prompt::{self, SchemaFlavour};
use triage::stage::{self, Availability, CloudFallback, Who, World};
use triage::ticket::Provider;
use triage::time::Timestamp;

use self::endpoint::{Endpoint, Slots};
use self::machines::{Machine, Workshop};
use crate::clients::fault::Fault;
use crate::clients::groq::Groq;
use crate::clients::model::{Answer, Model, Question};
use crate::clock::Clock;
use crate::config::{Config, Local};
use crate::devices;
use crate::queue::Proof;
use crate::store::{self, DeviceRow, Store, TunnelRow};

pub use self::endpoint::LastUse;
pub use self::machines::{Closed, opened};
pub use self::view::Condition;

/// How often the breakers are looked at for a probe that is due.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Calls to Groq at once: its limits are per organisation, and the fallback is not for speed.
const GROQ_CONCURRENCY: usize = 2;

/// The providers that are set up.
pub struct Providers {
    machines: Mutex<Vec<Machine>>,
    groq: Option<Arc<Endpoint>>,
    cloud: CloudFallback,
    workshop: Workshop,
    clock: Clock,
    answers: Notify,
    works: Notify,
    has_devices: AtomicBool,
    /// What the devices say has been read once.
    known: watch::Sender<bool>,
    /// Whoever reads of devices applies it before somebody else reads.
    refreshing: tokio::sync::Mutex<()>,
}

/// Leave to make one call.
pub(super) struct Admitted<'a> {
    endpoint: Arc<Endpoint>,
    device_id: Option<String>,
    providers: &'a Providers,
    reported: bool,
    _slot: OwnedSemaphorePermit,
}

/// What a look at the database showed.
#[derive(Debug)]
pub struct Refreshed {
    /// When the next device will have been silent for too long.
    pub next_silence: Option<Timestamp>,
    /// The tunnels of all devices.
    pub tunnels: Vec<TunnelRow>,
}

impl Providers {
    /// The providers of these settings with closed breakers.
    pub fn new(config: &Config, clock: Clock) -> Self {
        let workshop = Workshop::new(config, prompt::schema(&config.desk, SchemaFlavour::Grammar));
        let groq = config.groq.clone().map(|settings| {
            let client = Groq::new(settings, prompt::schema(&config.desk, SchemaFlavour::Strict));
            Arc::new(Endpoint::new(Provider::Groq, Box::new(client), Slots::new(GROQ_CONCURRENCY)))
        });
        Self {
            machines: Mutex::new(workshop.first()),
            groq,
            cloud: config.cloud_fallback,
            workshop,
            clock,
            answers: Notify::new(),
            works: Notify::new(),
            has_devices: AtomicBool::new(false),
            known: watch::Sender::new(false),
            refreshing: tokio::sync::Mutex::default(),
        }
    }

    /// What the routing looks at.
    pub fn world(&self, now: Timestamp) -> World {
        let machine = |machine: &Machine| stage::Machine {
            id: machine.id.clone(),
            name: machine.name.clone(),
            availability: machine.endpoint.availability(now),
            busy_permille: machine.endpoint.busy_permille(),
        };
        World {
            local: self.machines().iter().map(machine).collect(),
            groq: self.groq.as_ref().map_or(Availability::NotConfigured, |groq| groq.availability(now)),
            cloud: self.cloud,
        }
    }

    /// Learns from the database which devices and tunnels there are and what the devices say of themselves.
    pub async fn refresh(&self, store: &Store) -> store::Result<Refreshed> {
        let turn = self.refreshing.lock().await;
        let read = async { store::Result::Ok((store.devices_said().await?, store.tunnels().await?)) };
        let (devices, tunnels) = match read.await {
            Ok(read) => read,
            Err(error) => {
                // A schema without devices has none; while the database is away nothing is known of them.
                if store.now_millis().await.is_ok() {
                    self.known.send_replace(true);
                }
                return Err(error);
            }
        };
        let now = self.clock.now();
        let before = self.machines().clone();
        let machines = self.workshop.machines(&devices, &tunnels, &before, now);
        let is_in = |machine: &Machine, list: &[Machine]| {
            list.iter().any(|m| Arc::ptr_eq(&m.endpoint, &machine.endpoint))
        };
        let has_new = machines.iter().any(|machine| !is_in(machine, &before));
        self.machines().clone_from(&machines);
        before
            .iter()
            .filter(|machine| !is_in(machine, &machines))
            .for_each(|machine| machine.endpoint.replace());
        if has_new {
            self.answers.notify_one();
        }
        self.has_devices.store(!devices.is_empty(), Ordering::Relaxed);
        self.known.send_replace(true);
        drop(turn);
        Ok(Refreshed { next_silence: machines::next_silence(&devices, now), tunnels })
    }

    /// The device says that this is its public address, and it is the one of the environment variables.
    pub fn is_behind_environment(device: &DeviceRow, config: &Config) -> bool {
        config
            .local
            .as_ref()
            .is_some_and(|local| machines::is_at(devices::public_url(device).as_deref(), &local.url))
    }

    /// A device has handed over the tunnel of this address.
    pub fn is_handed_over(local: &Local, tunnels: &[TunnelRow]) -> bool {
        tunnels.iter().any(|tunnel| machines::same_address(&tunnel.url, local.url.as_str()))
    }

    /// There are devices, so what they say matters before a ticket is begun.
    pub(super) fn has_devices(&self) -> bool {
        self.has_devices.load(Ordering::Relaxed)
    }

    /// Completes when [`Providers::refresh`] has succeeded once.
    pub(super) async fn known(&self) {
        // The sender lives as long as this does.
        let _ = self.known.subscribe().wait_for(|known| *known).await;
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
    pub(super) async fn admit(&self, who: &Who) -> Option<Admitted<'_>> {
        let (endpoint, device_id) = self.find(who)?;
        let slot = endpoint.admit(&self.clock).await?;
        Some(Admitted { endpoint, device_id, providers: self, reported: false, _slot: slot })
    }

    /// Probes broken providers when it is time, one probe each at a time, until `stop`.
    pub async fn probe_broken(&self, stop: &CancellationToken) {
        let mut probes = FuturesUnordered::new();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(answered) = probes.next() => if answered {
                    self.answers.notify_one();
                },
                _ = look.tick() => {
                    let due = self.endpoints().into_iter().filter(|e| e.begin_probe(self.clock.now()));
                    probes.extend(due.map(|endpoint| async move { endpoint.probe(&self.clock).await }));
                }
            }
        }
    }

    fn find(&self, who: &Who) -> Option<(Arc<Endpoint>, Option<String>)> {
        match who {
            Who::Groq => Some((Arc::clone(self.groq.as_ref()?), None)),
            Who::Local(id) => {
                let machines = self.machines();
                let machine = machines.iter().find(|machine| machine.id == *id)?;
                Some((Arc::clone(&machine.endpoint), machine.devices.first().cloned()))
            }
        }
    }

    fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        let machines = self.machines();
        machines.iter().map(|machine| &machine.endpoint).chain(&self.groq).map(Arc::clone).collect()
    }

    fn machines(&self) -> std::sync::MutexGuard<'_, Vec<Machine>> {
        // The list is replaced whole: a panic elsewhere cannot leave it half changed.
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted<'_> {
    /// The model that will be asked.
    pub(super) fn model(&self) -> &dyn Model {
        self.endpoint.model()
    }

    /// The device it runs on, when one is known.
    pub(super) fn device_id(&self) -> Option<String> {
        self.device_id.clone()
    }

    /// Makes the call and teaches the breaker what came of it.
    pub(super) async fn ask(mut self, question: &Question) -> (Result<Answer, Fault>, Duration) {
        let (result, latency, works_again) = self.endpoint.ask(question, &self.providers.clock).await;
        self.reported = true;
        if works_again {
            self.providers.works.notify_one();
        }
        (result, latency)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if !self.reported {
            self.endpoint.give_up(self.providers.clock.now());
        }
    }
}
