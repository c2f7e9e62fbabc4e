//! What this desktop can show, found out before anything that would panic without it.

use crate::view::icon::Panel;

#[cfg(target_os = "linux")]
#[path = "platform/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "platform/others.rs"]
mod system;

pub(crate) use system::{has_display, has_indicator, has_tray_host, panel, prepare_window, spare_memory};

/// What is said where there is no desktop.
pub(crate) const NO_DISPLAY: &str = "There is no desktop to show the tray app on (no display can be opened). \
     On a machine without one the agent does the same work: triage-agent run, or for good: triage-agent service install.";

/// What is said where the library that draws icons in the panel is missing.
pub(crate) const NO_INDICATOR: &str = "The panel's icon needs the library libayatana-appindicator3 \
     (Debian, Ubuntu: apt install libayatana-appindicator3-1). Until it is there, the window does everything.";

/// What is said where nothing shows icons.
pub(crate) const NO_TRAY_HOST: &str = "This desktop shows no icons of programs (GNOME needs the AppIndicator extension). \
     The window does everything that the icon's menu does.";

/// The panel where nothing more is known.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn usual_panel() -> Panel {
    if cfg!(target_os = "macos") { Panel::Template } else { Panel::Dark }
}
