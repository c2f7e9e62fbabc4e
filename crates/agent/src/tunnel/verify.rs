//! Looks at the public address from outside: with the service token it must lead to Ollama, without it must be refused.
//!
//! [`classify`] says what an answer means, [`explain()`] what that means for one of the two calls; both are PURE, so that
//! every place that makes such a call says the same.

mod explain;
mod finding;

pub use explain::{Explanation, Verdict, explain};
pub use finding::{Finding, Observation, classify};

use super::{http, is_safe};
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// So much of an answer is looked at.
const MOST_OF_A_BODY: usize = 16 * 1024;

/// A service token as callers send it.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `CF-Access-Client-Id`.
    pub client_id: String,
    /// `CF-Access-Client-Secret`.
    pub client_secret: SecretString,
}

/// Which of the two calls it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// As the orchestrator calls.
    WithToken,
    /// As a stranger calls.
    WithoutToken,
}

/// What both calls came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The call with the token.
    pub public_address: Explanation,
    /// The call without.
    pub access_closed: Explanation,
    /// How long the call with the token took.
    pub public_took: Duration,
    /// How long the call without took.
    pub closed_took: Duration,
}

impl Verification {
    /// Whether the address works and is closed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.public_address.ok() && self.access_closed.ok()
    }
}

/// Makes both calls, one after the other. `address` is `https://` and the host name.
pub async fn verify(http: &Client, address: &str, credentials: &Credentials) -> Verification {
    let begun = Instant::now();
    let with = probe(http, address, Some(credentials)).await;
    let public_took = begun.elapsed();
    let begun = Instant::now();
    let without = probe(http, address, None).await;
    Verification {
        public_address: explain(Probe::WithToken, &classify(&with)),
        access_closed: explain(Probe::WithoutToken, &classify(&without)),
        public_took,
        closed_took: begun.elapsed(),
    }
}

/// `GET /api/version`, with a service token or without.
pub async fn probe(http: &Client, address: &str, credentials: Option<&Credentials>) -> Observation {
    let url = Url::parse(address).and_then(|url| url.join("/api/version"));
    let Some(url) = url.ok().filter(is_safe) else { return Observation::NotAnAddress };
    let mut request = http.get(url);
    if let Some(Credentials { client_id, client_secret }) = credentials {
        request = request
            .header("CF-Access-Client-Id", client_id)
            .header("CF-Access-Client-Secret", client_secret.expose_secret());
    }
    let failed = |problem: reqwest::Error| {
        if problem.is_builder() {
            return Observation::UnusableToken;
        }
        let (cause, words) = http::cause(&problem);
        Observation::Failed { cause, words }
    };
    match request.send().await {
        Err(problem) => failed(problem),
        Ok(response) => {
            let header = |name| {
                let value = response.headers().get(name).and_then(|value| value.to_str().ok());
                value.unwrap_or_default().to_owned()
            };
            let (status, location, kind) =
                (response.status().as_u16(), header(LOCATION), header(CONTENT_TYPE));
            match http::body(response, MOST_OF_A_BODY).await {
                Ok(body) => Observation::Answer { status, location, content_type: kind, body },
                Err(problem) => failed(problem),
            }
        }
    }
}
