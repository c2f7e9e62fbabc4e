//! Waking workers: at once for work made in this process, by NOTIFY for other orchestrators', by polling for the rest.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Kind;
use crate::store::{CHANNEL, Store};

/// Wakes the workers of each kind of job. A wake-up carries no data: whoever wakes looks into the database.
#[derive(Debug, Default)]
pub struct Wake {
    triage: Notify,
    discord: Notify,
    hubspot: Notify,
}

impl Wake {
    /// There may be work of this kind.
    pub fn wake(&self, kind: Kind) {
        self.of(kind).notify_waiters();
        // Kept for a worker that is just about to wait.
        self.of(kind).notify_one();
    }

    /// Completes at the next wake-up, also one that comes before it is first polled.
    pub fn woken(&self, kind: Kind) -> Notified<'_> {
        self.of(kind).notified()
    }

    const fn of(&self, kind: Kind) -> &Notify {
        match kind {
            Kind::Triage => &self.triage,
            Kind::Discord => &self.discord,
            Kind::HubSpot => &self.hubspot,
        }
    }
}

/// Passes Postgres notifications on to this process's workers until `stop`; reconnects for ever. Polling covers
/// whatever is missed meanwhile.
pub async fn listen(store: Store, wake: Arc<Wake>, stop: CancellationToken) {
    let Some(pool) = store.postgres() else { return };
    let mut pause = Duration::from_millis(250);
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            heard = hear(pool, &wake) => heard,
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

async fn hear(pool: &sqlx::PgPool, wake: &Wake) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    debug!("listening for other orchestrators");
    while let Some(notification) = listener.try_recv().await? {
        for kind in Kind::ALL {
            if notification.payload() == kind.as_str() {
                wake.wake(kind);
            }
        }
    }
    Ok(())
}
