//! How cost grows: the same measurements with few and with many finished tickets in the tables, in alternation.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{BUSY_MODEL, Lab, PATIENCE, WIDE};
use crate::clock::now_ns;
use crate::database::{Database, Engine};
use crate::fill;
use crate::load::{self, Done};
use crate::report::{Bar, number};
use crate::stats::{median, ms, percentile_ms};
use crate::stub::LocalModel;

/// Connections that webhooks come on.
const CONNECTIONS: usize = 8;

/// Tickets per second whose claim is timed: few enough that none waits for another.
const CLAIM_RATE: u32 = 50;

/// `triage list` is run so often per round.
const LISTS: usize = 5;

/// How much more anything may cost with full tables and still be called flat: what rounds of one and the same differ by.
const FLAT: f64 = 1.5;

/// Figures of one size of the tables, each with a value per round.
#[derive(Default)]
struct Sized {
    tickets: u64,
    figures: [Vec<f64>; FIGURES.len()],
}

/// What is measured, its unit, and whether less is better.
const FIGURES: [(&str, &str, bool); 6] = [
    ("acknowledgements, 8 connections", "/s", false),
    ("acknowledgement p50", "ms", true),
    ("acknowledgement p99", "ms", true),
    ("webhook → model asked (claim) p50", "ms", true),
    ("webhook → model asked (claim) p99", "ms", true),
    ("`triage list` (a process of its own)", "ms", true),
];

/// A database of one size.
struct Place {
    tickets: u64,
    database: Database,
}

/// Measures on tables of several sizes.
pub(crate) async fn run(lab: &mut Lab, engine: Engine, scenario: &'static str) -> Result<()> {
    let sizes = match engine {
        Engine::Postgres => lab.size.finished.to_vec(),
        Engine::Sqlite => lab.size.finished_sqlite.to_vec(),
    };
    let mut places = Vec::new();
    for tickets in sizes {
        places.push(prepare(lab, engine, scenario, tickets).await?);
    }
    if engine == Engine::Postgres {
        without_statistics(lab, scenario, places.last().context("there is a largest size")?).await?;
    }
    if let Some(place) = places.last() {
        let bytes = place.database.size_bytes().await?;
        #[expect(clippy::cast_precision_loss, reason = "gigabytes")]
        let each = bytes as f64 / 1024.0 / place.tickets.max(1) as f64;
        let what =
            format!("disk space per finished ticket with its indexes, of {}", number_of(place.tickets));
        lab.report.add(scenario, what, "KiB", vec![each]);
    }
    let mut sized: Vec<Sized> =
        places.iter().map(|place| Sized { tickets: place.tickets, ..Sized::default() }).collect();
    for round in 0..=lab.size.rounds {
        lab.say(&format!("{scenario}: round {round} of {} (0 is the warm-up)", lab.size.rounds));
        for (place, sized) in places.iter().zip(&mut sized) {
            let values = measure(lab, place).await?;
            for (rounds, value) in sized.figures.iter_mut().zip(values).filter(|_| round > 0) {
                rounds.push(value);
            }
        }
    }
    if let (Engine::Postgres, Some(place)) = (engine, places.last()) {
        note_whole_table_reads(lab, scenario, place, "with statistics").await?;
    }
    for place in places {
        place.database.delete().await?;
    }
    tell(lab, scenario, &sized);
    Ok(())
}

async fn prepare(lab: &mut Lab, engine: Engine, scenario: &'static str, tickets: u64) -> Result<Place> {
    lab.say(&format!("{scenario}: filling tables with {tickets} finished tickets"));
    let database = lab.database(engine, &format!("growth_{tickets}")).await?;
    if tickets > 0 {
        let started = now_ns();
        database.run(&fill::statements(engine, tickets)).await?;
        lab.report.check(
            &format!("{scenario}: tickets filled in"),
            database.count("tickets").await?,
            usize::try_from(tickets)?,
        );
        lab.say(&format!("{scenario}: filled in {} s", number(ms(now_ns() - started) / 1000.0)));
    }
    Ok(Place { tickets, database })
}

/// The largest tables before anybody has analysed them: which plans does Postgres choose when it knows nothing?
async fn without_statistics(lab: &mut Lab, scenario: &'static str, place: &Place) -> Result<()> {
    lab.say(&format!("{scenario}: the largest tables before ANALYZE"));
    place.database.run("select pg_stat_reset()").await?;
    let values = measure(lab, place).await?;
    note_whole_table_reads(lab, scenario, place, "before the tables were analysed").await?;
    let mut text =
        format!("With {} finished tickets, before the tables were analysed: ", number_of(place.tickets));
    for ((what, unit, _), value) in FIGURES.iter().zip(values) {
        let _ = write!(text, "{what} {} {unit}; ", number(value));
    }
    lab.report.notes.push((scenario, text.trim_end_matches("; ").to_owned() + "."));
    lab.say(&format!("{scenario}: VACUUM ANALYZE"));
    place.database.run(&fill::AUTOVACUUM_AGAIN.join(";")).await?;
    place.database.run("vacuum analyze").await?;
    place.database.run("select pg_stat_reset()").await
}

async fn measure(lab: &Lab, place: &Place) -> Result<[f64; FIGURES.len()]> {
    let claims = claims(lab, &place.database).await?;
    let mut lists = Vec::new();
    for _ in 0..LISTS {
        lists.push(lab.program.run(&place.database, &["triage", "list"])?);
    }
    let done = acknowledgements(lab, &place.database).await?;
    let latencies = done.latencies();
    Ok([
        done.rate(),
        percentile_ms(&latencies, 50.0),
        percentile_ms(&latencies, 99.0),
        percentile_ms(&claims, 50.0),
        percentile_ms(&claims, 99.0),
        median(&lists),
    ])
}

/// How long it took from each webhook to its question, with a model that answers at once.
async fn claims(lab: &Lab, database: &Database) -> Result<Vec<u64>> {
    lab.begin(LocalModel::Answers(Duration::ZERO));
    let orchestrator = lab.program.serve(database, &WIDE).await?;
    let warm_up = load::burst(orchestrator.port, &lab.numbers, 4, 20).await?.sent.len();
    let done = load::open(orchestrator.port, &lab.numbers, CLAIM_RATE, lab.size.time).await?;
    let expected = warm_up + done.sent.len();
    lab.stub.wait("all messages", PATIENCE, |journal| journal.told.len() >= expected).await?;
    let journal = lab.stub.journal();
    let asked = |sent: &load::Sent| Some(journal.asked.get(&sent.number)?.saturating_sub(sent.at_ns));
    Ok(done.sent.iter().filter_map(asked).collect())
}

/// Webhooks while the model is busy. What was taken only to be timed is not worked off in the next measurement.
async fn acknowledgements(lab: &Lab, database: &Database) -> Result<Done> {
    lab.begin(BUSY_MODEL);
    let orchestrator = lab.program.serve(database, &[("CLOUD_FALLBACK", "off")]).await?;
    load::closed(orchestrator.port, &lab.numbers, CONNECTIONS, Duration::from_millis(500)).await?;
    if database.engine == Engine::Postgres {
        lab.server.checkpoint().await?;
    }
    let done = load::closed(orchestrator.port, &lab.numbers, CONNECTIONS, lab.size.time / 2).await?;
    drop(orchestrator);
    database.run("delete from jobs").await?;
    Ok(done)
}

async fn note_whole_table_reads(
    lab: &mut Lab,
    scenario: &'static str,
    place: &Place,
    when: &str,
) -> Result<()> {
    let reads = place.database.whole_table_reads().await?;
    let mut text =
        format!("Tables read from end to end with {} finished tickets, {when}: ", number_of(place.tickets));
    for (table, times, rows) in &reads {
        let _ = write!(text, "`{table}` {times} times ({rows} rows in all), ");
    }
    if reads.is_empty() {
        text.push_str("none");
    }
    lab.report.notes.push((scenario, text.trim_end_matches(", ").to_owned() + "."));
    Ok(())
}

fn tell(lab: &mut Lab, scenario: &'static str, sized: &[Sized]) {
    let Some((smallest, largest)) = sized.first().zip(sized.last()) else { return };
    for (index, (what, unit, less_is_better)) in FIGURES.into_iter().enumerate() {
        for sized in sized {
            let with = format!("{what}, {} finished tickets", number_of(sized.tickets));
            lab.report.add(scenario, with, unit, sized.figures[index].clone());
        }
        let pairs = smallest.figures[index].iter().zip(&largest.figures[index]);
        let factors: Vec<f64> =
            pairs.map(|(small, large)| if less_is_better { large / small } else { small / large }).collect();
        lab.report.add(scenario, format!("{what}: cost with the most, to that with none"), "×", factors);
        lab.report.bar(Bar::AtMost(FLAT));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a million")]
fn number_of(tickets: u64) -> String {
    number(tickets as f64)
}
