//! The time of day, agreed upon by all orchestrators: the machine's clock, set by the database's.
//!
//! Leases and retries compare times that different replicas wrote, so everybody uses the database's clock. Its
//! difference to the machine's is measured now and then, and asking for the time costs no round trip. Tests have a
//! clock that stands still until they move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use triage::time::Timestamp;

use crate::store::{self, Store};

/// How often the difference to the database's clock is measured.
pub const SYNC_EVERY: Duration = Duration::from_secs(60);

/// Tells the time.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    /// Milliseconds that the database is ahead of this machine.
    ahead: Arc<AtomicI64>,
}

#[derive(Debug, Clone)]
enum Source {
    Machine,
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self { source: Source::Machine, ahead: Arc::default() }
    }

    /// A clock that only [`Clock::advance`] moves.
    pub fn manual(start: Timestamp) -> Self {
        let now = watch::Sender::new(start.as_millis());
        Self { source: Source::Manual(Arc::new(now)), ahead: Arc::default() }
    }

    /// Now, by the database's clock.
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::Machine => Timestamp::from_millis(machine_millis() + self.ahead.load(Ordering::Relaxed)),
            Source::Manual(now) => Timestamp::from_millis(*now.borrow()),
        }
    }

    /// Moves a manual clock; the machine's is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.source {
            now.send_modify(|now| *now += i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        }
    }

    /// Completes when it is `at`: with a manual clock, when it has been moved there.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &self.source {
            Source::Machine => loop {
                let left = at.since(self.now());
                if left.is_zero() {
                    return;
                }
                // The database's clock may turn out to be another one meanwhile.
                tokio::time::sleep(left.min(SYNC_EVERY)).await;
            },
            Source::Manual(now) => {
                // This handle keeps the sender, so the wait cannot fail.
                let _ = now.subscribe().wait_for(|now| *now >= at.as_millis()).await;
            }
        }
    }

    /// Measures the difference to the database's clock.
    pub async fn sync(&self, store: &Store) -> store::Result<()> {
        let asked = Instant::now();
        let theirs = store.now_millis().await?;
        let half_way = i64::try_from(asked.elapsed().as_millis() / 2).unwrap_or(0);
        self.ahead.store(theirs + half_way - machine_millis(), Ordering::Relaxed);
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine_millis() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
