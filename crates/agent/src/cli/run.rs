//! `run`: the agent itself, in the foreground.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::Context;
use super::terminal::complain;
use crate::logging;
use crate::resident::Seat;
use crate::signals;

pub(super) async fn run(context: Context) -> ExitCode {
    logging::begin(context.environment.log.as_deref());
    let seat = match Seat::take(context) {
        Ok(seat) => seat,
        Err(problem) => {
            complain(&problem.to_string());
            return ExitCode::FAILURE;
        }
    };
    let stop = CancellationToken::new();
    tokio::spawn(signals::stop_on_signal(stop.clone()));
    seat.run(stop).await;
    ExitCode::SUCCESS
}
