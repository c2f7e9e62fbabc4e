//! What the machine reports, and which of it a person is told, and when.

mod memory;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::incident::Patience;
use crate::notice::{Happening, Kind, Notice, Trouble};
use crate::quiet::QuietHours;

pub use memory::Memory;

/// The time, twice: for measuring and for the quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the caller's origin, on a clock that does not jump back.
    pub moment: Duration,
    /// Minutes since local midnight.
    pub local_minute: u16,
}

/// A person's own click that makes the tunnel go down for a while or for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// Stop or pause: it stays down until the person says otherwise.
    Halted,
    /// Start, restart or resume: it comes up within a while.
    Started,
}

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A trouble is there. May be reported again and again.
    Bad {
        /// Which.
        trouble: Trouble,
        /// Whose: a program, the tunnel.
        subject: String,
        /// What is known and what to do, in sentences.
        body: String,
    },
    /// A trouble is not there. May be reported again and again.
    Good {
        /// Which.
        trouble: Trouble,
        /// Whose.
        subject: String,
    },
    /// There is nothing any more that could have a trouble: neither it nor its end is told.
    Moot {
        /// Which.
        trouble: Trouble,
        /// Whose.
        subject: String,
    },
    /// Something happened. Told once however often it is reported.
    Happened {
        /// What.
        happening: Happening,
        /// The ticket's or the alert's id.
        subject: String,
        /// What is known, in sentences.
        body: String,
    },
    /// Something that happened needs nobody any more.
    Withdrawn {
        /// What.
        happening: Happening,
        /// The id.
        subject: String,
    },
    /// The person clicked.
    Clicked(Click),
    /// The machine woke from sleep.
    Woke,
    /// Time has passed; wanted every few seconds.
    Tick,
}

/// What a person wants to be told, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Kinds that are switched off.
    pub off: BTreeSet<Kind>,
    /// Hours without notices.
    pub quiet: Option<QuietHours>,
    /// The tunnel must have been down for so long.
    pub tunnel_settles: Duration,
    /// A trouble must have passed for so long before its end is told.
    pub calm: Duration,
    /// After waking from sleep nothing is told for so long.
    pub wake: Duration,
    /// After a click that starts something, the tunnel may be down for so long without it being news.
    pub click: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            off: BTreeSet::new(),
            quiet: None,
            tunnel_settles: Duration::from_secs(30),
            calm: Duration::from_secs(30),
            wake: Duration::from_secs(30),
            click: Duration::from_secs(60),
        }
    }
}

impl Rules {
    fn patience(&self, trouble: Trouble) -> Patience {
        let settle = match trouble {
            Trouble::TunnelDown => self.tunnel_settles,
            Trouble::Exposed | Trouble::GaveUp => Duration::ZERO,
        };
        Patience { settle, calm: self.calm }
    }

    fn is_quiet(&self, now: Now) -> bool {
        self.quiet.is_some_and(|quiet| quiet.contains(now.local_minute))
    }
}

/// Takes one event: what is to be remembered after it, and what is to be told.
pub fn observe(mut memory: Memory, event: &Event, now: Now, rules: &Rules) -> (Memory, Vec<Notice>) {
    memory.note(event, now.moment);
    let mut notices = memory.tell_troubles(event, now, rules);
    notices.extend(memory.tell_happenings(now, rules));
    (memory, notices)
}

#[cfg(test)]
mod tests;
