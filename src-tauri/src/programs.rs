//! The programs of one installation, which lie in one folder.

use std::io;
use std::path::PathBuf;

/// The one that stays.
pub(crate) const TRAY: &str = "hubspot-triage-tray";

/// The one with the browser engine.
pub(crate) const WINDOW: &str = "hubspot-triage-window";

/// Where one of them lies.
///
/// # Errors
/// When the system does not say where this one does.
pub(crate) fn beside(name: &str) -> io::Result<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(std::env::current_exe()?.with_file_name(file))
}
