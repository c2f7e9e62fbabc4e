//! A burst: many tickets at once, all of them followed to Discord; what that costs of the processor.

use std::time::Duration;

use anyhow::Result;

use super::{Lab, PATIENCE, WIDE};
use crate::clock::now_ns;
use crate::database::Engine;
use crate::load;
use crate::process::cpu_seconds_of_tree;
use crate::report::Bar;
use crate::stats::{count, percentile_ms};
use crate::stub::LocalModel;

/// Connections that the burst comes on.
const CONNECTIONS: usize = 64;

#[derive(Default)]
struct Rounds {
    whole: Vec<f64>,
    drain: Vec<f64>,
    cpu: Vec<f64>,
    database_cpu: Vec<f64>,
    ack_p99: Vec<f64>,
}

/// Sends a burst and waits until Discord has been told of the last ticket.
pub(crate) async fn run(lab: &mut Lab, engine: Engine, scenario: &'static str) -> Result<()> {
    lab.begin(LocalModel::Answers(Duration::ZERO));
    let database = lab.database(engine, "burst").await?;
    let orchestrator = lab.program.serve(&database, &WIDE).await?;
    let mut sent = load::burst(orchestrator.port, &lab.numbers, CONNECTIONS, 200).await?.sent.len();
    lab.stub.wait("the warm-up's messages", PATIENCE, |journal| journal.told.len() >= sent).await?;
    let postmaster = lab.server.pid()?;
    let mut rounds = Rounds::default();
    for round in 1..=lab.size.rounds {
        lab.say(&format!("{scenario}: round {round} of {}", lab.size.rounds));
        lab.stub.forget();
        lab.server.checkpoint().await?;
        let cpu = (orchestrator.cpu_seconds(), cpu_seconds_of_tree(postmaster));
        let started = now_ns();
        let done = load::burst(orchestrator.port, &lab.numbers, CONNECTIONS, lab.size.burst).await?;
        let (acknowledged, told_by_then) = (now_ns(), lab.stub.journal().told.len());
        let expected = done.sent.len();
        lab.stub.wait("all messages", PATIENCE, |journal| journal.told.len() >= expected).await?;
        // The last message is on its way into the database.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let last = lab.stub.journal().told.values().copied().max().unwrap_or(0);
        let seconds = |from: u64| Duration::from_nanos(last.saturating_sub(from)).as_secs_f64();
        let per_10_000 = 10_000.0 / count(expected);
        rounds.whole.push(count(expected) / seconds(started));
        rounds.drain.push(count(expected - told_by_then) / seconds(acknowledged));
        rounds.cpu.push((orchestrator.cpu_seconds() - cpu.0) * per_10_000);
        rounds.database_cpu.push((cpu_seconds_of_tree(postmaster) - cpu.1) * per_10_000);
        rounds.ack_p99.push(percentile_ms(&done.latencies(), 99.0));
        sent += expected;
        let again = i64::try_from(lab.stub.journal().told_again)?;
        lab.report.check(&format!("{scenario}: messages beyond the first"), again, 0);
    }
    for (table, what) in [("processed_tickets", "verdicts"), ("triages", "triages")] {
        lab.report.check(&format!("{scenario}: {what} of tickets sent"), database.count(table).await?, sent);
    }
    lab.report.check(&format!("{scenario}: jobs left"), database.count("jobs").await?, 0);
    let memory = orchestrator.memory();
    drop(orchestrator);
    database.delete().await?;
    tell(lab, engine, scenario, rounds);
    lab.report.add(scenario, "memory afterwards (PSS)", "MiB", vec![memory.pss]);
    lab.report.add(scenario, "peak memory (RSS) under all of it", "MiB", vec![memory.peak]);
    lab.report.bar(Bar::AtMost(80.0));
    Ok(())
}

fn tell(lab: &mut Lab, engine: Engine, scenario: &'static str, rounds: Rounds) {
    let tickets = lab.size.burst;
    let report = &mut lab.report;
    let what = format!("burst of {tickets} single webhooks on {CONNECTIONS} connections");
    report.add(scenario, format!("{what}: tickets, first webhook to last message"), "/s", rounds.whole);
    report.add(scenario, "what is left after the last acknowledgement: tickets", "/s", rounds.drain);
    report.bar_of(engine, Bar::AtLeast(3000.0));
    report.add(scenario, "acknowledgement p99 meanwhile", "ms", rounds.ack_p99);
    report.add(scenario, "processor time of the orchestrator per 10,000 tickets", "s", rounds.cpu);
    report.bar_of(engine, Bar::AtMost(2.5));
    if engine == Engine::Postgres {
        report.add(scenario, "processor time of Postgres per 10,000 tickets", "s", rounds.database_cpu);
    }
}
