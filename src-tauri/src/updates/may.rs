//! When newer versions are looked for and installed. PURE.

use std::time::Duration;

use agent::settings::Updates;
use agent::status::Status;
use link::TriageStatus;
use tauri::utils::config::BundleType;

/// How long after one look the next one is due.
pub const DAILY: Duration = Duration::from_hours(24);

/// Why nothing can be installed at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// It would be asked a second time.
    #[error("A ticket is being triaged on this machine.")]
    Ticket,
    /// It would have to be begun again.
    #[error("A model is being downloaded, or the tunnel is being set up.")]
    Download,
}

/// Whether it is time to look by itself; `since` is how long ago it was looked last in this run.
#[must_use]
pub fn is_due(updates: Updates, since: Option<Duration>) -> bool {
    match updates {
        Updates::Off => false,
        Updates::Ask => since.is_none_or(|since| since >= DAILY),
    }
}

/// Whether anything would be lost if this app were replaced now. A ticket whose triage has begun may be with this machine's model
/// as long as no provider is named; without an agent nothing is.
///
/// # Errors
/// What is under way.
pub fn may_install(status: Option<&Status>, is_pulling: bool) -> Result<(), Busy> {
    if is_pulling {
        return Err(Busy::Download);
    }
    let recent = status.filter(|status| !status.paused).map_or(&[][..], |status| &status.recent);
    let is_here = |provider: Option<&str>| provider.is_none_or(|provider| provider == "local");
    let is_busy = recent
        .iter()
        .any(|ticket| ticket.status == TriageStatus::Triaging && is_here(ticket.provider.as_deref()));
    if is_busy { Err(Busy::Ticket) } else { Ok(()) }
}

/// Why this copy is never replaced by itself, in a sentence; `is_told` when it was built with an address to ask.
#[must_use]
pub fn obstacle(bundle: Option<BundleType>, is_told: bool) -> Option<&'static str> {
    match bundle {
        Some(BundleType::Deb | BundleType::Rpm) => {
            Some("This copy was installed as a package: the system's package manager updates it.")
        }
        None => Some("This copy was built on a machine and is in no package: build it again to update it."),
        Some(
            BundleType::AppImage | BundleType::Msi | BundleType::Nsis | BundleType::App | BundleType::Dmg,
        ) => (!is_told).then_some("This copy was built without an address to look for newer versions at."),
    }
}

#[cfg(test)]
mod tests;
