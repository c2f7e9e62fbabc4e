//! `POST /api/v1/pair`: a pairing code for a device's token.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use link::{DeviceInfo, ErrorBody, PairRequest, Paired, Server};
use tracing::info;
use uuid::Uuid;

use super::caller::token_hash;
use super::json::Json;
use super::peer::Peer;
use crate::app::App;
use crate::error::ApiError;
use crate::pairing::{Code, Decision};
use crate::store::NewDevice;
use crate::{clean, devices};

/// Pair a machine
///
/// A code is good for 15 minutes and one machine; `orchestrator pair`, the administration and the log of a service
/// without machines give it out. The token is said once.
#[utoipa::path(
    post, path = "/api/v1/pair", tag = "devices", request_body = PairRequest,
    responses(
        (status = 201, description = "Paired", body = Paired),
        (status = 400, description = "Not in this form", body = ErrorBody),
        (status = 401, description = "`wrong_code`: it is none that was given out", body = ErrorBody),
        (status = 410, description = "`expired_code`, `used_code`, or `too_many_tries` (five wrong ones end every open code): it will never pair a machine (again)", body = ErrorBody),
        (status = 429, description = "Wrong codes too often from there", body = ErrorBody),
        (status = 503, description = "The database cannot be used", body = ErrorBody)
    )
)]
pub(super) async fn pair(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<PairRequest>,
) -> Result<(StatusCode, axum::Json<Paired>), ApiError> {
    let (client, now) = (peer.client(&headers), app.clock.now());
    app.limits.check(client, now)?;
    let (device, token) = new_device(&request.device);
    let decision = match Code::read(&request.code) {
        Some(code) => app.store.redeem(&code.hash(), &device, now).await?,
        // A slip of the finger is no guess at any code.
        None => Decision::Wrong,
    };
    if let Some(refused) = refusal(&decision) {
        app.limits.refused(client, now);
        return Err(refused);
    }
    Ok(paired(&app, device, token).await)
}

/// A device with a token of its own.
pub(super) fn new_device(info: &DeviceInfo) -> (NewDevice, String) {
    let token = format!("hst_{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let DeviceInfo { name, platform, version } = clean::device(info);
    let id = Uuid::now_v7().to_string();
    (NewDevice { id, name, platform, version, token_hash: token_hash(token.as_bytes()) }, token)
}

/// Says that a device has been added.
pub(super) async fn paired(app: &App, device: NewDevice, token: String) -> (StatusCode, axum::Json<Paired>) {
    info!(
        event = "device_paired",
        device_id = device.id,
        name = device.name,
        platform = device.platform,
        "a machine was paired"
    );
    devices::tell(app).await;
    (StatusCode::CREATED, axum::Json(Paired { device_id: device.id, token, server: server(app) }))
}

/// How this service introduces itself.
pub(super) fn server(app: &App) -> Server {
    Server {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        public_url: app.config.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
    }
}

fn refusal(decision: &Decision) -> Option<ApiError> {
    const ANOTHER: &str = "Make another one: `orchestrator pair`.";
    let (status, code, message) = match decision {
        Decision::Pairs(_) => return None,
        Decision::Wrong => (
            StatusCode::UNAUTHORIZED,
            "wrong_code",
            "This is no code of this service. It has 8 characters; compare them with what `orchestrator pair` printed. Five wrong codes end every open one.".to_owned(),
        ),
        Decision::Expired => (StatusCode::GONE, "expired_code", format!("This code is older than 15 minutes. {ANOTHER}")),
        Decision::Used => (StatusCode::GONE, "used_code", format!("This code has paired a machine already, and pairs one only. {ANOTHER}")),
        Decision::TooManyTries => (StatusCode::GONE, "too_many_tries", format!("Too many wrong codes were tried, so those that were open pair nothing any more. {ANOTHER}")),
    };
    Some(ApiError::Coded { status, code, message })
}
