//! `orchestrator pair` and `orchestrator devices list|revoke`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to a person")]

use std::process::ExitCode;

use clap::{Args, Subcommand};
use link::{Device, Devices, PairingCode, Usability};
use tracing::debug;
use triage::time::Timestamp;

use super::open_current;
use super::triage::printable;
use crate::clock::Clock;
use crate::config::Config;
use crate::devices;
use crate::queue::wake::News;
use crate::store::Store;

/// How to show a pairing code.
#[derive(Debug, Args)]
pub struct PairOptions {
    /// For programs
    #[arg(long)]
    json: bool,
}

/// What to do with paired machines.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the paired machines, oldest first
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// End a machine's access at once and forget its tunnel
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

/// `orchestrator pair`: makes a code that pairs one machine.
pub async fn pair(config: Config, options: PairOptions) -> anyhow::Result<ExitCode> {
    let store = open_current(&config).await?;
    let made = devices::make_code(&store, &config, now(&store).await?).await?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&made)?);
    } else {
        let PairingCode { code, link, expires_at } = made;
        println!("Code        {code}");
        println!("Link        {link}");
        println!("Good until  {} UTC, for one machine", second(&expires_at));
        println!();
        println!("Open the link on the machine with the model, or run there:");
        println!("  triage-agent pair '{link}'");
        if config.public_url.is_none() {
            println!("PUBLIC_URL is not set, so the link works on this machine only.");
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Runs one of them.
pub async fn run(config: Config, command: Command) -> anyhow::Result<ExitCode> {
    let store = open_current(&config).await?;
    let now = now(&store).await?;
    let code = match command {
        Command::List { json } => list(devices::all(&store, now).await?, json)?,
        Command::Revoke { id } => revoke(&store, &id, now).await?,
    };
    store.close().await;
    Ok(code)
}

fn list(items: Vec<Device>, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(&Devices { items })?);
    } else if items.is_empty() {
        println!("No machine is paired. `orchestrator pair` makes a code for one.");
    } else {
        println!(
            "  {:<36} {:<20} {:<8} {:<20} {:<16} Tunnel",
            "Id", "Name", "System", "Last heard", "Model usable"
        );
        items.iter().for_each(|device| println!("{}", line(device)));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(device: &Device) -> String {
    let (mark, usable) = match (device.silent, device.standing.state) {
        (true, _) => ("○", "silent"),
        (false, Usability::Usable) => ("●", "yes"),
        (false, Usability::Unusable) => ("✕", "no"),
        (false, Usability::Unknown) => ("◐", "not known"),
    };
    format!(
        "{mark} {:<36} {:<20} {:<8} {:<20} {usable:<16} {}",
        device.id,
        printable(&device.name, 19),
        printable(&device.platform, 7),
        device.last_seen_at.as_deref().map_or_else(|| "never".to_owned(), second),
        device.tunnel.as_ref().map_or_else(|| "–".to_owned(), |tunnel| printable(&tunnel.url, 60)),
    )
}

async fn revoke(store: &Store, id: &str, now: Timestamp) -> anyhow::Result<ExitCode> {
    if !store.revoke_device(id, now).await? {
        eprintln!(
            "There is no device {}. `orchestrator devices list` shows those there are.",
            printable(id, 60)
        );
        return Ok(ExitCode::FAILURE);
    }
    if let Err(error) = store.tell(News::Devices.as_str()).await {
        debug!(error = %error.chain(), "cannot tell running orchestrators; they look by themselves");
    }
    println!("Device {id} is revoked: its token has ended, and its tunnel is forgotten.");
    Ok(ExitCode::SUCCESS)
}

async fn now(store: &Store) -> anyhow::Result<Timestamp> {
    let clock = Clock::machine();
    clock.sync(store).await?;
    Ok(clock.now())
}

/// `2026-11-23T00:00:00.000Z` without fractions and letters.
fn second(at: &str) -> String {
    at.get(..19).unwrap_or(at).replace('T', " ")
}
