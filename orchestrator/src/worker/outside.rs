//! The look from outside at every device's tunnel: at once when it was handed over, then daily, and on request.
//!
//! When a device was last looked at stands in the database, so that of several orchestrators one looks.

use std::time::Duration;

use link::Receipt;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use triage::time::Timestamp;
use url::Url;

use super::DATABASE_PAUSE;
use super::providers::{Providers, opened};
use crate::app::App;
use crate::clients::outside;
use crate::config::{Access, Config};
use crate::queue::wake::News;
use crate::store::{self, DeviceRow, Store, TunnelRow};

/// Pause between two looks at the same tunnel.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// The same after a look that found nobody to judge.
const AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);

/// The least pause between two looks that are asked for.
pub const LEAST_PAUSE: Duration = Duration::from_secs(10);

/// How often is looked whether a look is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// A way in to be looked at.
pub struct Target {
    /// Its address.
    pub url: Url,
    /// The right service token.
    pub access: Access,
    verified_at: Option<Timestamp>,
}

/// What asking for a look leads to.
#[derive(Debug)]
pub enum Asked {
    /// What was seen.
    Seen(Receipt),
    /// The last look was a moment ago.
    TooSoon,
    /// The device has no tunnel that is known here, or none with a service token.
    NoTunnel,
}

/// Looks when it is time until `stop`.
pub(super) async fn run(app: &App, stop: &CancellationToken) {
    let mut news = app.wake.follow(News::Devices);
    loop {
        news.mark_unchanged();
        let pause = tokio::select! {
            () = stop.cancelled() => return,
            looked = look_at_due(app) => match looked {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    debug!(error = %error.chain(), "cannot see which tunnels to look at");
                    DATABASE_PAUSE
                }
            },
        };
        let next = app.clock.now().plus(pause);
        tokio::select! {
            () = stop.cancelled() => return,
            _ = news.changed() => {}
            () = app.clock.sleep_until(next) => {}
        }
    }
}

/// Looks at a device's tunnel because somebody asks.
pub async fn look_now(app: &App, device: &DeviceRow) -> store::Result<Asked> {
    let tunnels = app.store.tunnels().await?;
    let Some(target) = target(&app.config, device, &tunnels) else { return Ok(Asked::NoTunnel) };
    let now = app.clock.now();
    let before = Timestamp::from_millis(now.as_millis() - millis(LEAST_PAUSE));
    if !app.store.begin_look(&device.id, before, now).await? {
        return Ok(Asked::TooSoon);
    }
    Ok(Asked::Seen(look(&app.store, device, &target, now).await?))
}

/// The tunnel of a device: the one that it handed over, or that of the environment when it is behind its address.
pub fn target(config: &Config, device: &DeviceRow, tunnels: &[TunnelRow]) -> Option<Target> {
    if let Some(tunnel) = tunnels.iter().find(|tunnel| tunnel.device_id == device.id) {
        let local = opened(config, tunnel).ok()?;
        return Some(Target { url: local.url, access: local.access?, verified_at: Some(tunnel.verified_at) });
    }
    let local = config.local.clone().filter(|_| Providers::is_behind_environment(device, config))?;
    Some(Target { url: local.url, access: local.access?, verified_at: None })
}

/// Looks, stores the receipt, and says so when a door is open.
pub async fn look(
    store: &Store,
    device: &DeviceRow,
    target: &Target,
    now: Timestamp,
) -> store::Result<Receipt> {
    let receipt = outside::look(&target.url, &target.access, now).await;
    if let Some(open) = outside::exposed(&receipt) {
        warn!(event = "tunnel_exposed", device_id = %device.id, error_message = %open, "what must be refused at this device's public address is not");
    } else if receipt.closed {
        info!(event = "tunnel_looked_at", device_id = %device.id, "everything that must be refused at this device's public address is");
    }
    store.keep_receipt(&device.id, &serde_json::json!(receipt).to_string()).await?;
    Ok(receipt)
}

async fn look_at_due(app: &App) -> store::Result<()> {
    let (devices, tunnels) = (app.store.devices().await?, app.store.tunnels().await?);
    for device in &devices {
        let Some(target) = target(&app.config, device, &tunnels) else { continue };
        let now = app.clock.now();
        let before = due_if_before(device.receipt.as_deref(), target.verified_at, now);
        if app.store.begin_look(&device.id, before, now).await? {
            look(&app.store, device, &target, now).await?;
        }
    }
    Ok(())
}

/// A look is due when the last one was before this.
fn due_if_before(receipt: Option<&str>, verified_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let receipt = receipt.and_then(|json| serde_json::from_str::<Receipt>(json).ok());
    let every = if receipt.is_some_and(|receipt| outside::is_judged(&receipt)) { EVERY } else { AGAIN_AFTER };
    let ago = Timestamp::from_millis(now.as_millis() - millis(every));
    verified_at.map_or(ago, |verified_at| ago.max(verified_at))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::Check;

    const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);

    #[test]
    fn a_look_is_due_daily_sooner_when_nobody_answered_and_at_once_after_a_new_tunnel() {
        let receipt = |refused| {
            let check = Check { what: "x".into(), refused, status: None, sentence: "y".into() };
            let receipt =
                Receipt { checked_at: String::new(), url: String::new(), closed: true, checks: vec![check] };
            serde_json::json!(receipt).to_string()
        };
        let ago = |seconds: i64| Timestamp::from_millis(NOW.as_millis() - seconds * 1000);
        let judged = receipt(Some(true));
        assert_eq!(due_if_before(Some(&judged), None, NOW), ago(24 * 3600));
        assert_eq!(due_if_before(Some(&receipt(None)), None, NOW), ago(900));
        assert_eq!(due_if_before(None, None, NOW), ago(900));
        assert_eq!(due_if_before(Some(&judged), Some(ago(5)), NOW), ago(5), "verified since the last look");
        assert_eq!(due_if_before(Some(&judged), Some(ago(90 * 3600)), NOW), ago(24 * 3600));
    }
}
