//! What starts the app at login.

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Wry};
use tauri_plugin_autostart::ManagerExt as _;

use crate::arguments::AT_LOGIN;

/// The name of what starts it at login.
const NAME: &str = "hubspot-triage";

/// Both processes see and switch the same.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::Builder::new().app_name(NAME).arg(AT_LOGIN).build()
}

/// Whether it starts at login.
pub(crate) fn is_on(app: &AppHandle) -> bool {
    app.autolaunch().is_enabled().unwrap_or(false)
}

/// Starts it at login from now on, or not.
///
/// # Errors
/// When the system's note cannot be written.
pub(crate) fn switch(app: &AppHandle, on: bool) -> Result<(), tauri_plugin_autostart::Error> {
    if on { app.autolaunch().enable() } else { app.autolaunch().disable() }
}
