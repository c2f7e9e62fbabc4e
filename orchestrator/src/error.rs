//! Answers that are errors: a status, a stable code, a sentence for a person. Internals are logged, never sent.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
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
    /// 429: refused too often.
    TooManyRequests {
        /// When it may try again.
        retry_after: Duration,
    },
    /// 429: the caller did the same a moment ago.
    TooSoon {
        /// When it may do it again.
        retry_after: Duration,
        /// For a person.
        message: String,
    },
    /// 503: it may work later.
    Unavailable(String),
    /// Another status with a code of its own.
    Coded {
        /// The status.
        status: StatusCode,
        /// The stable name.
        code: &'static str,
        /// For a person.
        message: String,
    },
}

/// When the caller may try again; becomes the header `Retry-After`, whose unit depends on the route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryAfter(pub(crate) Duration);

/// After how long a caller may try again, when it is told 503.
const RETRY_AFTER: Duration = Duration::from_secs(10);

impl ApiError {
    const fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Unavailable(_) => Some(RetryAfter(RETRY_AFTER)),
            Self::TooManyRequests { retry_after } | Self::TooSoon { retry_after, .. } => {
                Some(RetryAfter(*retry_after))
            }
            Self::BadRequest(_)
            | Self::Unauthorized(_)
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::Coded { .. } => None,
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests { .. } | Self::TooSoon { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Coded { status, .. } => *status,
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
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::TooSoon { .. } => "too_soon",
            Self::Unavailable(_) => "unavailable",
            Self::Coded { code, .. } => code,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::BadRequest(message)
            | Self::Unauthorized(message)
            | Self::Unavailable(message)
            | Self::TooSoon { message, .. }
            | Self::Coded { message, .. } => message.clone(),
            Self::NotFound => "There is nothing at this address.".to_owned(),
            Self::MethodNotAllowed => "This address does not take this method.".to_owned(),
            Self::TooManyRequests { retry_after } => {
                let seconds = retry_after.as_secs_f64().ceil();
                format!("Too many requests with wrong credentials came from here. Try again in {seconds} s.")
            }
            Self::TooLarge => "The body is larger than 1 MiB.".to_owned(),
            Self::UnsupportedMediaType => {
                "The body must be JSON: send Content-Type: application/json.".to_owned()
            }
        }
    }
}

impl From<crate::store::Error> for ApiError {
    fn from(error: crate::store::Error) -> Self {
        tracing::error!(event = "request_failed", error = %error.chain(), "the database failed during a request");
        Self::Unavailable("The database cannot be used at the moment.".to_owned())
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
        if let Some(retry_after) = self.retry_after() {
            response.extensions_mut().insert(retry_after);
        }
        response.extensions_mut().insert(detail);
        response
    }
}
