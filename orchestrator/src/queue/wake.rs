//! Waking workers: at once for work made in this process, by NOTIFY for other orchestrators', by polling for the rest.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sqlx::Executor;
use sqlx::postgres::PgNotification;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Kind;
use crate::store::{CHANNEL, Postgres, Result, Store, silence};

/// Under load others are told no more often: they have been woken anyway.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// After so long without a notification the connection is asked whether it lives.
const QUIET: Duration = Duration::from_secs(30);

/// What others than workers may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// A device was paired or revoked, said something new of itself, or handed over another tunnel.
    Devices,
    /// Something happened to a ticket, or an alert was raised or cleared.
    Changes,
}

impl News {
    const ALL: [Self; 2] = [Self::Devices, Self::Changes];

    /// Its name among orchestrators.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Changes => "changes",
        }
    }
}

/// Wakes the workers of each kind of job. A wake-up carries no data: whoever wakes looks into the database.
#[derive(Debug, Default)]
pub struct Wake {
    devices: watch::Sender<()>,
    changes: watch::Sender<()>,
    triage: Notify,
    discord: Notify,
    hubspot: Notify,
    others: Notify,
    others_changes: Notify,
}

impl Wake {
    /// There may be work of this kind.
    pub fn wake(&self, kind: Kind) {
        // One loop takes the jobs of a kind. Kept for when it is just about to wait.
        self.of(kind).notify_one();
    }

    /// Completes at the next wake-up, also one that comes before it is first polled.
    pub fn woken(&self, kind: Kind) -> Notified<'_> {
        self.of(kind).notified()
    }

    /// Tells everybody in this process who follows such news.
    pub fn spread(&self, news: News) {
        self.news(news).send_replace(());
    }

    /// Something was stored in `changes`: whoever follows them hears of it, and so do the other orchestrators by [`tell`].
    pub fn changed(&self) {
        self.spread(News::Changes);
        self.others_changes.notify_one();
    }

    /// Marks itself as changed whenever there may be such news.
    pub fn follow(&self, news: News) -> watch::Receiver<()> {
        self.news(news).subscribe()
    }

    const fn news(&self, news: News) -> &watch::Sender<()> {
        match news {
            News::Devices => &self.devices,
            News::Changes => &self.changes,
        }
    }

    /// Other orchestrators, too, may have triages to do: [`tell`] says so.
    pub fn tell_others(&self) {
        self.others.notify_one();
    }

    const fn of(&self, kind: Kind) -> &Notify {
        match kind {
            Kind::Triage => &self.triage,
            Kind::Discord => &self.discord,
            Kind::HubSpot => &self.hubspot,
        }
    }
}

/// Tells other orchestrators of new triages and of changes until `stop`. Not in the transaction that stores them:
/// Postgres lets transactions with a notification commit one at a time only.
pub async fn tell(store: &Store, wake: &Wake, stop: &CancellationToken) {
    if store.is_shared() {
        let triages = tell_of(&wake.others, stop, || store.tell(Kind::Triage.as_str()));
        let changes = tell_of(&wake.others_changes, stop, || store.tell(News::Changes.as_str()));
        tokio::join!(triages, changes);
    }
}

async fn tell_of<F: Future<Output = Result<()>>>(
    what: &Notify,
    stop: &CancellationToken,
    say: impl Fn() -> F,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = what.notified() => {}
        }
        said(say().await);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TELL_EVERY) => {}
        }
    }
}

/// Tells them what [`tell`] left.
pub async fn tell_rest(store: &Store, wake: &Wake) {
    if wake.others.notified().now_or_never().is_some() {
        said(store.tell(Kind::Triage.as_str()).await);
    }
    if wake.others_changes.notified().now_or_never().is_some() {
        said(store.tell(News::Changes.as_str()).await);
    }
}

fn said(told: Result<()>) {
    if let Err(error) = told {
        debug!(error = %error.chain(), "cannot tell other orchestrators; they look by themselves");
    }
}

/// Passes Postgres notifications on to this process's workers until `stop`; reconnects for ever. Polling covers
/// whatever is missed meanwhile.
pub async fn listen(store: Store, wake: Arc<Wake>, stop: CancellationToken) {
    let Some(db) = store.postgres() else { return };
    let mut pause = Duration::from_millis(250);
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            heard = hear(db, &wake) => heard,
        };
        if let Err(error) = heard {
            warn!(event = "listen_failed", %error, "not listening for other orchestrators; polling meanwhile");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(30));
    }
}

async fn hear(db: &Postgres, wake: &Wake) -> sqlx::Result<()> {
    let mut listener = db.listener().await?;
    within(db, listener.listen(CHANNEL)).await?;
    debug!("listening for other orchestrators");
    loop {
        match tokio::time::timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => pass_on(db, wake, &notification),
            Ok(lost) => return lost.map(|_| ()),
            Err(_) => within(db, listener.execute("select 1")).await.map(|_| ())?,
        }
    }
}

async fn within<T>(db: &Postgres, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    tokio::time::timeout(db.limit(), answer).await.unwrap_or_else(|_| Err(silence()))
}

fn pass_on(db: &Postgres, wake: &Wake, notification: &PgNotification) {
    let (what, by) = notification.payload().split_once(' ').unwrap_or((notification.payload(), ""));
    if by == db.name() {
        return;
    }
    for kind in Kind::ALL {
        if what == kind.as_str() {
            wake.wake(kind);
        }
    }
    for news in News::ALL {
        if what == news.as_str() {
            wake.spread(news);
        }
    }
}
