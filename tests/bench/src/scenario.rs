//! What is measured, one module per question, and what the measurements share.

pub(crate) mod burst;
pub(crate) mod growth;
pub(crate) mod ingest;
pub(crate) mod model;
pub(crate) mod start;
pub(crate) mod tunnel;
pub(crate) mod way;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::database::{Database, Engine, Server};
use crate::orchestrator::Program;
use crate::pgbench::Pgbench;
use crate::report::Report;
use crate::stub::{LocalModel, Stub};
use crate::ticket::Numbers;

/// Longest wait for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A model that answers nobody during a measurement: what is measured is taking tickets alone, as in real life, where a
/// model takes seconds for one.
pub(crate) const BUSY_MODEL: LocalModel = LocalModel::Answers(Duration::from_secs(25));

/// Settings for a burst and for many calls at once: the workers and the model's slots that are allowed at the most.
pub(crate) const WIDE: [(&str, &str); 2] = [("WORKERS", "64"), ("LOCAL_LLM_CONCURRENCY", "64")];

/// Everything that scenarios use.
pub(crate) struct Lab {
    /// The outside world.
    pub stub: Stub,
    /// The Postgres server.
    pub server: Server,
    /// What it is compared with.
    pub pgbench: Pgbench,
    /// How to start orchestrators.
    pub program: Program,
    /// Numbers of tickets.
    pub numbers: Arc<Numbers>,
    /// What was found.
    pub report: Report,
    /// How long and how often.
    pub size: Size,
}

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Rounds of each measurement.
    pub rounds: usize,
    /// Length of one measurement in a round.
    pub time: Duration,
    /// Tickets of a burst.
    pub burst: u64,
    /// Finished tickets in the tables, smallest first.
    pub finished: [u64; 3],
    /// The same for the embedded database.
    pub finished_sqlite: [u64; 2],
    /// Processes started one after the other.
    pub starts: usize,
}

impl Size {
    /// For figures to keep.
    pub(crate) const FULL: Self = Self {
        rounds: 3,
        time: Duration::from_secs(5),
        burst: 10_000,
        finished: [0, 100_000, 1_000_000],
        finished_sqlite: [0, 100_000],
        starts: 10,
    };

    /// For development: shows that everything works and roughly where it stands.
    pub(crate) const QUICK: Self = Self {
        rounds: 1,
        time: Duration::from_secs(2),
        burst: 3_000,
        finished: [0, 10_000, 50_000],
        finished_sqlite: [0, 10_000],
        starts: 3,
    };
}

impl Lab {
    /// A new database with the current schema.
    pub(crate) async fn database(&self, engine: Engine, name: &str) -> Result<Database> {
        let database = Database::create(engine, &self.server, &self.program.folder, name).await?;
        self.program.migrate(&database)?;
        Ok(database)
    }

    /// Nothing has happened yet, and the model behaves like this.
    pub(crate) fn begin(&self, model: LocalModel) {
        self.stub.forget();
        self.stub.set_model(model);
    }

    /// Tells on the terminal what is going on.
    pub(crate) fn say(&self, what: &str) {
        say(what);
    }
}

/// Tells on the terminal what is going on.
pub(crate) fn say(what: &str) {
    use std::io::Write as _;
    // A closed terminal is no reason to stop.
    let _ = writeln!(std::io::stderr(), "==> {what}");
}
