//! What is seen of the chain: each thing is looked at in its own rhythm, and what was seen is sent on. Nothing is
//! judged here, and no model is ever called or loaded.
//!
//! One task holds the rhythm ([`schedule`]); each look is a short task of its own with a time limit ([`look`]). After
//! the machine slept, after the targets changed, and at the start, everything is looked at at once.

mod binding;
mod call;
mod look;
mod rhythm;
mod schedule;
mod seen;
mod wake;

pub use rhythm::Probe;
pub use seen::{Seen, Sensed};
pub use wake::{Clocks, WallClock};

use tokio::sync::{mpsc, watch};

use crate::tunnel::verify::Credentials;

/// Where to look. What is `None` is not set up.
#[derive(Debug, Clone)]
pub struct Targets {
    /// Ollama: `http://` and host and port.
    pub ollama: String,
    /// cloudflared's metrics server: `http://` and host and port. Changes with every start on a free port.
    pub metrics: Option<String>,
    /// The public address: `https://` and the host name.
    pub public: Option<String>,
    /// The service token for it.
    pub credentials: Option<Credentials>,
}

/// One look at one thing, besides those of the rhythm.
pub(crate) async fn look_once(targets: Targets, probe: Probe) -> Seen {
    look::Eyes::new(targets).look(probe).await
}

/// The senses at work. Dropping it ends them, and every look under way.
#[derive(Debug)]
pub struct Probes {
    orders: watch::Sender<Orders>,
}

/// What is wanted of the senses.
#[derive(Debug, Clone)]
struct Orders {
    targets: Targets,
    /// How often the targets were changed.
    changes: u64,
    /// How often each probe was asked for, in the order of [`Probe::ALL`].
    asked: [u64; Probe::ALL.len()],
}

impl Probes {
    /// Starts to look, at everything at once, and sends what is seen until `sensed` is closed. Needs a Tokio runtime.
    #[must_use]
    pub fn start(targets: Targets, clocks: Clocks, sensed: mpsc::Sender<Sensed>) -> Self {
        let (orders, wanted) = watch::channel(Orders { targets, changes: 0, asked: Default::default() });
        tokio::spawn(schedule::run(wanted, clocks, sensed));
        Self { orders }
    }

    /// Looks at that one thing at once; again when a look is under way, since it may have begun too early.
    pub fn now(&self, probe: Probe) {
        self.orders.send_modify(|orders| orders.asked[probe.index()] += 1);
    }

    /// Looks elsewhere from now on, at everything at once. What the looks under way would have seen is forgotten.
    pub fn change(&self, targets: Targets) {
        self.orders.send_modify(|orders| {
            orders.targets = targets;
            orders.changes += 1;
        });
    }
}
