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
    update: Mutex<Option<String>>,
    drawn: Mutex<Option<Drawn>>,
    clipboard: Mutex<Option<arboard::Clipboard>>,
    pull: Work,
    tunnel: Work,
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

    /// The newer version of the app that could be installed.
    pub(crate) fn update(&self) -> MutexGuard<'_, Option<String>> {
        self.update.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the tray shows; `None` without one.
    pub(crate) fn drawn(&self) -> MutexGuard<'_, Option<Drawn>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new download takes the place of the one before. Who ends it cancels the token too.
    pub(crate) fn begin_pull(&self) -> CancellationToken {
        begin(&self.pull)
    }

    /// Whether a model is being downloaded.
    pub(crate) fn is_pulling(&self) -> bool {
        let pull = self.pull.lock().unwrap_or_else(PoisonError::into_inner);
        pull.as_ref().is_some_and(|pull| !pull.is_cancelled())
    }

    /// Ends the download that is under way.
    pub(crate) fn cancel_pull(&self) {
        cancel(&self.pull);
    }

    /// Another set-up takes the place of the one before.
    pub(crate) fn begin_tunnel(&self) -> CancellationToken {
        begin(&self.tunnel)
    }

    /// Ends the set-up that is under way.
    pub(crate) fn cancel_tunnel(&self) {
        cancel(&self.tunnel);
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

/// What ends the work that was begun last.
type Work = Mutex<Option<CancellationToken>>;

fn begin(work: &Work) -> CancellationToken {
    let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = CancellationToken::new();
    if let Some(before) = work.replace(begun.clone()) {
        before.cancel();
    }
    begun
}

fn cancel(work: &Work) {
    let work = work.lock().unwrap_or_else(PoisonError::into_inner);
    work.iter().for_each(CancellationToken::cancel);
}
