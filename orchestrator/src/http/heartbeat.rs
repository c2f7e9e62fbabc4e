//! `POST /api/v1/heartbeat`: how the device sees itself, and how the orchestrator sees it.

use std::sync::Arc;

use axum::extract::State;
use link::{
    ErrorBody, HEARTBEAT_EVERY_MS, Heartbeat, HeartbeatAnswer, LayerHealth, LayerReport, Receipt, Standing,
    Usability,
};

use super::caller::{Caller, revoked};
use super::json::Json;
use super::pair::server;
use crate::app::App;
use crate::error::ApiError;
use crate::store::{Beat, DeviceRow};
use crate::{clean, devices, tunnels};

/// Pause before the next heartbeat while the two sides do not agree.
const UNSETTLED_HEARTBEAT_MS: u64 = HEARTBEAT_EVERY_MS / 3;

/// Tell how everything is, hear how it looks from here
///
/// Every 15 seconds, and at once when something changed. Long texts are cut, and of more than 32 layers, programs or
/// models the rest is left out.
#[utoipa::path(
    post, path = "/api/v1/heartbeat", operation_id = "heartbeat", tag = "devices", security(("bearer" = [])), request_body = Heartbeat,
    responses(
        (status = 200, description = "How it looks from here", body = HeartbeatAnswer),
        (status = 400, description = "Not in this form", body = ErrorBody),
        (status = 401, description = "No device's token (any more)", body = ErrorBody),
        (status = 413, description = "Larger than 64 KiB", body = ErrorBody)
    )
)]
pub(super) async fn beat(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
    Json(said): Json<Heartbeat>,
) -> Result<axum::Json<HeartbeatAnswer>, ApiError> {
    let (said, now) = (clean::heartbeat(said), app.clock.now());
    let json = serde_json::to_string(&said)
        .map_err(|problem| ApiError::BadRequest(format!("The heartbeat cannot be kept: {problem}.")))?;
    let beat = Beat { version: said.version.clone(), standing: said.standing.clone(), json };
    if !app.store.heard_of_device(&device.id, &beat, now).await? {
        return Err(revoked());
    }
    let seen = if devices::is_silent(&device, now) || is_news(&device, &said) {
        devices::tell(&app).await
    } else {
        devices::look(&app).await
    };
    let tunnels = match seen {
        Some(tunnels) => tunnels,
        None => app.store.tunnels().await?,
    };
    let tunnel = tunnels.iter().find(|tunnel| tunnel.device_id == device.id).map(tunnels::shown);
    let view = app.providers.view_of(&device.id);
    let receipt = devices::receipt(&device);
    Ok(axum::Json(HeartbeatAnswer {
        server: server(&app),
        time: now.to_rfc3339(),
        next_in_ms: next(&said.standing, &view),
        layers: layers(&view, receipt.as_ref()),
        view,
        elsewhere: app.providers.elsewhere(&device.id),
        tunnel,
        receipt,
    }))
}

/// A device that thinks itself usable and is seen otherwise, for a reason, wants to hear soon that this has passed. Where
/// nothing was tried so far, only a tunnel or a ticket brings news.
fn next(said: &Standing, view: &Standing) -> u64 {
    let is_doubted = match view.state {
        Usability::Usable => false,
        Usability::Unusable => true,
        Usability::Unknown => view.why.is_some(),
    };
    let is_settled = said.state != Usability::Usable || !is_doubted;
    if is_settled { HEARTBEAT_EVERY_MS } else { UNSETTLED_HEARTBEAT_MS }
}

/// Something that others act upon is another way than before. The reason may change with every heartbeat.
fn is_news(before: &DeviceRow, said: &Heartbeat) -> bool {
    before.standing.state != said.standing.state || devices::public_url(before) != said.public_url
}

/// What was looked at from here; what was not is left out.
fn layers(view: &Standing, receipt: Option<&Receipt>) -> Vec<LayerReport> {
    let report = |layer: &str, health, sentence: String| LayerReport {
        layer: layer.to_owned(),
        health,
        sentence,
        latency_ms: None,
    };
    let why = || view.why.clone().unwrap_or_else(|| "the last call failed".to_owned());
    let address = match view.state {
        Usability::Usable => {
            Some(report("public_address", LayerHealth::Ok, "The orchestrator can use the model.".to_owned()))
        }
        Usability::Unusable => Some(report(
            "public_address",
            LayerHealth::Fail,
            format!("The orchestrator cannot use the model: {}.", why()),
        )),
        Usability::Unknown => None,
    };
    let closed = receipt.and_then(|receipt| {
        let at = &receipt.checked_at;
        let is_open = receipt.checks.iter().any(|check| check.refused == Some(false));
        let (health, sentence) = match (receipt.closed, is_open) {
            (_, true) => (LayerHealth::Fail, format!("Did not refuse all strangers when last tried, {at}.")),
            (true, false) => (LayerHealth::Ok, format!("Refused strangers when last tried, {at}.")),
            // There was nobody to refuse them.
            (false, false) => return None,
        };
        Some(report("access_closed", health, sentence))
    });
    address.into_iter().chain(closed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_device_that_is_seen_otherwise_than_it_sees_itself_is_heard_sooner() {
        use Usability::{Unknown, Unusable, Usable};
        let standing = |state, why: Option<&str>| Standing { state, why: why.map(str::to_owned) };
        for (said, view, is_soon) in [
            (standing(Usable, None), standing(Usable, None), false),
            (standing(Usable, None), standing(Unusable, Some("403")), true),
            (standing(Usable, None), standing(Unusable, None), true),
            (standing(Usable, None), standing(Unknown, Some("it answers again")), true),
            (standing(Usable, None), standing(Unknown, None), false),
            (standing(Unusable, Some("paused")), standing(Unusable, Some("403")), false),
            (standing(Unknown, None), standing(Unknown, Some("it answers again")), false),
        ] {
            let expected = if is_soon { UNSETTLED_HEARTBEAT_MS } else { HEARTBEAT_EVERY_MS };
            assert_eq!(next(&said, &view), expected, "{said:?} {view:?}");
        }
    }
}
