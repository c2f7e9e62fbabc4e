//! The numbers of supervision. All are durations on the agent's steady clock.

use std::time::Duration;

use crate::Kind;

/// How patient we are with one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// From its start until it must have been ready once.
    pub start: Duration,
    /// Alive, but not ready for this long: it is started again.
    pub unready: Duration,
    /// Ready for this long: it is well, and what went wrong before no longer counts.
    pub healthy: Duration,
    /// From the request to end until it is killed, and from one kill to the next.
    pub grace: Duration,
    /// A look at its address without any answer for this long is taken for lost and made again.
    pub look: Duration,
    /// Somebody else's program gone from the address for this long: ours takes its place. Longer than a service
    /// manager takes to start it again, so that the two never race.
    pub gone: Duration,
    /// After waking from sleep nothing is started again for being unready for this long.
    pub wake: Duration,
}

impl Limits {
    /// The limits of `kind`.
    ///
    /// cloudflared may finish open requests for a while when asked to end, and reconnects by itself, so it gets more
    /// time than Ollama, which is up within a second and ends at once.
    pub fn of(kind: Kind) -> Self {
        let (unready, grace) = match kind {
            Kind::Ollama => (Duration::from_secs(30), Duration::from_secs(5)),
            Kind::Cloudflared => (Duration::from_secs(45), Duration::from_secs(10)),
        };
        Self {
            start: Duration::from_secs(60),
            unready,
            healthy: Duration::from_secs(60),
            grace,
            look: Duration::from_secs(10),
            gone: Duration::from_secs(30),
            wake: Duration::from_secs(30),
        }
    }
}
