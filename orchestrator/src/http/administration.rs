//! What the administration does with devices, by `ADMIN_TOKEN`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use link::{DeviceInfo, Devices, ErrorBody, Paired, PairingCode};
use tracing::info;

use super::caller::Admin;
use super::json::Json;
use super::pair::{new_device, paired};
use crate::app::App;
use crate::devices;
use crate::error::ApiError;

/// List the paired machines
#[utoipa::path(
    get, path = "/api/v1/devices", operation_id = "list_devices", tag = "administration", security(("bearer" = [])),
    responses(
        (status = 200, description = "Those that are not revoked, oldest first", body = Devices),
        (status = 401, description = "Not ADMIN_TOKEN", body = ErrorBody)
    )
)]
pub(super) async fn list(State(app): State<Arc<App>>, _: Admin) -> Result<axum::Json<Devices>, ApiError> {
    Ok(axum::Json(Devices { items: devices::all(&app.store, app.clock.now()).await? }))
}

/// Make a device with a token, without a pairing code
///
/// For machines that are set up by a program. The token is said once.
#[utoipa::path(
    post, path = "/api/v1/devices", operation_id = "add_device", tag = "administration", security(("bearer" = [])), request_body = DeviceInfo,
    responses(
        (status = 201, description = "Made", body = Paired),
        (status = 400, description = "Not in this form", body = ErrorBody),
        (status = 401, description = "Not ADMIN_TOKEN", body = ErrorBody)
    )
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    _: Admin,
    Json(info): Json<DeviceInfo>,
) -> Result<(StatusCode, axum::Json<Paired>), ApiError> {
    let (device, token) = new_device(&info);
    app.store.add_device(&device, app.clock.now()).await?;
    Ok(paired(&app, device, token).await)
}

/// Revoke a device
///
/// Its token ends at once, and its tunnel is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}", operation_id = "revoke_device", tag = "administration", security(("bearer" = [])),
    params(("id" = String, Path, description = "The device's id")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 401, description = "Not ADMIN_TOKEN", body = ErrorBody),
        (status = 404, description = "`no_such_device`: there is none, or it is revoked already", body = ErrorBody)
    )
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    if revoke(&app, &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::Coded {
        status: StatusCode::NOT_FOUND,
        code: "no_such_device",
        message: "There is no such device, or it is revoked already.".to_owned(),
    })
}

/// Make a code that pairs one machine
#[utoipa::path(
    post, path = "/api/v1/pairing-codes", operation_id = "make_pairing_code", tag = "administration", security(("bearer" = [])),
    responses(
        (status = 201, description = "Good for 15 minutes", body = PairingCode),
        (status = 401, description = "Not ADMIN_TOKEN", body = ErrorBody)
    )
)]
pub(super) async fn make_code(
    State(app): State<Arc<App>>,
    _: Admin,
) -> Result<(StatusCode, axum::Json<PairingCode>), ApiError> {
    let code = devices::make_code(&app.store, &app.config, app.clock.now()).await?;
    Ok((StatusCode::CREATED, axum::Json(code)))
}

/// Ends a device's token and forgets its tunnel; `false` when there is no such device.
pub(super) async fn revoke(app: &App, id: &str) -> Result<bool, ApiError> {
    let revoked = app.store.revoke_device(id, app.clock.now()).await?;
    if revoked {
        info!(event = "device_revoked", device_id = id, "a machine is not paired any more");
        devices::tell(app).await;
    }
    Ok(revoked)
}
