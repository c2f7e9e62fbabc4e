//! What will happen when: drawn from a seed before anything starts, so that a run can be repeated.
//!
//! The same seed gives the same tickets, kills, restarts and faults at the same moments. How the processes interleave
//! is theirs.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::postgres::Down;

/// How much of everything.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decides about all that is random here.
    pub seed: u64,
    /// Tickets that HubSpot tells of.
    pub tickets: usize,
    /// SIGKILLs of an orchestrator.
    pub kills: usize,
    /// Restarts of Postgres, half of them crashes.
    pub restarts: usize,
    /// The longest that the whole run may take.
    pub most: Duration,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// HubSpot tells of tickets.
    Send(Send),
    /// An orchestrator is killed, and started again after a pause.
    Kill { which: usize, pause: Duration },
    /// Postgres goes down, and comes back after a pause.
    Restart { how: Down, pause: Duration },
    /// A service begins to misbehave.
    Fault { service: Service, script: &'static str },
    /// All services behave again.
    FaultsOff,
}

/// One request of HubSpot's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Send {
    /// Numbers of the tickets, from 0.
    pub(super) tickets: Range<usize>,
    pub(super) kind: Kind,
    /// Which orchestrator is tried first.
    pub(super) to: usize,
    /// After the 202 it is sent once more, to the other one.
    pub(super) twice: bool,
}

/// How HubSpot tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workflow's webhook, with text.
    Workflow,
    /// A batch of app events, whose text has to be fetched.
    Events,
}

/// Who misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Ollama,
    Edge,
    Groq,
    HubSpot,
    Discord,
}

/// How each service fails, hangs, limits its rate and answers rubbish. Left out is only what makes a second Discord
/// message unavoidable without any kill (a message that is written but not confirmed), and what only a person mends.
const FAULTS: [(Service, &[&str]); 5] = [
    (
        Service::Ollama,
        &[
            "500 for 3s",
            "503 for 3s",
            "hang for 3s",
            "down for 4s",
            "drop 4 times",
            "slow 700ms for 4s",
            "bad json 6 times",
            "cut 4 times",
            "unknown category 6 times",
            "confidence 1e12 4 times",
            "empty summary 4 times",
            "model missing twice",
        ],
    ),
    (
        Service::Edge,
        &[
            "tunnel down for 5s",
            "origin down for 4s",
            "access refused for 2s",
            "login page for 2s",
            "429 wait 2s for 3s",
            "bad json 4 times",
            "1010 for 2s",
        ],
    ),
    (
        Service::Groq,
        &[
            "500 for 3s",
            "429 wait 2s 6 times",
            "hang for 3s",
            "down for 3s",
            "bad json 4 times",
            "json_validate_failed 3 times",
            "slow 500ms for 4s",
            "401 twice",
        ],
    ),
    (
        Service::HubSpot,
        &[
            "500 for 2s",
            "429 wait 2s 10 times",
            "hang twice",
            "bad json 5 times",
            "down for 2s",
            "521 for 2s",
        ],
    ),
    (
        Service::Discord,
        &[
            "500 for 2s",
            "429 wait 1s 8 times",
            "global 429 wait 2s once",
            "hang 3 times",
            "down for 2s",
            "slow 400ms for 4s",
        ],
    ),
];

/// Requests per ticket come this far apart.
const PER_TICKET: Duration = Duration::from_millis(75);

/// The shortest time in which tickets come.
const SHORTEST: Duration = Duration::from_secs(10);

impl Options {
    /// For how long tickets come and things go wrong.
    #[must_use]
    pub fn storm(&self) -> Duration {
        (PER_TICKET * u32::try_from(self.tickets).unwrap_or(u32::MAX)).max(SHORTEST)
    }
}

/// Everything that will happen, in order of time.
pub(super) fn draw(options: &Options) -> Vec<(Duration, Step)> {
    let mut rng = StdRng::seed_from_u64(options.seed);
    let storm = options.storm();
    let mut steps = vec![(storm, Step::FaultsOff)];
    steps.extend(sends(&mut rng, options.tickets, storm));
    for _ in 0..options.kills {
        let (which, pause) = (rng.random_range(0..2), millis(&mut rng, 100..3_000));
        steps.push((storm.mul_f64(rng.random_range(0.03..1.0)), Step::Kill { which, pause }));
    }
    for number in 0..options.restarts {
        let how = if number % 2 == 0 { Down::Crash } else { Down::Stop };
        let pause = millis(&mut rng, 200..2_500);
        // One in each part of the time, so that there is something to lose each time.
        let part = (number as f64 + rng.random_range(0.1..0.9)) / options.restarts as f64;
        steps.push((storm.mul_f64(part), Step::Restart { how, pause }));
    }
    let mut at = millis(&mut rng, 500..2_000);
    while at < storm.mul_f64(0.95) {
        let (service, scripts) = FAULTS[rng.random_range(0..FAULTS.len())];
        let script = scripts[rng.random_range(0..scripts.len())];
        steps.push((at, Step::Fault { service, script }));
        at += millis(&mut rng, 800..3_000);
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// Every ticket at least once: by a workflow, in a batch of app events, or by both at the same time.
fn sends(rng: &mut StdRng, tickets: usize, storm: Duration) -> Vec<(Duration, Step)> {
    let mut steps = Vec::new();
    let mut next = 0;
    while next < tickets {
        let at = storm.mul_f64(rng.random_range(0.0..0.98));
        let end = if rng.random_bool(0.3) { (next + rng.random_range(1..=5)).min(tickets) } else { next + 1 };
        let is_batch = end > next + 1;
        let by_both = !is_batch && rng.random_bool(0.1);
        let kinds: &[Kind] = match (is_batch, by_both) {
            (_, true) => &[Kind::Workflow, Kind::Events],
            (true, false) => &[Kind::Events],
            (false, false) => {
                if rng.random_bool(0.7) {
                    &[Kind::Workflow]
                } else {
                    &[Kind::Events]
                }
            }
        };
        for kind in kinds {
            let (to, twice) = (rng.random_range(0..2), rng.random_bool(0.15));
            steps.push((at, Step::Send(Send { tickets: next..end, kind: *kind, to, twice })));
        }
        next = end;
    }
    steps
}

fn millis(rng: &mut StdRng, range: Range<u64>) -> Duration {
    Duration::from_millis(rng.random_range(range))
}
