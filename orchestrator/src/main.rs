//! The command line of the orchestrator.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use orchestrator::commands;

/// Takes HubSpot's webhooks, never loses one, has tickets triaged by a model and tells the team.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve webhooks and work on tickets (the default)
    Serve(commands::serve::Options),
    /// Bring the database's schema up to date
    Migrate,
    /// Look at tickets and have them triaged again
    #[command(subcommand)]
    Triage(commands::triage::Command),
    /// Look in HubSpot for tickets whose webhook never came, and show where every ticket stands
    Reconcile(commands::reconcile::Options),
    /// Send a test ticket to the running service and follow it to its Discord message
    SendTest(commands::send_test::Options),
    /// Make a code that pairs the machine with the model
    Pair(commands::devices::PairOptions),
    /// Look at the paired machines, and revoke one
    #[command(subcommand)]
    Devices(commands::devices::Command),
    /// Look at the whole set-up and say what to mend
    Doctor(commands::doctor::Options),
    /// Print the description of the HTTP interface
    Openapi,
}

fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or_else(|| Command::Serve(commands::serve::Options::default()));
    match command {
        Command::Serve(options) => commands::with_config(|config| commands::serve::run(config, options)),
        Command::Migrate => commands::with_config(commands::migrate),
        Command::Triage(command) => commands::with_config(|config| commands::triage::run(config, command)),
        Command::Reconcile(options) => {
            commands::with_config(|config| commands::reconcile::run(config, options))
        }
        Command::SendTest(options) => {
            commands::with_config(|config| commands::send_test::run(config, options))
        }
        Command::Pair(options) => commands::with_config(|config| commands::devices::pair(config, options)),
        Command::Devices(command) => commands::with_config(|config| commands::devices::run(config, command)),
        Command::Doctor(options) => commands::doctor::run(options),
        Command::Openapi => commands::print_openapi(),
    }
}
