//! macOS and Windows: notices whose calls block, so each has a thread until it is gone.
//!
//! Neither takes a notice back or replaces it by number: there, newer ones stand above older ones.

use std::sync::Arc;
use std::thread;

use alerts::notice::Notice;
use notify_rust::Notification;
use notify_rust::error::{Error, Result};
use tokio::sync::oneshot;

use super::wording;

const APP: &str = "HubSpot support triage";
/// On macOS a wait may never end when the process has no main run loop; past this many, notices are only shown.
const MOST_THREADS: usize = super::MOST_SHOWN;

/// A notice that is shown.
pub(super) struct Handle(oneshot::Receiver<String>);

/// The desktop.
#[derive(Default)]
pub(super) struct Desk {
    /// Shared with each thread that waits: its count of holders is theirs.
    waiting: Arc<()>,
}

impl Desk {
    /// Shows a notice.
    pub(super) async fn show(&self, notice: &Notice, _replaces: Option<u32>) -> Result<Handle> {
        let notification = notification(notice);
        let holds = Arc::clone(&self.waiting);
        let has_room = Arc::strong_count(&holds) <= MOST_THREADS;
        let (shown, is_shown) = oneshot::channel();
        let (choose, chosen) = oneshot::channel();
        // Errors of sending mean that nobody waits for the answer any more.
        let begun = thread::Builder::new().name("notice".to_owned()).spawn(move || {
            let (handle, result) =
                notification.show().map_or_else(|e| (None, Err(e)), |it| (Some(it), Ok(())));
            let _ = shown.send(result);
            if let Some(handle) = handle.filter(|_| has_room) {
                handle.wait_for_action(|action| {
                    let _ = choose.send(action.to_owned());
                });
            }
            drop(holds);
        });
        begun.map_err(|_| Error::from("no thread for a notice"))?;
        is_shown.await.unwrap_or_else(|_| Err(Error::from("the notice's thread broke off")))?;
        Ok(Handle(chosen))
    }
}

fn notification(notice: &Notice) -> Notification {
    let mut notification = Notification::new();
    notification.appname(APP).summary(&notice.title).body(&notice.body);
    if let Some(offer) = notice.offer {
        let (name, label) = wording::button(offer);
        notification.action(name, label);
    }
    #[cfg(windows)]
    if wording::is_critical(notice) {
        notification.urgency(notify_rust::Urgency::Critical);
    }
    notification
}

impl Handle {
    pub(super) fn id(&self) -> Option<u32> {
        None
    }

    /// Waits until it is gone, or until nobody cares about it any more; what was chosen.
    pub(super) async fn chosen(self, closing: oneshot::Receiver<()>) -> Option<String> {
        tokio::select! {
            choice = self.0 => choice.ok(),
            _ = closing => None,
        }
    }
}
