//! `/api/v1/me`: the calling device itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use link::{Category, Desk, ErrorBody, Me, Team};

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
    Ok(Json(Me { device, server: server(&app), desk: desk(&app.config.desk) }))
}

/// As devices are told of it.
fn desk(desk: &triage::desk::Desk) -> Desk {
    let categories = desk.categories().iter().map(|category| Category {
        key: category.key.clone(),
        label: category.label.clone(),
        team: category.team.clone(),
        enabled: category.enabled,
    });
    let teams = desk.teams().iter().map(|team| Team { key: team.key.clone(), label: team.label.clone() });
    Desk { categories: categories.collect(), teams: teams.collect() }
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
