//! Linux and other free desktops: `org.freedesktop.Notifications` on the session's bus.

use alerts::notice::Notice;
use notify_rust::{Notification, NotificationHandle, NotificationResponse, Timeout, Urgency};
use tokio::sync::oneshot;

use super::wording;

const APP: &str = "HubSpot support triage";

/// A notice that is shown. Some desktops take it away when its connection ends, so it is held until it is gone.
pub(super) struct Handle(NotificationHandle);

/// The session's desktop.
#[derive(Default)]
pub(super) struct Desk;

impl Desk {
    /// Shows a notice, in the place of the one with the id `replaces`.
    pub(super) async fn show(
        &self,
        notice: &Notice,
        replaces: Option<u32>,
    ) -> notify_rust::error::Result<Handle> {
        Ok(Handle(notification(notice, replaces).show_async().await?))
    }
}

fn notification(notice: &Notice, replaces: Option<u32>) -> Notification {
    let mut notification = Notification::new();
    notification.appname(APP).summary(&notice.title).body(&escaped(&notice.body));
    if let Some(offer) = notice.offer {
        let (name, label) = wording::button(offer);
        notification.action(wording::BODY, "Open").action(name, label);
    }
    if wording::is_critical(notice) {
        notification.urgency(Urgency::Critical).timeout(Timeout::Never);
    } else if notice.is_recovery {
        notification.urgency(Urgency::Low);
    } else {
        notification.urgency(Urgency::Normal);
    }
    if let Some(id) = replaces {
        notification.id(id);
    }
    notification
}

impl Handle {
    pub(super) fn id(&self) -> Option<u32> {
        Some(self.0.id())
    }

    /// Waits until it is gone; the name of the button that was chosen. A word on `closing` closes it; its end without
    /// a word means that something else stands in its place.
    pub(super) async fn chosen(self, closing: oneshot::Receiver<()>) -> Option<String> {
        let mut choice = None;
        let gone = self.0.wait_for_action_async(|response| choice = button(response));
        tokio::select! {
            () = gone => {}
            word = closing => if word.is_ok() { self.0.close_async().await },
        }
        choice
    }
}

fn button(response: &NotificationResponse) -> Option<String> {
    match response {
        NotificationResponse::Default => Some(wording::BODY.to_owned()),
        NotificationResponse::Action(name) => Some(name.clone()),
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
    }
}

/// Bodies are read as markup.
fn escaped(body: &str) -> String {
    body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_body_is_text() {
        assert_eq!(escaped("<b>R&D</b>"), "&lt;b&gt;R&amp;D&lt;/b&gt;");
    }
}
