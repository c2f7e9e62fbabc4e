//! Measures the built orchestrator from the outside: its own load, its own stub servers, pgbench beside it in the same
//! run, every figure next to its bar. `scripts/bench` builds, starts Postgres and calls it.

mod clock;
mod database;
mod fill;
mod http;
mod load;
mod machine;
mod orchestrator;
mod page;
mod pgbench;
mod process;
mod report;
mod scenario;
mod stats;
mod stub;
mod ticket;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use database::{Engine, Server};
use machine::Machine;
use orchestrator::Program;
use pgbench::Pgbench;
use report::Report;
use scenario::{Lab, Size, burst, growth, ingest, model, say, start, tunnel, way};
use stub::Stub;
use ticket::Numbers;

/// What to measure and where.
#[derive(Debug, Parser)]
struct Options {
    /// Maintenance database of a Postgres server that is there for this alone
    #[arg(long)]
    postgres: String,
    /// Folder of that server's files
    #[arg(long)]
    postgres_folder: PathBuf,
    /// The program pgbench
    #[arg(long)]
    pgbench: PathBuf,
    /// The built orchestrator
    #[arg(long)]
    orchestrator: PathBuf,
    /// Folder for the embedded databases, on a real disk
    #[arg(long)]
    folder: PathBuf,
    /// Folder for the orchestrators' logs, in memory
    #[arg(long)]
    logs: PathBuf,
    /// Some two minutes, for development
    #[arg(long)]
    quick: bool,
    /// Only these
    #[arg(long, value_enum, num_args = 1..)]
    only: Vec<Scenario>,
    /// Write the figures to this file as JSON too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Put the report into this Markdown file, between its markers
    #[arg(long)]
    write: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    Start,
    Ingest,
    Way,
    Burst,
    Model,
    Tunnel,
    Growth,
    Sqlite,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    // Leaving this function ends every process that was started.
    tokio::select! {
        done = run(options) => done,
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

async fn run(options: Options) -> Result<ExitCode> {
    let server = Server { url: options.postgres.clone(), folder: options.postgres_folder.clone() };
    let machine = Machine::look(&server).await?;
    let stub = Stub::start()?;
    let program = Program {
        path: options.orchestrator.clone(),
        folder: options.folder.clone(),
        logs: options.logs.clone(),
        stub: stub.port,
    };
    let mut lab = Lab {
        stub,
        pgbench: Pgbench::prepare(options.pgbench.clone(), server.clone()).await?,
        server,
        program,
        numbers: Arc::new(Numbers::default()),
        report: Report::default(),
        size: if options.quick { Size::QUICK } else { Size::FULL },
    };
    for scenario in Scenario::value_variants() {
        if options.only.is_empty() || options.only.contains(scenario) {
            measure(&mut lab, *scenario).await?;
        }
    }
    finish(&options, &machine, &lab.report)
}

async fn measure(lab: &mut Lab, scenario: Scenario) -> Result<()> {
    match scenario {
        Scenario::Start => start::run(lab, Engine::Postgres, "Start and idle memory").await,
        Scenario::Ingest => ingest::run(lab, Engine::Postgres, "Taking webhooks").await,
        Scenario::Way => way::run(lab, Engine::Postgres, "Webhook to Discord").await,
        Scenario::Burst => burst::run(lab, Engine::Postgres, "A burst").await,
        Scenario::Model => model::run(lab, "Added to a model call").await,
        Scenario::Tunnel => tunnel::run(lab, "The tunnel is down").await,
        Scenario::Growth => growth::run(lab, Engine::Postgres, "Full tables").await,
        Scenario::Sqlite => {
            start::run(lab, Engine::Sqlite, "SQLite: start and idle memory").await?;
            ingest::run(lab, Engine::Sqlite, "SQLite: taking webhooks").await?;
            way::run(lab, Engine::Sqlite, "SQLite: webhook to Discord").await?;
            burst::run(lab, Engine::Sqlite, "SQLite: a burst").await?;
            growth::run(lab, Engine::Sqlite, "SQLite: full tables").await
        }
    }
}

fn finish(options: &Options, machine: &Machine, report: &Report) -> Result<ExitCode> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "\n{}\n{}", machine.markdown(), report.markdown())?;
    if let Some(path) = &options.json {
        std::fs::write(
            path,
            serde_json::to_string_pretty(&serde_json::json!({ "machine": machine, "report": report }))?,
        )?;
    }
    if let Some(path) = &options.write {
        page::write(path, machine, report, options.quick)?;
    }
    for mistake in &report.mistakes {
        say(&format!("not to be trusted: {mistake}"));
    }
    Ok(if report.mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
