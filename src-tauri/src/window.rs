//! The window: made when somebody wants it, gone when it is closed.

use std::time::Duration;

use agent::socket::Page;
use serde::Serialize;
use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, Emitter as _, Manager as _, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::commands::logs;

/// Its name in the capability.
pub(crate) const LABEL: &str = "main";

/// The place on the page for setting up where a link is confirmed; by being there a new page shows that it has the link.
const PAIR: &str = "pair";

/// How often a new page is told of a link, and for how long.
const TELL_EVERY: Duration = Duration::from_millis(50);
const TELL_WITHIN: Duration = Duration::from_secs(20);

/// Where the window is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub(crate) struct Destination {
    page: Option<Page>,
    ticket_id: Option<String>,
    /// For the person to confirm.
    pair_link: Option<String>,
}

impl Destination {
    /// A page, and the ticket there.
    pub(crate) fn page(page: Page, ticket_id: Option<String>) -> Self {
        Self { page: Some(page), ticket_id, pair_link: None }
    }

    /// Where a link is confirmed.
    pub(crate) fn pair(link: String) -> Self {
        Self { page: Some(Page::Setup), ticket_id: Some(PAIR.to_owned()), pair_link: Some(link) }
    }

    /// As the pages name their places.
    fn address(&self) -> String {
        // A page that is given a link goes there by itself.
        let Some(page) = self.page.filter(|_| self.pair_link.is_none()) else {
            return "index.html".to_owned();
        };
        let page = match page {
            Page::Overview => "overview",
            Page::Tickets => "tickets",
            Page::Setup => "setup",
            Page::Settings => "settings",
        };
        let ticket = self.ticket_id.as_deref().map(|id| format!("/{}", escaped(id))).unwrap_or_default();
        format!("index.html#/{page}{ticket}")
    }
}

/// Shows the window, there. Can be called from everywhere.
pub(crate) fn open(app: &AppHandle, destination: Destination) {
    let app = app.clone();
    // Made on another thread than the main one, which has to answer meanwhile.
    tauri::async_runtime::spawn(async move {
        // One that is being closed is known for a moment longer than it can be shown.
        while let Some(window) = app.get_webview_window(LABEL) {
            if go(&window, &destination).is_ok() {
                return;
            }
            tokio::time::sleep(TELL_EVERY).await;
        }
        if let Err(error) = create(&app, destination) {
            warn!(event = "window_failed", %error, "the window cannot be shown");
        }
    });
}

fn go(window: &WebviewWindow, destination: &Destination) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()?;
    if destination.page.is_some() {
        window.emit_to(LABEL, "navigate", destination)?;
    }
    // Unlike what was asked before, this has an answer, which only a window that is there gives.
    window.is_visible().map(drop)
}

fn create(app: &AppHandle, destination: Destination) -> tauri::Result<()> {
    let url = WebviewUrl::App(destination.address().into());
    let window = WebviewWindowBuilder::new(app, LABEL, url)
        .title("HubSpot support triage")
        .inner_size(1080.0, 720.0)
        .min_inner_size(720.0, 480.0)
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    let gone = CancellationToken::new();
    if destination.pair_link.is_some() {
        tauri::async_runtime::spawn(hand_over(window.clone(), destination));
    }
    tauri::async_runtime::spawn(logs::follow(app.clone(), gone.clone()));
    window.on_window_event(move |event| {
        if matches!(event, WindowEvent::Destroyed) {
            gone.cancel();
        }
    });
    window.set_focus()
}

/// Gives a new page a link, which its address must not carry: a page listens only some time after it was loaded.
async fn hand_over(window: WebviewWindow, destination: Destination) {
    let place = format!("/setup/{PAIR}");
    let telling = async {
        while window.url().is_ok_and(|url| url.fragment() != Some(&place)) {
            drop(window.emit_to(LABEL, "navigate", &destination));
            tokio::time::sleep(TELL_EVERY).await;
        }
    };
    if tokio::time::timeout(TELL_WITHIN, telling).await.is_err() {
        warn!(event = "link_lost", "the window did not take the link; paste it there");
    }
}

/// Only the app's own pages are shown.
fn is_own(url: &Url) -> bool {
    matches!(
        (url.scheme(), url.host_str()),
        ("tauri" | "http" | "https", Some("localhost" | "tauri.localhost"))
    )
}

/// For the part of an address after its last slash.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_destination_has_an_address_that_its_words_cannot_leave() {
        for (destination, address) in [
            (Destination::default(), "index.html"),
            (Destination::page(Page::Overview, None), "index.html#/overview"),
            (Destination::page(Page::Settings, None), "index.html#/settings"),
            (Destination::page(Page::Tickets, Some("314".to_owned())), "index.html#/tickets/314"),
            (
                Destination::page(Page::Tickets, Some("a/b ü".to_owned())),
                "index.html#/tickets/a%2Fb%20%C3%BC",
            ),
            (Destination::pair("hubspot-triage://pair?code=A".to_owned()), "index.html"),
        ] {
            assert_eq!(destination.address(), address);
        }
    }

    #[test]
    fn only_the_apps_own_pages_are_shown() {
        for (url, expected) in [
            ("tauri://localhost/index.html", true),
            ("http://tauri.localhost/index.html#/setup", true),
            ("https://example.com/", false),
            ("http://tauri.localhost.example.com/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,x", false),
        ] {
            assert_eq!(is_own(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
