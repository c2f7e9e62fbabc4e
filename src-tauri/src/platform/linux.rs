//! Linux: GTK, the indicator library that is loaded while the program runs, and the session's bus.

use std::env;

use gtk::prelude::GtkSettingsExt as _;
use libloading::Library;

use super::Panel;

/// The names under which the tray loads it; without any of them it would panic.
const INDICATORS: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Who knows of the panel's icons.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Whether a display can be opened.
pub(crate) fn has_display() -> bool {
    gtk::init().is_ok()
}

/// Whether an icon can be made.
#[expect(unsafe_code, reason = "loading a library runs its initialisers; these two only register types")]
pub(crate) fn has_indicator() -> bool {
    INDICATORS.iter().any(|name| {
        // SAFETY: it is the library that the tray loads a moment later, and it stays loaded.
        let library = unsafe { Library::new(name) };
        library.map(std::mem::forget).is_ok()
    })
}

/// Whether somebody shows icons.
pub(crate) async fn has_tray_host() -> bool {
    is_host_registered().await.unwrap_or(false)
}

async fn is_host_registered() -> zbus::Result<bool> {
    let bus = zbus::Connection::session().await?;
    let watcher = zbus::Proxy::new(&bus, WATCHER, "/StatusNotifierWatcher", WATCHER).await?;
    watcher.get_property("IsStatusNotifierHostRegistered").await
}

/// What the icon stands on. GNOME's bar is dark under every theme; other panels follow the theme.
pub(crate) fn panel() -> Panel {
    let desktop = env::var_os("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let desktop = desktop.to_string_lossy().to_lowercase();
    if desktop.contains("gnome") || desktop.contains("unity") {
        return Panel::Dark;
    }
    let settings = gtk::Settings::default();
    let is_dark = settings.is_some_and(|settings| {
        let theme = settings.gtk_theme_name().map(|name| name.to_lowercase()).unwrap_or_default();
        settings.is_gtk_application_prefer_dark_theme() || theme.contains("dark")
    });
    if is_dark { Panel::Dark } else { Panel::Light }
}
