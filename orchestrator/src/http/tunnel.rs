//! `PUT /api/v1/tunnel`: a device hands over the way to its model.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use link::{ErrorBody, TunnelOffer, TunnelTaken};
use tracing::info;

use super::caller::{Caller, revoked};
use super::json::Json;
use crate::app::App;
use crate::error::ApiError;
use crate::store::TunnelRow;
use crate::worker::tunnel::{self, Refusal};
use crate::{devices, tunnels};

/// Hand a tunnel over
///
/// It is tried before it replaces what was there: Ollama must answer through it, to these credentials, and have the
/// model. They are stored encrypted and used at once.
#[utoipa::path(
    put, path = "/api/v1/tunnel", operation_id = "hand_tunnel_over", tag = "devices", security(("bearer" = [])), request_body = TunnelOffer,
    responses(
        (status = 200, description = "In use", body = TunnelTaken),
        (status = 400, description = "Not in this form", body = ErrorBody),
        (status = 401, description = "No device's token (any more)", body = ErrorBody),
        (status = 409, description = "`no_secrets_key`: this server has no SECRETS_KEY to keep credentials with", body = ErrorBody),
        (status = 422, description = "Not taken; what was there stays. The code says what refused: `url_refused`, `credentials_missing`, `credentials_malformed`, `model_malformed`, `expiry_malformed`; `access_refused`, `tunnel_down`, `origin_down`, `host_refused`, `path_refused`, `model_missing`, `unreachable`, `timeout`, `busy`, `rate_limited`, `server_error`, `refused`, `bad_answer`", body = ErrorBody)
    )
)]
pub(super) async fn take(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
    Json(offer): Json<TunnelOffer>,
) -> Result<axum::Json<TunnelTaken>, ApiError> {
    let offered = tunnel::read(&offer).map_err(refused)?;
    let sealed = tunnels::seal(&offered, &device.id, app.config.sealer.as_ref(), app.clock.now());
    let sealed = sealed.map_err(|_| no_key())?;
    let latency = tunnel::prove(&offered).await.map_err(refused)?;
    let row = TunnelRow { verified_at: app.clock.now(), ..sealed };
    if !app.store.put_tunnel(&row).await? {
        return Err(revoked());
    }
    let latency_ms = i64::try_from(latency.as_millis()).unwrap_or(i64::MAX);
    info!(
        event = "tunnel_changed",
        device_id = device.id,
        model = row.model,
        latency_ms,
        "a machine handed its tunnel over; it was tried and is in use"
    );
    devices::tell(&app).await;
    Ok(axum::Json(TunnelTaken { tunnel: tunnels::shown(&row), latency_ms }))
}

fn refused(Refusal { code, message }: Refusal) -> ApiError {
    ApiError::Coded { status: StatusCode::UNPROCESSABLE_ENTITY, code, message }
}

fn no_key() -> ApiError {
    ApiError::Coded {
        status: StatusCode::CONFLICT,
        code: "no_secrets_key",
        message: "This server has no SECRETS_KEY to keep credentials with: set it to the output of `openssl rand -base64 32` and start it again."
            .to_owned(),
    }
}
