//! An orchestrator as `worker/mod.rs` makes it, without the input and output: crews that claim, leases that are kept, and
//! what is looked after beside.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use orchestrator::queue::{EXTEND_EVERY, Incoming, Proof};
use triage::breaker::{Breaker, Limits};
use triage::ticket::Provider;
use triage::time::Timestamp;

use super::clockwork::{Bell, NEVER, Owner};
use super::model::{Claimed, Work};
use super::queue::Queue;
use super::world::World;
use super::{announce, triaging};

/// The database failed, and what was asked of it may have happened or not.
#[derive(Debug)]
pub(crate) struct Away;

pub(crate) type Result<T> = std::result::Result<T, Away>;

/// What dies with a process.
pub(crate) struct Process {
    pub(crate) index: usize,
    pub(crate) world: Rc<World>,
    /// How far its clock is ahead.
    pub(crate) ahead: Cell<i64>,
    pub(super) breakers: [RefCell<Breaker>; 2],
    pub(super) free_calls: [Cell<usize>; 2],
    pub(super) learned: Bell,
    free_workers: [Cell<usize>; 2],
    work: [Bell; 2],
    /// Webhooks that wait for a transaction.
    pub(crate) waiting: RefCell<Vec<(Incoming, Rc<Answer>)>>,
    pub(crate) arrived: Bell,
    pub(crate) is_stopping: Cell<bool>,
    pub(crate) abandoned: Bell,
    pub(crate) discord_stopped: Cell<bool>,
    pub(crate) proved: [Cell<bool>; 2],
    pub(crate) discord_proved: Cell<bool>,
    pub(crate) hubspot_proved: Cell<bool>,
    /// Discord wants no call before this.
    pub(crate) discord_not_before: Cell<i64>,
}

/// What the sender of a webhook waits for.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) is_stored: Cell<Option<bool>>,
    pub(crate) bell: Bell,
}

const fn slot(kind: Work) -> usize {
    match kind {
        Work::Triage => 0,
        Work::Discord => 1,
    }
}

/// Starts an orchestrator.
pub(crate) fn start(world: &Rc<World>, index: usize) {
    world.clockwork.trace(|| format!("P{index} starts"));
    let breaker = || RefCell::new(Breaker::new(Limits::default()));
    let process = Rc::new(Process {
        index,
        world: Rc::clone(world),
        ahead: Cell::new(world.ahead.get()),
        breakers: [breaker(), breaker()],
        free_calls: [Cell::new(1), Cell::new(2)],
        learned: Bell::default(),
        free_workers: [Cell::new(world.plan.workers), Cell::new(8)],
        work: [Bell::default(), Bell::default()],
        waiting: RefCell::default(),
        arrived: Bell::default(),
        is_stopping: Cell::new(false),
        abandoned: Bell::default(),
        discord_stopped: Cell::new(false),
        proved: Default::default(),
        discord_proved: Cell::new(false),
        hubspot_proved: Cell::new(false),
        discord_not_before: Cell::new(0),
    });
    world.processes.borrow_mut()[index] = Some(Rc::clone(&process));
    for kind in Work::ALL {
        process.spawn(Rc::clone(&process).crew(kind));
        process.spawn(Rc::clone(&process).wake_waiting(kind, Proof::Answers));
    }
    for provider in [Provider::Local, Provider::Groq] {
        process.spawn(Rc::clone(&process).probe(provider));
    }
    process.spawn(Rc::clone(&process).sweep());
    process.spawn(super::webhooks::intake(Rc::clone(&process)));
}

/// Kills an orchestrator at once; it comes back after a while.
pub(crate) fn kill(world: &Rc<World>, index: usize, how: &str) {
    if world.processes.borrow_mut()[index].take().is_none() {
        return;
    }
    world.clockwork.trace(|| format!("P{index} {how}"));
    world.book.borrow_mut().killed(index);
    world.clockwork.kill(Owner::Process(index));
    let world = Rc::clone(world);
    let away = world.dice().pick(&[0, 2_000, 45_000]);
    Rc::clone(&world).clockwork.spawn(Owner::Outside, async move {
        world.clockwork.sleep(away).await;
        start(&world, index);
    });
}

impl Process {
    pub(crate) fn now(&self) -> Timestamp {
        self.world.at(self.ahead.get())
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.world.clockwork.spawn(Owner::Process(self.index), task);
    }

    pub(crate) async fn sleep(&self, wait: Duration) {
        self.world.clockwork.sleep(i64::try_from(wait.as_millis()).unwrap()).await;
    }

    pub(crate) fn wake(&self, kind: Work) {
        self.work[slot(kind)].ring(&self.world.clockwork);
    }

    /// Looks into the queue at the next occasion.
    pub(crate) fn ring(&self) {
        Work::ALL.into_iter().for_each(|kind| self.wake(kind));
    }

    /// The boundary of a step: the process may die here, or stand still.
    pub(crate) async fn boundary(&self) {
        if self.world.strikes(self.world.plan.odds.die) {
            kill(&self.world, self.index, "dies at this point");
            return std::future::pending().await;
        }
        self.world.moment().await;
    }

    /// One transaction. It may fail before its commit or after it, and the process may die on either side.
    pub(crate) async fn db<T: std::fmt::Debug>(
        &self,
        what: impl Fn() -> String,
        transaction: impl FnOnce(&mut Queue, Timestamp) -> T,
    ) -> Result<T> {
        let now = self.now();
        self.boundary().await;
        let world = &self.world;
        let is_away = world.clockwork.now() < world.database_away_until.get();
        let fails = is_away || world.strikes(world.plan.odds.database);
        let commits = !fails || (!is_away && world.dice().one_in(2));
        if commits {
            let done = transaction(&mut world.queue.borrow_mut(), now);
            let lost = if fails { " (and the answer is lost)" } else { "" };
            if world.has_changed() || fails {
                world.clockwork.trace(|| format!("P{} {}: {done:?}{lost}", self.index, what()));
            }
            self.boundary().await;
            if !fails {
                return Ok(done);
            }
        }
        Err(Away)
    }

    /// Stores how a piece of work ended, again and again.
    pub(crate) async fn insist<T: std::fmt::Debug>(
        &self,
        what: impl Fn() -> String,
        transaction: impl Fn(&mut Queue, Timestamp) -> T,
    ) -> Result<T> {
        let mut pause = Duration::from_millis(200);
        loop {
            match self.db(&what, &transaction).await {
                Err(Away) if pause < Duration::from_secs(12) => {
                    self.sleep(pause).await;
                    pause *= 2;
                }
                end => return end,
            }
        }
    }

    async fn crew(self: Rc<Self>, kind: Work) {
        let (clockwork, bell, free) =
            (&self.world.clockwork, &self.work[slot(kind)], &self.free_workers[slot(kind)]);
        loop {
            let heard = bell.heard();
            let is_resting = kind == Work::Discord && self.discord_stopped.get();
            if free.get() == 0 || self.is_stopping.get() || is_resting {
                bell.wait_since(heard, clockwork, NEVER).await;
                continue;
            }
            let limit = free.get();
            let dice = self.world.dice();
            let claim = |queue: &mut Queue, now| {
                let claimed = queue.claim(kind, limit, now, dice);
                self.world.book.borrow_mut().claimed(self.index, &claimed);
                claimed
            };
            let pause = match self.db(|| format!("claims for {}", kind.as_str()), claim).await {
                Ok(jobs) if jobs.is_empty() => {
                    let due = self.world.queue.borrow_mut().next_due(kind);
                    due.map_or(NEVER, |due| due.as_millis().saturating_sub(self.now().as_millis()).max(10))
                }
                Ok(jobs) => {
                    for job in jobs {
                        self.world.book.borrow_mut().begins(&job);
                        free.set(free.get() - 1);
                        self.spawn(Rc::clone(&self).work(job));
                    }
                    continue;
                }
                Err(Away) => {
                    self.world.book.borrow_mut().claims_lost(self.index, kind);
                    500
                }
            };
            bell.wait_since(heard, clockwork, pause).await;
        }
    }

    async fn work(self: Rc<Self>, job: Claimed) {
        let perform = async {
            match job.kind {
                Work::Triage => triaging::perform(&self, &job).await,
                Work::Discord => announce::perform(&self, &job).await,
            }
        };
        let stops = async {
            let abandoned = self.abandoned.wait(&self.world.clockwork, NEVER);
            matches!(select(pin!(self.lose_lease(&job)), abandoned).await, Either::Right(_))
        };
        let end = match select(pin!(perform), pin!(stops)).await {
            Either::Left((Ok(()), _)) => "done",
            Either::Left((Err(Away), _)) => "interrupted",
            Either::Right((true, _)) => "abandoned",
            Either::Right((false, _)) => "lease lost",
        };
        self.world
            .clockwork
            .trace(|| format!("P{} {} of {}: {end}", self.index, job.kind.as_str(), job.ticket));
        self.world.book.borrow_mut().ends(&job);
        if end == "abandoned" || end == "lease lost" {
            self.world.book.borrow_mut().dropped(&job, end == "lease lost");
        }
        if end == "abandoned" {
            let _ = self
                .db(|| format!("hands {} back", job.ticket), |queue, now| queue.hand_back(&job, now))
                .await;
        }
        let free = &self.free_workers[slot(job.kind)];
        free.set(free.get() + 1);
        self.wake(job.kind);
    }

    async fn lose_lease(&self, job: &Claimed) {
        loop {
            self.sleep(EXTEND_EVERY).await;
            let extend = |queue: &mut Queue, now| queue.extend(job, now);
            if let Ok(false) = self.db(|| format!("extends {}", job.ticket), extend).await {
                return;
            }
        }
    }

    pub(crate) async fn wake_waiting(self: Rc<Self>, kind: Work, proof: Proof) {
        let what = || format!("wakes {} ({proof:?})", kind.as_str());
        while self.db(what, |queue, now| queue.wake_waiting(kind, proof, now)).await.is_err() {
            self.sleep(Duration::from_millis(500)).await;
        }
        self.wake(kind);
    }

    async fn sweep(self: Rc<Self>) {
        loop {
            let sweep = |queue: &mut Queue, now| {
                let told = queue.announce_waiting(now);
                self.world.book.borrow_mut().told_waiting(&told);
                told
            };
            if self.db(|| "sweeps".to_owned(), sweep).await.is_ok_and(|told| !told.is_empty()) {
                self.wake(Work::Discord);
            }
            // Seldom, and only while something waits: how late a ticket is announced does not matter here.
            let heard = self.world.stirred.heard();
            if self.world.queue.borrow().model.triage_jobs.is_empty() {
                self.world.stirred.wait_since(heard, &self.world.clockwork, NEVER).await;
            }
            self.world.clockwork.sleep(self.world.dice().between(15_000, 240_000)).await;
        }
    }

    pub(crate) fn look_again(self: &Rc<Self>) {
        self.spawn(Rc::clone(self).wake_waiting(Work::Triage, Proof::Answers));
    }
}
