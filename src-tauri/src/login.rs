//! What starts the app at login. Both processes see and switch the same.

use std::path::PathBuf;

use auto_launch::{AutoLaunch, AutoLaunchBuilder};

use crate::arguments::AT_LOGIN;
use crate::programs;

/// The name of what starts it at login.
const NAME: &str = "hubspot-triage";

/// Whether it starts at login.
pub(crate) fn is_on() -> bool {
    note().and_then(|note| note.is_enabled()).unwrap_or(false)
}

/// Starts it at login from now on, or not.
///
/// # Errors
/// When the system's note cannot be written.
pub(crate) fn switch(on: bool) -> Result<(), auto_launch::Error> {
    let note = note()?;
    match if on { note.enable() } else { note.disable() } {
        // On Windows there is nothing to take away when it is off already.
        Err(auto_launch::Error::Io(error)) if !on && error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn note() -> Result<AutoLaunch, auto_launch::Error> {
    let program = program()?;
    AutoLaunchBuilder::new()
        .set_app_name(NAME)
        .set_app_path(&program.to_string_lossy())
        .set_args(&[AT_LOGIN])
        .build()
}

/// An `AppImage` lies elsewhere than its programs, which are there only while it runs (its variable `APPIMAGE`).
fn program() -> std::io::Result<PathBuf> {
    match std::env::var_os("APPIMAGE").filter(|_| cfg!(target_os = "linux")) {
        Some(image) => Ok(image.into()),
        None => programs::beside(programs::TRAY),
    }
}
