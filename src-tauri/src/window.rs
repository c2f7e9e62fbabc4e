//! The window: made when somebody wants it, gone when it is closed. It lives in a process of its own.

pub mod process;

use std::time::Duration;

use agent::window::Destination;
use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, Emitter as _, Manager as _, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::commands::logs;

/// Its name in the capability.
pub(crate) const LABEL: &str = "main";

/// How often a new page is told of a link, and for how long.
const TELL_EVERY: Duration = Duration::from_millis(50);
const TELL_WITHIN: Duration = Duration::from_secs(20);

/// Shows the window, there. Not on the main thread, which has to answer meanwhile.
async fn open(app: &AppHandle, destination: &Destination) -> tauri::Result<()> {
    // One that is being closed is known for a moment longer than it can be shown.
    while let Some(window) = app.get_webview_window(LABEL) {
        if go(&window, destination).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
    create(app, destination)
}

fn go(window: &WebviewWindow, destination: &Destination) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()?;
    if destination.is_a_place() {
        window.emit_to(LABEL, "navigate", destination)?;
    }
    // Unlike what was asked before, this has an answer, which only a window that is there gives.
    window.is_visible().map(drop)
}

fn create(app: &AppHandle, destination: &Destination) -> tauri::Result<()> {
    let url = WebviewUrl::App(destination.address().into());
    let window = WebviewWindowBuilder::new(app, LABEL, url)
        .title("HubSpot support triage")
        .inner_size(1080.0, 720.0)
        .min_inner_size(720.0, 480.0)
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    let gone = CancellationToken::new();
    if let Some(place) = destination.place_of_link() {
        tauri::async_runtime::spawn(hand_over(window.clone(), destination.clone(), place));
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
async fn hand_over(window: WebviewWindow, destination: Destination, place: String) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
