//! `POST /webhooks/hubspot`: authenticate, read, store, answer. Nothing else happens before the answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::BodyDataStream;
use axum::extract::{Extension, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, response::IntoResponse};
use futures::StreamExt;
use link::{ErrorBody, WebhookAnswer};
use tracing::{info, warn};
use triage::webhook::{self, Change, Parsed};
use triage::writeback::WriteBack;

use super::auth::{self, Arrived, Claim};
use super::peer::Peer;
use super::request_id::RequestId;
use super::room::{NoRoom, Place};
use crate::app::App;
use crate::clock::Clock;
use crate::error::ApiError;
use crate::queue::Incoming;
use crate::queue::intake::{Refused, SLOWEST_COMMIT};
use crate::store::{Error, Noted};

/// Where it is served.
pub(super) const PATH: &str = "/webhooks/hubspot";

/// Largest body that is read.
const LARGEST_BODY: usize = 1024 * 1024;

/// Of a body that is refused, no more than this is thrown away, and for no longer than this, before the connection ends.
const MOST_DISCARDED: usize = 16 * 1024 * 1024;
const LONGEST_DISCARD: Duration = Duration::from_secs(2);

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
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let (body, _place) = match admit(&app, peer.client(&parts.headers), &parts, &mut body).await {
        Ok(admitted) => admitted,
        // Whoever has to wait is not waited for.
        Err(refusal @ ApiError::TooManyRequests { .. }) => return Err(refusal),
        Err(refusal) => {
            discard(body);
            return Err(refusal);
        }
    };
    if !is_json(&parts.headers) {
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

/// The body of a sender that has shown who it is, and the room that it takes up.
async fn admit(
    app: &App,
    client: IpAddr,
    parts: &Parts,
    body: &mut BodyDataStream,
) -> Result<(Vec<u8>, Place), ApiError> {
    let Parts { method, uri, headers, .. } = parts;
    let refuse = |why| app.limits.refuse(client, app.clock.now(), why);
    match auth::claim(headers, &app.config).map_err(refuse)? {
        Claim::Token => {
            let mut place = app.limits.room.enter()?;
            let body = read(body, &mut place, &app.clock).await?;
            Ok((body, place))
        }
        Claim::Signature(public_url) => {
            let mut place = app.limits.room.enter_unproven(client)?;
            let read = read(body, &mut place, &app.clock).await;
            if read == Err(Unread::Unfinished) {
                app.limits.refused(client, app.clock.now());
            }
            let body = read?;
            let arrived = Arrived { method, uri, headers, body: &body };
            auth::signed(&arrived, &app.config.hubspot, public_url, app.clock.now()).map_err(refuse)?;
            place.proved();
            Ok((body, place))
        }
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

/// Why there is no whole body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    /// It was too slow or broke off.
    Unfinished,
    /// It is larger than is read.
    TooLarge,
    /// It did not fit in.
    NoRoom,
}

impl From<NoRoom> for Unread {
    fn from(NoRoom: NoRoom) -> Self {
        Self::NoRoom
    }
}

impl From<NoRoom> for ApiError {
    fn from(NoRoom: NoRoom) -> Self {
        Self::Unavailable("Too many webhooks at once. Send it again.".to_owned())
    }
}

impl From<Unread> for ApiError {
    fn from(unread: Unread) -> Self {
        match unread {
            // HubSpot's workflows send again after a 503 but not after a 4xx.
            Unread::Unfinished => {
                Self::Unavailable("The body did not arrive in time or broke off. Send it again.".to_owned())
            }
            Unread::TooLarge => Self::TooLarge,
            Unread::NoRoom => NoRoom.into(),
        }
    }
}

/// The whole body, which takes up room in that place.
async fn read(body: &mut BodyDataStream, place: &mut Place, clock: &Clock) -> Result<Vec<u8>, Unread> {
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Unread::Unfinished)?;
            if bytes.len() + chunk.len() > LARGEST_BODY {
                return Err(Unread::TooLarge);
            }
            place.add(chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::select! {
        biased;
        read = reading => read,
        () = clock.sleep_until(clock.now().plus(SLOWEST_BODY)) => Err(Unread::Unfinished),
    }
}

/// Throws away what is still to come of a body that is refused: a connection that ends with unread bytes in it loses
/// the answer.
fn discard(mut body: BodyDataStream) {
    tokio::spawn(tokio::time::timeout(LONGEST_DISCARD, async move {
        let mut discarded = 0;
        while let Some(Ok(chunk)) = body.next().await
            && discarded < MOST_DISCARDED
        {
            discarded += chunk.len();
        }
    }));
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
