//! Paired machines as people and the machines themselves see them, and the codes that pair one.

use std::time::Duration;

use link::{Device, Heartbeat, PairingCode, Receipt, SILENT_AFTER_MS};
use tracing::{debug, info, warn};
use triage::time::Timestamp;
use url::Url;
use uuid::Uuid;

use crate::app::App;
use crate::config::Config;
use crate::pairing::{Code, GOOD_FOR};
use crate::queue::wake::News;
use crate::store::{self, DeviceRow, Store, TunnelRow};
use crate::tunnels;

/// All devices, oldest first.
pub async fn all(store: &Store, now: Timestamp) -> store::Result<Vec<Device>> {
    let tunnels = store.tunnels().await?;
    Ok(store.devices().await?.into_iter().map(|device| shown(device, &tunnels, now)).collect())
}

/// A device; its tunnel is among `tunnels`, if it has one.
pub(crate) fn shown(device: DeviceRow, tunnels: &[TunnelRow], now: Timestamp) -> Device {
    let tunnel = tunnels.iter().find(|tunnel| tunnel.device_id == device.id);
    Device {
        silent: is_silent(&device, now),
        receipt: receipt(&device),
        tunnel: tunnel.map(tunnels::shown),
        id: device.id,
        name: device.name,
        platform: device.platform,
        version: device.version,
        paired_at: device.paired_at.to_rfc3339(),
        last_seen_at: device.last_seen_at.map(Timestamp::to_rfc3339),
        standing: device.standing,
    }
}

/// Whether a device has not been heard of for too long, or ever.
pub fn is_silent(device: &DeviceRow, now: Timestamp) -> bool {
    device.last_seen_at.is_none_or(|at| now.since(at) >= Duration::from_millis(SILENT_AFTER_MS))
}

/// The last look from outside.
pub(crate) fn receipt(device: &DeviceRow) -> Option<Receipt> {
    device.receipt.as_deref().and_then(|json| serde_json::from_str(json).ok())
}

/// The public address that a device named in its last heartbeat.
pub(crate) fn public_url(device: &DeviceRow) -> Option<String> {
    let heartbeat: Heartbeat = serde_json::from_str(device.heartbeat.as_deref()?).ok()?;
    heartbeat.public_url
}

/// Makes a code that pairs one machine.
pub async fn make_code(store: &Store, config: &Config, now: Timestamp) -> store::Result<PairingCode> {
    let code = Code::of_random(rand::random());
    let expires_at = now.plus(GOOD_FOR);
    store.add_pairing_code(&Uuid::now_v7().to_string(), &code.hash(), expires_at, now).await?;
    Ok(PairingCode {
        code: code.shown(),
        link: code.link(&address(config)),
        expires_at: expires_at.to_rfc3339(),
    })
}

/// Where machines reach this service, as far as it was told.
fn address(config: &Config) -> Url {
    let on_this_machine = || Url::parse(&format!("http://127.0.0.1:{}", config.port));
    config
        .public_url
        .clone()
        .unwrap_or_else(|| on_this_machine().expect("an address of constants and a port"))
}

/// Looks what is stored of devices: it counts for tickets from now on. The tunnels that were seen; `None` when the database
/// did not answer.
pub(crate) async fn look(app: &App) -> Option<Vec<TunnelRow>> {
    match app.providers.refresh(&app.store).await {
        Ok(seen) => Some(seen.tunnels),
        Err(error) => {
            debug!(error = %error.chain(), "cannot look for devices; this is done again soon");
            None
        }
    }
}

/// Tells everybody who may want to know that something about devices is another way now. The tunnels, as for [`look`].
pub(crate) async fn tell(app: &App) -> Option<Vec<TunnelRow>> {
    let tunnels = look(app).await;
    app.wake.spread(News::Devices);
    if let Err(error) = app.store.tell(News::Devices.as_str()).await {
        warn!(event = "news_not_told", error = %error.chain(), "cannot tell other orchestrators; they look by themselves");
    }
    tunnels
}

/// What is done once after the start, as soon as the database can be used: credentials are sealed with the first key,
/// and while no machine is paired, there is a code to pair one with.
pub async fn begin(app: &App) -> store::Result<()> {
    tunnels::renew_seals(&app.store, app.config.sealer.as_ref()).await?;
    if app.store.devices().await?.is_empty() {
        let PairingCode { code, link, expires_at } =
            make_code(&app.store, &app.config, app.clock.now()).await?;
        info!(event = "pairing_code", code, link, expires_at, "no machine is paired; this code pairs one");
    }
    Ok(())
}
