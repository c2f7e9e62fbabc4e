//! The queue's life, simulated: tickets, orchestrators, models, Discord and people, driven by one seed, with kills at
//! every step, delays, duplicates and jumps of clocks. Thousands of seeds run against a model of the store; some dozens
//! against the model and the real store side by side, which must agree after every step.
//!
//! `LIFE_SEED=7 cargo test -p orchestrator --locked --test it life` replays one seed and shows its last steps;
//! `LIFE_SEEDS=200000` runs more of them against the model, `LIFE_STORE_SEEDS=500` more against the store.

mod announce;
mod book;
mod clockwork;
mod invariants;
mod model;
mod model_ends;
mod model_intake;
mod people;
mod process;
mod providers;
mod queue;
mod real;
mod triaging;
mod webhooks;
mod world;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use clockwork::Clockwork;
use queue::Queue;
use real::Real;
pub(crate) use triaging::verdict;
use world::{Plan, World};

/// Seeds against the model alone, in every test run.
const SEEDS: u64 = 4_000;

/// A run that has not come to its end after so many milliseconds of its own time never will.
const LONGEST: i64 = 72 * 3_600_000;

/// Nor one that takes so many steps.
const MOST_STEPS: u64 = 200_000;

type Seen = BTreeMap<&'static str, u64>;

/// One run: what was seen, or what broke and the last steps before.
fn live(seed: u64, real: Option<Real>, tracing: bool) -> (Result<Seen, String>, Option<Real>) {
    let clockwork = Clockwork::new(seed, tracing);
    let plan = Plan::draw(&clockwork.dice);
    let world = Rc::new(World::new(clockwork, plan, Queue::new(real)));
    people::begin(&world);
    let mut broken = None;
    clockwork::run(&world.clockwork, || {
        if world.is_dirty.replace(false) {
            broken = invariants::always(&world).err();
        }
        let clockwork = &world.clockwork;
        let is_over = clockwork.now() > LONGEST || clockwork.steps() > MOST_STEPS;
        broken.is_some() || is_over || invariants::is_at_rest(&world)
    });
    let outcome = broken.map_or_else(|| invariants::in_the_end(&world), Err);
    let outcome = outcome.map_err(|what| {
        let steps = world.clockwork.traced().join("\n  ");
        format!("seed {seed}: {what}\n  {:?}\n  {steps}", world.plan)
    });
    let mut seen = std::mem::take(&mut world.book.borrow_mut().seen);
    seen.insert("step", world.clockwork.steps());
    let real = std::mem::replace(&mut *world.queue.borrow_mut(), Queue::new(None)).into_real();
    world.processes.borrow_mut().clear();
    (outcome.map(|()| seen), real)
}

/// Says which seed was running when something panics.
struct Naming(u64);

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} panicked; replay it with LIFE_SEED={}", self.0, self.0);
        }
    }
}

fn fail(seed: u64, how: &str) -> ! {
    // Once more, remembering its steps.
    let (outcome, _) = live(seed, None, true);
    let shown = outcome.err().unwrap_or_else(|| how.to_owned());
    panic!("{shown}\nreplay: LIFE_SEED={seed} cargo test -p orchestrator --locked --test it life::every");
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_ticket_comes_to_its_end_whatever_happens() {
    if let Some(seed) = setting("LIFE_SEED") {
        let (outcome, _) = live(seed, None, true);
        eprintln!("{outcome:#?}");
        assert!(outcome.is_ok());
        return;
    }
    let (seeds, next) = (setting("LIFE_SEEDS").unwrap_or(SEEDS), AtomicU64::new(0));
    let work = || {
        let mut seen = Seen::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return seen;
            }
            let _naming = Naming(seed);
            match live(seed, None, false).0 {
                Ok(one) => one.into_iter().for_each(|(what, n)| *seen.entry(what).or_default() += n),
                Err(how) => fail(seed, &how),
            }
        }
    };
    let halves = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut seen = Seen::new();
    halves.into_iter().flatten().for_each(|(what, n)| *seen.entry(what).or_default() += n);
    eprintln!("{seeds} seeds: {seen:?}");
    for what in SEEN {
        assert!(seen.contains_key(what), "in {seeds} runs there was no: {what}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let shown = |seed| live(seed, None, true).0.unwrap();
    for seed in 0..20 {
        assert_eq!(shown(seed), shown(seed));
    }
    assert_ne!(shown(0), shown(1));
}

/// A run in which none of this happens proves nothing about it.
const SEEN: [&str; 16] = [
    "duplicate",
    "late text",
    "restored ticket",
    "takeover",
    "kill",
    "stop",
    "killed before the id of a message was stored",
    "answer of Discord lost",
    "a living worker lost its lease",
    "fenced",
    "verdict",
    "failure",
    "gone",
    "unchanged",
    "request of a person",
    "told that it waits",
];

fn side_by_side(postgres: bool, seeds: std::ops::Range<u64>) {
    let Some(mut real) = Real::open(postgres) else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let seeds = setting("LIFE_STORE_SEEDS").map_or(seeds, |count| 0..count);
    let seeds = setting("LIFE_SEED").map_or(seeds, |seed| seed..seed + 1);
    for seed in seeds {
        let _naming = Naming(seed);
        real.clear();
        let (outcome, back) = live(seed, Some(real), true);
        if let Err(how) = outcome {
            panic!(
                "{how}\nreplay: LIFE_SEED={seed} cargo test -p orchestrator --locked --test it life::the_store"
            );
        }
        real = back.unwrap();
    }
}

mod the_store_does_what_the_model_does {
    #[test]
    fn sqlite() {
        super::side_by_side(false, 0..40);
    }

    #[test]
    fn postgres() {
        super::side_by_side(true, 0..10);
    }
}
