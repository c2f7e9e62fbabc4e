//! Groq's chat completions: the model in the cloud.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::fault::{Fault, Kind};
use super::http;
use super::model::{Answer, Model, Question, host_of, join, messages, transport};
use crate::config::Groq as Settings;

/// Reasoning counts as answer, so this is more than the answer itself needs.
const ANSWER_TOKENS: u32 = 2048;

/// A probe that takes longer has failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// How the answer's shape is asked for, from the strictest on; a model that does not know one is asked for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    StrictSchema,
    LooseSchema,
    JsonObject,
}

const SHAPES: [Shape; 3] = [Shape::StrictSchema, Shape::LooseSchema, Shape::JsonObject];

/// A client of Groq.
pub struct Groq {
    http: Client,
    config: Settings,
    sent_to: String,
    schema: Value,
    /// Index of the strictest shape that the model is known to take.
    shape: AtomicUsize,
}

impl Groq {
    /// A client that asks for answers of this JSON schema.
    pub fn new(config: Settings, schema: Value) -> Self {
        let sent_to = host_of(&config.url);
        Self { http: http::client(config.timeout), config, sent_to, schema, shape: AtomicUsize::new(0) }
    }

    fn request(&self, question: &Question, shape: Shape) -> Value {
        let mut request = json!({
            "model": self.config.model,
            "messages": messages(question),
            "temperature": 0,
            "seed": 7,
            "max_completion_tokens": ANSWER_TOKENS,
            "response_format": match shape {
                Shape::StrictSchema => json!({ "type": "json_schema", "json_schema": { "name": "triage", "strict": true, "schema": self.schema } }),
                Shape::LooseSchema => json!({ "type": "json_schema", "json_schema": { "name": "triage", "strict": false, "schema": self.schema } }),
                Shape::JsonObject => json!({ "type": "json_object" }),
            },
        });
        if self.config.model.starts_with("openai/gpt-oss") {
            request["reasoning_effort"] = json!("low");
            request["include_reasoning"] = json!(false);
        }
        request
    }

    async fn complete(&self, question: &Question, shape: Shape) -> Result<Value, Refusal> {
        let response = self
            .http
            .post(join(&self.config.url, "chat/completions"))
            .bearer_auth(self.config.api_key.expose_secret())
            .json(&self.request(question, shape))
            .send()
            .await
            .map_err(|error| transport(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = http::body(response).await.map_err(|error| transport(&error))?;
        if status != 200 {
            return Err(classify(status, &headers, &body));
        }
        serde_json::from_str(&body)
            .map_err(|_| Fault::answered(200, Kind::BadAnswer, "Groq's answer is not JSON").into())
    }
}

#[async_trait]
impl Model for Groq {
    async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let mut index = self.shape.load(Ordering::Relaxed).min(SHAPES.len() - 1);
        let completion = loop {
            match self.complete(question, SHAPES[index]).await {
                Ok(completion) => break completion,
                Err(Refusal { shape_unknown: true, .. }) if index + 1 < SHAPES.len() => {
                    index += 1;
                    self.shape.fetch_max(index, Ordering::Relaxed);
                }
                Err(refusal) => return Err(refusal.fault),
            }
        };
        let choice = &completion["choices"][0];
        if choice["finish_reason"] == "length" {
            return Err(Fault::answered(
                200,
                Kind::BadAnswer,
                "the answer was cut off because it was too long",
            ));
        }
        let Some(text) = choice["message"]["content"].as_str() else {
            return Err(Fault::answered(200, Kind::BadAnswer, "Groq's answer has no message"));
        };
        Ok(Answer {
            text: text.to_owned(),
            digest: completion["system_fingerprint"].as_str().map(str::to_owned),
        })
    }

    async fn probe(&self) -> Result<(), Fault> {
        let response = self
            .http
            .get(join(&self.config.url, "models"))
            .bearer_auth(self.config.api_key.expose_secret())
            .timeout(PROBE_TIMEOUT)
            .send()
            .await
            .map_err(|error| transport(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = http::body(response).await.map_err(|error| transport(&error))?;
        if status != 200 {
            return Err(classify(status, &headers, &body).fault);
        }
        let models: Value = serde_json::from_str(&body).unwrap_or_default();
        let has_model = models["data"]
            .as_array()
            .is_some_and(|models| models.iter().any(|m| m["id"] == self.config.model.as_str()));
        if has_model { Ok(()) } else { Err(missing(&self.config.model)) }
    }

    fn name(&self) -> &str {
        &self.config.model
    }

    fn sent_to(&self) -> &str {
        &self.sent_to
    }
}

/// A refusal, and whether a less strict shape might be taken.
#[derive(Debug)]
struct Refusal {
    fault: Fault,
    shape_unknown: bool,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, shape_unknown: false }
    }
}

fn missing(model: &str) -> Fault {
    Fault::answered(404, Kind::ModelMissing, format!("Groq does not have the model {model}: set GROQ_MODEL"))
}

fn classify(status: u16, headers: &HeaderMap, body: &str) -> Refusal {
    let error = serde_json::from_str::<Value>(body).unwrap_or_default()["error"].take();
    let code = error["code"].as_str().unwrap_or_default();
    let text = error["message"].as_str().unwrap_or_default();
    let shape_unknown = status == 400
        && code != "json_validate_failed"
        && (text.contains("response_format")
            || text.contains("response format")
            || text.contains("json_schema"));
    let (kind, message) = match (status, code) {
        (400, "json_validate_failed") => (Kind::BadAnswer, "the model could not produce valid JSON"),
        (400, "model_decommissioned") | (404, _) => {
            (Kind::ModelMissing, "Groq does not have the model: set GROQ_MODEL")
        }
        (401, _) => (Kind::CredentialsRefused, "Groq does not accept the API key"),
        (403, _) => (
            Kind::CredentialsRefused,
            "Groq does not allow this (permissions of the key, or its edge blocks us)",
        ),
        (413, _) => (Kind::TooLong, "the ticket is longer than Groq takes at once"),
        (429, _) => (Kind::RateLimited, "Groq's rate limit is reached"),
        (498, _) => (Kind::Busy, "Groq has no capacity at the moment"),
        (400..=499, _) => (Kind::Refused, "Groq refuses the request"),
        (_, _) => (Kind::ServerError, "Groq failed"),
    };
    let retry_after = matches!(kind, Kind::RateLimited | Kind::Busy).then(|| wait(headers)).flatten();
    let fault = Fault { retry_after, ..Fault::answered(status, kind, format!("{message} ({status})")) };
    Refusal { fault, shape_unknown }
}

/// `retry-after`, else the moment at which the exhausted bucket is full again.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    http::retry_after(headers).or_else(|| {
        let exhausted =
            |kind: &str| http::header(headers, &format!("x-ratelimit-remaining-{kind}")) == Some("0");
        let kind = if exhausted("requests") { "requests" } else { "tokens" };
        go_duration(http::header(headers, &format!("x-ratelimit-reset-{kind}"))?)
    })
}

/// A pause as Go prints durations: `1h2m3.5s`, `850ms`, `7.66s`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_length = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_length);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        total += http::pause_of(number * seconds)?;
        rest = tail;
    }
    Some(http::pause(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_prints_them() {
        for (text, millis) in
            [("7.66s", 7_660), ("850ms", 850), ("2m59.56s", 179_560), ("59m59.5s", 3_599_500), ("0s", 0)]
        {
            assert_eq!(go_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for long in ["1h2m3.5s", "8760h", "59m61s", "99999999999999999999999999h"] {
            assert_eq!(go_duration(long), Some(Duration::from_secs(3600)), "{long}");
        }
        for bad in ["5", "x", "1.2.3s", "5 apples", "-3s"] {
            assert_eq!(go_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let kind = |status, body: &str| classify(status, &HeaderMap::new(), body).fault.kind;
        assert_eq!(kind(404, r#"{"error":{"code":"model_not_found"}}"#), Kind::ModelMissing);
        assert_eq!(kind(400, r#"{"error":{"code":"json_validate_failed"}}"#), Kind::BadAnswer);
        assert_eq!(kind(403, "error code: 1010"), Kind::CredentialsRefused);
        assert_eq!(kind(413, ""), Kind::TooLong);
        assert_eq!(kind(498, ""), Kind::Busy);
        assert_eq!(kind(503, "<html>"), Kind::ServerError);
        let unsupported =
            r#"{"error":{"message":"This model does not support response format `json_schema`."}}"#;
        assert!(classify(400, &HeaderMap::new(), unsupported).shape_unknown);
    }
}
