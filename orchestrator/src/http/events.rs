//! The live stream: every change from a place in their order on, as server-sent events. A stream reads the database
//! itself, a page when its client has taken the last one, so a slow client costs a page of memory and nobody else's time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use link::{Change, ErrorBody};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::debug;

use super::caller::Caller;
use super::query::Parameters;
use crate::app::App;
use crate::error::ApiError;
use crate::feed::{Full, Place};
use crate::queue::wake::News;

/// Changes read at once.
const PAGE: u32 = 50;

/// How often a line without meaning is sent, so that nobody on the way takes the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// How often is looked whether the device is still paired, although nobody said that anything changed.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// Longest wait until it is known where now is.
const LONGEST_START: Duration = Duration::from_secs(5);

/// Pause after the database failed.
const DATABASE_PAUSE: Duration = Duration::from_millis(500);

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
static ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The live stream of changes and alerts
///
/// Server-sent events: `id` is the change's, `event` its kind, `data` the change with the ticket or the alert as it is
/// now. It begins after `Last-Event-ID` (or `after`), or with what happens from now on; nothing is missed or doubled. A
/// comment line comes every 15 s. It ends when the device is revoked and when the server stops.
#[utoipa::path(get, path = "/api/v1/events", tag = "results", security(("bearer" = [])),
    params(
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was received"),
        ("after" = Option<i64>, Query, description = "The same, for clients that cannot send the header, which goes first"),
    ),
    responses(
        (status = 200, description = "The stream", body = Change, content_type = "text/event-stream"),
        (status = 400, description = "There is no such event", body = ErrorBody),
        (status = 401, description = "Not a paired device", body = ErrorBody),
        (status = 429, description = "`too_many_streams`: this device has eight", body = ErrorBody),
        (status = 503, description = "There are 64 streams, or the server is stopping", body = ErrorBody)
    ))]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    Caller(device): Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let after = after(&headers, &parameters)?;
    if let Some(after) = after
        && after > app.store.last_change_given().await?
    {
        return Err(ApiError::BadRequest(format!("There is no event {after} yet.")));
    }
    let place = app.feed.join(&device.id).map_err(no_room)?;
    let mut settled = app.feed.settled();
    let read_to = match after {
        Some(after) => after,
        None => now(&app, &mut settled).await?,
    };
    let streaming = Streaming {
        devices: app.wake.follow(News::Devices),
        app,
        _place: place,
        device_id: device.id,
        settled,
        read_to,
        page: VecDeque::new(),
        // The token was looked at before the news of devices was followed.
        check_at: Instant::now(),
    };
    let changes = unfold(streaming, |mut streaming| async move {
        let change = streaming.next().await?;
        Some((change, streaming))
    });
    Ok(answer(changes, COMMENT_EVERY))
}

fn after(headers: &HeaderMap, parameters: &Parameters) -> Result<Option<i64>, ApiError> {
    parameters.only(&["after"])?;
    let id = |text: &str| text.parse::<i64>().ok().filter(|id| *id >= 0);
    let by_parameter = parameters.get("after", "the id of an event", id)?;
    let Some(header) = headers.get(&LAST_EVENT_ID) else { return Ok(by_parameter) };
    let by_header = header.to_str().ok().and_then(id);
    let refused = || ApiError::BadRequest("Last-Event-ID must be the id of an event.".to_owned());
    by_header.map(Some).ok_or_else(refused)
}

fn no_room(full: Full) -> ApiError {
    match full {
        Full::Device => ApiError::Coded {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "too_many_streams",
            message: "This device has as many streams as it may. Close one of them.".to_owned(),
        },
        Full::Everywhere => ApiError::Unavailable("There are too many streams. Try again later.".to_owned()),
    }
}

/// Up to which change everything had happened when the stream began.
async fn now(app: &App, settled: &mut watch::Receiver<Option<i64>>) -> Result<i64, ApiError> {
    let known = tokio::select! {
        () = app.feed.ended() => None,
        known = tokio::time::timeout(LONGEST_START, settled.wait_for(Option::is_some)) => {
            known.ok().and_then(Result::ok).and_then(|known| *known)
        }
    };
    known.ok_or_else(|| ApiError::Unavailable("The stream cannot begin now. Try again.".to_owned()))
}

/// The answer that sends these changes for as long as there are more.
fn answer(changes: impl Stream<Item = Change> + Send + 'static, comment_every: Duration) -> Response {
    use futures::StreamExt;

    let events = changes.map(|change| {
        let event = Event::default().id(change.id.to_string()).event(&change.kind);
        let data = serde_json::to_string(&change).unwrap_or_default();
        Ok::<_, Infallible>(event.data(data))
    });
    let headers = [(header::CACHE_CONTROL, "no-store"), (ACCEL_BUFFERING.clone(), "no")];
    (headers, Sse::new(events).keep_alive(KeepAlive::new().interval(comment_every))).into_response()
}

/// A client's place in the order of changes.
struct Streaming {
    app: Arc<App>,
    _place: Place,
    device_id: String,
    devices: watch::Receiver<()>,
    settled: watch::Receiver<Option<i64>>,
    /// Everything up to here is in `page` or before it.
    read_to: i64,
    page: VecDeque<Change>,
    check_at: Instant,
}

impl Streaming {
    /// The next change; `None` when the stream has to end.
    async fn next(&mut self) -> Option<Change> {
        loop {
            if !self.may_go_on().await {
                return None;
            }
            if let Some(change) = self.page.pop_front() {
                return Some(change);
            }
            let settled = *self.settled.borrow_and_update();
            match settled {
                Some(upto) if upto > self.read_to => self.read(upto).await,
                Some(_) | None => self.rest().await,
            }
        }
    }

    /// The process goes on, and the device is still paired as far as is known.
    async fn may_go_on(&mut self) -> bool {
        let is_due = self.devices.has_changed().unwrap_or(true) || Instant::now() >= self.check_at;
        if is_due && !self.app.feed.has_ended() {
            self.devices.mark_unchanged();
            self.check_at = Instant::now() + CHECK_EVERY;
            // While the database cannot say so, nothing can be read from it either.
            return self.app.store.is_paired(&self.device_id).await.unwrap_or(true);
        }
        !self.app.feed.has_ended()
    }

    async fn read(&mut self, upto: i64) {
        match self.app.store.changes(self.read_to, upto, PAGE).await {
            Ok(page) => {
                let is_all = page.len() < PAGE as usize;
                self.read_to = page.last().filter(|_| !is_all).map_or(upto, |change| change.id);
                self.page = page.into();
            }
            Err(error) => {
                debug!(error = %error.chain(), "cannot read changes for a stream");
                tokio::select! {
                    () = self.app.feed.ended() => {}
                    () = tokio::time::sleep(DATABASE_PAUSE) => {}
                }
            }
        }
    }

    /// Completes when there may be something to do.
    async fn rest(&mut self) {
        tokio::select! {
            () = self.app.feed.ended() => {}
            _ = self.settled.changed() => {}
            _ = self.devices.changed() => self.check_at = Instant::now(),
            () = tokio::time::sleep_until(self.check_at) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, HttpBody};
    use futures::StreamExt;
    use futures::stream::{iter, pending};

    use super::*;

    async fn chunk(body: &mut Body) -> String {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await;
        String::from_utf8(frame.unwrap().unwrap().into_data().unwrap().into()).unwrap()
    }

    fn change() -> Change {
        let (kind, at) = ("received".to_owned(), "2026-11-23T00:00:00.000Z".to_owned());
        Change { id: 7, kind, at, ticket_id: Some("1".to_owned()), triage: None, alert: None }
    }

    #[tokio::test]
    async fn an_event_has_its_id_and_kind_and_nobody_may_keep_it() {
        let response = answer(iter([change()]), COMMENT_EVERY);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(
            (header("cache-control").as_str(), header("x-accel-buffering").as_str()),
            ("no-store", "no")
        );
        let text = chunk(&mut response.into_body()).await;
        let data = serde_json::to_string(&change()).unwrap();
        assert_eq!(text, format!("id: 7\nevent: received\ndata: {data}\n\n"));
    }

    #[tokio::test]
    async fn a_quiet_stream_sends_comments() {
        let quiet = iter([change()]).chain(pending());
        let mut body = answer(quiet, Duration::from_millis(10)).into_body();
        assert!(chunk(&mut body).await.starts_with("id: 7\n"));
        assert_eq!([chunk(&mut body).await, chunk(&mut body).await], [":\n\n", ":\n\n"]);
    }
}
