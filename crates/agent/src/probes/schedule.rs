//! The one task that holds the rhythm: starts looks when they are due and sends on what they saw.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::look::Eyes;
use super::wake::{Tick, slept};
use super::{Clocks, Orders, Probe, Seen, Sensed};

/// The clocks are compared at least this often.
const TICK: Duration = Duration::from_secs(10);
/// What is not set up stays so until the targets change, which has everything looked at.
const NOTHING_TO_SEE: Duration = Duration::from_hours(24);

/// How one probe stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The next look begins then.
    Due(Instant),
    /// A look is under way.
    Looking {
        /// It may have begun too early: another one is due when it ends.
        again: bool,
    },
}

/// What ends a wait.
enum Event {
    Ordered,
    Due,
    Looked(Result<(Id, Seen), JoinError>),
}

/// Looks until nobody wants to know any more.
pub(super) async fn run(mut wanted: watch::Receiver<Orders>, clocks: Clocks, sensed: mpsc::Sender<Sensed>) {
    let orders = wanted.borrow_and_update().clone();
    let mut schedule = Schedule::new(orders, clocks);
    loop {
        schedule.start_what_is_due();
        let (before, until) = (schedule.last_tick, schedule.next_tick());
        let event = tokio::select! {
            ordered = wanted.changed() => {
                let Ok(()) = ordered else { return };
                Event::Ordered
            }
            () = sensed.closed() => return,
            Some(looked) = schedule.looks.join_next_with_id() => Event::Looked(looked),
            () = sleep_until(until) => Event::Due,
        };
        schedule.last_tick = schedule.clocks.tick();
        let is_ordered = matches!(event, Event::Ordered);
        let news = match slept(before, schedule.last_tick, TICK) {
            Some(slept) => {
                schedule.begin_anew();
                Some(Seen::Woke { slept })
            }
            None => match event {
                Event::Looked(looked) => schedule.note(looked),
                Event::Ordered | Event::Due => None,
            },
        };
        if is_ordered {
            schedule.obey(&wanted.borrow_and_update());
        }
        if let Some(seen) = news {
            let news = Sensed { at: schedule.clocks.moment(), seen };
            if sensed.send(news).await.is_err() {
                return;
            }
        }
    }
}

struct Schedule {
    orders: Orders,
    clocks: Clocks,
    eyes: Arc<Eyes>,
    turns: [Turn; Probe::ALL.len()],
    /// How the last look went.
    went_well: [Option<bool>; Probe::ALL.len()],
    looks: JoinSet<Seen>,
    under_way: HashMap<Id, Probe>,
    last_tick: Tick,
}

impl Schedule {
    fn new(orders: Orders, clocks: Clocks) -> Self {
        let count = Probe::ALL.len();
        Self {
            eyes: Arc::new(Eyes::new(orders.targets.clone())),
            turns: [Turn::Due(Instant::now()); Probe::ALL.len()],
            went_well: [None; Probe::ALL.len()],
            looks: JoinSet::new(),
            under_way: HashMap::with_capacity(count),
            last_tick: clocks.tick(),
            orders,
            clocks,
        }
    }

    /// Forgets the looks under way and the connections they use, and has everything looked at.
    fn begin_anew(&mut self) {
        self.eyes = Arc::new(Eyes::new(self.orders.targets.clone()));
        self.looks = JoinSet::new();
        self.under_way.clear();
        self.turns = [Turn::Due(Instant::now()); Probe::ALL.len()];
    }

    fn next_tick(&self) -> Instant {
        let due = self.turns.iter().filter_map(|turn| match turn {
            Turn::Due(at) => Some(*at),
            Turn::Looking { .. } => None,
        });
        due.fold(Instant::now() + TICK, Instant::min)
    }

    fn start_what_is_due(&mut self) {
        let now = Instant::now();
        for probe in Probe::ALL {
            let turn = &mut self.turns[probe.index()];
            if matches!(turn, Turn::Due(at) if *at <= now) {
                *turn = Turn::Looking { again: false };
                let eyes = Arc::clone(&self.eyes);
                let look = self.looks.spawn(async move { eyes.look(probe).await });
                self.under_way.insert(look.id(), probe);
            }
        }
    }

    /// Takes in the end of a look; returns what it saw.
    fn note(&mut self, looked: Result<(Id, Seen), JoinError>) -> Option<Seen> {
        let id = looked.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let probe = self.under_way.remove(&id)?;
        let seen = match looked {
            Ok((_, seen)) => Some(seen),
            Err(error) => {
                tracing::error!(?probe, %error, "a look at the chain broke off");
                None
            }
        };
        let is_well = seen.as_ref().is_some_and(Seen::is_well);
        let is_set_up = seen.as_ref().is_none_or(Seen::is_set_up);
        let wait = if is_set_up { probe.period(is_well) } else { NOTHING_TO_SEE };
        let is_wanted_again = self.turns[probe.index()] == Turn::Looking { again: true };
        let wait = if is_wanted_again { Duration::ZERO } else { wait };
        self.turns[probe.index()] = Turn::Due(Instant::now() + wait);
        if self.went_well[probe.index()].replace(is_well) == Some(false) && is_well {
            probe.recovery_shows_in().iter().for_each(|other| self.ask(*other));
        }
        seen
    }

    fn obey(&mut self, orders: &Orders) {
        let before = std::mem::replace(&mut self.orders, orders.clone());
        if before.changes != orders.changes {
            self.begin_anew();
        }
        for probe in Probe::ALL {
            if before.asked[probe.index()] != orders.asked[probe.index()] {
                self.ask(probe);
            }
        }
    }

    fn ask(&mut self, probe: Probe) {
        let turn = &mut self.turns[probe.index()];
        *turn = match turn {
            Turn::Due(_) => Turn::Due(Instant::now()),
            Turn::Looking { .. } => Turn::Looking { again: true },
        };
    }
}
