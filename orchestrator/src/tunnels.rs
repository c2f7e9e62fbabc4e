//! The Access credentials of devices' tunnels: sealed in the database, each for its own place.

use link::Tunnel;
use tracing::{info, warn};

use crate::config::Access;
use crate::sealed::{Sealer, Unreadable};
use crate::store::{self, Store, TunnelRow};
use crate::worker::tunnel::Offered;
use triage::time::Timestamp;

/// Why a tunnel that is stored cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is nothing to open it with.
    #[error("there is no SECRETS_KEY to open its credentials with")]
    NoKey,
    /// Its credentials do not open.
    #[error("its credentials cannot be opened: {0}")]
    Unreadable(#[from] Unreadable),
    /// Only one of the two is there.
    #[error("one of its two credentials is missing")]
    Half,
}

/// A tunnel as it is stored: its credentials sealed with the first key.
pub(crate) fn seal(
    offered: &Offered,
    device_id: &str,
    sealer: Option<&Sealer>,
    now: Timestamp,
) -> Result<TunnelRow, Unusable> {
    let (client_id, client_secret) = match (&offered.access, sealer) {
        (None, _) => (None, None),
        (Some(_), None) => return Err(Unusable::NoKey),
        (Some(access), Some(sealer)) => {
            let (client_id, client_secret) = seal_access(access, device_id, sealer);
            (Some(client_id), Some(client_secret))
        }
    };
    Ok(TunnelRow {
        device_id: device_id.to_owned(),
        url: offered.url.as_str().trim_end_matches('/').to_owned(),
        model: offered.model.clone(),
        client_id,
        client_secret,
        verified_at: now,
        expires_at: offered.expires_at,
    })
}

fn seal_access(access: &Access, device_id: &str, sealer: &Sealer) -> (String, String) {
    (
        sealer.seal(&place(device_id, CLIENT_ID), &access.client_id),
        sealer.seal(&place(device_id, CLIENT_SECRET), &access.client_secret),
    )
}

/// The credentials of a tunnel; `None` when it needs none, as on loopback.
pub fn open(tunnel: &TunnelRow, sealer: Option<&Sealer>) -> Result<Option<Access>, Unusable> {
    let (client_id, client_secret) = match (&tunnel.client_id, &tunnel.client_secret) {
        (None, None) => return Ok(None),
        (Some(client_id), Some(client_secret)) => (client_id, client_secret),
        (Some(_), None) | (None, Some(_)) => return Err(Unusable::Half),
    };
    let sealer = sealer.ok_or(Unusable::NoKey)?;
    Ok(Some(Access {
        client_id: sealer.open(&place(&tunnel.device_id, CLIENT_ID), client_id)?,
        client_secret: sealer.open(&place(&tunnel.device_id, CLIENT_SECRET), client_secret)?,
    }))
}

/// Seals with the first key what an older one has sealed, and says which tunnels no key opens.
pub async fn renew_seals(store: &Store, sealer: Option<&Sealer>) -> store::Result<()> {
    let mut renewed = 0;
    for tunnel in store.tunnels().await? {
        let access = match open(&tunnel, sealer) {
            Ok(access) => access,
            Err(why) => {
                warn!(event = "tunnel_unreadable", device_id = tunnel.device_id, error_message = %why, "the tunnel of this device is not used: put the key that sealed it back into SECRETS_KEY, behind a comma, or hand the tunnel over again from the machine");
                continue;
            }
        };
        let (Some(access), Some(sealer)) = (access, sealer) else { continue };
        if !is_current(&tunnel, sealer) {
            let (client_id, client_secret) = seal_access(&access, &tunnel.device_id, sealer);
            let anew = TunnelRow {
                client_id: Some(client_id),
                client_secret: Some(client_secret),
                ..tunnel.clone()
            };
            renewed += usize::from(store.reseal_tunnel(&tunnel, &anew).await?);
        }
    }
    if renewed > 0 {
        info!(
            event = "secrets_resealed",
            count = renewed,
            "sealed anew with the first key of SECRETS_KEY; older keys are not needed any more"
        );
    }
    Ok(())
}

/// A tunnel as people and devices see it.
pub(crate) fn shown(tunnel: &TunnelRow) -> Tunnel {
    Tunnel {
        url: tunnel.url.clone(),
        model: tunnel.model.clone(),
        verified_at: tunnel.verified_at.to_rfc3339(),
        expires_at: tunnel.expires_at.map(Timestamp::to_rfc3339),
    }
}

const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

fn place(device_id: &str, column: &str) -> String {
    format!("tunnels/{device_id}/{column}")
}

fn is_current(tunnel: &TunnelRow, sealer: &Sealer) -> bool {
    [&tunnel.client_id, &tunnel.client_secret].into_iter().flatten().all(|sealed| sealer.is_current(sealed))
}
