//! `run`: the agent itself, in the foreground.

use std::fs::File;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing_subscriber::EnvFilter;

use super::Context;
use super::keep::open_secrets;
use super::terminal::complain;
use crate::controller::{self, Ends, Means};
use crate::notices::DesktopNotices;
use crate::socket::Listener;

/// Clicks that wait for the loop.
const CLICKS: usize = 16;

pub(super) async fn run(context: Context) -> ExitCode {
    log(context.environment.log.as_deref());
    if let Err(problem) = context.paths.create() {
        complain(&format!("error: the agent's folders cannot be made: {problem}"));
        return ExitCode::FAILURE;
    }
    // Held until the process ends, however it does.
    let _lock = match lock(&context) {
        Ok(lock) => lock,
        Err(problem) => {
            complain(&problem);
            return ExitCode::FAILURE;
        }
    };
    let (listener, own_program) = match (Listener::open(&context.socket()), std::env::current_exe()) {
        (Ok(listener), Ok(own_program)) => (listener, own_program),
        (Err(problem), _) | (_, Err(problem)) => {
            complain(&format!("error: {}: {problem}", context.socket().display()));
            return ExitCode::FAILURE;
        }
    };
    let secrets = Arc::new(open_secrets(&context).await);
    let (clicked, clicks) = mpsc::channel(CLICKS);
    let notifier = Box::new(DesktopNotices::start(clicked));
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    info!(event = "started", version = env!("CARGO_PKG_VERSION"), "the agent runs");
    let Context { environment, paths, settings } = context;
    let means = Means { environment, paths, settings, secrets, own_program };
    controller::run(means, Ends { notifier, clicks, listener }, stop).await;
    info!(event = "stopped", "what the agent started has ended");
    ExitCode::SUCCESS
}

/// The lock of the only agent in these folders.
fn lock(context: &Context) -> Result<File, String> {
    let path = context.paths.runtime.join("agent.lock");
    let file = File::create(&path).map_err(|problem| format!("error: {}: {problem}", path.display()))?;
    file.try_lock().map_err(|_| {
        "The agent is running already: see triage-agent status. Its programs are not started twice."
            .to_owned()
    })?;
    Ok(file)
}

fn log(wanted: Option<&str>) {
    let filter = EnvFilter::try_new(wanted.unwrap_or("info")).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

async fn stop_on_signal(stop: CancellationToken) {
    wait_for_signal().await;
    info!(event = "stopping", "ending what the agent started; once more to leave at once");
    stop.cancel();
    wait_for_signal().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(windows)]
async fn wait_for_signal() {
    drop(tokio::signal::ctrl_c().await);
}
