//! What one run is about: its settings, how much goes wrong in it, and the outside services.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use orchestrator::clients::fault::{Fault, Kind as FaultKind};
use triage::stage::CloudFallback;
use triage::ticket::Text;
use triage::time::Timestamp;

use super::book::Book;
use super::clockwork::{Bell, Clockwork, Dice};
use super::model::Id;
use super::model_ends::News;
use super::process::Process;
use super::queue::Queue;

/// When a run begins, by the database's clock.
const START: i64 = 1_795_392_000_000;

/// So many of a thousand occasions go wrong; each run draws its own, and in many of them a kind of fault is absent.
#[derive(Debug)]
pub(crate) struct Odds {
    /// A process is killed at the boundary of a step.
    pub(crate) die: u32,
    /// A task stands still for up to two minutes at the boundary of a step.
    pub(crate) stall: u32,
    /// The database fails, before or after the commit.
    pub(crate) database: u32,
    /// A webhook or its answer is lost.
    pub(crate) network: u32,
    pub(crate) discord: u32,
    /// A model's next state is a bad one.
    pub(crate) models: u32,
    pub(crate) hubspot: u32,
    /// What happens now and then: kills, stops, jumps of clocks, absences of the database, people who meddle.
    pub(crate) mishaps: u32,
}

/// The settings of one run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) processes: usize,
    pub(crate) workers: usize,
    pub(crate) tickets: usize,
    pub(crate) retriage: bool,
    pub(crate) has_access: bool,
    pub(crate) has_local: bool,
    pub(crate) has_groq: bool,
    pub(crate) cloud: CloudFallback,
    /// Clocks may jump.
    pub(crate) jumps: bool,
    /// New tickets are stored by a transaction of their own before all else, as on Postgres.
    pub(crate) two_commits: bool,
    /// Whoever asks a model about this ticket dies.
    pub(crate) poison: Option<Id>,
    /// No model answers this one sensibly.
    pub(crate) riddle: Option<Id>,
    /// How long things go wrong, in milliseconds.
    pub(crate) chaos: i64,
    pub(crate) odds: Odds,
}

impl Plan {
    pub(crate) fn draw(dice: &Dice) -> Self {
        let rate = || dice.pick(&[0, 0, 5, 20, 60, 200]);
        let tickets = dice.pick(&[1, 1, 2, 3, 4]);
        let one = |n| dice.one_in(n).then(|| (1 + dice.below(tickets)).to_string());
        let (has_local, has_groq, cloud) = dice.pick(&[
            (true, true, CloudFallback::Redacted),
            (true, true, CloudFallback::Full),
            (true, true, CloudFallback::Off),
            (true, false, CloudFallback::Redacted),
            (false, true, CloudFallback::Redacted),
        ]);
        Self {
            processes: dice.pick(&[1, 2, 2, 3]),
            workers: dice.pick(&[1, 2, 3]),
            tickets,
            retriage: dice.one_in(2),
            has_access: !dice.one_in(3),
            has_local,
            has_groq,
            cloud,
            jumps: dice.one_in(3),
            two_commits: dice.one_in(2),
            poison: one(20),
            riddle: one(20),
            chaos: dice.pick(&[60_000, 180_000, 600_000, 1_800_000]),
            odds: Odds {
                die: rate() / 4,
                stall: rate() / 4,
                database: rate() / 2,
                network: rate(),
                discord: rate() * 2,
                models: rate() * 4,
                hubspot: rate() * 2,
                mishaps: rate() * 4,
            },
        }
    }
}

/// How a model behaves for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Gone,
    Broken,
    Hanging,
    Babbling,
    Busy,
    TooLong,
    Refusing,
}

/// What HubSpot knows of a ticket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) text: Text,
    pub(crate) is_deleted: bool,
    /// Its index knows the ticket from then on.
    pub(crate) indexed_at: i64,
}

/// A message in the channel.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) ticket: Id,
    pub(crate) shows: News,
    pub(crate) is_deleted: bool,
}

pub(crate) struct World {
    pub(crate) clockwork: Clockwork,
    pub(crate) plan: Plan,
    pub(crate) queue: RefCell<Queue>,
    pub(crate) book: RefCell<Book>,
    pub(crate) processes: RefCell<Vec<Option<Rc<Process>>>>,
    pub(crate) hubspot: RefCell<BTreeMap<Id, Record>>,
    pub(crate) moods: [Cell<Mood>; 2],
    pub(crate) channel: RefCell<Vec<Message>>,
    /// The webhook of the channel exists.
    pub(crate) has_channel: Cell<bool>,
    /// Nothing goes wrong any more.
    pub(crate) is_calm: Cell<bool>,
    /// Senders of webhooks that have not given up yet.
    pub(crate) sending: Cell<usize>,
    pub(crate) database_away_until: Cell<i64>,
    /// How far the database's clock is ahead.
    pub(crate) ahead: Cell<i64>,
    /// Rows have changed since the invariants were looked at.
    pub(crate) is_dirty: Cell<bool>,
    last_id: Cell<u64>,
    is_stirring: Cell<bool>,
    pub(crate) stirred: Bell,
}

impl World {
    pub(crate) fn new(clockwork: Clockwork, plan: Plan, queue: Queue) -> Self {
        Self {
            book: RefCell::default(),
            processes: RefCell::new(vec![None; plan.processes]),
            hubspot: RefCell::default(),
            moods: [Cell::new(Mood::Well), Cell::new(Mood::Well)],
            channel: RefCell::default(),
            has_channel: Cell::new(true),
            is_calm: Cell::new(false),
            sending: Cell::new(0),
            database_away_until: Cell::new(0),
            ahead: Cell::new(0),
            is_dirty: Cell::new(true),
            last_id: Cell::new(0),
            is_stirring: Cell::new(false),
            stirred: Bell::default(),
            queue: RefCell::new(queue),
            clockwork,
            plan,
        }
    }

    pub(crate) const fn dice(&self) -> &Dice {
        &self.clockwork.dice
    }

    /// Whether this time it goes wrong.
    pub(crate) fn strikes(&self, permille: u32) -> bool {
        permille > 0 && !self.is_calm.get() && self.dice().permille(permille)
    }

    /// The database's time.
    pub(crate) const fn now(&self) -> Timestamp {
        self.at(self.ahead.get())
    }

    /// The time by a clock that is so far ahead.
    pub(crate) const fn at(&self, ahead: i64) -> Timestamp {
        Timestamp::from_millis(START + self.clockwork.now() + ahead)
    }

    pub(crate) fn id(&self, of: &str) -> String {
        self.last_id.set(self.last_id.get() + 1);
        format!("{of}{}", self.last_id.get())
    }

    /// Whether the last transaction changed anything; then everybody will hear of it.
    pub(crate) fn has_changed(self: &Rc<Self>) -> bool {
        let has_changed = std::mem::take(&mut self.queue.borrow_mut().has_changed);
        if has_changed {
            self.stir();
        }
        has_changed
    }

    /// Everybody looks into the queue within five seconds: polling, once for everything that changed meanwhile.
    pub(crate) fn stir(self: &Rc<Self>) {
        self.is_dirty.set(true);
        if self.is_stirring.replace(true) {
            return;
        }
        let world = Rc::clone(self);
        let wait = self.dice().pick(&[5, 5, 300, 5_000]);
        self.clockwork.spawn(super::clockwork::Owner::Outside, async move {
            world.clockwork.sleep(wait).await;
            world.is_stirring.set(false);
            world.stirred.ring(&world.clockwork);
            for process in world.processes.borrow().iter().flatten() {
                process.ring();
            }
        });
    }

    /// A moment, or sometimes much more.
    pub(crate) async fn moment(&self) {
        let stalls = self.strikes(self.plan.odds.stall);
        let wait = if stalls { self.dice().between(1, 120_000) } else { self.dice().between(0, 5) };
        self.clockwork.sleep(wait).await;
    }

    /// What a model says about a ticket: `Ok(true)` for a good answer.
    pub(crate) async fn ask(&self, which: usize, ticket: &Id) -> Result<bool, Fault> {
        let mood = if self.is_calm.get() { Mood::Well } else { self.moods[which].get() };
        let (least, most) = match mood {
            Mood::Hanging => (20_000, 120_000),
            Mood::Gone | Mood::Busy | Mood::Refusing | Mood::TooLong => (1, 100),
            Mood::Broken => (1, 30_000),
            Mood::Well | Mood::Babbling => (300, 9_000),
        };
        self.clockwork.sleep(self.dice().between(least, most)).await;
        let fault = |kind| Err(Fault::new(kind, format!("{mood:?}")));
        match mood {
            Mood::Well => Ok(self.plan.riddle.as_ref() != Some(ticket)),
            Mood::Babbling => Ok(false),
            Mood::Gone => fault(FaultKind::TunnelDown),
            Mood::Broken => fault(FaultKind::ServerError),
            Mood::Hanging => fault(FaultKind::Timeout),
            Mood::TooLong => fault(FaultKind::TooLong),
            Mood::Refusing => fault(FaultKind::Refused),
            Mood::Busy => {
                let retry_after = self.dice().pick(&[None, Some(Duration::from_secs(20))]);
                Err(Fault { retry_after, ..Fault::new(FaultKind::Busy, "busy") })
            }
        }
    }
}
