//! macOS and Windows: the system shows every icon.

use std::process::Command;

use super::{Panel, usual_panel};

/// There is nothing to spare.
pub(crate) const fn spare_memory() {}

/// It may have what this process has.
pub(crate) const fn prepare_window(_: &mut Command) {}

/// A program of a person's session has one.
pub(crate) const fn has_display() -> bool {
    true
}

/// Part of the system.
pub(crate) const fn has_indicator() -> bool {
    true
}

/// Part of the system.
#[expect(clippy::unused_async, reason = "elsewhere somebody has to be asked")]
pub(crate) async fn has_tray_host() -> bool {
    true
}

/// The usual one.
pub(crate) const fn panel() -> Panel {
    usual_panel()
}
