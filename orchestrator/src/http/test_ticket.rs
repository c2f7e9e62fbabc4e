//! `/api/v1/test-ticket`: a device has a test ticket sent, and follows it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use link::{ErrorBody, TestTicket, TestTicketSent};
use tracing::{info, warn};
use triage::ticket::TicketId;

use super::caller::Caller;
use super::results::unknown;
use crate::app::App;
use crate::error::ApiError;
use crate::worker::test_ticket::{self, NotTaken, Problem};

/// Send a test ticket
///
/// The orchestrator calls its own public address as HubSpot would, or itself when it has none. The ticket's id begins
/// with `test-`: HubSpot has no such ticket, and is never asked about it.
#[utoipa::path(post, path = "/api/v1/test-ticket", operation_id = "send_test_ticket", tag = "devices", security(("bearer" = [])), responses(
    (status = 202, description = "It was stored, through the way that HubSpot takes", body = TestTicketSent),
    (status = 401, description = "Not a device's token", body = ErrorBody),
    (status = 409, description = "`no_proof`: this server accepts no webhook at all", body = ErrorBody),
    (status = 429, description = "`too_soon`: the last one was a moment ago; `Retry-After` says when", body = ErrorBody),
    (status = 502, description = "`way_in_refused`: what answers at the public address did not take it", body = ErrorBody),
    (status = 503, description = "`way_in_unanswered`: nobody answers at the public address", body = ErrorBody)
))]
pub(super) async fn send(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
) -> Result<(StatusCode, Json<TestTicketSent>), ApiError> {
    let to = test_ticket::way_in(&app).ok_or_else(starting)?;
    app.limits.test_ticket(&device.id, app.clock.now())?;
    match test_ticket::send(&app.config, &to, app.clock.now()).await {
        Ok(ticket_id) => {
            info!(event = "test_ticket_sent", ticket_id, device_id = device.id, "a device asked for it");
            Ok((StatusCode::ACCEPTED, Json(TestTicketSent { ticket_id })))
        }
        Err(problem) => {
            warn!(event = "test_ticket_not_taken", device_id = device.id, error_message = %problem, "webhooks may not get in either");
            Err(refused(&problem))
        }
    }
}

/// Follow a test ticket
///
/// Once its message was written, Discord is asked whether it has it.
#[utoipa::path(get, path = "/api/v1/test-ticket/{ticket_id}", operation_id = "follow_test_ticket", tag = "devices", security(("bearer" = [])),
    params(("ticket_id" = String, Path, description = "As it was given when the ticket was sent")),
    responses(
        (status = 200, description = "How far it has come", body = TestTicket),
        (status = 401, description = "Not a device's token", body = ErrorBody),
        (status = 404, description = "No such test ticket", body = ErrorBody)
    ))]
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
    Path(ticket_id): Path<String>,
) -> Result<Json<TestTicket>, ApiError> {
    let id = TicketId::parse(&ticket_id).filter(TicketId::is_test).ok_or_else(|| unknown(&ticket_id))?;
    let found = test_ticket::follow(&app, &device, &id).await?;
    found.map(Json).ok_or_else(|| unknown(&ticket_id))
}

fn refused(problem: &Problem) -> ApiError {
    let (status, code, message) = match problem {
        Problem::NoProof => (
            StatusCode::CONFLICT,
            "no_proof",
            format!("The orchestrator accepts no webhook at all: {problem}."),
        ),
        Problem::NotTaken(NotTaken::Unreachable { .. }) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "way_in_unanswered",
            format!("The orchestrator does not reach itself, so HubSpot may not either: {problem}."),
        ),
        Problem::NotTaken(NotTaken::Refused { why, .. }) => {
            let (problem, stop) = (problem.to_string(), if why.ends_with('.') { "" } else { "." });
            let message = format!("The orchestrator's own address did not take the ticket: {problem}{stop}");
            (StatusCode::BAD_GATEWAY, "way_in_refused", message)
        }
    };
    ApiError::Coded { status, code, message }
}

fn starting() -> ApiError {
    ApiError::Unavailable("The orchestrator is still starting.".to_owned())
}
