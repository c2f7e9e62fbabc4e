//! Taking webhooks: how many acknowledgements per second, how long one takes. Interleaved with pgbench on Postgres.

use std::time::Duration;

use anyhow::Result;

use super::{BUSY_MODEL, Lab};
use crate::database::Engine;
use crate::load::{self, Done};
use crate::orchestrator::Orchestrator;
use crate::process;
use crate::report::Bar;
use crate::stats::{count, percentile_ms};

/// Connections that webhooks come on.
const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// Events in a batch.
const BATCH: usize = 100;

/// Connections that batches come on, and how many on each: what HubSpot has under way at once by default, and ten times that.
const BATCHES: [(usize, usize); 2] = [(10, 20), (100, 5)];

/// Requests per second of the open loop.
const STEADY: u32 = 800;

#[derive(Default)]
struct Rounds {
    pgbench: Vec<f64>,
    rate: Vec<f64>,
    ratio: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// Microseconds of processor time per acknowledgement: orchestrator, Postgres, load generator with stubs.
    cpu: [Vec<f64>; 3],
}

impl Rounds {
    fn add(&mut self, done: &Done, events_each: usize, pgbench: Option<f64>) {
        let (rate, latencies) = (done.rate() * count(events_each), done.latencies());
        self.rate.push(rate);
        self.p50.push(percentile_ms(&latencies, 50.0));
        self.p99.push(percentile_ms(&latencies, 99.0));
        if let Some(pgbench) = pgbench {
            self.pgbench.push(pgbench);
            self.ratio.push(rate / pgbench);
        }
    }
}

/// Acknowledgements on 1, 8 and 64 connections, in batches and at a steady rate.
pub(crate) async fn run(lab: &mut Lab, engine: Engine, scenario: &'static str) -> Result<()> {
    lab.begin(BUSY_MODEL);
    let database = lab.database(engine, "ingest").await?;
    let orchestrator = lab.program.serve(&database, &[("CLOUD_FALLBACK", "off")]).await?;
    let mut sent =
        load::closed(orchestrator.port, &lab.numbers, 8, Duration::from_millis(500)).await?.sent.len();
    let mut single: Vec<Rounds> = CONNECTIONS.iter().map(|_| Rounds::default()).collect();
    let mut batches: Vec<Rounds> = BATCHES.iter().map(|_| Rounds::default()).collect();
    let mut steady = Rounds::default();
    for round in 1..=lab.size.rounds {
        lab.say(&format!("{scenario}: round {round} of {}", lab.size.rounds));
        for (connections, rounds) in CONNECTIONS.into_iter().zip(&mut single) {
            let pgbench = pgbench(lab, engine, connections).await?;
            let cpu = cpu_seconds(lab, &orchestrator)?;
            let done = load::closed(orchestrator.port, &lab.numbers, connections, lab.size.time).await?;
            for ((used, before), rounds) in
                cpu_seconds(lab, &orchestrator)?.iter().zip(cpu).zip(&mut rounds.cpu)
            {
                rounds.push((used - before) * 1e6 / count(done.sent.len()));
            }
            sent += done.sent.len();
            rounds.add(&done, 1, pgbench);
        }
        let pgbench = single.last().and_then(|rounds| rounds.pgbench.last().copied());
        for ((connections, each), rounds) in BATCHES.into_iter().zip(&mut batches) {
            let done = load::batches(orchestrator.port, &lab.numbers, connections, each, BATCH).await?;
            sent += done.sent.len() * BATCH;
            rounds.add(&done, BATCH, pgbench);
        }
        lab.server.checkpoint().await?;
        let done = load::open(orchestrator.port, &lab.numbers, STEADY, lab.size.time).await?;
        sent += done.sent.len();
        steady.add(&done, 1, None);
    }
    let rows = database.count("webhook_events").await?;
    lab.report.check(&format!("{scenario}: events stored of those acknowledged"), rows, sent);
    let memory = orchestrator.memory();
    drop(orchestrator);
    database.delete().await?;
    tell_single(lab, engine, scenario, single);
    tell_batches(lab, engine, scenario, batches);
    lab.report.add(scenario, format!("open loop {STEADY}/s: p50"), "ms", steady.p50);
    lab.report.bar_of(engine, Bar::AtMost(1.0));
    lab.report.add(scenario, format!("open loop {STEADY}/s: p99"), "ms", steady.p99);
    lab.report.bar_of(engine, Bar::AtMost(10.0));
    lab.report.add(scenario, "peak memory (RSS) after all of it", "MiB", vec![memory.peak]);
    lab.report.bar(Bar::AtMost(80.0));
    Ok(())
}

async fn pgbench(lab: &Lab, engine: Engine, clients: usize) -> Result<Option<f64>> {
    if engine == Engine::Sqlite {
        return Ok(None);
    }
    let rate = lab.pgbench.inserts(clients, lab.size.time).await?;
    lab.server.checkpoint().await?;
    Ok(Some(rate))
}

/// What orchestrator, Postgres and this process have used so far.
fn cpu_seconds(lab: &Lab, orchestrator: &Orchestrator) -> Result<[f64; 3]> {
    let ours = process::cpu_seconds(std::process::id());
    Ok([orchestrator.cpu_seconds(), process::cpu_seconds_of_tree(lab.server.pid()?), ours])
}

fn tell_single(lab: &mut Lab, engine: Engine, scenario: &'static str, single: Vec<Rounds>) {
    let report = &mut lab.report;
    for (connections, rounds) in CONNECTIONS.into_iter().zip(single) {
        let on =
            if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
        let is_largest = connections == 64;
        if engine == Engine::Postgres {
            report.add(scenario, format!("pgbench, single-row insert, {on}"), "/s", rounds.pgbench);
        }
        report.add(scenario, format!("acknowledgements, {on}"), "/s", rounds.rate);
        if engine == Engine::Postgres {
            report.add(scenario, format!("ratio to pgbench, {on}"), "×", rounds.ratio);
            if is_largest {
                report.bar(Bar::AtLeast(1.0));
            }
        }
        report.add(scenario, format!("acknowledgement p50, {on}"), "ms", rounds.p50);
        report.add(scenario, format!("acknowledgement p99, {on}"), "ms", rounds.p99);
        if is_largest {
            report.bar_of(engine, Bar::AtMost(25.0));
            for (who, rounds) in
                ["the orchestrator", "Postgres", "the load generator"].into_iter().zip(rounds.cpu)
            {
                if engine == Engine::Postgres || who != "Postgres" {
                    report.add(
                        scenario,
                        format!("processor time of {who} per acknowledgement, {on}"),
                        "µs",
                        rounds,
                    );
                }
            }
        }
    }
}

fn tell_batches(lab: &mut Lab, engine: Engine, scenario: &'static str, batches: Vec<Rounds>) {
    let report = &mut lab.report;
    for ((connections, _), rounds) in BATCHES.into_iter().zip(batches) {
        let of = format!("batches of {BATCH} events, {connections} connections");
        report.add(scenario, format!("{of}: events"), "/s", rounds.rate);
        if engine == Engine::Postgres {
            report.add(scenario, format!("{of}: ratio to pgbench on 64"), "×", rounds.ratio);
        }
        report.add(scenario, format!("{of}: p50"), "ms", rounds.p50);
        report.add(scenario, format!("{of}: p99"), "ms", rounds.p99);
        if connections == 100 {
            report.bar_of(engine, Bar::AtMost(200.0));
        }
    }
}
