//! Bodies of the interface for machines: JSON, and what is wrong with them in our own words.

use axum::Json as Parsed;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Largest body that is read.
pub(super) const LARGEST_BODY: usize = 64 * 1024;

/// A body read as JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Parsed::<T>::from_request(request, state).await {
            Ok(Parsed(body)) => Ok(Self(body)),
            Err(rejection) => Err(describe(&rejection)),
        }
    }
}

fn describe(rejection: &JsonRejection) -> ApiError {
    match rejection.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => ApiError::Coded {
            status,
            code: "too_large",
            message: "The body is larger than 64 KiB.".to_owned(),
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::UnsupportedMediaType,
        _ => ApiError::BadRequest(format!(
            "The body cannot be used: {}.",
            rejection.body_text().trim_end_matches('.')
        )),
    }
}
