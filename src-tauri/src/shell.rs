//! What the parts of the app share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use agent::handle::Handle;
use tokio_util::sync::CancellationToken;

use crate::follow::Line;
use crate::tray::Drawn;
use crate::view::Seen;

/// The app's state.
#[derive(Default)]
pub(crate) struct Shell {
    /// The way to the agent.
    pub(crate) line: Line,
    /// The end of everything.
    pub(crate) stop: CancellationToken,
    seen: Mutex<Seen>,
    drawn: Mutex<Option<Drawn>>,
    clipboard: Mutex<Option<arboard::Clipboard>>,
    pull: Mutex<CancellationToken>,
}

impl Shell {
    /// The agent, when there is one.
    pub(crate) fn agent(&self) -> Option<Handle> {
        self.line.agent()
    }

    /// What is known of the agent.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the tray shows; `None` without one.
    pub(crate) fn drawn(&self) -> MutexGuard<'_, Option<Drawn>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new download takes the place of the one before.
    pub(crate) fn begin_pull(&self) -> CancellationToken {
        let mut pull = self.pull.lock().unwrap_or_else(PoisonError::into_inner);
        pull.cancel();
        *pull = CancellationToken::new();
        pull.clone()
    }

    /// Ends the download that is under way.
    pub(crate) fn cancel_pull(&self) {
        self.pull.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    /// Puts a text where the next paste takes it from. It is held as long as the app runs.
    pub(crate) fn copy(&self, text: &str) -> Result<(), arboard::Error> {
        let mut clipboard = self.clipboard.lock().unwrap_or_else(PoisonError::into_inner);
        let clipboard = match clipboard.as_mut() {
            Some(clipboard) => clipboard,
            None => clipboard.insert(arboard::Clipboard::new()?),
        };
        clipboard.set_text(text)
    }
}
