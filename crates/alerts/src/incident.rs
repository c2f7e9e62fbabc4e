//! The life of one bad state: it settles, is told once, settles again when it has passed, and its end is told once.
//!
//! A state that comes and goes does not produce a stream: each return within [`REMEMBERED`] doubles the time for which
//! it must have passed before its end is told.

use std::time::Duration;

/// An incident that returns within this time after its end was told is the same trouble.
pub const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// The longest time for which a bad state must have passed before its end is told.
pub const LONGEST_CALM: Duration = Duration::from_secs(15 * 60);

/// How patient we are with one kind of bad state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// It must have lasted so long before it is told.
    pub settle: Duration,
    /// It must have passed for so long before its end is told, the first time.
    pub calm: Duration,
}

/// What is reported about the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It is bad.
    Bad,
    /// It is good.
    Good,
    /// Nothing new; time has passed.
    Tick,
    /// What was seen before says nothing any more: the counts begin anew.
    Anew,
}

/// What may be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everything.
    Open,
    /// Nothing; what is still true is told when the gate opens.
    Held,
}

/// Where an incident stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// Bad, and nobody has been told.
    Settling {
        /// Since when without interruption.
        since: Duration,
        /// How often it returned shortly after its end.
        returns: u32,
    },
    /// A person has been told.
    Told {
        /// When it began.
        since: Duration,
        /// Since when it has been good without interruption.
        good_since: Option<Duration>,
        /// As in `Settling`.
        returns: u32,
    },
    /// Its end has been told.
    Over {
        /// When.
        at: Duration,
        /// As in `Settling`.
        returns: u32,
    },
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// That it is bad.
    Raised,
    /// That it is good again.
    Recovered {
        /// How long it was bad.
        lasted: Duration,
    },
}

/// Takes one signal at `now`: the incident after it, if there is one, and what is to be told.
pub fn step(
    incident: Option<Incident>,
    signal: Signal,
    now: Duration,
    patience: Patience,
    gate: Gate,
) -> (Option<Incident>, Option<Telling>) {
    let incident = note(incident, signal, now);
    match (incident, gate) {
        (Some(Incident::Settling { since, returns }), Gate::Open) if lasts(since, now, patience.settle) => {
            (Some(Incident::Told { since, good_since: None, returns }), Some(Telling::Raised))
        }
        (Some(Incident::Told { since, good_since: Some(good), returns }), Gate::Open)
            if lasts(good, now, calm(patience, returns)) =>
        {
            let lasted = good.saturating_sub(since);
            (Some(Incident::Over { at: now, returns }), Some(Telling::Recovered { lasted }))
        }
        (incident, Gate::Open | Gate::Held) => (incident, None),
    }
}

fn note(incident: Option<Incident>, signal: Signal, now: Duration) -> Option<Incident> {
    match incident {
        None => match signal {
            Signal::Bad => Some(Incident::Settling { since: now, returns: 0 }),
            Signal::Good | Signal::Tick | Signal::Anew => None,
        },
        Some(Incident::Settling { since, returns }) => match signal {
            Signal::Bad | Signal::Tick => Some(Incident::Settling { since, returns }),
            Signal::Anew => Some(Incident::Settling { since: now, returns }),
            // The memory of earlier returns survives a blip.
            Signal::Good if returns > 0 => Some(Incident::Over { at: now, returns: returns - 1 }),
            Signal::Good => None,
        },
        Some(Incident::Told { since, good_since, returns }) => match signal {
            Signal::Bad => Some(Incident::Told { since, good_since: None, returns }),
            Signal::Good => Some(Incident::Told { since, good_since: good_since.or(Some(now)), returns }),
            Signal::Tick => Some(Incident::Told { since, good_since, returns }),
            Signal::Anew => Some(Incident::Told { since, good_since: good_since.map(|_| now), returns }),
        },
        Some(Incident::Over { at, returns }) => match signal {
            Signal::Bad if lasts(at, now, REMEMBERED) => Some(Incident::Settling { since: now, returns: 0 }),
            Signal::Bad => Some(Incident::Settling { since: now, returns: returns.saturating_add(1) }),
            Signal::Good | Signal::Tick | Signal::Anew if lasts(at, now, REMEMBERED) => None,
            Signal::Good | Signal::Tick | Signal::Anew => Some(Incident::Over { at, returns }),
        },
    }
}

/// How long it must have been good after so many returns.
fn calm(patience: Patience, returns: u32) -> Duration {
    let doubled = patience.calm.saturating_mul(1u32.checked_shl(returns.min(16)).unwrap_or(1));
    doubled.min(LONGEST_CALM.max(patience.calm))
}

fn lasts(since: Duration, now: Duration, long: Duration) -> bool {
    now.saturating_sub(since) >= long
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { settle: Duration::from_secs(30), calm: Duration::from_secs(30) };

    #[test]
    fn it_is_told_when_it_has_settled_and_its_end_when_that_has() {
        let told = run(&[
            (0, Signal::Bad),
            (29, Signal::Bad),
            (30, Signal::Tick),
            (60, Signal::Good),
            (75, Signal::Good),
            (89, Signal::Tick),
            (90, Signal::Tick),
            (200, Signal::Good),
        ]);
        let lasted = Duration::from_secs(60);
        assert_eq!(told, [(30, Telling::Raised), (90, Telling::Recovered { lasted })]);
    }

    #[test]
    fn a_blip_is_not_told() {
        assert_eq!(
            run(&[
                (0, Signal::Bad),
                (29, Signal::Good),
                (31, Signal::Tick),
                (40, Signal::Bad),
                (69, Signal::Tick)
            ]),
            []
        );
    }

    #[test]
    fn a_blip_of_good_is_not_its_end() {
        let told = run(&[
            (0, Signal::Bad),
            (30, Signal::Tick),
            (40, Signal::Good),
            (69, Signal::Bad),
            (71, Signal::Tick),
            (80, Signal::Good),
            (109, Signal::Tick),
        ]);
        assert_eq!(told, [(30, Telling::Raised)]);
    }

    #[test]
    fn waking_begins_both_counts_anew() {
        let told = run(&[
            (0, Signal::Bad),
            (29, Signal::Anew),
            (58, Signal::Tick),
            (59, Signal::Tick),
            (60, Signal::Good),
            (80, Signal::Anew),
            (109, Signal::Tick),
        ]);
        assert_eq!(told, [(59, Telling::Raised)]);
    }

    #[test]
    fn each_return_needs_a_longer_calm() {
        let (mut incident, mut now, mut calms) = (None, 0, Vec::new());
        for _ in 0..8 {
            (incident, _) = step(incident, Signal::Bad, Duration::from_secs(now), PATIENCE, Gate::Open);
            now += 30;
            (incident, _) = step(incident, Signal::Tick, Duration::from_secs(now), PATIENCE, Gate::Open);
            (incident, _) = step(incident, Signal::Good, Duration::from_secs(now), PATIENCE, Gate::Open);
            let began = now;
            while !matches!(incident, Some(Incident::Over { .. })) {
                now += 1;
                (incident, _) = step(incident, Signal::Tick, Duration::from_secs(now), PATIENCE, Gate::Open);
            }
            calms.push(now - began);
        }
        assert_eq!(calms, [30, 60, 120, 240, 480, 900, 900, 900]);
        now += REMEMBERED.as_secs();
        (incident, _) = step(incident, Signal::Tick, Duration::from_secs(now), PATIENCE, Gate::Open);
        assert_eq!(incident, None, "forgotten");
    }

    #[test]
    fn a_blip_in_the_hour_after_neither_counts_as_a_return_nor_forgives_those_before() {
        let over = Some(Incident::Over { at: Duration::from_secs(100), returns: 2 });
        let (blip, _) = step(over, Signal::Bad, Duration::from_secs(200), PATIENCE, Gate::Open);
        assert_eq!(blip, Some(Incident::Settling { since: Duration::from_secs(200), returns: 3 }));
        let (after, _) = step(blip, Signal::Good, Duration::from_secs(210), PATIENCE, Gate::Open);
        assert_eq!(after, Some(Incident::Over { at: Duration::from_secs(210), returns: 2 }));
    }

    #[test]
    fn behind_a_closed_gate_nothing_is_told_and_what_is_still_true_is_told_once_it_opens() {
        let held =
            |incident, signal, now| step(incident, signal, Duration::from_secs(now), PATIENCE, Gate::Held);
        let open =
            |incident, signal, now| step(incident, signal, Duration::from_secs(now), PATIENCE, Gate::Open);
        let (incident, _) = held(None, Signal::Bad, 0);
        let (incident, told) = held(incident, Signal::Tick, 900);
        assert_eq!(told, None);
        let (_, told) = open(incident.clone(), Signal::Tick, 901);
        assert_eq!(told, Some(Telling::Raised));
        let (incident, _) = held(incident, Signal::Good, 902);
        assert_eq!(open(incident, Signal::Tick, 2000), (None, None));
    }

    fn run(signals: &[(u64, Signal)]) -> Vec<(u64, Telling)> {
        let mut incident = None;
        let mut told = Vec::new();
        for (at, signal) in signals {
            let (next, telling) = step(incident, *signal, Duration::from_secs(*at), PATIENCE, Gate::Open);
            incident = next;
            told.extend(telling.map(|telling| (*at, telling)));
        }
        told
    }
}
