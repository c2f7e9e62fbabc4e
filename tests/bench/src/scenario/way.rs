//! A ticket's whole way: from the moment its webhook is due to the moment Discord has its message.

use std::time::Duration;

use anyhow::Result;

use super::{Lab, PATIENCE, WIDE};
use crate::database::Engine;
use crate::load::{self, Done};
use crate::report::Bar;
use crate::stats::percentile_ms;
use crate::stub::{Journal, LocalModel};

/// Tickets per second.
const RATE: u32 = 100;

/// Webhook → Discord at a steady rate, with a model that takes no time and with one that takes 50 ms.
pub(crate) async fn run(lab: &mut Lab, engine: Engine, scenario: &'static str) -> Result<()> {
    let database = lab.database(engine, "way").await?;
    let orchestrator = lab.program.serve(&database, &WIDE).await?;
    let mut figures: Vec<[Vec<f64>; 2]> = vec![Default::default(); 2];
    for round in 0..=lab.size.rounds {
        lab.say(&format!("{scenario}: round {round} of {} (0 is the warm-up)", lab.size.rounds));
        for (index, model_ms) in [0, 50].into_iter().enumerate() {
            lab.begin(LocalModel::Answers(Duration::from_millis(model_ms)));
            lab.server.checkpoint().await?;
            let time = if round == 0 { Duration::from_secs(1) } else { lab.size.time };
            let done = load::open(orchestrator.port, &lab.numbers, RATE, time).await?;
            let expected = done.sent.len();
            lab.stub.wait("all messages", PATIENCE, |journal| journal.told.len() >= expected).await?;
            let took = took(&done, &lab.stub.journal());
            if round > 0 {
                figures[index][0].push(percentile_ms(&took, 50.0));
                figures[index][1].push(percentile_ms(&took, 99.0));
            }
            let again = i64::try_from(lab.stub.journal().told_again)?;
            lab.report.check(&format!("{scenario}: messages beyond the first"), again, 0);
        }
    }
    drop(orchestrator);
    database.delete().await?;
    for (model_ms, [p50, p99]) in [0, 50].into_iter().zip(figures) {
        let what = format!("webhook → Discord, {RATE}/s, model of {model_ms} ms");
        lab.report.add(scenario, format!("{what}: p50"), "ms", p50);
        if model_ms == 0 {
            lab.report.bar_of(engine, Bar::AtMost(4.0));
        }
        lab.report.add(scenario, format!("{what}: p99"), "ms", p99);
        if model_ms == 0 {
            lab.report.bar_of(engine, Bar::AtMost(15.0));
        }
    }
    Ok(())
}

/// How long each ticket took to Discord.
fn took(done: &Done, journal: &Journal) -> Vec<u64> {
    done.sent
        .iter()
        .filter_map(|sent| Some(journal.told.get(&sent.number)?.saturating_sub(sent.at_ns)))
        .collect()
}
