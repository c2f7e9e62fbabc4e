//! Sends a webhook as HubSpot would, to try out a running orchestrator.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use triage::signature::{self, Request};
use triage::time::Timestamp;
use url::Url;

use super::http;
use super::model::join;

const TIMEOUT: Duration = Duration::from_secs(10);

const PATH: &str = "webhooks/hubspot";

/// How the orchestrator is to know that the webhook may be trusted.
#[derive(Debug)]
pub enum Proof<'a> {
    /// The shared secret.
    Token(&'a SecretString),
    /// A v3 signature, made over the public address at this time.
    Signature {
        /// The app's client secret.
        client_secret: &'a SecretString,
        /// The address that HubSpot calls.
        public_url: &'a Url,
        /// Now.
        at: Timestamp,
    },
}

/// Why a webhook did not get in, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody answers there.
    #[error("{base} cannot be reached ({why})")]
    Unreachable {
        /// The address.
        base: Url,
        /// In the system's words.
        why: String,
    },
    /// Somebody answers, and does not take it.
    #[error("{base} answered {status}: {why}")]
    Refused {
        /// The address.
        base: Url,
        /// HTTP status.
        status: u16,
        /// In the answer's words.
        why: String,
    },
}

/// Sends a workflow object to the orchestrator at `base`.
pub async fn send(base: &Url, proof: &Proof<'_>, body: &Value) -> Result<Value, Error> {
    let body = body.to_string();
    let request = http::client(TIMEOUT).post(join(base, PATH)).header(CONTENT_TYPE, "application/json");
    let request = match proof {
        Proof::Token(token) => request.bearer_auth(token.expose_secret()),
        Proof::Signature { client_secret, public_url, at } => {
            let (url, at) = (join(public_url, PATH), at.as_millis().to_string());
            let signed = Request { method: "POST", url: &url, body: body.as_bytes() };
            let signature = signature::sign(signed, &at, client_secret.expose_secret());
            request.header("X-HubSpot-Signature-v3", signature).header("X-HubSpot-Request-Timestamp", at)
        }
    };
    let request = request.body(body);
    let unreachable =
        |error: reqwest::Error| Error::Unreachable { base: base.clone(), why: http::describe(&error) };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    let text = http::body(response).await.map_err(unreachable)?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    if status == 202 {
        return Ok(answer);
    }
    let why = answer["error"]["message"].as_str().unwrap_or("no reason given").to_owned();
    Err(Error::Refused { base: base.clone(), status, why })
}
