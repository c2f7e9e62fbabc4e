//! Which machines there are: one for each tunnel that a device handed over, and the one of the environment variables.
//!
//! There is one machine per address, however many devices stand behind it. What they say of themselves counts for it: it can be
//! used as long as one of them says so.

use std::sync::Arc;

use link::{SILENT_AFTER_MS, Usability};
use tracing::debug;
use triage::breaker::Report;
use triage::stage::MachineId;
use triage::ticket::Provider;
use triage::time::Timestamp;
use url::Url;

use super::endpoint::{Endpoint, Slots};
use crate::clients::ollama::Ollama;
use crate::config::{Config, Local};
use crate::store::{DeviceSaid, TunnelRow};
use crate::tunnels::{self, Unusable};

/// The machine of the environment variables, among the ids of devices.
const ENVIRONMENT: &str = "environment";

/// One of the team's machines, as tickets can reach it.
#[derive(Clone)]
pub(super) struct Machine {
    pub(super) id: MachineId,
    /// For people.
    pub(super) name: String,
    /// The devices behind it, the one that handed the tunnel over first.
    pub(super) devices: Vec<String>,
    pub(super) endpoint: Arc<Endpoint>,
    url: Url,
    /// What it was made of; `None` when that was the environment.
    tunnel: Option<TunnelRow>,
}

/// What a machine's client is made with.
pub(super) struct Workshop {
    config: Config,
    schema: serde_json::Value,
    environment: Option<Machine>,
}

/// A tunnel whose credentials cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// They do not open.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// Its address is none.
    #[error("its address is not one")]
    NoAddress,
}

impl Machine {
    /// It was proved by a call before it was taken.
    pub(super) const fn is_verified(&self) -> bool {
        self.tunnel.is_some()
    }

    /// What its devices say of it, all in all.
    fn reported(&self, devices: &[DeviceSaid], now: Timestamp) -> Report {
        let own = devices.iter().filter(|device| self.devices.contains(&device.id));
        own.map(|device| report_of(device, now)).min_by_key(rank).unwrap_or(Report::Unknown)
    }
}

impl Workshop {
    pub(super) fn new(config: &Config, schema: serde_json::Value) -> Self {
        let mut workshop = Self { config: config.clone(), schema, environment: None };
        workshop.environment = config.local.clone().map(|local| Machine {
            id: MachineId::new(ENVIRONMENT),
            name: local.url.host_str().unwrap_or_default().to_owned(),
            devices: Vec::new(),
            url: local.url.clone(),
            endpoint: Arc::new(workshop.endpoint(local, None)),
            tunnel: None,
        });
        workshop
    }

    /// The machine there is before anything is known of devices.
    pub(super) fn first(&self) -> Vec<Machine> {
        self.environment.iter().cloned().collect()
    }

    /// The machines with these devices and tunnels. Those that have not changed stay as they are in `known`.
    pub(super) fn machines(
        &self,
        devices: &[DeviceSaid],
        tunnels: &[TunnelRow],
        known: &[Machine],
        now: Timestamp,
    ) -> Vec<Machine> {
        let mut machines: Vec<Machine> = Vec::new();
        for (tunnel, names) in by_address(devices, tunnels) {
            let kept = known.iter().find(|machine| machine.tunnel.as_ref() == Some(tunnel));
            let before = known.iter().find(|machine| machine.id.as_str() == tunnel.device_id);
            let machine = kept.cloned().map_or_else(|| self.machine(tunnel, devices, before), Ok);
            match machine {
                Ok(machine) => machines.push(Machine { devices: names, ..machine }),
                Err(closed) => {
                    debug!(device_id = %tunnel.device_id, error = %closed, "a tunnel cannot be used")
                }
            }
        }
        if let Some(environment) = self.environment_beside(&machines) {
            let names = devices.iter().filter(|device| is_at(device.public_url.as_deref(), &environment.url));
            let names = names.map(|device| device.id.clone()).collect();
            machines.push(Machine { devices: names, ..environment.clone() });
        }
        for machine in &machines {
            machine.endpoint.report(machine.reported(devices, now), &machine.name, now);
        }
        machines
    }

    /// The machine of the environment, unless its tunnel has been handed over, or it is only assumed and there are others.
    fn environment_beside(&self, machines: &[Machine]) -> Option<&Machine> {
        let is_assumed = self.config.local.as_ref().is_some_and(|local| local.is_assumed);
        self.environment.as_ref().filter(|environment| {
            let is_replaced = machines.iter().any(|machine| same_place(&machine.url, &environment.url));
            !is_replaced && (machines.is_empty() || !is_assumed)
        })
    }

    fn machine(
        &self,
        tunnel: &TunnelRow,
        devices: &[DeviceSaid],
        before: Option<&Machine>,
    ) -> Result<Machine, Closed> {
        let local = opened(&self.config, tunnel)?;
        let owner = devices.iter().find(|device| device.id == tunnel.device_id);
        Ok(Machine {
            id: MachineId::new(&*tunnel.device_id),
            name: owner.map_or_else(|| tunnel.device_id.clone(), |device| device.name.clone()),
            devices: Vec::new(),
            url: local.url.clone(),
            endpoint: Arc::new(self.endpoint(local, before)),
            tunnel: Some(tunnel.clone()),
        })
    }

    fn endpoint(&self, local: Local, before: Option<&Machine>) -> Endpoint {
        let slots = before.map_or_else(|| Slots::new(local.concurrency), |machine| machine.endpoint.slots());
        Endpoint::new(Provider::Local, Box::new(Ollama::new(local, self.schema.clone())), slots)
    }
}

/// What a client of this tunnel needs.
pub fn opened(config: &Config, tunnel: &TunnelRow) -> Result<Local, Closed> {
    let url = Url::parse(&tunnel.url).map_err(|_| Closed::NoAddress)?;
    let access = tunnels::open(tunnel, config.sealer.as_ref())?;
    let limits = &config.machines;
    Ok(Local {
        url,
        model: tunnel.model.clone(),
        timeout: limits.timeout,
        concurrency: limits.concurrency,
        access,
        is_assumed: false,
    })
}

/// When the first of these devices that is not silent yet will be.
pub(super) fn next_silence(devices: &[DeviceSaid], now: Timestamp) -> Option<Timestamp> {
    devices.iter().filter_map(silent_from).filter(|at| *at > now).min()
}

/// What a device says of itself, as far as that still counts.
fn report_of(device: &DeviceSaid, now: Timestamp) -> Report {
    match (silent_from(device), device.standing.state) {
        (None, _) => Report::Unknown,
        (Some(at), _) if at <= now => Report::Silent,
        (Some(_), Usability::Usable) => Report::Usable,
        (Some(_), Usability::Unknown) => Report::Unknown,
        (Some(_), Usability::Unusable) => Report::Unusable {
            why: device
                .standing
                .why
                .clone()
                .unwrap_or_else(|| "the machine says that it cannot be used".to_owned()),
        },
    }
}

/// Of several devices behind one address the most hopeful speaks.
const fn rank(report: &Report) -> u8 {
    match report {
        Report::Usable => 0,
        Report::Unknown => 1,
        Report::Unusable { .. } => 2,
        Report::Silent => 3,
    }
}

fn silent_from(device: &DeviceSaid) -> Option<Timestamp> {
    Some(device.last_seen_at?.plus(std::time::Duration::from_millis(SILENT_AFTER_MS)))
}

/// Each address with the tunnel that was proved last and the devices that handed it over, its own first.
fn by_address<'a>(devices: &[DeviceSaid], tunnels: &'a [TunnelRow]) -> Vec<(&'a TunnelRow, Vec<String>)> {
    let mut groups: Vec<(&TunnelRow, Vec<String>)> = Vec::new();
    for device in devices {
        let Some(tunnel) = tunnels.iter().find(|tunnel| tunnel.device_id == device.id) else { continue };
        match groups.iter_mut().find(|(other, _)| same_address(&other.url, &tunnel.url)) {
            Some((newest, names)) if tunnel.verified_at > newest.verified_at => {
                *newest = tunnel;
                names.insert(0, device.id.clone());
            }
            Some((_, names)) => names.push(device.id.clone()),
            None => groups.push((tunnel, vec![device.id.clone()])),
        }
    }
    groups
}

/// The public address that a device names is this one.
pub(super) fn is_at(public_url: Option<&str>, url: &Url) -> bool {
    let address = public_url.and_then(|public_url| Url::parse(public_url).ok());
    address.is_some_and(|address| same_place(&address, url))
}

pub(super) fn same_address(one: &str, other: &str) -> bool {
    one == other
        || Url::parse(one)
            .ok()
            .zip(Url::parse(other).ok())
            .is_some_and(|(one, other)| same_place(&one, &other))
}

/// The same host and port.
fn same_place(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

#[cfg(test)]
mod tests;
