//! Whom a ticket can be given to.

use super::Availability;
use crate::ticket::Provider;

/// Names one of the team's machines, or rather the way to the model on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId(String);

impl MachineId {
    /// The machine that the caller knows by this name.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The name again.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The model on this machine of the team's.
    Local(MachineId),
    /// Groq.
    Groq,
}

impl Who {
    /// Which kind of provider that is.
    pub const fn provider(&self) -> Provider {
        match self {
            Self::Local(_) => Provider::Local,
            Self::Groq => Provider::Groq,
        }
    }
}

/// One of the team's machines, as the routing sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Which.
    pub id: MachineId,
    /// Its name for people.
    pub name: String,
    /// Whether its model can be asked.
    pub availability: Availability,
    /// Calls in progress and waiting, per thousand of those that it takes at once: 1000 is full, more is a queue.
    pub busy_permille: u32,
}
