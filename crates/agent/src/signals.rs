//! How the system asks a program to end.

use tokio_util::sync::CancellationToken;
use tracing::info;

/// Stops on the first signal, and leaves at once on the second. Runs as long as the process.
pub async fn stop_on_signal(stop: CancellationToken) {
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
