//! Service tokens: their secret is shown when they are made and when it is changed, never again.

use super::Account;
use super::envelope::{failure, fresh, not_found, overlay, page, result};
use crate::wire::{Reply, Request};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

const YEAR_HOURS: i64 = 8760;

pub(super) struct Token {
    /// Without the secret.
    pub(super) shown: Value,
    pub(super) secret: String,
    /// The secret before, and until when it works beside the other.
    pub(super) former: Option<(String, DateTime<Utc>)>,
}

impl Token {
    pub(super) fn client_id(&self) -> String {
        self.shown["client_id"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether it may be used at all.
    pub(super) fn is_live(&self) -> bool {
        let ends = self.shown["expires_at"].as_str().and_then(|end| end.parse::<DateTime<Utc>>().ok());
        self.shown["enabled"] != false && ends.is_none_or(|end| end > crate::now())
    }

    fn with_secret(&self) -> Value {
        let mut shown = self.shown.clone();
        shown["client_secret"] = json!(self.secret);
        shown
    }
}

impl Account {
    pub(super) fn on_service_tokens(&mut self, request: &Request, rest: &[&str]) -> Reply {
        let body = request.json.clone().unwrap_or_default();
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let all: Vec<Value> = self.service_tokens.iter().map(|token| token.shown.clone()).collect();
                page(request, &all)
            }
            ("POST", []) => self.create_service_token(&body),
            (method, [id, rest @ ..]) => {
                let Some(at) = self.service_tokens.iter().position(|token| token.shown["id"] == *id) else {
                    return failure(404, 11_021, "access.api.error.not_found");
                };
                self.on_service_token(method, at, rest, &body)
            }
            _ => not_found(),
        }
    }

    fn create_service_token(&mut self, body: &Value) -> Reply {
        if body["name"].as_str().is_none_or(str::is_empty) {
            return failure(400, 12_130, "access.api.error.invalid_request: name is required");
        }
        let mut shown = fresh(body);
        shown["client_id"] =
            json!(format!("{:016x}{:016x}.access", crate::clock::scatter(), crate::clock::scatter()));
        shown["duration"] = body.get("duration").cloned().unwrap_or_else(|| json!("8760h"));
        shown["expires_at"] = json!(in_a_year());
        let token = Token { shown, secret: fresh_secret(), former: None };
        let answer = token.with_secret();
        self.service_tokens.push(token);
        result(201, &answer)
    }

    fn on_service_token(&mut self, method: &str, at: usize, rest: &[&str], body: &Value) -> Reply {
        let in_use = self.is_used(self.service_tokens[at].shown["id"].as_str().unwrap_or_default());
        let token = &mut self.service_tokens[at];
        match (method, rest) {
            ("GET", []) => result(200, &token.shown),
            ("PUT", []) => {
                overlay(&mut token.shown, body);
                result(200, &token.shown)
            }
            ("POST", ["refresh"]) => {
                token.shown["expires_at"] = json!(in_a_year());
                result(200, &token.shown)
            }
            ("POST", ["rotate"]) => {
                // Left out, the old secret ends now.
                let ends = &body["previous_client_secret_expires_at"];
                let ends = match ends.as_str().map(str::parse::<DateTime<Utc>>) {
                    Some(Ok(ends)) => Some(ends),
                    None if ends.is_null() => None,
                    Some(Err(_)) | None => {
                        return failure(400, 12_130, "access.api.error.invalid_request: not a time");
                    }
                };
                let former = std::mem::replace(&mut token.secret, fresh_secret());
                token.former = ends.map(|ends| (former, ends));
                result(200, &token.with_secret())
            }
            ("DELETE", []) if in_use => failure(400, 12_132, "access.api.error.service_token_in_use"),
            ("DELETE", []) => {
                let token = self.service_tokens.remove(at);
                result(200, &token.shown)
            }
            _ => not_found(),
        }
    }

    fn is_used(&self, id: &str) -> bool {
        let mut rules =
            self.policies.iter().flat_map(|policy| policy["include"].as_array().into_iter().flatten());
        rules.any(|rule| rule["service_token"]["token_id"] == id)
    }
}

fn fresh_secret() -> String {
    let letters = format!(
        "{:016x}{:016x}{:016x}",
        crate::clock::scatter(),
        crate::clock::scatter(),
        crate::clock::scatter()
    );
    format!("cfast_{letters}")
}

fn in_a_year() -> String {
    crate::clock::stamp(crate::now() + Duration::hours(YEAR_HOURS))
}
