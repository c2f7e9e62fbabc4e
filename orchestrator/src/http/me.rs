//! `/api/v1/me`: the calling device itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use link::{ErrorBody, Me};

use super::administration::revoke;
use super::caller::Caller;
use super::pair::server;
use crate::app::App;
use crate::devices;
use crate::error::ApiError;

/// Who am I
#[utoipa::path(
    get, path = "/api/v1/me", operation_id = "me", tag = "devices", security(("bearer" = [])),
    responses(
        (status = 200, description = "The calling device", body = Me),
        (status = 401, description = "No device's token (any more)", body = ErrorBody)
    )
)]
pub(super) async fn show(State(app): State<Arc<App>>, Caller(device): Caller) -> Result<Json<Me>, ApiError> {
    let tunnels = app.store.tunnels().await?;
    let device = devices::shown(device, &tunnels, app.clock.now());
    Ok(Json(Me { device, server: server(&app) }))
}

/// Unpair
///
/// The token ends at once, and the tunnel is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/me", operation_id = "unpair", tag = "devices", security(("bearer" = [])),
    responses(
        (status = 204, description = "Unpaired"),
        (status = 401, description = "No device's token (any more)", body = ErrorBody)
    )
)]
pub(super) async fn unpair(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
) -> Result<StatusCode, ApiError> {
    revoke(&app, &device.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
