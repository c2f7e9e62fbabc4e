//! The team's machines: who is paired, whether its credentials open, whether its model answers, and whether its door is shut.

use link::{Receipt, Usability};
use triage::prompt::{self, SchemaFlavour};
use triage::time::Timestamp;

use super::Line;
use crate::clients::ollama::Ollama;
use crate::clients::outside;
use crate::clock::Clock;
use crate::config::{Config, Local};
use crate::store::{DeviceRow, Store, TunnelRow};
use crate::worker::outside::{look, target};
use crate::worker::providers::{Closed, Providers, opened};

const SHUT_IT: &str = "Put the address behind a Cloudflare Access application with a \"Service Auth\" policy, and let the tunnel serve \
     only the paths that `triage-agent tunnel setup` writes.";

/// Everything that is known of machines, in the order of the way to them.
pub(super) async fn examine(config: &Config, store: Option<&Store>) -> Vec<Line> {
    let mut lines = Vec::new();
    let (devices, tunnels, now) = match read(store).await {
        Ok(read) => read,
        Err(why) => {
            lines.push(Line::warn("devices", format!("{why}."), "Mend the database first."));
            (Vec::new(), Vec::new(), Clock::machine().now())
        }
    };
    if let Some(line) = secrets_key(config, &tunnels) {
        lines.push(line);
    }
    if store.is_some() {
        lines.push(paired(config, &devices));
    }
    for device in &devices {
        lines.push(said(device, now));
        if let Some(tunnel) = tunnels.iter().find(|tunnel| tunnel.device_id == device.id) {
            match opened(config, tunnel) {
                Ok(local) => lines.extend(reach(config, &device.name, local).await),
                Err(closed) => lines.push(unreadable(device, closed)),
            }
        }
        if let (Some(store), Some(target)) = (store, target(config, device, &tunnels)) {
            let seen = look(store, device, &target, now).await.map_err(|error| error.chain());
            lines.push(seen.map_or_else(
                |why| Line::fail("outside", format!("{why}."), "Mend the database first."),
                |receipt| shut(&device.name, &receipt),
            ));
        }
    }
    lines.extend(environment(config, &devices, &tunnels, now).await);
    lines
}

async fn read(store: Option<&Store>) -> Result<(Vec<DeviceRow>, Vec<TunnelRow>, Timestamp), String> {
    let Some(store) = store else { return Err("Nothing is known of paired machines".to_owned()) };
    let clock = Clock::machine();
    let read = async {
        clock.sync(store).await?;
        Ok((store.devices().await?, store.tunnels().await?, clock.now()))
    };
    read.await.map_err(|error: crate::store::Error| error.chain())
}

fn secrets_key(config: &Config, tunnels: &[TunnelRow]) -> Option<Line> {
    let broken = tunnels.iter().filter(|tunnel| opened(config, tunnel).is_err()).count();
    match (&config.sealer, broken) {
        (None, 0) => None,
        (Some(_), 0) => {
            let what = match tunnels.len() {
                0 => "It is there; no tunnel has been handed over so far.".to_owned(),
                1 => "It opens the credentials of the one tunnel.".to_owned(),
                count => format!("It opens the credentials of all {count} tunnels."),
            };
            Some(Line::ok("secrets_key", what))
        }
        (_, broken) => Some(Line::fail(
            "secrets_key",
            format!("The credentials of {broken} of {} tunnels cannot be read.", tunnels.len()),
            "Set SECRETS_KEY to the key that sealed them (several are separated by commas), or hand the tunnels over again.",
        )),
    }
}

fn paired(config: &Config, devices: &[DeviceRow]) -> Line {
    match (devices.len(), &config.local) {
        (0, Some(_)) => {
            Line::ok("devices", "No machine is paired; the model is reached with the settings alone.")
        }
        (0, None) => Line::warn(
            "devices",
            "No machine is paired and none is set, so every ticket needs Groq.",
            "Run `orchestrator pair` and open its link on the machine with the model.",
        ),
        (1, _) => Line::ok("devices", "1 machine is paired."),
        (count, _) => Line::ok("devices", format!("{count} machines are paired.")),
    }
}

/// What a device says of itself, if it is heard of.
fn said(device: &DeviceRow, now: Timestamp) -> Line {
    const LOOK: &str = "Run `triage-agent doctor` on the machine.";
    let name = &device.name;
    let heard = device.last_seen_at.map(|at| (at, now.since(at)));
    let why = device.standing.why.as_deref().unwrap_or("no reason given");
    match (heard, device.standing.state) {
        (None, _) => Line::warn("device", format!("{name} has not been heard of since it was paired."), LOOK),
        (Some((at, silence)), _) if silence.as_millis() >= u128::from(link::SILENT_AFTER_MS) => {
            Line::warn("device", format!("{name} has been silent since {}.", at.to_rfc3339()), LOOK)
        }
        (Some(_), Usability::Usable) => {
            Line::ok("device", format!("{name} says that it can triage tickets."))
        }
        (Some(_), Usability::Unknown) => {
            Line::ok("device", format!("{name} is still finding out how it is."))
        }
        (Some(_), Usability::Unusable) => {
            Line::fail("device", format!("{name} says that it cannot triage tickets: {why}."), LOOK)
        }
    }
}

fn unreadable(device: &DeviceRow, closed: Closed) -> Line {
    let sentence = format!("The tunnel of {} cannot be used: {closed}.", device.name);
    Line::fail(
        "machine",
        sentence,
        "Set the right SECRETS_KEY, or run `triage-agent tunnel setup` on the machine again.",
    )
}

/// Whether the tunnel leads to Ollama, and the model is there.
async fn reach(config: &Config, name: &str, local: Local) -> Vec<Line> {
    let model = local.model.clone();
    let client = Ollama::new(local, prompt::schema(&config.desk, SchemaFlavour::Grammar));
    let line = match client.has_model().await {
        Err(fault) => Line::fail(
            "machine",
            format!("{name}: {}.", fault.message),
            "Run `triage-agent doctor` on the machine: it names the hop that is broken.",
        ),
        Ok(false) => {
            let fix = format!("Run `triage-agent pull {model}` on the machine.");
            Line::fail("machine", format!("{name} is reached, but does not have the model {model}."), &fix)
        }
        Ok(true) => Line::ok("machine", format!("{name} is reached and has the model {model}.")),
    };
    vec![line]
}

/// What a look from outside has found.
fn shut(name: &str, receipt: &Receipt) -> Line {
    match outside::exposed(receipt) {
        Some(open) => Line::fail("outside", format!("{name} is open to strangers: {open}."), SHUT_IT),
        None if receipt.closed => {
            let count = receipt.checks.len();
            Line::ok(
                "outside",
                format!("{name} refused all {count} calls that must be refused ({}).", receipt.checked_at),
            )
        }
        None => {
            let seen = receipt.checks.iter().find(|check| check.refused.is_none());
            let seen = seen.map(|check| format!("{}: {}", check.what, check.sentence)).unwrap_or_default();
            Line::warn(
                "outside",
                format!("{name}: not every door could be tried. {seen}."),
                "Run this again when the machine is reachable.",
            )
        }
    }
}

/// The machine of the settings, unless it is only assumed beside others, or a device has handed over its tunnel.
async fn environment(
    config: &Config,
    devices: &[DeviceRow],
    tunnels: &[TunnelRow],
    now: Timestamp,
) -> Vec<Line> {
    let Some(local) = config.local.clone() else { return Vec::new() };
    if (local.is_assumed && !tunnels.is_empty()) || Providers::is_handed_over(&local, tunnels) {
        return Vec::new();
    }
    let name = local.url.host_str().unwrap_or("the machine of LOCAL_LLM_URL").to_owned();
    let (url, access) = (local.url.clone(), local.access.clone());
    let mut lines = reach(config, &name, local).await;
    let has_receipt = devices.iter().any(|device| Providers::is_behind_environment(device, config));
    if let Some(access) = access.filter(|_| !has_receipt) {
        lines.push(shut(&name, &outside::look(&url, &access, now).await));
    }
    lines
}
