//! Sends a webhook as HubSpot would, to try out a running orchestrator.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::http;
use super::model::join;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends a workflow object to the orchestrator at `base`; `Err` says what went wrong, for people.
pub async fn send(base: &Url, token: &SecretString, body: &Value) -> Result<Value, String> {
    let request = http::client(TIMEOUT)
        .post(join(base, "webhooks/hubspot"))
        .bearer_auth(token.expose_secret())
        .json(body);
    let response = request
        .send()
        .await
        .map_err(|error| format!("{base} cannot be reached ({})", http::describe(&error)))?;
    let status = response.status();
    let text = http::body(response).await.map_err(|error| http::describe(&error))?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    if status == 202 {
        Ok(answer)
    } else {
        Err(format!(
            "{base} answered {status}: {}",
            answer["error"]["message"].as_str().unwrap_or("no reason given")
        ))
    }
}
