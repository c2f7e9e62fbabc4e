//! One Discord channel, written to through its webhook. The address is the secret: it never shows in an error.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::http;
use crate::config::Discord as Settings;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Cloudflare's own refusal in front of Discord (an HTML page) is a ban in the making: stay away at least this long.
const EDGE_REST: Duration = Duration::from_secs(60);

/// A client of one webhook.
pub struct Discord {
    http: Client,
    url: Url,
    /// Discord wants no call before this.
    not_before: Mutex<Instant>,
}

/// A message was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The webhook, its token or its channel is gone. Calling it again would get this address banned.
    #[error("{0}")]
    WebhookGone(String),
    /// The message to be edited is gone.
    #[error("the message was deleted in Discord")]
    MessageGone,
    /// Discord does not accept this message.
    #[error("{0}")]
    Invalid(String),
    /// Too many calls.
    #[error("Discord's rate limit is reached")]
    RateLimited(Duration),
    /// Not now.
    #[error("{0}")]
    Later(String),
}

impl Discord {
    /// A client; the API version is pinned in the address.
    pub fn new(config: &Settings) -> Self {
        let mut url =
            Url::parse(config.webhook_url.expose_secret()).expect("checked when the settings were read");
        if url.path().starts_with("/api/webhooks/") {
            let pinned = url.path().replacen("/api/", "/api/v10/", 1);
            url.set_path(&pinned);
        }
        Self { http: http::client(TIMEOUT), url, not_before: Mutex::new(Instant::now()) }
    }

    /// How long Discord wants to be left alone.
    pub fn rest(&self) -> Duration {
        self.not_before.lock().expect("no panic while it is held").saturating_duration_since(Instant::now())
    }

    /// Writes a message and returns its id.
    pub async fn post(&self, body: &Value) -> Result<String, Error> {
        let answer = self.send(self.http.post(self.address("", "wait=true")).json(body)).await?;
        answer["id"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Error::Later("Discord's answer has no message id".to_owned()))
    }

    /// Rewrites one of our own messages.
    pub async fn edit(&self, message_id: &str, body: &Value) -> Result<(), Error> {
        self.send(self.http.patch(self.address(&format!("/messages/{message_id}"), "")).json(body))
            .await
            .map(|_| ())
    }

    /// The webhook's name, if it is there.
    pub async fn look(&self) -> Result<String, Error> {
        let hook = self.send(self.http.get(self.address("", ""))).await?;
        Ok(hook["name"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether the message is there to be seen.
    pub async fn has(&self, message_id: &str) -> Result<bool, Error> {
        match self.send(self.http.get(self.address(&format!("/messages/{message_id}"), ""))).await {
            Ok(_) => Ok(true),
            Err(Error::MessageGone) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn address(&self, path: &str, query: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path()));
        // A thread id in the configured address has to stay.
        let query: Vec<&str> =
            [self.url.query().unwrap_or_default(), query].into_iter().filter(|q| !q.is_empty()).collect();
        url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
        url
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Error> {
        let later = |error: reqwest::Error| {
            Error::Later(format!("Discord cannot be reached ({})", http::describe(&error)))
        };
        let response = request.send().await.map_err(later)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = http::body(response).await.map_err(later)?;
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        self.heed(status, &headers, &json);
        let code = json["code"].as_i64().unwrap_or(0);
        if (200..=299).contains(&status) { Ok(json) } else { Err(refusal(status, code, self.rest())) }
    }

    /// Discord says in every answer how much it takes, and limits are never guessed.
    fn heed(&self, status: u16, headers: &HeaderMap, body: &Value) {
        if let Some(until) = wait(status, headers, body).and_then(|wait| Instant::now().checked_add(wait)) {
            let mut not_before = self.not_before.lock().expect("no panic while it is held");
            *not_before = until.max(*not_before);
        }
    }
}

fn wait(status: u16, headers: &HeaderMap, body: &Value) -> Option<Duration> {
    match status {
        429 if !body.is_object() => Some(http::retry_after(headers).unwrap_or(EDGE_REST).max(EDGE_REST)),
        429 => body["retry_after"]
            .as_f64()
            .and_then(http::pause_of)
            .or_else(|| http::retry_after(headers))
            .or(Some(Duration::from_secs(1))),
        _ if http::header(headers, "x-ratelimit-remaining") == Some("0") => {
            http::header(headers, "x-ratelimit-reset-after").and_then(http::seconds)
        }
        _ => None,
    }
}

fn refusal(status: u16, code: i64, rest: Duration) -> Error {
    match (status, code) {
        (404, 10008) => Error::MessageGone,
        (401 | 404, 1..) => {
            Error::WebhookGone(format!("the Discord webhook does not exist any more ({status}, code {code})"))
        }
        (403, 50001 | 50013) => {
            Error::WebhookGone(format!("Discord forbids writing to the channel (403, code {code})"))
        }
        (400, 220_001..=220_003) => Error::WebhookGone(format!(
            "the Discord channel is a forum: give the webhook's address a thread_id (code {code})"
        )),
        (429, _) => Error::RateLimited(rest),
        (400 | 413, _) => {
            Error::Invalid(format!("Discord does not accept the message ({status}, code {code})"))
        }
        // Other refusals are of the edge in front of Discord, and pass.
        _ => Error::Later(format!("Discord failed ({status}, code {code})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_discord_itself_says_stops_a_webhook() {
        let stops = |status, code| matches!(refusal(status, code, Duration::ZERO), Error::WebhookGone(_));
        for (status, code) in
            [(404, 10015), (404, 10003), (401, 50027), (403, 50013), (403, 50001), (400, 220_001)]
        {
            assert!(stops(status, code), "{status} {code}");
        }
        for (status, code) in
            [(404, 0), (404, 10008), (401, 0), (403, 0), (403, 40333), (429, 0), (500, 0), (502, 0)]
        {
            assert!(!stops(status, code), "{status} {code}");
        }
    }

    #[test]
    fn discord_is_left_alone_for_as_long_as_it_asks_within_reason() {
        let year = 31_536_000;
        let nothing: &[(&str, &str)] = &[];
        let table = [
            (429, nothing, serde_json::json!({"retry_after": 0.35}), Some(350)),
            (429, nothing, serde_json::json!({"retry_after": year}), Some(3_600_000)),
            (429, nothing, serde_json::json!({"retry_after": -1}), Some(1_000)),
            (429, &[("retry-after", "7")], serde_json::json!({}), Some(7_000)),
            (429, &[("retry-after", "31536000")], serde_json::json!({}), Some(3_600_000)),
            (429, nothing, Value::Null, Some(60_000)),
            (429, &[("retry-after", "5")], Value::Null, Some(60_000)),
            (429, &[("retry-after", "31536000")], Value::Null, Some(3_600_000)),
            (
                200,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "1.5")],
                Value::Null,
                Some(1_500),
            ),
            (
                200,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "1e9")],
                Value::Null,
                Some(3_600_000),
            ),
            (200, &[("x-ratelimit-remaining", "4"), ("x-ratelimit-reset-after", "1.5")], Value::Null, None),
        ];
        for (status, given, body, millis) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(
                wait(status, &headers, &body),
                millis.map(Duration::from_millis),
                "{status} {given:?} {body}"
            );
        }
    }
}
