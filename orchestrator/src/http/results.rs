//! What became of tickets, for paired devices: lists, one ticket, another try, what a person says is right.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use link::{CorrectionRequest, ErrorBody, Triage, TriageDetail, TriagePage};
use triage::desk::Desk;
use triage::ticket::{Priority, Provider, TicketId};

use super::caller::Caller;
use super::json::Json;
use super::query::Parameters;
use crate::app::App;
use crate::error::ApiError;
use crate::queue::Kind;
use crate::store::{Corrected, Cursor, Filter, NewCorrection, Retry, status_named};

/// Tickets on a page, unless told otherwise.
const PAGE: u32 = 50;

/// Most tickets on a page.
const MOST_ON_A_PAGE: u32 = 200;

/// Most characters of words to search for.
const LONGEST_WORDS: usize = 200;

/// Most characters of a note.
const LONGEST_NOTE: usize = 2000;

/// Tickets, newest first
///
/// `next` of one page is `before` of the next; tickets that come meanwhile shift nothing.
#[utoipa::path(get, path = "/api/v1/triages", tag = "results", security(("bearer" = [])),
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, else 50"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
        ("status" = Option<link::TriageStatus>, Query, description = "Only tickets that stand there"),
        ("provider" = Option<String>, Query, description = "Only verdicts of `local` or `groq`"),
        ("q" = Option<String>, Query, description = "Words in subject, ticket id or summary, whatever their case"),
    ),
    responses(
        (status = 200, description = "A page", body = TriagePage),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "Not a paired device", body = ErrorBody)
    ))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Caller,
    parameters: Parameters,
) -> Result<Answer<TriagePage>, ApiError> {
    let filter = filter(&parameters)?;
    if !filter.is_search() {
        return Ok(Answer(app.store.triages(&filter).await?));
    }
    let store = app.store.clone();
    Ok(Answer(app.limits.search(async move { store.triages(&filter).await }).await??))
}

fn filter(parameters: &Parameters) -> Result<Filter, ApiError> {
    parameters.only(&["limit", "before", "status", "provider", "q"])?;
    let limit = parameters.get("limit", "a number from 1 to 200", |text| {
        text.parse().ok().filter(|limit| (1..=MOST_ON_A_PAGE).contains(limit))
    })?;
    let statuses = "queued, triaging, waiting, triaged, needs_review, failed or gone";
    let words = parameters.get("q", "at most 200 characters without a null", |text| {
        let fits = text.chars().count() <= LONGEST_WORDS && !text.contains('\0');
        fits.then(|| text.trim().to_owned())
    })?;
    Ok(Filter {
        limit: limit.unwrap_or(PAGE),
        before: parameters.get("before", "`next` of another page", Cursor::parse)?,
        status: parameters.get("status", statuses, status_named)?,
        provider: parameters.get("provider", "local or groq", Provider::parse)?,
        words: words.filter(|words| !words.is_empty()),
    })
}

/// A ticket with everything that is known of its way
#[utoipa::path(get, path = "/api/v1/triages/{ticket_id}", tag = "results", security(("bearer" = [])),
    params(("ticket_id" = String, Path, description = "HubSpot's record id")),
    responses(
        (status = 200, description = "The ticket", body = TriageDetail),
        (status = 401, description = "Not a paired device", body = ErrorBody),
        (status = 404, description = "No such ticket", body = ErrorBody)
    ))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Caller,
    Path(ticket_id): Path<String>,
) -> Result<Answer<TriageDetail>, ApiError> {
    let detail = app.store.triage(&ticket(&ticket_id)?).await?;
    detail.map(Answer).ok_or_else(|| unknown(&ticket_id))
}

/// Have a ticket triaged again
#[utoipa::path(post, path = "/api/v1/triages/{ticket_id}/retry", tag = "results", security(("bearer" = [])),
    params(("ticket_id" = String, Path, description = "HubSpot's record id")),
    responses(
        (status = 202, description = "It is in the queue", body = Triage),
        (status = 401, description = "Not a paired device", body = ErrorBody),
        (status = 404, description = "No such ticket", body = ErrorBody),
        (status = 409, description = "`running`: it is being triaged right now", body = ErrorBody)
    ))]
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    _: Caller,
    Path(ticket_id): Path<String>,
) -> Result<(StatusCode, Answer<Triage>), ApiError> {
    let id = ticket(&ticket_id)?;
    match app.store.retry(&id, app.clock.now()).await? {
        Retry::Queued => {
            app.wake.wake(Kind::Triage);
            app.wake.changed();
            Ok((StatusCode::ACCEPTED, Answer(as_it_is(&app, &id).await?)))
        }
        Retry::Running => Err(ApiError::Coded {
            status: StatusCode::CONFLICT,
            code: "running",
            message: "This ticket is being triaged right now.".to_owned(),
        }),
        Retry::Unknown => Err(unknown(&ticket_id)),
    }
}

/// Say what is right
///
/// About the ticket's current verdict; what is left out was right. The newest correction counts.
#[utoipa::path(put, path = "/api/v1/triages/{ticket_id}/correction", tag = "results", security(("bearer" = [])),
    params(("ticket_id" = String, Path, description = "HubSpot's record id")),
    request_body = CorrectionRequest,
    responses(
        (status = 200, description = "The ticket with it", body = Triage),
        (status = 400, description = "The body cannot be used", body = ErrorBody),
        (status = 401, description = "Not a paired device", body = ErrorBody),
        (status = 404, description = "No such ticket", body = ErrorBody),
        (status = 409, description = "`no_verdict`: there is nothing to correct", body = ErrorBody),
        (status = 422, description = "`invalid_correction`: not a category or priority, or nothing at all", body = ErrorBody)
    ))]
pub(super) async fn correct(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
    Path(ticket_id): Path<String>,
    Json(request): Json<CorrectionRequest>,
) -> Result<Answer<Triage>, ApiError> {
    let id = ticket(&ticket_id)?;
    let new = checked(request, &app.config.desk, device.id).map_err(|message| ApiError::Coded {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "invalid_correction",
        message,
    })?;
    match app.store.correct(&id, &new, app.clock.now()).await? {
        Corrected::Stored => {
            app.wake.changed();
            Ok(Answer(as_it_is(&app, &id).await?))
        }
        Corrected::NoVerdict => Err(ApiError::Coded {
            status: StatusCode::CONFLICT,
            code: "no_verdict",
            message: "This ticket has no verdict that could be corrected.".to_owned(),
        }),
        Corrected::Unknown => Err(unknown(&ticket_id)),
    }
}

/// The correction as it is stored, or what is wrong with it.
fn checked(request: CorrectionRequest, desk: &Desk, device_id: String) -> Result<NewCorrection, String> {
    let CorrectionRequest { category, priority, note } = request;
    let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    if let Some(category) = category.as_ref().filter(|category| desk.category(category).is_none()) {
        let known: Vec<&str> = desk.enabled_categories().map(|category| category.key.as_str()).collect();
        return Err(format!("There is no category `{category}`; there is {}.", known.join(", ")));
    }
    if let Some(priority) = priority.as_ref().filter(|priority| Priority::parse(priority).is_none()) {
        let known: Vec<&str> = Priority::ALL.iter().map(|priority| priority.as_str()).collect();
        return Err(format!("There is no priority `{priority}`; there is {}.", known.join(", ")));
    }
    if note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE || note.contains('\0')) {
        return Err(format!("A note has at most {LONGEST_NOTE} characters, and no null."));
    }
    if category.is_none() && priority.is_none() && note.is_none() {
        return Err("Say at least one of category, priority and note.".to_owned());
    }
    Ok(NewCorrection { id: uuid::Uuid::now_v7().to_string(), category, priority, note, device_id })
}

async fn as_it_is(app: &App, id: &TicketId) -> Result<Triage, ApiError> {
    let found = app.store.triages_of(&[id.to_string()]).await?;
    found.into_iter().next().ok_or_else(|| unknown(id.as_str()))
}

fn ticket(id: &str) -> Result<TicketId, ApiError> {
    TicketId::parse(id).ok_or_else(|| unknown(id))
}

pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::Coded {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        message: format!("There is no ticket `{id}`."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(category: Option<&str>, priority: Option<&str>, note: Option<&str>) -> CorrectionRequest {
        let [category, priority, note] = [category, priority, note].map(|text| text.map(str::to_owned));
        CorrectionRequest { category, priority, note }
    }

    #[test]
    fn a_correction_says_something_that_there_is() {
        let desk = Desk::default();
        let known = desk.enabled_categories().next().unwrap().key.clone();
        let long = "x".repeat(LONGEST_NOTE + 1);
        let table = [
            (request(Some(&known), None, None), Ok(())),
            (request(None, Some("urgent"), None), Ok(())),
            (request(None, None, Some(" see above ")), Ok(())),
            (request(Some("Weather"), None, None), Err(known.as_str())),
            (request(None, Some("URGENT"), None), Err("low, medium, high, urgent")),
            (request(None, None, Some("  ")), Err("at least one")),
            (request(None, None, None), Err("at least one")),
            (request(None, None, Some(&long)), Err("at most 2000")),
        ];
        for (request, expected) in table {
            let is = checked(request.clone(), &desk, "d".to_owned());
            match expected {
                Ok(()) => assert!(is.is_ok(), "{request:?}: {is:?}"),
                Err(part) => assert!(is.as_ref().is_err_and(|e| e.contains(part)), "{request:?}: {is:?}"),
            }
        }
    }
}
