//! `POST /api/v1/me/outside-check`: a device asks whether its public address refuses strangers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use link::{ErrorBody, Receipt};

use super::caller::Caller;
use crate::app::App;
use crate::error::ApiError;
use crate::worker::outside::{Asked, LEAST_PAUSE, look_now};

/// Look at my public address from outside
///
/// Calls the device's tunnel without a token, with a wrong one, and with the right one on paths that must not be served.
#[utoipa::path(post, path = "/api/v1/me/outside-check", tag = "devices", security(("bearer" = [])), responses(
    (status = 200, description = "What was seen", body = Receipt),
    (status = 401, description = "Not a device's token", body = ErrorBody),
    (status = 409, description = "`no_tunnel`: no tunnel of this device is known", body = ErrorBody),
    (status = 429, description = "`too_soon`: the last look was less than 10 s ago", body = ErrorBody)
))]
pub(super) async fn check(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
) -> Result<Json<Receipt>, ApiError> {
    match look_now(&app, &device).await? {
        Asked::Seen(receipt) => Ok(Json(receipt)),
        Asked::TooSoon => Err(ApiError::Coded {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "too_soon",
            message: format!("The last look was a moment ago: ask again in {} s.", LEAST_PAUSE.as_secs()),
        }),
        Asked::NoTunnel => Err(ApiError::Coded {
            status: StatusCode::CONFLICT,
            code: "no_tunnel",
            message: "There is no tunnel of this device to look at: hand one over first.".to_owned(),
        }),
    }
}
