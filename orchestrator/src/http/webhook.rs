//! `POST /webhooks/hubspot`: authenticate, read, store, answer. Nothing else happens before the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, response::IntoResponse};
use futures::StreamExt;
use link::{ErrorBody, WebhookAnswer};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{info, warn};
use triage::webhook::{self, Change, Parsed};
use triage::writeback::WriteBack;

use super::auth::{self, Arrived};
use super::limits::Limits;
use super::peer::Peer;
use super::request_id::RequestId;
use crate::app::App;
use crate::error::ApiError;
use crate::queue::Incoming;
use crate::queue::intake::{Refused, SLOWEST_COMMIT};
use crate::store::{Error, Noted};

/// Where it is served.
pub(super) const PATH: &str = "/webhooks/hubspot";

/// Largest body that is read.
const LARGEST_BODY: usize = 1024 * 1024;

/// Of a body that is too large, no more than this is read.
const MOST_DRAINED: usize = 16 * 1024 * 1024;

/// HubSpot's workflows wait 30 seconds, its apps 5.
const SLOWEST_BODY: Duration = Duration::from_secs(20);

/// Take tickets from HubSpot
///
/// The body is a workflow object (`ticket_id`, `subject`, `content`, … or nested `properties`) or an array of app
/// events. The answer comes when everything is durable; a repeated event changes nothing.
#[utoipa::path(
    post, path = "/webhooks/hubspot", tag = "webhooks",
    request_body(content = serde_json::Value, description = "A workflow object or an array of app events, at most 1 MiB"),
    security(("bearer" = []), ("token" = []), ("signature" = [])),
    responses(
        (status = 202, description = "Stored", body = WebhookAnswer),
        (status = 400, description = "Not JSON, or no ticket id", body = ErrorBody),
        (status = 401, description = "No or wrong token or signature", body = ErrorBody),
        (status = 413, description = "Larger than 1 MiB", body = ErrorBody),
        (status = 415, description = "Not JSON", body = ErrorBody),
        (status = 429, description = "Wrong credentials too often", body = ErrorBody),
        (status = 503, description = "Not stored: send it again", body = ErrorBody)
    )
)]
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let started = Instant::now();
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    let client = peer.client(&headers);
    app.limits.check(client, app.clock.now())?;
    let _room = app.limits.webhook()?;
    // Read before anything is refused: a connection that ends with unread bytes in it loses the answer.
    let (body, _room_for_body) = read(body, &app.limits).await?;
    let arrived = Arrived { method: &method, uri: &uri, headers: &headers, body: &body };
    auth::webhook(&arrived, &app.config.hubspot, app.config.public_url.as_ref(), app.clock.now())
        .inspect_err(|_| app.limits.refused(client, app.clock.now()))?;
    if !is_json(&headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let Parsed { events, changes, ignored, other_portals, problems, more_problems } =
        webhook::parse(&body, app.config.hubspot.portal_id)
            .map_err(|problem| ApiError::BadRequest(sentence(&problem.to_string())))?;
    if !other_portals.is_empty() {
        warn!(event = "other_account_ignored", portals = ?other_portals, request_id, "events of other HubSpot accounts are ignored: check HUBSPOT_PORTAL_ID");
    }
    let tickets: Vec<String> = events.iter().map(|event| event.ticket_id.to_string()).collect();
    let mut answer = WebhookAnswer { ignored: ignored as u64, ..WebhookAnswer::default() };
    if !events.is_empty() {
        let accepted = app.intake.submit(Incoming { request_id: request_id.clone(), events }).await?;
        (answer.accepted, answer.duplicates) = (accepted.accepted, accepted.duplicates);
    }
    note_changes(&app, &changes, &mut answer).await?;
    let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
    for ticket_id in &tickets {
        info!(event = "webhook_received", ticket_id, latency_ms, request_id, "stored");
    }
    if problems.is_empty() {
        Ok((StatusCode::ACCEPTED, Json(answer)))
    } else {
        Err(incomplete(&problems, more_problems, answer))
    }
}

/// Our own changes come back as events; what somebody else changed in the same place is theirs from now on.
async fn note_changes(app: &App, changes: &[Change], answer: &mut WebhookAnswer) -> Result<(), Refused> {
    let is_written = app.config.hubspot.write_back == WriteBack::Properties;
    for change in changes {
        let noted = if is_written {
            let noting = app.store.note_change(change, app.clock.now());
            let noted = tokio::time::timeout(SLOWEST_COMMIT, noting).await;
            noted.unwrap_or_else(|_| Err(Error::timed_out())).map_err(Refused::Database)?
        } else {
            Noted::NoNews
        };
        match noted {
            Noted::NoNews => answer.ignored += 1,
            Noted::Known => answer.duplicates += 1,
            Noted::Overruled => {
                answer.accepted += 1;
                app.wake.changed();
                info!(event = "write_overruled", ticket_id = %change.ticket_id, property = change.property, "somebody changed what was written into HubSpot; it is left alone from now on");
            }
        }
    }
    Ok(())
}

/// The events that name a ticket have been stored; the sender still has to hear that others do not.
fn incomplete(problems: &[String], more: usize, answer: WebhookAnswer) -> ApiError {
    let stored = match answer.accepted + answer.duplicates {
        0 => String::new(),
        count => format!(" The other {count} were stored."),
    };
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    ApiError::BadRequest(format!("{}{stored}", sentence(&format!("{}{more}", problems.join("; ")))))
}

/// Not the sender's fault, and its workflows send again after a 503 but not after a 4xx.
fn unfinished() -> ApiError {
    ApiError::Unavailable("The body did not arrive in time or broke off. Send it again.".to_owned())
}

/// The whole body, and the room that it takes up. Of one that is too large, so much is read (and thrown away) that its sender hears the answer.
async fn read(body: Body, limits: &Limits) -> Result<(Vec<u8>, OwnedSemaphorePermit), ApiError> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut room = limits.body(0)?;
    let mut received = 0;
    let reading = async {
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| unfinished())?;
            received += chunk.len();
            if received <= LARGEST_BODY {
                room.merge(limits.body(chunk.len())?);
                bytes.extend_from_slice(&chunk);
            } else if received > MOST_DRAINED {
                break;
            }
        }
        if received > LARGEST_BODY { Err(ApiError::TooLarge) } else { Ok(()) }
    };
    tokio::time::timeout(SLOWEST_BODY, reading).await.unwrap_or_else(|_| Err(unfinished()))?;
    Ok((bytes, room))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

/// With a capital first letter and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
