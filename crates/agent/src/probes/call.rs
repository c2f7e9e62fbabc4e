//! One call, as health reads it.

use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderName, LOCATION};
use supervise::health::reading::{Call, CallError, HttpAnswer};

use crate::tunnel::http::{self, Cause};
use crate::tunnel::verify::Observation;

/// So much of an answer is looked at.
const MOST_OF_A_BODY: usize = 16 * 1024;

/// `GET`, without any secret.
pub(super) async fn get(http: &Client, url: &str) -> Result<HttpAnswer, CallError> {
    let response = http.get(url).send().await.map_err(|problem| failed(&problem))?;
    let header = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let status = response.status().as_u16();
    let (location, content_type) = (header(LOCATION), header(CONTENT_TYPE));
    let body = http::body(response, MOST_OF_A_BODY).await.map_err(|problem| failed(&problem))?;
    Ok(HttpAnswer { status, location, content_type, body })
}

/// What was observed of the public address; `None` when it could not be called, because the address or the token is
/// none.
pub(super) fn observed(observation: Observation) -> Option<Call> {
    match observation {
        Observation::Answer { status, location, content_type, body } => {
            let some = |text: String| Some(text).filter(|text| !text.is_empty());
            Some(Ok(HttpAnswer { status, location: some(location), content_type: some(content_type), body }))
        }
        Observation::Failed { cause, .. } => Some(Err(error(cause))),
        Observation::NotAnAddress | Observation::UnusableToken => None,
    }
}

fn failed(problem: &reqwest::Error) -> CallError {
    error(http::cause(problem).0)
}

fn error(cause: Cause) -> CallError {
    match cause {
        Cause::Dns => CallError::NoSuchName,
        Cause::Tls => CallError::BadCertificate,
        Cause::Timeout => CallError::TimedOut,
        Cause::Connection => CallError::Unreachable,
    }
}
