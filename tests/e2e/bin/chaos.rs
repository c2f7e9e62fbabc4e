//! `chaos`: what `scripts/chaos` runs.
#![expect(clippy::print_stdout, reason = "people watch it")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use e2e::chaos::{self, Options};

/// Two orchestrators on one Postgres under load, while they are killed, Postgres restarts, and everything outside
/// misbehaves; then what became of each ticket. All on this machine.
#[derive(Parser)]
#[command(name = "chaos", version)]
struct Arguments {
    /// Repeats a run: the same tickets, kills, restarts and faults at the same moments
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Tickets that HubSpot tells of
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tickets: u32,
    /// SIGKILLs of one of the orchestrators, each followed by a new start
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: u32,
    /// Restarts of Postgres, half of them crashes
    #[arg(long, value_name = "N", default_value_t = 5)]
    restarts: u32,
    /// The longest that it may take
    #[arg(long, value_name = "MINUTES", default_value_t = 10)]
    minutes: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        seed: arguments.seed.unwrap_or_else(|| rand::random_range(0..1_000_000)),
        tickets: arguments.tickets as usize,
        kills: arguments.kills as usize,
        restarts: arguments.restarts as usize,
        most: Duration::from_secs(arguments.minutes * 60),
    };
    println!(
        "seed {}; {} tickets, {} kills and {} restarts of Postgres within {} s, then the time it takes to finish",
        options.seed,
        options.tickets,
        options.kills,
        options.restarts,
        options.storm().as_secs()
    );
    let repeat = format!(
        "scripts/chaos --seed {} --tickets {} --kills {} --restarts {}",
        options.seed, options.tickets, options.kills, options.restarts
    );
    println!("to repeat it: {repeat}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can start");
    runtime.block_on(async {
        tokio::select! {
            report = chaos::run(&options, |line| println!("{line}")) => {
                println!("\n{report}");
                let problems = report.problems();
                println!("{}", if problems.is_empty() { "all is well".to_owned() } else { problems.join("\n") });
                if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            () = interrupted() => {
                println!("interrupted");
                ExitCode::FAILURE
            }
        }
    })
}

/// Completes when the run is to end early; dropping it ends all processes it has started.
async fn interrupted() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .expect("signals can be listened to");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
