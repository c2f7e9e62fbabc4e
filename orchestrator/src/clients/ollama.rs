//! Ollama on the team's machine, reached through a Cloudflare Tunnel behind Access.
//!
//! Between us and Ollama stand Access, Cloudflare's edge and cloudflared, and each has its own way to say no; the
//! table in [`classify`] tells them apart. Redirects are never followed: one is how Access asks for a login.

mod prove;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;

use super::fault::{Fault, Kind};
use super::http;
use super::model::{Answer, Message, Model, Question, host_of, join, messages, transport};
use crate::config::{Access, Local};

pub use prove::prove;

/// Context asked for on every call; changing it between calls would make Ollama load the model again.
const CONTEXT_TOKENS: u32 = 8192;

/// Longest answer, in tokens.
const ANSWER_TOKENS: u32 = 1024;

/// A probe that takes longer has failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a model's digest is believed.
const DIGEST_AGE: Duration = Duration::from_secs(600);

/// A question to `POST /api/chat`.
#[derive(Serialize)]
struct Chat<'a> {
    model: &'a str,
    stream: bool,
    keep_alive: &'static str,
    messages: Vec<Message<'a>>,
    format: &'a Value,
    /// A ticket that does not fit must be refused, not cut behind our back.
    truncate: bool,
    shift: bool,
    options: Options,
}

/// How the model is to answer.
#[derive(Serialize)]
struct Options {
    num_ctx: u32,
    num_predict: u32,
    temperature: u32,
    seed: u32,
}

const OPTIONS: Options =
    Options { num_ctx: CONTEXT_TOKENS, num_predict: ANSWER_TOKENS, temperature: 0, seed: 7 };

/// A client of one Ollama.
pub struct Ollama {
    http: Client,
    config: Local,
    sent_to: String,
    schema: Value,
    digest: Mutex<Option<(Instant, String)>>,
}

impl Ollama {
    /// A client that asks for answers of this JSON schema.
    pub fn new(config: Local, schema: Value) -> Self {
        let sent_to = host_of(&config.url);
        Self { http: http::client(config.timeout), config, sent_to, schema, digest: Mutex::new(None) }
    }

    fn with_access(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.config.access {
            Some(Access { client_id, client_secret }) => request
                .header("CF-Access-Client-Id", client_id.expose_secret())
                .header("CF-Access-Client-Secret", client_secret.expose_secret()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Fault> {
        let response = self.with_access(request).send().await.map_err(|error| transport(&error))?;
        let evidence = Evidence::of(&response);
        let body = http::body(response).await.map_err(|error| transport(&error))?;
        if let Some(fault) = classify(&evidence, &body) {
            return Err(fault);
        }
        serde_json::from_str(&body)
            .map_err(|_| Fault::answered(evidence.status, Kind::BadAnswer, "Ollama's answer is not JSON"))
    }

    /// Whether the model is on the machine.
    pub async fn has_model(&self) -> Result<bool, Fault> {
        Ok(self.installed().await?.is_some())
    }

    /// What Ollama says of the model, if it has it.
    async fn installed(&self) -> Result<Option<Value>, Fault> {
        let tags =
            self.send(self.http.get(join(&self.config.url, "api/tags")).timeout(PROBE_TIMEOUT)).await?;
        let wanted = with_tag(&self.config.model);
        let is_wanted = |model: &&Value| model["name"].as_str().is_some_and(|name| with_tag(name) == wanted);
        Ok(tags["models"].as_array().and_then(|models| models.iter().find(is_wanted).cloned()))
    }

    /// The digest of the model's weights; looked up now and then, beside the calls.
    async fn digest(&self) -> Option<String> {
        let known = self.digest.lock().expect("no panic while it is held").clone();
        if let Some((at, digest)) = known
            && at.elapsed() < DIGEST_AGE
        {
            return Some(digest);
        }
        let model = self.installed().await.ok()??;
        let digest = model["digest"].as_str()?.to_owned();
        *self.digest.lock().expect("no panic while it is held") = Some((Instant::now(), digest.clone()));
        Some(digest)
    }
}

#[async_trait]
impl Model for Ollama {
    async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let request = Chat {
            model: &self.config.model,
            stream: false,
            keep_alive: "30m",
            messages: messages(question),
            format: &self.schema,
            truncate: false,
            shift: false,
            options: OPTIONS,
        };
        let answer = self.send(self.http.post(join(&self.config.url, "api/chat")).json(&request)).await?;
        if let Some(error) = answer["error"].as_str() {
            return Err(Fault::answered(200, Kind::ServerError, "Ollama failed (200)").saying(error));
        }
        if answer["done_reason"] == "length" {
            return Err(Fault::answered(
                200,
                Kind::BadAnswer,
                "the answer was cut off because it was too long",
            ));
        }
        let Some(text) = answer["message"]["content"].as_str() else {
            return Err(Fault::answered(200, Kind::BadAnswer, "Ollama's answer has no message"));
        };
        Ok(Answer { text: text.to_owned(), digest: self.digest().await })
    }

    async fn probe(&self) -> Result<(), Fault> {
        let answer =
            self.send(self.http.get(join(&self.config.url, "api/version")).timeout(PROBE_TIMEOUT)).await?;
        answer["version"]
            .as_str()
            .map(|_| ())
            .ok_or_else(|| Fault::new(Kind::BadAnswer, "this is not Ollama: it has no version"))
    }

    fn name(&self) -> &str {
        &self.config.model
    }

    fn sent_to(&self) -> &str {
        &self.sent_to
    }
}

struct Evidence {
    status: u16,
    html: bool,
    redirect: bool,
    retry_after: Option<Duration>,
}

impl Evidence {
    fn of(response: &Response) -> Self {
        let headers = response.headers();
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            status: response.status().as_u16(),
            html: content_type.starts_with("text/html"),
            redirect: headers.contains_key(LOCATION),
            retry_after: http::retry_after(headers),
        }
    }
}

/// Who said no, and why; `None` for an answer of Ollama's own that is worth reading.
fn classify(evidence: &Evidence, body: &str) -> Option<Fault> {
    if matches!(evidence.status, 200..=299) && !evidence.html {
        return None;
    }
    let error =
        serde_json::from_str::<Value>(body).ok().and_then(|json| json["error"].as_str().map(str::to_owned));
    let says = |text: &str| body.contains(text);
    let (kind, message) = match (evidence.status, &error) {
        (200..=299, _) => (
            Kind::AccessRefused,
            "Cloudflare Access answered with a login page: check that the policy is \"Service Auth\"",
        ),
        (300..=399, _) if evidence.redirect => (
            Kind::AccessRefused,
            "Cloudflare Access does not accept the service token (redirect to its login)",
        ),
        (400, Some(error)) if error.contains("longer than the context") => {
            (Kind::TooLong, "the ticket is longer than the model's context")
        }
        (400, Some(_)) => (Kind::Refused, "Ollama refuses the request"),
        (401, _) => (Kind::AccessRefused, "Cloudflare Access does not accept the service token"),
        (403, Some(_)) => (Kind::Refused, "Ollama refuses the request"),
        (403, None) if body.is_empty() => (
            Kind::HostRefused,
            "Ollama refuses the host name: set httpHostHeader to localhost:11434 in the tunnel",
        ),
        (403, None) if says("error code: 10") => (
            Kind::AccessRefused,
            "Cloudflare's firewall blocks the request: exempt this host from bot protection",
        ),
        (403, None) => {
            (Kind::AccessRefused, "Cloudflare Access does not let the service token in: check its policy")
        }
        (404, Some(_)) => (Kind::ModelMissing, "Ollama does not have the model: pull it on the machine"),
        (404, None) => (Kind::PathRefused, "the tunnel does not serve Ollama's paths: check its rules"),
        (429, _) => (Kind::RateLimited, "Cloudflare limits the rate of requests"),
        (503, Some(_)) => (Kind::Busy, "Ollama is busy"),
        (524, _) => (Kind::Timeout, "no answer in time (Cloudflare gave up waiting)"),
        (530, _) => (Kind::TunnelDown, "Cloudflare has no connection to the tunnel"),
        (_, None) if says("error code: 1033") => {
            (Kind::TunnelDown, "Cloudflare has no connection to the tunnel")
        }
        (502 | 503 | 520..=523 | 525 | 526, None) => {
            (Kind::OriginDown, "the tunnel is up, but Ollama does not answer behind it")
        }
        (_, Some(_)) => (Kind::ServerError, "Ollama failed"),
        (_, None) => (Kind::ServerError, "an unexpected answer came back"),
    };
    let fault = Fault::answered(evidence.status, kind, format!("{message} ({})", evidence.status));
    let fault = Fault { retry_after: evidence.retry_after, ..fault };
    Some(match error {
        Some(error) => fault.saying(&error),
        None => fault,
    })
}

/// An Ollama name always has a tag: `latest` where none is given.
fn with_tag(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hop_says_no_in_its_own_way() {
        let table = [
            (302, true, false, "", Kind::AccessRefused),
            (401, false, false, "", Kind::AccessRefused),
            (403, false, true, "<html>forbidden</html>", Kind::AccessRefused),
            (403, false, false, "error code: 1010", Kind::AccessRefused),
            (200, false, true, "<html>login</html>", Kind::AccessRefused),
            (403, false, false, "", Kind::HostRefused),
            (404, false, false, r#"{"error":"model 'x' not found"}"#, Kind::ModelMissing),
            (404, false, false, "404 page not found", Kind::PathRefused),
            (
                400,
                false,
                false,
                r#"{"error":"the prompt is longer than the context length currently available to the model; x"}"#,
                Kind::TooLong,
            ),
            (400, false, false, r#"{"error":"invalid format"}"#, Kind::Refused),
            (429, false, true, "", Kind::RateLimited),
            (500, false, false, r#"{"error":"out of memory"}"#, Kind::ServerError),
            (502, false, true, "<html>Bad gateway</html>", Kind::OriginDown),
            (
                503,
                false,
                false,
                r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#,
                Kind::Busy,
            ),
            (524, false, true, "<html/>", Kind::Timeout),
            (530, false, true, "<html>error code: 1033</html>", Kind::TunnelDown),
        ];
        for (status, redirect, html, body, expected) in table {
            let fault = classify(&Evidence { status, html, redirect, retry_after: None }, body);
            assert_eq!(fault.as_ref().map(|f| f.kind), Some(expected), "{status} {body}");
        }
        assert_eq!(
            classify(&Evidence { status: 200, html: false, redirect: false, retry_after: None }, "{}"),
            None
        );
    }
}
