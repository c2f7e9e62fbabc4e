//! What the parts of the window's process share.

use std::sync::{Mutex, PoisonError};

use agent::handle::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::desktop::Clipboard;
use crate::follow::Line;

/// Its state.
#[derive(Default)]
pub(crate) struct Shell {
    /// The way to the agent.
    pub(crate) line: Line,
    clipboard: Mutex<Clipboard>,
    pull: Mutex<CancellationToken>,
    tunnel: Mutex<CancellationToken>,
    /// How much that a person began is under way.
    works: watch::Sender<usize>,
}

/// Something that a person began, under way until it is dropped.
pub(crate) struct Work {
    token: CancellationToken,
    works: watch::Sender<usize>,
}

impl Work {
    fn begin(place: &Mutex<CancellationToken>, works: &watch::Sender<usize>) -> Self {
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        place.cancel();
        *place = CancellationToken::new();
        works.send_modify(|count| *count += 1);
        Self { token: place.clone(), works: works.clone() }
    }

    /// Returns when the person wants it no more.
    pub(crate) async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.works.send_modify(|count| *count -= 1);
    }
}

impl Shell {
    /// The agent, when there is one.
    pub(crate) fn agent(&self) -> Option<Handle> {
        self.line.agent()
    }

    /// A new download takes the place of the one before.
    pub(crate) fn begin_pull(&self) -> Work {
        Work::begin(&self.pull, &self.works)
    }

    /// Ends the download that is under way.
    pub(crate) fn cancel_pull(&self) {
        cancel(&self.pull);
    }

    /// Another set-up takes the place of the one before.
    pub(crate) fn begin_tunnel(&self) -> Work {
        Work::begin(&self.tunnel, &self.works)
    }

    /// Ends the set-up that is under way.
    pub(crate) fn cancel_tunnel(&self) {
        cancel(&self.tunnel);
    }

    /// Whether something that a person began is under way.
    pub(crate) fn is_working(&self) -> bool {
        *self.works.borrow() > 0
    }

    /// Returns when nothing is under way.
    pub(crate) async fn until_idle(&self) {
        drop(self.works.subscribe().wait_for(|count| *count == 0).await);
    }

    /// Puts a text where the next paste takes it from. It is held as long as this process runs.
    pub(crate) fn copy(&self, text: String) -> Result<(), arboard::Error> {
        self.clipboard.lock().unwrap_or_else(PoisonError::into_inner).put(text)
    }
}

fn cancel(work: &Mutex<CancellationToken>) {
    work.lock().unwrap_or_else(PoisonError::into_inner).cancel();
}
