//! Two orchestrators on one Postgres under load, while they are killed, Postgres restarts, and everything outside
//! misbehaves; then what became of each ticket. `scripts/chaos` runs it, and a short form is a test.

mod plan;
mod report;
mod scene;

pub use plan::Options;
pub use report::Report;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sims::hubspot::Ticket;
use tokio::task::{JoinSet, LocalSet};

use crate::postgres::number;
use scene::Scene;

/// How often the progress is told.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How often one looks whether everything is done.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What has happened so far, as HubSpot and the one who kills know it.
#[derive(Debug, Clone, Default)]
struct Ledger {
    /// When the first 202 about a ticket came, in milliseconds since the epoch.
    accepted: BTreeMap<u64, i64>,
    refused: usize,
    unanswered: usize,
    kills: usize,
    restarts: usize,
    taken_over: usize,
}

impl Ledger {
    fn accept(&mut self, tickets: &[Ticket]) {
        let now = sims::now().timestamp_millis();
        for ticket in tickets {
            self.accepted.entry(ticket.id).or_insert(now);
        }
    }
}

/// Runs it all; `say` gets a line of progress now and then. The logs of a run that went wrong are kept.
///
/// # Panics
/// When a process does not start, or does not end as it should.
pub async fn run(options: &Options, say: fn(&str)) -> Report {
    LocalSet::new().run_until(run_here(options, say)).await
}

async fn run_here(options: &Options, say: fn(&str)) -> Report {
    let began = Instant::now();
    let scene = Rc::new(Scene::set(options).await);
    let mut actors = JoinSet::new();
    let storm = tokio::time::Instant::now();
    let mut told = storm;
    for (at, step) in plan::draw(options) {
        while told + TELL_EVERY < storm + at {
            told += TELL_EVERY;
            tokio::time::sleep_until(told).await;
            say(&progress(&scene, began).await);
        }
        tokio::time::sleep_until(storm + at).await;
        let scene = Rc::clone(&scene);
        actors.spawn_local(async move { scene.play(step).await });
    }
    say("nothing goes wrong any more; waiting until everything is done");
    while let Some(acted) = actors.join_next().await {
        acted.expect("no actor gives up");
    }
    settle(&scene, began, options.most, say).await;
    scene.end().await;
    let ledger = scene.ledger().clone();
    let report = Report::read(&scene.world, &ledger, began.elapsed()).await;
    let report = report.expect("the database answers in the end");
    if let Some(scene) = Rc::into_inner(scene).filter(|_| !report.problems().is_empty()) {
        say(&format!("the logs stay in {}", scene.world.keep().display()));
    }
    report
}

async fn settle(scene: &Scene, began: Instant, most: Duration, say: fn(&str)) {
    let mut look_again = tokio::time::interval(LOOK_EVERY);
    let mut told = Instant::now();
    while began.elapsed() < most {
        look_again.tick().await;
        if number(scene.database(), "select count(*) from jobs").await == Ok(0) {
            return;
        }
        if told.elapsed() > TELL_EVERY {
            told = Instant::now();
            say(&progress(scene, began).await);
        }
    }
    say("time is up");
}

async fn progress(scene: &Scene, began: Instant) -> String {
    let done = number(scene.database(), "select count(*) from processed_tickets").await;
    let left = number(scene.database(), "select count(*) from jobs").await;
    let shown = |count: Result<usize, String>| count.map_or_else(|_| "?".to_owned(), |n| n.to_string());
    let ledger = scene.ledger();
    format!(
        "{:>4} s  accepted {:>4}  verdicts {:>4}  jobs {:>4}  messages {:>4}  kills {:>2}  restarts {}",
        began.elapsed().as_secs(),
        ledger.accepted.len(),
        shown(done),
        shown(left),
        scene.world.discord.messages().len(),
        ledger.kills,
        ledger.restarts
    )
}
