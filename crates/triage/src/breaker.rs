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
    limits: Limits,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(limits: Limits) -> Self {
        Self { state: State::Closed { failures: 0 }, resting_until: Timestamp::default(), limits }
    }

    /// Where the circuit stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Not closed: calls do not simply pass.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// May the provider be asked at `now`?
    pub fn admits(&self, now: Timestamp) -> Admission {
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

    /// When a probe is due: the cool-down's end, or when the probe in flight is taken for lost. `None` while none is needed.
    pub fn probe_due(&self) -> Option<Timestamp> {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn three_failures_in_a_row_open_it_and_a_success_between_starts_again() {
        let mut breaker = Breaker::new(Limits::default());
        for signal in [failed(), failed(), Signal::Works, failed(), failed()] {
            breaker.record(signal, START);
            assert_eq!(breaker.admits(START), Admission::Yes);
        }
        breaker.record(failed(), START);
        assert!(matches!(breaker.admits(START), Admission::No { .. }));
    }

    #[test]
    fn one_definite_failure_is_enough() {
        let mut breaker = Breaker::new(Limits::default());
        breaker.record(definite(), START);
        let Admission::No { until, why } = breaker.admits(START) else { panic!("still admits") };
        assert_eq!((until, why.as_str()), (START.plus(Duration::from_secs(5)), "tunnel down"));
    }

    #[test]
    fn an_open_breaker_admits_nobody_until_one_probe_came_back() {
        let mut breaker = Breaker::new(Limits::default());
        breaker.record(definite(), START);
        let later = START.plus(Duration::from_secs(5));
        assert!(!breaker.begin_probe(START), "too early");
        assert!(matches!(breaker.admits(later), Admission::No { .. }), "a real call is never the probe");
        assert!(breaker.begin_probe(later));
        assert!(!breaker.begin_probe(later), "one at a time");
        breaker.end_probe(Ok(()), later);
        assert_eq!(breaker.admits(later), Admission::Yes);
        breaker.begin_call(later);
        assert!(matches!(breaker.admits(later), Admission::No { .. }), "one trial at a time");
        breaker.record(Signal::Works, later);
        assert!(!breaker.is_open());
    }

    #[test]
    fn the_cool_down_doubles_up_to_its_limit() {
        let mut breaker = Breaker::new(Limits::default());
        breaker.record(definite(), START);
        let mut now = START;
        for expected in [10, 20, 40, 60, 60] {
            now = breaker.probe_due().unwrap();
            assert!(breaker.begin_probe(now));
            breaker.end_probe(Err("still down".into()), now);
            assert_eq!(breaker.probe_due(), Some(now.plus(Duration::from_secs(expected))));
        }
        assert!(now > START);
    }

    #[test]
    fn a_lost_probe_or_trial_does_not_block_for_ever() {
        let mut breaker = Breaker::new(Limits::default());
        breaker.record(definite(), START);
        let now = breaker.probe_due().unwrap();
        assert!(breaker.begin_probe(now));
        let much_later = now.plus(Duration::from_secs(180));
        assert!(breaker.begin_probe(much_later));
        breaker.end_probe(Ok(()), much_later);
        breaker.begin_call(much_later);
        assert_eq!(breaker.admits(much_later.plus(Duration::from_secs(180))), Admission::Yes);
    }

    #[test]
    fn a_busy_service_is_left_alone_but_not_called_broken() {
        let mut breaker = Breaker::new(Limits::default());
        let until = START.plus(Duration::from_secs(7));
        breaker.record(Signal::Busy { until }, START);
        assert!(!breaker.is_open());
        assert!(matches!(breaker.admits(START), Admission::No { .. }));
        assert_eq!(breaker.admits(until), Admission::Yes);
    }

    proptest! {
        #[test]
        fn never_more_than_one_probe_or_trial_and_always_a_way_back(inputs in prop::collection::vec((0u8..7, 0u64..20_000), 1..200)) {
            let mut breaker = Breaker::new(Limits::default());
            let mut now = START;
            for (input, wait) in inputs {
                now = now.plus(Duration::from_millis(wait));
                match input {
                    0 => breaker.record(Signal::Works, now),
                    1 => breaker.record(failed(), now),
                    2 => breaker.record(definite(), now),
                    3 => breaker.record(Signal::Busy { until: now.plus(Duration::from_millis(wait)) }, now),
                    4 => if breaker.begin_probe(now) { prop_assert!(!breaker.begin_probe(now)); },
                    5 => breaker.end_probe(if wait % 2 == 0 { Ok(()) } else { Err("down".into()) }, now),
                    _ => if breaker.admits(now) == Admission::Yes {
                        breaker.begin_call(now);
                        prop_assert!(!breaker.is_open() || breaker.admits(now) != Admission::Yes);
                    },
                }
                let far = now.plus(Duration::from_secs(600));
                let mut later = breaker.clone();
                if later.begin_probe(far) { later.end_probe(Ok(()), far); }
                prop_assert_eq!(later.admits(far), Admission::Yes);
            }
        }
    }

    fn failed() -> Signal {
        Signal::Failed { definite: false, why: "timed out".into() }
    }

    fn definite() -> Signal {
        Signal::Failed { definite: true, why: "tunnel down".into() }
    }
}
