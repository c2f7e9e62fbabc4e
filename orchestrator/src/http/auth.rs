//! Who may send webhooks. Comparisons take the same time whatever is sent.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use triage::signature::{self, Headers, Request};
use triage::time::Timestamp;
use url::Url;

use crate::config::{Config, HubSpot};
use crate::error::ApiError;

static TOKEN: HeaderName = HeaderName::from_static("x-webhook-token");
static V3: HeaderName = HeaderName::from_static("x-hubspot-signature-v3");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-hubspot-request-timestamp");
static OLD: HeaderName = HeaderName::from_static("x-hubspot-signature");
static OLD_VERSION: HeaderName = HeaderName::from_static("x-hubspot-signature-version");

/// A request as it arrived.
pub(super) struct Arrived<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// What a webhook's headers show of its sender.
#[derive(Debug, Clone, Copy)]
pub(super) enum Claim<'a> {
    /// The shared secret: nothing else is asked for.
    Token,
    /// A signature over the whole request, which is made over this public address.
    Signature(&'a Url),
}

/// Looks at the headers. A signature counts when there is a client secret to check it with; then it alone decides.
/// Otherwise the shared secret must be there, as `Authorization: Bearer …` or `X-Webhook-Token: …`.
pub(super) fn claim<'a>(headers: &HeaderMap, config: &'a Config) -> Result<Claim<'a>, ApiError> {
    let is_signed = headers.contains_key(&V3) || headers.contains_key(&OLD);
    let HubSpot { client_secrets, webhook_tokens, .. } = &config.hubspot;
    match &config.public_url {
        Some(public_url) if is_signed && !client_secrets.is_empty() => Ok(Claim::Signature(public_url)),
        Some(_) | None => token(headers, webhook_tokens, !client_secrets.is_empty()).map(|()| Claim::Token),
    }
}

/// Accepts a request that HubSpot signed.
pub(super) fn signed(
    arrived: &Arrived<'_>,
    settings: &HubSpot,
    public_url: &Url,
    now: Timestamp,
) -> Result<(), ApiError> {
    // The address that HubSpot called: this process sees another host and scheme than it did.
    let path = arrived.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("{}{path}", public_url.as_str().trim_end_matches('/'));
    let request = Request { method: arrived.method.as_str(), url: &url, body: arrived.body };
    let headers = Headers {
        v3: once(arrived.headers, &V3)?,
        timestamp: once(arrived.headers, &TIMESTAMP)?,
        old: once(arrived.headers, &OLD)?,
        old_version: once(arrived.headers, &OLD_VERSION)?,
    };
    let secrets: Vec<&str> = settings.client_secrets.iter().map(ExposeSecret::expose_secret).collect();
    signature::verify(request, headers, &secrets, settings.allow_v1, now).map_err(|refusal| {
        let reason = refusal.to_string();
        ApiError::Unauthorized(format!("{}{}.", reason[..1].to_uppercase(), &reason[1..]))
    })
}

/// A header that may be given once only: of two, who could say which one was checked?
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let (value, another) = (values.next(), values.next());
    let text = value.map(HeaderValue::to_str).transpose();
    match (text, another) {
        (Ok(text), None) => Ok(text),
        (Ok(_) | Err(_), _) => {
            Err(ApiError::Unauthorized(format!("The header {name} must be given once, as plain text.")))
        }
    }
}

fn token(headers: &HeaderMap, tokens: &[SecretString], could_be_signed: bool) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::Unauthorized(message.to_owned()));
    if tokens.is_empty() {
        return refused(if could_be_signed {
            "The request carries no signature of HubSpot."
        } else {
            "This server has neither HUBSPOT_WEBHOOK_TOKEN nor HUBSPOT_CLIENT_SECRET, so it accepts no webhook."
        });
    }
    let Some(given) = bearer(headers).or_else(|| headers.get(&TOKEN).map(HeaderValue::as_bytes)) else {
        return refused("Send the shared secret as Authorization: Bearer … or as X-Webhook-Token.");
    };
    // Every token is tried, so that time does not tell which one it was.
    let found =
        tokens.iter().fold(false, |found, token| found | equal(given, token.expose_secret().as_bytes()));
    if found { Ok(()) } else { refused("The token is not the right one.") }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Compares digests, so that not even the length shows.
pub(super) fn equal(given: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(expected).as_slice()).into()
}
