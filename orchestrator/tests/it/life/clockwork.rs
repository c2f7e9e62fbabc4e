//! A scheduler without threads and without a real clock: tasks are futures, time is a number, and everything that is
//! left to chance comes from one seed. The same seed is the same run, step by step.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Steps of a run that are kept to be shown.
const TRACE: usize = 60;

/// Never.
pub(crate) const NEVER: i64 = i64::MAX;

pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Whose memory a task lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Nobody's: the outside world.
    Outside,
    /// That of an orchestrator, and gone when it is killed.
    Process(usize),
}

/// Chance (SplitMix64, so that a seed means the same for ever).
#[derive(Debug)]
pub(crate) struct Dice(Cell<u64>);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` up to and including `to`.
    pub(crate) fn between(&self, from: i64, to: i64) -> i64 {
        from + (self.next() % u64::try_from(to - from + 1).unwrap()).cast_signed()
    }

    pub(crate) fn below(&self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn one_in(&self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// True in so many of a thousand cases.
    pub(crate) fn permille(&self, n: u32) -> bool {
        self.next() % 1000 < u64::from(n)
    }

    pub(crate) fn pick<T: Clone>(&self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn fraction(&self) -> f64 {
        self.below(1_000_000) as f64 / 1e6
    }
}

/// Time, chance and what is to be run.
pub(crate) struct Clockwork {
    pub(crate) dice: Dice,
    now: Cell<i64>,
    current: Cell<u64>,
    due: RefCell<BinaryHeap<Reverse<(i64, u64, u64)>>>,
    born: RefCell<Vec<(Owner, Task)>>,
    killed: RefCell<Vec<Owner>>,
    trace: RefCell<Option<VecDeque<String>>>,
    steps: Cell<u64>,
}

impl Clockwork {
    pub(crate) fn new(seed: u64, tracing: bool) -> Self {
        Self {
            dice: Dice::new(seed),
            now: Cell::new(0),
            current: Cell::new(0),
            due: RefCell::default(),
            born: RefCell::default(),
            killed: RefCell::default(),
            trace: RefCell::new(tracing.then(VecDeque::new)),
            steps: Cell::new(0),
        }
    }

    /// Milliseconds since the run began, as nobody within it knows them.
    pub(crate) const fn now(&self) -> i64 {
        self.now.get()
    }

    pub(crate) const fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub(crate) fn spawn(&self, owner: Owner, task: impl Future<Output = ()> + 'static) {
        self.born.borrow_mut().push((owner, Box::pin(task)));
    }

    /// Ends an owner's tasks wherever they are, also the one that asks for it.
    pub(crate) fn kill(&self, owner: Owner) {
        self.killed.borrow_mut().push(owner);
    }

    pub(crate) const fn sleep(&self, millis: i64) -> Sleep<'_> {
        Sleep { clockwork: self, until: self.now.get().saturating_add(millis), is_set: false, bell: None }
    }

    /// Notes a step, if this run is to be shown.
    pub(crate) fn trace(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            if trace.len() == TRACE {
                trace.pop_front();
            }
            trace.push_back(format!("{:>10.3} s  {}", self.now() as f64 / 1e3, line()));
        }
    }

    pub(crate) fn traced(&self) -> Vec<String> {
        self.trace.borrow().iter().flatten().cloned().collect()
    }

    fn wake_at(&self, at: i64, task: u64) {
        // What is due at the same time comes in any order.
        self.due.borrow_mut().push(Reverse((at, self.dice.next(), task)));
    }
}

/// Runs what was spawned, one task at a time, until nothing is left to do or `look` (asked after each step) says so.
pub(crate) fn run(clockwork: &Clockwork, mut look: impl FnMut() -> bool) {
    let mut tasks: BTreeMap<u64, (Owner, Task)> = BTreeMap::new();
    let mut context = Context::from_waker(Waker::noop());
    let mut last_id = 0;
    loop {
        for owner in clockwork.killed.take() {
            tasks.retain(|_, (whose, _)| *whose != owner);
            clockwork.born.borrow_mut().retain(|(whose, _)| *whose != owner);
        }
        for task in clockwork.born.take() {
            last_id += 1;
            tasks.insert(last_id, task);
            clockwork.wake_at(clockwork.now(), last_id);
        }
        let Some(Reverse((at, _, id))) = clockwork.due.borrow_mut().pop() else { return };
        clockwork.now.set(at.max(clockwork.now()));
        let Some((_, task)) = tasks.get_mut(&id) else { continue };
        clockwork.current.set(id);
        clockwork.steps.set(clockwork.steps.get() + 1);
        if task.as_mut().poll(&mut context).is_ready() {
            tasks.remove(&id);
        }
        if look() {
            return;
        }
    }
}

/// Wakes whoever listens.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Cell<u64>,
    listeners: RefCell<Vec<u64>>,
}

impl Bell {
    pub(crate) fn ring(&self, clockwork: &Clockwork) {
        self.rung.set(self.rung.get() + 1);
        for task in self.listeners.take() {
            clockwork.wake_at(clockwork.now(), task);
        }
    }

    /// Completes at the next ring from now on, at the latest after `millis`.
    pub(crate) const fn wait<'a>(&'a self, clockwork: &'a Clockwork, millis: i64) -> Sleep<'a> {
        self.wait_since(self.heard(), clockwork, millis)
    }

    /// How often it has rung: to be asked before looking, so that no ring in between is missed.
    pub(crate) const fn heard(&self) -> u64 {
        self.rung.get()
    }

    pub(crate) const fn wait_since<'a>(
        &'a self,
        heard: u64,
        clockwork: &'a Clockwork,
        millis: i64,
    ) -> Sleep<'a> {
        Sleep { bell: Some((self, heard)), ..clockwork.sleep(millis) }
    }
}

/// Completes when its time has come or its bell has rung.
pub(crate) struct Sleep<'a> {
    clockwork: &'a Clockwork,
    until: i64,
    is_set: bool,
    bell: Option<(&'a Bell, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let has_rung = self.bell.is_some_and(|(bell, heard)| bell.heard() != heard);
        if has_rung || self.clockwork.now() >= self.until {
            return Poll::Ready(());
        }
        if !self.is_set {
            self.is_set = true;
            let task = self.clockwork.current.get();
            if self.until != NEVER {
                self.clockwork.wake_at(self.until, task);
            }
            if let Some((bell, _)) = self.bell {
                bell.listeners.borrow_mut().push(task);
            }
        }
        Poll::Pending
    }
}
