//! `service`: started at login and after a crash.

use std::path::Path;
use std::process::ExitCode;

use chrono::Utc;
use clap::Subcommand;

use super::Context;
use super::terminal::{agrees, complain, say};
use crate::service::{self, Agent, Place, Problem, Status};
use crate::tunnel::config::Written;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the service's file and start it; what another program wrote there is kept as a copy
    Install {
        /// Only show what would be written
        #[arg(long)]
        print: bool,
        /// Do not ask before a file that is there is replaced
        #[arg(long)]
        yes: bool,
    },
    /// Stop the service and remove its file
    Uninstall,
    /// Whether it is installed, and runs
    Status,
}

pub(super) async fn run(context: &Context, command: Command) -> ExitCode {
    let home = context.paths.home.clone();
    // It calls the system's own programs, which take a while.
    let done = tokio::task::spawn_blocking(move || perform(home.as_deref(), &command)).await;
    match done {
        Ok(Ok(code)) => code,
        Ok(Err(problem)) => {
            complain(&explained(&problem));
            ExitCode::FAILURE
        }
        Err(problem) => {
            complain(&problem.to_string());
            ExitCode::FAILURE
        }
    }
}

fn perform(home: Option<&Path>, command: &Command) -> Result<ExitCode, Problem> {
    let place = service::place()?;
    match command {
        Command::Install { print, yes } => install(&place, home, *print, *yes),
        Command::Uninstall => {
            let was_there = service::uninstall(&place)?;
            say(if was_there {
                "The service is stopped and removed."
            } else {
                "There is no service to remove."
            });
            Ok(ExitCode::SUCCESS)
        }
        Command::Status => {
            let (sentence, code) = match service::status(&place)? {
                Status::Running => ("The service runs.", ExitCode::SUCCESS),
                Status::Stopped => ("The service is installed and does not run.", ExitCode::FAILURE),
                Status::NotInstalled => {
                    ("The service is not installed: triage-agent service install", ExitCode::FAILURE)
                }
                Status::NotOurs => ("A service of that name was made by something else.", ExitCode::FAILURE),
            };
            say(sentence);
            Ok(code)
        }
    }
}

fn install(place: &Place, home: Option<&Path>, print: bool, yes: bool) -> Result<ExitCode, Problem> {
    let program = std::env::current_exe().map_err(|_| Problem::NoHome)?;
    let agent = Agent { program, home: home.map(Path::to_owned) };
    let plan = service::plan(place, &agent)?;
    if print {
        say(&format!("# {}\n{}", plan.file.display(), plan.text));
        plan.commands.iter().for_each(|command| say(&format!("# then: {command}")));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(diff) = plan.diff.as_deref().filter(|diff| !diff.is_empty()) {
        say(&format!("{} is there already, and would change:\n{diff}", plan.file.display()));
        if !agrees("Replace it? The old one is kept as a copy.", yes) {
            complain("Nothing was done. With --yes it is replaced without being asked about.");
            return Ok(ExitCode::FAILURE);
        }
    }
    let written = service::install(place, &agent, Utc::now())?;
    if let Written::Replaced { backup } = &written {
        say(&format!("The file before is kept as {}.", backup.display()));
    }
    say(&format!("The service is installed ({}) and started.", plan.file.display()));
    Ok(ExitCode::SUCCESS)
}

fn explained(problem: &Problem) -> String {
    use std::error::Error as _;
    problem.source().map_or_else(|| problem.to_string(), |source| format!("{problem}: {source}"))
}
