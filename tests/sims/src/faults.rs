//! Failures on demand: a queue of scripted faults, each for some times, for some time, or until cleared.
//!
//! A fault strikes the service's main calls (`POST /api/chat`, sending a message …) unless it names a path with
//! `on PATH`. `down` strikes everything. Per request all `slow` faults and the first other one that fits apply.

use crate::fault_text;
use crate::wire::Request;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The service's own error with that status.
    Status(u16),
    /// Never an answer.
    Hang,
    /// An answer that much later.
    Slow(Duration),
    /// The work is done, the connection closed without an answer.
    Drop,
    /// Every connection is closed as soon as it asks for something; nothing is journaled.
    Down,
    /// A body (for models: an answer text) that is no JSON.
    BadJson,
    /// A model's confidence outside its bounds.
    Confidence(f64),
    /// A model's answer cut by its length limit.
    Cut,
    /// A category that was not offered.
    UnknownCategory,
    /// A summary without text.
    EmptySummary,
    /// The model is not there.
    ModelMissing,
    /// Groq: the model failed to keep to the schema.
    JsonValidateFailed,
    /// Groq: this model takes no schema.
    NoJsonSchema,
    /// Ollama: the Host header is not accepted.
    HostRefused,
    /// Edge: the tunnel has no connection.
    TunnelDown,
    /// Edge: the origin refuses connections.
    OriginDown,
    /// Edge: the right credentials are treated as wrong ones.
    AccessRefused,
    /// Edge: a login page with status 200.
    LoginPage,
    /// A block by the firewall in front, as text.
    Blocked1010,
    /// Discord: a rate limit for everything.
    Global429,
    /// Discord: a rate limit by Cloudflare, in HTML.
    Cloudflare429,
    /// Discord: the webhook is gone.
    Deleted,
    /// Discord: the webhook's token changed.
    BadToken,
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// For that many requests.
    Times(u32),
    /// From being scripted on.
    For(Duration),
    /// Until [`Faults::clear`].
    Ever,
}

/// One scripted fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// How long.
    pub lasts: Lasts,
    /// Only on requests whose method and path (`PATCH /crm/…`) contain this.
    pub on: Option<String>,
    /// The wait that a refusal announces.
    pub wait: Option<Duration>,
}

impl Fault {
    /// A fault that lasts until cleared.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, lasts: Lasts::Ever, on: None, wait: None }
    }

    /// The same, for that many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { lasts: Lasts::Times(times), ..self }
    }

    /// The same, for that long.
    #[must_use]
    pub fn lasting(self, time: Duration) -> Self {
        Self { lasts: Lasts::For(time), ..self }
    }
}

/// The faults of one stand-in; clones share the queue.
#[derive(Debug, Clone)]
pub struct Faults {
    queue: Arc<Mutex<Vec<Pending>>>,
    own: &'static [Kind],
}

#[derive(Debug)]
struct Pending {
    fault: Fault,
    since: Instant,
}

/// What happens to one request.
#[derive(Default)]
pub(crate) struct Strike {
    pub(crate) down: bool,
    pub(crate) slow: Duration,
    pub(crate) kind: Option<Kind>,
    pub(crate) wait: Option<Duration>,
}

impl Faults {
    /// `own` are the kinds that only this service understands.
    pub(crate) fn new(own: &'static [Kind]) -> Self {
        Self { queue: Arc::default(), own }
    }

    /// Adds the faults of a text such as `429 twice; hang once` or `down for 10s`.
    ///
    /// # Errors
    /// When a part is not understood; nothing is added then, and the error lists what is understood.
    pub fn script(&self, text: &str) -> Result<(), String> {
        let faults = fault_text::parse(text, self.own)?;
        faults.into_iter().for_each(|fault| self.add(fault));
        Ok(())
    }

    /// Adds one fault behind the others.
    pub fn add(&self, fault: Fault) {
        self.queue().push(Pending { fault, since: Instant::now() });
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.queue().clear();
    }

    /// Whether nothing is left to go wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let mut queue = self.queue();
        queue.retain(Pending::is_live);
        queue.is_empty()
    }

    pub(crate) fn describe(&self) -> String {
        let queue = self.queue();
        queue
            .iter()
            .filter(|pending| pending.is_live())
            .map(|pending| format!("{:?}\n", pending.fault))
            .collect()
    }

    pub(crate) fn strike(&self, request: &Request, is_work: bool) -> Strike {
        let mut strike = Strike::default();
        let mut queue = self.queue();
        queue.retain(Pending::is_live);
        for pending in queue.iter_mut() {
            if !pending.concerns(request, is_work) {
                continue;
            }
            if pending.fault.kind == Kind::Down {
                strike.down = true;
            } else if let Kind::Slow(delay) = pending.fault.kind {
                strike.slow += delay;
            } else if strike.kind.is_none() {
                strike.kind = Some(pending.fault.kind);
                strike.wait = pending.fault.wait;
            } else {
                continue;
            }
            pending.spend();
        }
        strike
    }

    fn queue(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.queue.lock().expect("no user of the queue panics while holding it")
    }
}

impl Pending {
    fn is_live(&self) -> bool {
        match self.fault.lasts {
            Lasts::Times(left) => left > 0,
            Lasts::For(time) => self.since.elapsed() < time,
            Lasts::Ever => true,
        }
    }

    fn concerns(&self, request: &Request, is_work: bool) -> bool {
        match &self.fault.on {
            Some(part) => format!("{} {}", request.method, request.path).contains(part.as_str()),
            None => is_work || self.fault.kind == Kind::Down,
        }
    }

    fn spend(&mut self) {
        if let Lasts::Times(left) = &mut self.fault.lasts {
            *left = left.saturating_sub(1);
        }
    }
}
