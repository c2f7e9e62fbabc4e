//! A circuit breaker as a value: whether a provider may be asked now, and what the last call teaches.
//!
//! Closed, it admits everybody. Consecutive failures, or a single definite one, open it for a cool-down that doubles
//! up to a limit. When the cool-down is over one cheap probe may be made; if that succeeds the breaker is half open
//! and admits one real call at a time, whose outcome closes it or opens it again. A service that says when it will
//! take calls again (429, 503) is left alone until then without being counted as broken.

use std::time::Duration;

use crate::time::Timestamp;

/// The numbers of a breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Consecutive failures that open it.
    pub failures: u32,
    /// Cool-down after it opened for the first time.
    pub cool_down: Duration,
    /// The longest cool-down.
    pub longest_cool_down: Duration,
    /// A probe or trial not reported back for this long is taken for lost.
    pub lost_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failures: 3,
            cool_down: Duration::from_secs(5),
            longest_cool_down: Duration::from_secs(60),
            lost_after: Duration::from_secs(180),
        }
    }
}

/// Where the circuit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Calls pass; so many in a row have failed.
    Closed {
        /// Consecutive failures so far.
        failures: u32,
    },
    /// No call passes.
    Open {
        /// When a probe may be made.
        until: Timestamp,
        /// How often it opened since it was last closed.
        trips: u32,
        /// What broke, for people.
        why: String,
    },
    /// One probe is on its way; no call passes.
    Probing {
        /// When the probe began.
        since: Timestamp,
        /// As in `Open`.
        trips: u32,
        /// As in `Open`.
        why: String,
    },
    /// The probe came back; one real call at a time is let through.
    HalfOpen {
        /// When the call in flight began, if there is one.
        trial: Option<Timestamp>,
        /// As in `Open`.
        trips: u32,
        /// As in `Open`.
        why: String,
    },
}

/// What a call or a probe has taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The service did what it is for (a nonsensical answer counts: the service is up).
    Works,
    /// The service could not be used.
    Failed {
        /// One such failure is proof enough: the tunnel is down, the credentials are refused, the model is missing.
        definite: bool,
        /// What happened, for people.
        why: String,
    },
    /// The service asked to be left alone until then.
    Busy {
        /// When it may be asked again.
        until: Timestamp,
    },
}

/// What a machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It can be used.
    Usable,
    /// It cannot.
    Unusable {
        /// Why not, in its words.
        why: String,
    },
    /// It has not found out yet.
    Unknown,
    /// It has not been heard of for so long that its last word counts no more.
    Silent,
}

/// Whether the provider may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Yes,
    /// No; look again at `until` (or sooner, when something is reported).
    No {
        /// When it is worth looking again.
        until: Timestamp,
        /// Why not, for people.
        why: String,
    },
}

/// The breaker of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    state: State,
    resting_until: Timestamp,
    reported: Option<Report>,
    limits: Limits,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(limits: Limits) -> Self {
        Self {
            state: State::Closed { failures: 0 },
            resting_until: Timestamp::default(),
            reported: None,
            limits,
        }
    }

    /// Where the circuit stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Not closed, or held by what the machine says of itself: calls do not simply pass.
    pub fn is_open(&self) -> bool {
        self.held().is_some() || !matches!(self.state, State::Closed { .. })
    }

    /// Why the machine says that it cannot be used, while it does.
    pub fn held(&self) -> Option<&str> {
        match &self.reported {
            Some(Report::Unusable { why }) => Some(why),
            Some(Report::Usable | Report::Unknown | Report::Silent) | None => None,
        }
    }

    /// Why no call passes, apart from what the machine says of itself.
    pub fn broken(&self) -> Option<&str> {
        match &self.state {
            State::Closed { .. } | State::HalfOpen { .. } => None,
            State::Open { why, .. } | State::Probing { why, .. } => Some(why),
        }
    }

    /// What broke before a probe came back, while no call has shown since that it is mended. The machine's own word is no such
    /// thing: when it says otherwise, an answered probe is enough.
    pub fn doubted(&self) -> Option<&str> {
        match &self.state {
            State::HalfOpen { trips, why, .. } if *trips > 0 => Some(why),
            State::Closed { .. } | State::HalfOpen { .. } | State::Open { .. } | State::Probing { .. } => {
                None
            }
        }
    }

    /// May the provider be asked at `now`?
    pub fn admits(&self, now: Timestamp) -> Admission {
        if let Some(why) = self.held() {
            return Admission::No { until: now.plus(self.limits.longest_cool_down), why: why.to_owned() };
        }
        let blocked = match &self.state {
            State::Closed { .. } | State::HalfOpen { trial: None, .. } => None,
            State::Open { until, why, .. } => Some((*until, why)),
            State::Probing { since, why, .. } | State::HalfOpen { trial: Some(since), why, .. } => {
                Some((since.plus(self.limits.lost_after), why))
            }
        };
        match blocked {
            Some((until, why)) if until > now || self.is_waiting_for_probe() => {
                Admission::No { until, why: why.clone() }
            }
            Some(_) | None if self.resting_until > now => Admission::No {
                until: self.resting_until,
                why: "it asked to be left alone for a moment".to_owned(),
            },
            Some(_) | None => Admission::Yes,
        }
    }

    /// Notes that a real call begins.
    pub fn begin_call(&mut self, now: Timestamp) {
        if let State::HalfOpen { trial, .. } = &mut self.state {
            *trial = Some(now);
        }
    }

    /// When a probe is due: the cool-down's end, or when the probe in flight is taken for lost. `None` while none is needed, and
    /// while the machine itself says that there is no use.
    pub fn probe_due(&self) -> Option<Timestamp> {
        if self.held().is_some() {
            return None;
        }
        match &self.state {
            State::Open { until, .. } => Some(*until),
            State::Probing { since, .. } => Some(since.plus(self.limits.lost_after)),
            State::Closed { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// Takes the one probe; `false` when it is not due or somebody else has it.
    pub fn begin_probe(&mut self, now: Timestamp) -> bool {
        if self.probe_due().is_none_or(|due| due > now) {
            return false;
        }
        let (trips, why) = self.history();
        self.state = State::Probing { since: now, trips, why };
        true
    }

    /// Learns from a probe's end: half open when it succeeded, else open for longer.
    pub fn end_probe(&mut self, result: Result<(), String>, now: Timestamp) {
        let State::Probing { trips, why, .. } = &self.state else { return };
        match result {
            Ok(()) => self.state = State::HalfOpen { trial: None, trips: *trips, why: why.clone() },
            Err(why) => self.open(why, now),
        }
    }

    /// Learns from a real call's end.
    pub fn record(&mut self, signal: Signal, now: Timestamp) {
        match (signal, &mut self.state) {
            (Signal::Works, _) => self.state = State::Closed { failures: 0 },
            (Signal::Busy { until }, state) => {
                if let State::HalfOpen { trial, .. } = state {
                    *trial = None;
                }
                self.resting_until = self.resting_until.max(until);
            }
            (Signal::Failed { definite, why }, State::Closed { failures }) => {
                *failures += 1;
                if definite || *failures >= self.limits.failures {
                    self.open(why, now);
                }
            }
            (Signal::Failed { why, .. }, State::HalfOpen { .. }) => self.open(why, now),
            // A late failure of a call that began before the breaker opened teaches nothing new.
            (Signal::Failed { .. }, State::Open { .. } | State::Probing { .. }) => {}
        }
    }

    /// Learns what the machine says of itself; hearing the same again teaches nothing.
    pub fn report(&mut self, report: Report, now: Timestamp) {
        let before = self.reported.replace(report);
        match (before, &self.reported) {
            (Some(Report::Unusable { why }), Some(Report::Usable | Report::Unknown | Report::Silent)) => {
                self.state = State::Open { until: now, trips: 0, why };
            }
            (Some(Report::Usable), Some(Report::Silent)) => {
                let (trips, _) = self.history();
                let why = "the machine is not heard of any more".to_owned();
                self.state = State::Open { until: now, trips, why };
            }
            (Some(Report::Silent | Report::Unknown), Some(Report::Usable)) => {
                if let State::Open { until, .. } = &mut self.state {
                    *until = now.min(*until);
                }
            }
            (Some(Report::Usable | Report::Unknown | Report::Silent | Report::Unusable { .. }) | None, _) => {
            }
        }
    }

    fn is_waiting_for_probe(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Probing { .. })
    }

    fn history(&self) -> (u32, String) {
        match &self.state {
            State::Closed { .. } => (0, String::new()),
            State::Open { trips, why, .. }
            | State::Probing { trips, why, .. }
            | State::HalfOpen { trips, why, .. } => (*trips, why.clone()),
        }
    }

    fn open(&mut self, why: String, now: Timestamp) {
        let (trips, _) = self.history();
        let doubled = self.limits.cool_down.saturating_mul(1u32.checked_shl(trips.min(16)).unwrap_or(1));
        let until = now.plus(doubled.min(self.limits.longest_cool_down));
        self.state = State::Open { until, trips: trips.saturating_add(1), why };
    }
}

#[cfg(test)]
mod tests;
