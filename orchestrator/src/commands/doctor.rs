//! `orchestrator doctor`: the whole set-up, one line for each part, with the fix where there is one to make.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to a person")]

mod checks;
mod machines;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::triage::printable;
use crate::config::{Config, Problem};

/// The longest sentence that is printed.
const LONGEST: usize = 600;

/// For whom.
#[derive(Debug, Clone, Copy, Args)]
pub struct Options {
    /// For programs
    #[arg(long)]
    json: bool,
}

/// How a part of the set-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Tickets are triaged, and somebody should look at it.
    Warn,
    /// It does not work, or is not safe.
    Fail,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which part: `settings`, `database`, `hubspot`, `discord`, `groq`, `secrets_key`, `devices`, `device`, `machine`, `outside`.
    pub part: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub sentence: String,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Line {
    fn ok(part: &'static str, sentence: impl Into<String>) -> Self {
        Self { part, health: Health::Ok, sentence: sentence.into(), fix: None }
    }

    fn warn(part: &'static str, sentence: impl Into<String>, fix: &str) -> Self {
        Self { part, health: Health::Warn, sentence: sentence.into(), fix: Some(fix.to_owned()) }
    }

    fn fail(part: &'static str, sentence: impl Into<String>, fix: &str) -> Self {
        Self { health: Health::Fail, ..Self::warn(part, sentence, fix) }
    }
}

/// Looks at everything and prints it; 1 when something does not work.
pub fn run(options: Options) -> ExitCode {
    let lines = match Config::from_environment() {
        Err(problems) => problems.iter().map(of_problem).collect(),
        Ok(config) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(examine(&config)),
                Err(error) => {
                    eprintln!("cannot start: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    };
    if options.json {
        println!("{}", serde_json::json!({ "health": worst(&lines), "lines": lines }));
    } else {
        print(&lines);
    }
    if worst(&lines) == Health::Fail { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Looks at everything these settings name.
pub async fn examine(config: &Config) -> Vec<Line> {
    let mut lines = checks::settings(config);
    let (hubspot, discord, groq) =
        tokio::join!(checks::hubspot(config), checks::discord(config), checks::groq(config));
    let (database, store) = checks::database(config).await;
    lines.push(database);
    lines.extend(checks::database_link(config));
    lines.extend([hubspot, discord, groq]);
    lines.extend(machines::examine(config, store.as_ref()).await);
    if let Some(store) = store {
        store.close().await;
    }
    lines
}

fn of_problem(problem: &Problem) -> Line {
    let fix = format!("Set it in the environment or in .env, for example: {}.", problem.example);
    Line::fail("settings", format!("{} {}.", problem.name, problem.wrong), &fix)
}

fn worst(lines: &[Line]) -> Health {
    lines.iter().map(|line| line.health).max().unwrap_or(Health::Ok)
}

fn print(lines: &[Line]) {
    for line in lines {
        let mark = match line.health {
            Health::Ok => "●",
            Health::Warn => "◐",
            Health::Fail => "✕",
        };
        println!("{mark} {:<12} {}", line.part, printable(&line.sentence, LONGEST));
        line.fix.iter().for_each(|fix| println!("  {:<12} → {}", "", printable(fix, LONGEST)));
    }
    println!();
    let count = |health| lines.iter().filter(|line| line.health == health).count();
    match (count(Health::Fail), count(Health::Warn)) {
        (0, 0) => println!("Everything is in order."),
        (0, warnings) => println!("It works; {warnings} to look at."),
        (failures, warnings) => println!("{failures} to mend, {warnings} to look at."),
    }
}
