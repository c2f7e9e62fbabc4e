//! The agent without a window, and its command line.

use std::process::ExitCode;

use agent::children::guard;
use agent::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    // Before anything is opened: the guard closes what it inherited.
    if std::env::args_os().nth(1).is_some_and(|mode| mode == guard::MODE) {
        return guard::run();
    }
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(problem) => panic!("a runtime of one thread can be built: {problem}"),
    };
    runtime.block_on(agent::cli::main(cli))
}
