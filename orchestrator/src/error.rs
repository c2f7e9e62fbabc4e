//! Answers that are errors: a status, a stable code, a sentence for a person. Internals are logged, never sent.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use link::{ErrorBody, ErrorDetail};

use crate::queue::intake::Refused;

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// 400: the request itself is wrong.
    BadRequest(String),
    /// 401: no or wrong credentials.
    Unauthorized(String),
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 503: it may work later.
    Unavailable(String),
}

/// After how long a caller may try again, when it is told 503.
const RETRY_AFTER: Duration = Duration::from_secs(10);

impl ApiError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad_request",
            Self::Unauthorized(_) => "unauthorized",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Unavailable(_) => "unavailable",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::BadRequest(message) | Self::Unauthorized(message) | Self::Unavailable(message) => {
                message.clone()
            }
            Self::NotFound => "There is nothing at this address.".to_owned(),
            Self::MethodNotAllowed => "This address does not take this method.".to_owned(),
            Self::TooLarge => "The body is larger than 1 MiB.".to_owned(),
            Self::UnsupportedMediaType => {
                "The body must be JSON: send Content-Type: application/json.".to_owned()
            }
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::Unavailable(match refused {
            Refused::Overloaded => "Too many webhooks at once. Send it again.".to_owned(),
            Refused::Database(_) => {
                "The database cannot be used, so nothing was stored. Send it again.".to_owned()
            }
        })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // The middleware that names the request fills in its id.
        let detail =
            ErrorDetail { code: self.code().to_owned(), message: self.message(), request_id: String::new() };
        let mut response = (self.status(), Json(ErrorBody { error: detail.clone() })).into_response();
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            // HubSpot's workflows read this header in milliseconds, which for anybody else is a long but harmless wait.
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_millis() as u64));
        }
        response.extensions_mut().insert(detail);
        response
    }
}
