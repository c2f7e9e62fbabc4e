//! Linux: GTK, the indicator library that is loaded while the program runs, and the session's bus.

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use gtk::prelude::GtkSettingsExt as _;
use libloading::Library;

use super::Panel;

/// The names under which the tray loads it; without any of them it would panic.
const INDICATORS: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Who knows of the panel's icons.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// How GDK is told to leave the graphics card alone (its documentation, "Environment variables").
const GRAPHICS: (&str, &str) = ("GDK_GL", "disable");

static SPARES: AtomicBool = AtomicBool::new(false);

/// An icon and a menu need no graphics card, whose drivers take some 25 MiB. Call it before anything else.
#[expect(unsafe_code, reason = "the environment is written before there is another thread")]
pub(crate) fn spare_memory() {
    let (name, value) = GRAPHICS;
    if env::var_os(name).is_none_or(|value| value.is_empty()) {
        // SAFETY: called first by the program's main function, which has started no thread.
        unsafe { env::set_var(name, value) };
        SPARES.store(true, Ordering::Relaxed);
    }
}

/// The window may have the graphics card.
pub(crate) fn prepare_window(command: &mut Command) {
    if SPARES.load(Ordering::Relaxed) {
        command.env_remove(GRAPHICS.0);
    }
}

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
