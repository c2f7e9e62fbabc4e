//! Parameters behind an address's question mark, and what is wrong with them in our own words.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::error::ApiError;

/// The parameters of a request as they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        read.map(|Query(pairs)| Self(pairs)).map_err(|_| {
            ApiError::BadRequest("The parameters behind the question mark cannot be read.".to_owned())
        })
    }
}

impl Parameters {
    /// Refuses parameters that there are not: whoever mistypes a filter must not get what it would have left out.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), ApiError> {
        let unknown = self.0.iter().find(|(name, _)| !names.contains(&name.as_str()));
        let Some((unknown, _)) = unknown else { return Ok(()) };
        let known = names.join(", ");
        Err(ApiError::BadRequest(format!("There is no parameter `{unknown}` here; there is {known}.")))
    }

    /// The parameter as `read` understands it, which gives `None` for what is not `allowed`.
    pub(super) fn get<T>(
        &self,
        name: &str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some((_, value)) = self.0.iter().find(|(given, _)| given == name) else { return Ok(None) };
        let refused = || ApiError::BadRequest(format!("`{name}` must be {allowed}, not `{value}`."));
        read(value).map(Some).ok_or_else(refused)
    }
}
