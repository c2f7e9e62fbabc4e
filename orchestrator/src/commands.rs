//! The commands: what a person types and reads.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to a person")]

pub mod devices;
pub mod doctor;
pub mod reconcile;
pub mod send_test;
pub mod serve;
pub mod triage;

use std::process::ExitCode;

use anyhow::Context;
use secrecy::ExposeSecret;

use crate::config::Config;
use crate::http;
use crate::store::{Schema, Store};

/// `EX_USAGE` of sysexits: the settings are wrong, and restarting will not help.
const BAD_SETTINGS: u8 = 64;

/// Database connections of a command that only looks.
const FEW_CONNECTIONS: u32 = 2;

/// Reads the settings and runs a command with them; every problem of the settings is printed together.
pub fn with_config<F, R>(command: F) -> ExitCode
where
    F: FnOnce(Config) -> R,
    R: Future<Output = anyhow::Result<ExitCode>>,
{
    let config = match Config::from_environment() {
        Ok(config) => config,
        Err(problems) => {
            let count = if problems.len() == 1 {
                "a problem".to_owned()
            } else {
                format!("{} problems", problems.len())
            };
            eprintln!("The settings have {count}:");
            for problem in problems {
                eprintln!("  - {problem}");
            }
            eprintln!("Set them in the environment or in .env; .env.example explains each.");
            return ExitCode::from(BAD_SETTINGS);
        }
    };
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")
        .and_then(|runtime| runtime.block_on(command(config)));
    result.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

/// `orchestrator migrate`.
pub async fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    let store = Store::open(config.database_url.expose_secret(), FEW_CONNECTIONS).await?;
    store.migrate().await?;
    println!("The database's schema is up to date.");
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// `orchestrator openapi`.
pub fn print_openapi() -> ExitCode {
    match http::openapi().to_pretty_json() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot write the description: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The database of a command that looks at it; refuses one without our tables.
async fn open_current(config: &Config) -> anyhow::Result<Store> {
    let store = Store::open(config.database_url.expose_secret(), FEW_CONNECTIONS).await?;
    match store.schema().await.map_err(|error| anyhow::anyhow!(error.chain()))? {
        Schema::Current => Ok(store),
        Schema::Behind(_) => anyhow::bail!("the database's schema is behind: run `orchestrator migrate`"),
    }
}
