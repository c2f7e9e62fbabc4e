//! The live stream's source: one task per process says up to which change everything is settled, so that streams read
//! in order, nothing missed and nothing doubled, whichever orchestrator made a change. It rests while nobody listens.

mod frontier;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use self::frontier::Frontier;
use crate::app::App;
use crate::queue::wake::News;
use crate::store::{Result, Store};

/// Streams at once.
const MOST_STREAMS: usize = 64;

/// Streams of one device at once.
const MOST_OF_A_DEVICE: usize = 8;

/// Ids looked at together.
const MOST_IDS: u32 = 1000;

/// How often is looked although nobody said that there is something.
const POLL: Duration = Duration::from_secs(1);

/// Shortest pause between two looks.
const PACE: Duration = Duration::from_millis(5);

/// Pause after the database failed.
const DATABASE_PAUSE: Duration = Duration::from_millis(500);

/// Where streams come from.
#[derive(Debug, Default)]
pub struct Feed {
    settled: watch::Sender<Option<i64>>,
    /// Streams by device.
    open: watch::Sender<BTreeMap<String, usize>>,
    ended: CancellationToken,
}

/// Why there is no room for another stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The device has enough of them.
    Device,
    /// There are enough of them.
    Everywhere,
}

/// A stream's place; it is free when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    feed: Arc<Feed>,
    device_id: String,
}

impl Feed {
    /// A place for a stream of a device.
    pub(crate) fn join(self: &Arc<Self>, device_id: &str) -> std::result::Result<Place, Full> {
        let mut full = None;
        self.open.send_if_modified(|open| {
            let mine = open.get(device_id).copied().unwrap_or(0);
            full = if mine >= MOST_OF_A_DEVICE {
                Some(Full::Device)
            } else if open.values().sum::<usize>() >= MOST_STREAMS {
                Some(Full::Everywhere)
            } else {
                open.insert(device_id.to_owned(), mine + 1);
                None
            };
            full.is_none()
        });
        match full {
            Some(full) => Err(full),
            None => Ok(Place { feed: Arc::clone(self), device_id: device_id.to_owned() }),
        }
    }

    /// Up to which change everything is settled; `None` until that is known.
    pub(crate) fn settled(&self) -> watch::Receiver<Option<i64>> {
        self.settled.subscribe()
    }

    /// Completes when streams have to end, because the process stops.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Streams have to end.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.feed.open.send_modify(|open| {
            if let Some(streams) = open.get_mut(&self.device_id) {
                *streams -= 1;
            }
            open.retain(|_, streams| *streams > 0);
        });
    }
}

/// Feeds the streams until `stop`, then ends them.
pub(crate) async fn run(app: &App, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow(app) => {}
    }
    app.feed.ended.cancel();
}

async fn follow(app: &App) {
    let mut open = app.feed.open.subscribe();
    // The feed holds the senders, so no wait can fail.
    while open.wait_for(|open| !open.is_empty()).await.is_ok() {
        tokio::select! {
            () = keep_looking(app) => {}
            _ = open.wait_for(BTreeMap::is_empty) => {}
        }
        app.feed.settled.send_replace(None);
    }
}

async fn keep_looking(app: &App) {
    let mut frontier = Frontier::default();
    let mut woken = app.wake.follow(News::Changes);
    loop {
        woken.mark_unchanged();
        let looked = look(&app.store, &mut frontier).await;
        let settled = frontier.settled();
        app.feed.settled.send_if_modified(|known| std::mem::replace(known, settled) != settled);
        let more = match looked {
            Ok(more) => more,
            Err(error) => {
                debug!(error = %error.chain(), "cannot look for changes");
                tokio::time::sleep(DATABASE_PAUSE).await;
                continue;
            }
        };
        tokio::time::sleep(PACE).await;
        if !more && !frontier.waits() {
            let _ = tokio::time::timeout(POLL, woken.changed()).await;
        }
    }
}

/// Moves the frontier; `true` when there is more to look at.
async fn look(store: &Store, frontier: &mut Frontier) -> Result<bool> {
    if frontier.waits() {
        frontier.writing(&store.writers_of_changes().await?);
    }
    let Some(settled) = frontier.settled() else {
        if !frontier.waits() {
            let upto = store.highest_change().await?;
            frontier.wait_for(upto, store.writers_of_changes().await?);
        }
        return Ok(false);
    };
    if frontier.waits() {
        return Ok(false);
    }
    let ids = store.change_ids(settled, MOST_IDS).await?;
    if let Some(upto) = frontier.walk(&ids) {
        // Who has taken one of the missing ids had begun to write before a higher one could be seen.
        frontier.wait_for(upto, store.writers_of_changes().await?);
    }
    Ok(ids.len() >= MOST_IDS as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_has_some_places_and_all_together_have_more() {
        let feed = Arc::new(Feed::default());
        let mut places: Vec<Place> = (0..MOST_OF_A_DEVICE).map(|_| feed.join("a").unwrap()).collect();
        assert_eq!(feed.join("a").err(), Some(Full::Device));
        for device in 1..MOST_STREAMS / MOST_OF_A_DEVICE {
            places.extend((0..MOST_OF_A_DEVICE).map(|_| feed.join(&device.to_string()).unwrap()));
        }
        assert_eq!(feed.join("another").err(), Some(Full::Everywhere));
        places.pop();
        places.push(feed.join("another").unwrap());
        drop(places);
        assert!(feed.open.borrow().is_empty());
    }
}
