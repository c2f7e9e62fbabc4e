//! `orchestrator serve`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use crate::telemetry;

/// Connections beside those that the workers hold: webhooks, health, listening.
const CONNECTIONS_FOR_HTTP: u32 = 8;

/// How to serve.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// Bring a Postgres schema up to date first (the embedded database always is)
    #[arg(long)]
    migrate: bool,
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn run(config: Config, options: Options) -> anyhow::Result<ExitCode> {
    let clock = Clock::machine();
    telemetry::install(&config.log, clock.clone());
    let connections = u32::try_from(config.workers).unwrap_or(8) + CONNECTIONS_FOR_HTTP;
    let store = Store::open(config.database_url.expose_secret(), connections).await?;
    if options.migrate || !store.is_shared() {
        store.migrate().await?;
    }
    announce_gaps(&config);
    let listener =
        listen(config.port).await.with_context(|| format!("cannot listen on port {}", config.port))?;
    let stop = stop_on_signal().context("cannot listen for signals")?;
    crate::run(Arc::new(App::new(config, store, clock)), listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// Says what will not happen with these settings.
fn announce_gaps(config: &Config) {
    let accepts_nobody = config.hubspot.webhook_tokens.is_empty() && config.hubspot.client_secrets.is_empty();
    let gaps = [
        (
            accepts_nobody,
            "neither HUBSPOT_WEBHOOK_TOKEN nor HUBSPOT_CLIENT_SECRET is set: every webhook is refused",
        ),
        (
            config.hubspot.access_token.is_none(),
            "HUBSPOT_ACCESS_TOKEN is not set: tickets whose webhook carries no text cannot be triaged, and nobody looks for those whose webhook never comes",
        ),
        (config.discord.is_none(), "DISCORD_WEBHOOK_URL is not set: nobody is told"),
        (config.groq.is_none(), "there is no fallback: tickets wait for the local model"),
    ];
    for (_, gap) in gaps.iter().filter(|(is_gap, _)| *is_gap) {
        warn!(event = "setting_missing", "{gap}");
    }
    info!(event = "started", production = config.production, workers = config.workers, cloud_fallback = %config.cloud_fallback, "starting");
}

/// All addresses, both families where the machine has both.
async fn listen(port: u16) -> std::io::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).await {
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported || error.raw_os_error() == Some(97) => {
            TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await
        }
        bound => bound,
    }
}

/// The first SIGTERM or Ctrl-C asks to stop; the second ends the process at once.
fn stop_on_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let asked = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if asked.is_cancelled() {
                std::process::exit(1);
            }
            info!(event = "stopping", "finishing what is in progress");
            asked.cancel();
        }
    });
    Ok(stop)
}
