//! `sims`: runs the stand-ins, sends sample tickets, waits for Discord messages. For trial runs and for tests in
//! other processes.

mod cli;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Stand-ins for HubSpot, Ollama, Groq, Discord and the Access-protected edge.
#[derive(Parser)]
#[command(name = "sims", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start stand-ins, print one line of JSON with their addresses, run until told to end.
    Serve(Box<cli::serve::Options>),
    /// Send sample tickets as HubSpot does.
    Send(cli::send::Options),
    /// Wait until the Discord stand-in holds a message about a ticket, and show it.
    Message(cli::message::Options),
    /// Wait until a program shows an icon in the panel, and say what a panel reads of it.
    #[cfg(target_os = "linux")]
    Panel(cli::panel::Options),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can start");
    let ended = runtime.block_on(async {
        match options.command {
            Command::Serve(options) => cli::serve::run(*options).await,
            Command::Send(options) => cli::send::run(options).await,
            Command::Message(options) => cli::message::run(options).await,
            #[cfg(target_os = "linux")]
            Command::Panel(options) => cli::panel::run(options).await,
        }
    });
    // A thread may still wait for standard input.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(problem) => {
            cli::complain(&format!("{problem:#}"));
            ExitCode::FAILURE
        }
    }
}
