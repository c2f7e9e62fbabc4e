//! Every request has a name: the caller's `X-Request-Id` when it is sane, else one of ours. It goes into logs, into the
//! answer's header and into error bodies.

use axum::Json;
use axum::extract::Request;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use link::{ErrorBody, ErrorDetail};
use tracing::info;

use super::webhook;
use crate::error::RetryAfter;

static HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The request's name, for handlers.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

pub(super) async fn name_request(mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(detail) = response.extensions_mut().remove::<ErrorDetail>() {
        let status = response.status().as_u16();
        info!(event = "request_refused", status, code = detail.code, path, request_id = id, "refused");
        let body =
            Json(ErrorBody { error: ErrorDetail { request_id: id.clone(), ..detail } }).into_response();
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(axum::http::header::CONTENT_LENGTH);
        response = Response::from_parts(parts, body.into_body());
    }
    if let Some(RetryAfter(wait)) = response.extensions_mut().remove() {
        // Seconds everywhere, except where HubSpot's workflows read the header as milliseconds.
        let wait = if path == webhook::PATH { wait.as_millis() } else { u128::from(wait.as_secs().max(1)) };
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(u64::try_from(wait).unwrap_or(u64::MAX)));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER.clone(), value);
    }
    response
}

fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&HEADER)?.to_str().ok()?;
    let sane = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    sane.then(|| id.to_owned())
}
