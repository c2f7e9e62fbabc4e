//! Everything the orchestrator is made of, built once and passed down.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use triage::prompt;

use crate::clients::discord::Discord;
use crate::clients::hubspot::HubSpot;
use crate::clock::Clock;
use crate::config::Config;
use crate::feed::Feed;
use crate::http::Limits;
use crate::queue::intake::Intake;
use crate::queue::wake::Wake;
use crate::queue::{Delivering, Finishing};
use crate::store::Store;
use crate::worker::{self, providers::Providers};

/// The orchestrator's parts.
pub struct App {
    /// Its settings.
    pub config: Config,
    /// What time it is.
    pub clock: Clock,
    /// Its database.
    pub store: Store,
    /// The way in for webhooks.
    pub intake: Intake,
    /// Where triages end.
    pub finishing: Finishing,
    /// Where deliveries to Discord end.
    pub delivering: Delivering,
    /// What clients may have in progress.
    pub limits: Limits,
    /// Wakes workers.
    pub wake: Arc<Wake>,
    /// Where live streams come from.
    pub feed: Arc<Feed>,
    /// The models.
    pub providers: Providers,
    /// HubSpot's CRM, when there is a token for it.
    pub hubspot: Option<HubSpot>,
    /// The team's channel.
    pub discord: Option<Discord>,
    /// Fingerprint of prompt, taxonomy and schema.
    pub prompt_version: String,
    /// When this process started.
    pub started: Instant,
    /// How long work in progress may take to end after a stop.
    pub drain_for: Duration,
    discord_stopped: Mutex<Option<String>>,
    discord_recovery: Recovery,
    /// Tells when HubSpot takes what is written after it did not.
    pub hubspot_recovery: Recovery,
    /// Whose turn it is to write to Discord. A message that is written but whose id is not stored yet is written again
    /// after a crash, so there is never more than one of them.
    pub discord_turn: tokio::sync::Mutex<()>,
    /// Tells when HubSpot gives texts after it did not.
    pub hubspot_reads: Recovery,
    draining: AtomicBool,
    address: OnceLock<SocketAddr>,
}

/// Tells of the first success of a service after a failure, and of its first one at all: what a process before this
/// one could not do may have been waiting ever since.
#[derive(Debug, Default)]
pub struct Recovery {
    proved: AtomicBool,
    works: Notify,
}

impl Recovery {
    /// Notes whether the service could be used; the first success is told to [`Recovery::works`].
    pub fn note(&self, works: bool) {
        if !self.proved.swap(works, Ordering::Relaxed) && works {
            self.works.notify_one();
        }
    }

    /// Completes when the service works again.
    pub async fn works(&self) {
        self.works.notified().await;
    }
}

impl App {
    /// Builds the parts; must be called within a runtime.
    pub fn new(config: Config, store: Store, clock: Clock) -> Self {
        let wake = Arc::<Wake>::default();
        let intake =
            Intake::start(store.clone(), clock.clone(), Arc::clone(&wake), config.retriage_on_change);
        Self {
            finishing: Finishing::start(store.clone(), clock.clone()),
            delivering: Delivering::start(store.clone(), clock.clone()),
            limits: Limits::default(),
            feed: Arc::default(),
            providers: Providers::new(&config, clock.clone()),
            hubspot: HubSpot::new(config.hubspot.clone()),
            discord: config.discord.as_ref().map(Discord::new),
            prompt_version: prompt::version(&config.desk),
            started: Instant::now(),
            drain_for: worker::DRAIN,
            discord_stopped: Mutex::default(),
            discord_recovery: Recovery::default(),
            hubspot_recovery: Recovery::default(),
            discord_turn: tokio::sync::Mutex::default(),
            hubspot_reads: Recovery::default(),
            draining: AtomicBool::new(false),
            address: OnceLock::new(),
            config,
            clock,
            store,
            intake,
            wake,
        }
    }

    /// Why Discord is not called any more, if it is not.
    pub fn discord_stopped(&self) -> Option<String> {
        self.discord_stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops calling Discord until the next start.
    pub fn stop_discord(&self, why: &str) {
        *self.discord_stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// Notes whether Discord could be used; the first success, also after a failure, is told to [`App::discord_works`].
    pub fn note_discord(&self, works: bool) {
        self.discord_recovery.note(works);
    }

    /// Completes when Discord works again after a failure.
    pub async fn discord_works(&self) {
        self.discord_recovery.works().await;
    }

    /// Notes where this process takes requests.
    pub fn listens_at(&self, address: SocketAddr) {
        // It listens once.
        let _ = self.address.set(address);
    }

    /// Where this process reaches itself: the address it listens at, or loopback when that is every address.
    pub fn own_address(&self) -> Option<SocketAddr> {
        let address = *self.address.get()?;
        let everywhere = address.ip().is_unspecified();
        let host = if everywhere { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
        Some(SocketAddr::new(host, address.port()))
    }

    /// From now on this process is not ready for more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// It is stopping.
    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
