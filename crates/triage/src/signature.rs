//! HubSpot's request signatures: v3 on everything new, v2 on workflow actions, v1 on old subscriptions.
//!
//! They are made over the raw bytes that HubSpot sent and the URL that HubSpot called, so the caller has to pass both as
//! they were. Comparisons take the same time whatever is sent.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::time::Timestamp;

/// HubSpot: a v3 request older than this is to be refused.
pub const OLDEST: Duration = Duration::from_secs(300);

/// HubSpot says nothing of requests from the future; clocks are allowed to differ by this much.
pub const FARTHEST_AHEAD: Duration = Duration::from_secs(60);

/// What a request claims, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Scheme, host, path and query as HubSpot called them.
    pub url: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// The signature headers of a request; each given once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `X-HubSpot-Signature-v3`.
    pub v3: Option<&'a str>,
    /// `X-HubSpot-Request-Timestamp`.
    pub timestamp: Option<&'a str>,
    /// `X-HubSpot-Signature`.
    pub old: Option<&'a str>,
    /// `X-HubSpot-Signature-Version`: `v1` or `v2`.
    pub old_version: Option<&'a str>,
}

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// None is there.
    #[error("the request carries no signature")]
    Missing,
    /// The v3 signature has no timestamp, or one that is no number.
    #[error("the signature has no timestamp")]
    NoTimestamp,
    /// It was made too long ago: a replay.
    #[error("the signature is older than 5 minutes")]
    TooOld,
    /// It was made in the future.
    #[error("the signature is from the future: check the clocks")]
    FromTheFuture,
    /// It was made with another secret, or over another request.
    #[error("the signature is not the right one; check HUBSPOT_CLIENT_SECRET and PUBLIC_URL")]
    Wrong,
    /// It is a v1 signature, which could be replayed for ever.
    #[error("v1 signatures are not accepted; HUBSPOT_ALLOW_V1=true allows them")]
    V1NotAllowed,
}

/// Checks a request against each of `secrets` (the current one, and the previous one while it is being rotated). When a
/// v3 signature is there, it alone decides.
pub fn verify(
    request: Request<'_>,
    headers: Headers<'_>,
    secrets: &[&str],
    allow_v1: bool,
    now: Timestamp,
) -> Result<(), Refusal> {
    if let Some(given) = headers.v3 {
        let timestamp = headers.timestamp.ok_or(Refusal::NoTimestamp)?;
        check_age(timestamp, now)?;
        return any_of(secrets, |secret| v3_matches(request, timestamp, given, secret));
    }
    match (headers.old, headers.old_version) {
        (None, _) => Err(Refusal::Missing),
        (Some(given), Some("v2")) => any_of(secrets, |secret| {
            hex_matches(
                given,
                &[secret.as_bytes(), request.method.as_bytes(), request.url.as_bytes(), request.body],
            )
        }),
        (Some(given), Some("v1") | None) if allow_v1 => {
            any_of(secrets, |secret| hex_matches(given, &[secret.as_bytes(), request.body]))
        }
        (Some(_), Some("v1") | None) => Err(Refusal::V1NotAllowed),
        (Some(_), Some(_)) => Err(Refusal::Wrong),
    }
}

/// The v3 signature of a request made at `timestamp` (milliseconds since the epoch), as HubSpot would send it.
pub fn sign(request: Request<'_>, timestamp: &str, secret: &str) -> String {
    STANDARD.encode(v3_mac(request, timestamp, secret).finalize().into_bytes())
}

fn any_of(secrets: &[&str], matches: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    // Every secret is tried, so that time does not tell which one it was.
    let found = secrets.iter().fold(false, |found, secret| found | matches(secret));
    if found { Ok(()) } else { Err(Refusal::Wrong) }
}

fn check_age(timestamp: &str, now: Timestamp) -> Result<(), Refusal> {
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
    let made: i64 = timestamp.parse().ok().filter(|_| is_number).ok_or(Refusal::NoTimestamp)?;
    let made = Timestamp::from_millis(made);
    if now.since(made) > OLDEST {
        Err(Refusal::TooOld)
    } else if made.since(now) > FARTHEST_AHEAD {
        Err(Refusal::FromTheFuture)
    } else {
        Ok(())
    }
}

fn v3_matches(request: Request<'_>, timestamp: &str, given: &str, secret: &str) -> bool {
    STANDARD.decode(given).is_ok_and(|given| v3_mac(request, timestamp, secret).verify_slice(&given).is_ok())
}

fn v3_mac(request: Request<'_>, timestamp: &str, secret: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(request.method.as_bytes());
    mac.update(decoded(request.url).as_bytes());
    mac.update(request.body);
    mac.update(timestamp.as_bytes());
    mac
}

fn hex_matches(given: &str, parts: &[&[u8]]) -> bool {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    hex::encode(digest.finalize()).as_bytes().ct_eq(given.as_bytes()).into()
}

/// The URL as v3 signs it: exactly these escapes are replaced by their character, once; everything else stays.
fn decoded(url: &str) -> String {
    const ESCAPES: [(&str, char); 12] = [
        ("3A", ':'),
        ("2F", '/'),
        ("3F", '?'),
        ("40", '@'),
        ("21", '!'),
        ("24", '$'),
        ("27", '\''),
        ("28", '('),
        ("29", ')'),
        ("2A", '*'),
        ("2C", ','),
        ("3B", ';'),
    ];
    let mut decoded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).unwrap_or_default();
        match ESCAPES.iter().find(|(escape, _)| escape.eq_ignore_ascii_case(code)) {
            Some((_, character)) => {
                decoded.push(*character);
                rest = &rest[at + 3..];
            }
            None => {
                decoded.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    decoded + rest
}

#[cfg(test)]
mod tests;
