//! The command line: what a person types, and what the terminal shows.

mod ask;
mod diagnose;
mod doctor;
mod keep;
mod local;
mod pair;
mod pull;
mod rotate;
mod run;
mod service;
pub mod table;
mod terminal;
mod test_ticket;
mod tunnel;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use supervise::Kind;

use crate::context::Context;
use terminal::complain;

/// Settings are wrong: what `sysexits.h` calls EX_USAGE, as for the orchestrator.
const BAD_SETTINGS: u8 = 64;

/// Keeps the tunnel and the model on this machine at work, holds their secrets, and tells how they are.
#[derive(Debug, Parser)]
#[command(name = "triage-agent", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep Ollama and cloudflared at work, until Ctrl-C
    Run,
    /// Show how everything is
    Status {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Show what is wrong and what to do about it; exit code 1 when something is
    Doctor {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Keep the secrets of this machine in the keychain
    #[command(subcommand)]
    Secrets(keep::Command),
    /// Pair this machine with an orchestrator: `pair URL CODE`, or the link that `orchestrator pair` prints
    Pair(pair::Pair),
    /// Be no device of the orchestrator any more, and forget its token
    Unpair(pair::Unpair),
    /// Start a program afresh, also one that was given up
    Restart {
        /// Which
        program: Program,
    },
    /// Close the tunnel: no ticket is triaged here until `resume`
    Pause,
    /// Open the tunnel again
    Resume,
    /// Show what the programs wrote
    Logs {
        /// Only this program
        program: Option<Program>,
        /// And whatever they write from now on, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// The last so many lines of each
        #[arg(short = 'n', long, default_value_t = 50)]
        lines: usize,
    },
    /// Download a model
    Pull {
        /// Its name; the model of the settings when not given
        model: Option<String>,
    },
    /// Set the tunnel up, look at it from outside, take it back
    #[command(subcommand)]
    Tunnel(tunnel::Command),
    /// Have a test ticket sent, and follow it hop by hop to its Discord message
    TestTicket,
    /// Write a zip for whoever helps: versions, settings, states, log lines; no secrets, no ticket text
    Diagnostics {
        /// The file to write
        file: PathBuf,
    },
    /// Have the agent started at login and after a crash
    #[command(subcommand)]
    Service(service::Command),
    /// Print completions for a shell
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
}

/// A program, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    Ollama,
    Cloudflared,
}

impl From<Program> for Kind {
    fn from(program: Program) -> Self {
        match program {
            Program::Ollama => Self::Ollama,
            Program::Cloudflared => Self::Cloudflared,
        }
    }
}

/// Does what the command line says.
pub async fn main(cli: Cli) -> ExitCode {
    let context = match Context::read() {
        Ok(context) => context,
        Err(problem) => {
            complain(&problem.to_string());
            return ExitCode::from(BAD_SETTINGS);
        }
    };
    match cli.command {
        Command::Run => run::run(context).await,
        Command::Status { json } => ask::status(&context, json).await,
        Command::Doctor { json } => doctor::run(&context, json).await,
        Command::Secrets(command) => keep::run(&context, command).await,
        Command::Pair(options) => pair::pair(&context, options).await,
        Command::Unpair(options) => pair::unpair(&context, options).await,
        Command::Restart { program } => ask::restart(&context, program.into()).await,
        Command::Pause => ask::pause(&context).await,
        Command::Resume => ask::resume(&context).await,
        Command::Logs { program, follow, lines } => {
            ask::logs(&context, program.map(Kind::from), lines, follow).await
        }
        Command::Pull { model } => pull::run(&context, model).await,
        Command::Tunnel(command) => tunnel::run(&context, command).await,
        Command::TestTicket => test_ticket::run(&context).await,
        Command::Diagnostics { file } => diagnose::run(&context, &file).await,
        Command::Service(command) => service::run(&context, command).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "triage-agent", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}
