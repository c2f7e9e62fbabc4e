//! The tray's icon: one shape and one colour per state. PURE.

use supervise::health::overall::Overall;

use super::Seen;

/// What the icon is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon {
    /// Its shape and colour.
    pub mark: Mark,
    /// On what it stands.
    pub panel: Panel,
}

/// The states that can be told apart at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A solid hop.
    Healthy,
    /// Its middle half filled.
    Degraded,
    /// A gap with a cross.
    Down,
    /// An empty middle.
    Starting,
    /// Two bars.
    Paused,
}

/// What the icon stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// Dark ink is read.
    Light,
    /// Bright ink is read.
    Dark,
    /// The system colours it itself, by its opacity alone: macOS.
    Template,
}

impl Mark {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Healthy, Self::Degraded, Self::Down, Self::Starting, Self::Paused];
}

/// The icon for what is known.
#[must_use]
pub fn icon(seen: &Seen, panel: Panel) -> Icon {
    let mark = match seen {
        Seen::Nothing => Mark::Starting,
        Seen::Lost(_) => Mark::Down,
        Seen::Status(status) => match status.overall {
            Overall::Healthy => Mark::Healthy,
            Overall::Degraded => Mark::Degraded,
            Overall::Down => Mark::Down,
            Overall::Starting => Mark::Starting,
            Overall::Paused => Mark::Paused,
        },
    };
    Icon { mark, panel }
}
