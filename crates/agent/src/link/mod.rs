//! The link to the orchestrator: tells it how everything is, hears how it sees the same, hands the tunnel over, and
//! follows what becomes of tickets.
//!
//! Three tasks share what is [`Heard`]: [`beat`] sends heartbeats, at once when something changes; [`errands`] hands the
//! tunnel over and has the public address looked at; [`follow`] reads the stream of changes. The latter two call only
//! while heartbeats are taken. Nothing is decided about the machine here: what was said goes to the model.

mod beat;
mod client;
mod errands;
mod error;
mod follow;
mod invitation;
mod pace;
mod question;
mod report;
mod sse;

pub use client::Client;
pub use error::Error;
pub use invitation::{Invitation, NoInvitation};
pub use question::{Question, TriageQuery};
pub use report::{report, standing};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::link::{Heartbeat, HeartbeatAnswer, TunnelOffer};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use url::Url;

use crate::model::linked::{Said, is_same_address};
use crate::probes::WallClock;

/// The last heartbeat may hold up the agent's end for so long.
const LAST_WORD_WITHIN: Duration = Duration::from_secs(1);

/// Whom this machine is paired with, and what it hands over.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The orchestrator's address.
    pub url: Url,
    /// The device's token.
    pub token: SecretString,
    /// The tunnel, when there is one with a service token.
    pub offer: Option<TunnelOffer>,
}

/// The link. Dropping it ends it.
#[derive(Debug)]
pub struct Link {
    means: Means,
    peer: Option<Peer>,
    work: JoinSet<()>,
}

/// What the tasks share.
#[derive(Clone)]
struct Means {
    reports: watch::Sender<Arc<Heartbeat>>,
    said: mpsc::Sender<Said>,
    wall: WallClock,
    kept: Arc<Kept>,
}

/// What outlives a sleep of the machine and a change of settings, as long as the orchestrator is the same.
#[derive(Debug, Default)]
struct Kept {
    /// The id of the last change that was read.
    last_event: Mutex<Option<String>>,
    /// The offer that was taken last.
    taken: Mutex<Option<TunnelOffer>>,
    /// Wanted at once: a heartbeat, because its answer will be another one.
    beat: Notify,
}

/// What the last heartbeat came to.
#[derive(Debug, Clone, Default)]
struct Heard {
    /// Its answer; `None` when it was not taken.
    answer: Option<Arc<HeartbeatAnswer>>,
}

impl std::fmt::Debug for Means {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Means").finish_non_exhaustive()
    }
}

impl Link {
    /// A link to nobody; `report` is how everything is.
    #[must_use]
    pub fn new(report: Heartbeat, wall: WallClock, said: mpsc::Sender<Said>) -> Self {
        let (reports, _) = watch::channel(Arc::new(report));
        let means = Means { reports, said, wall, kept: Arc::default() };
        Self { means, peer: None, work: JoinSet::new() }
    }

    /// Links with that orchestrator from now on, or with none. Returns what that means for what is known; `None`: the
    /// orchestrator is the same. Needs a Tokio runtime.
    pub fn change(&mut self, peer: Option<Peer>) -> Option<Said> {
        let is_same = match (&self.peer, &peer) {
            (Some(before), Some(after)) => {
                before.url == after.url && before.token.expose_secret() == after.token.expose_secret()
            }
            (None, None) | (None, Some(_)) | (Some(_), None) => false,
        };
        self.peer = peer;
        if !is_same {
            self.means.kept = Arc::default();
        }
        self.begin_anew();
        match &self.peer {
            None => Some(Said::NotSetUp),
            Some(_) => (!is_same).then_some(Said::Begun),
        }
    }

    /// Whom it is with.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// Calls at once, over new connections: after the machine slept.
    pub fn begin_anew(&mut self) {
        self.work = JoinSet::new();
        let Some(peer) = self.peer.clone() else { return };
        let client = match Client::new(&peer.url, Some(peer.token)) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(event = "link_failed", %error, "the orchestrator is not called");
                return;
            }
        };
        let (heard, hearing) = watch::channel(Heard::default());
        self.work.spawn(beat::run(client.clone(), self.means.clone(), heard));
        self.work.spawn(follow::run(client.clone(), self.means.clone(), hearing.clone()));
        if let Some(offer) = peer.offer {
            self.work.spawn(errands::hand_over(client.clone(), self.means.clone(), hearing.clone(), offer));
        }
        self.work.spawn(errands::look_again(client, self.means.clone(), hearing));
    }

    /// Tells how everything is a last time: nobody is to find out by waiting that this machine has gone.
    pub async fn leave(mut self) {
        self.work = JoinSet::new();
        let Some(Ok(client)) = self.peer.map(|peer| Client::new(&peer.url, Some(peer.token))) else { return };
        let report = self.means.reports.borrow().clone();
        let last = beat::complete(&report, (self.means.wall)().into());
        // Whoever cannot be reached in this time counts the machine as silent.
        let _ = tokio::time::timeout(LAST_WORD_WITHIN, client.heartbeat(&last)).await;
    }

    /// How everything is now; the orchestrator hears of it at once when it is news.
    pub fn tell(&self, report: Heartbeat) {
        self.means.reports.send_if_modified(|before| {
            let is_news = report::is_news(before, &report);
            *before = Arc::new(report);
            is_news
        });
    }

    /// The service token of this machine is another one than the orchestrator was seen to take.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        let offer = self.peer.as_ref().and_then(|peer| peer.offer.as_ref());
        match (&*self.means.kept.taken(), offer) {
            (Some(taken), Some(offer)) => {
                is_same_address(&taken.url, &offer.url)
                    && (&taken.access_client_id, &taken.access_client_secret)
                        != (&offer.access_client_id, &offer.access_client_secret)
            }
            (None, _) | (_, None) => false,
        }
    }
}

impl Kept {
    fn taken(&self) -> MutexGuard<'_, Option<TunnelOffer>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_event(&self) -> MutexGuard<'_, Option<String>> {
        self.last_event.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
