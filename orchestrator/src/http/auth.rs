//! Who may send webhooks. Comparisons take the same time whatever is sent.

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::ApiError;

/// Accepts `Authorization: Bearer …` or `X-Webhook-Token: …` with the shared secret.
pub(super) fn webhook(headers: &HeaderMap, token: Option<&SecretString>) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::Unauthorized(message.to_owned()));
    let Some(expected) = token else {
        return refused("This server has no HUBSPOT_WEBHOOK_TOKEN, so it accepts no webhook.");
    };
    let Some(given) =
        bearer(headers).or_else(|| headers.get("x-webhook-token").map(header::HeaderValue::as_bytes))
    else {
        return refused("Send the shared secret as Authorization: Bearer … or as X-Webhook-Token.");
    };
    if equal(given, expected.expose_secret().as_bytes()) {
        Ok(())
    } else {
        refused("The token is not the right one.")
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Compares digests, so that not even the length shows.
fn equal(given: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(expected).as_slice()).into()
}
