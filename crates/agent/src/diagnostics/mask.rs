//! Takes out of a text what nobody else may read. PURE. Rather too much than too little.

use std::borrow::Cow;

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// What stands in place of what was taken out.
const STARS: &str = "***";

/// What looks like a secret, and what is put in its place; in this order.
pub(super) const PATTERNS: &[(&str, &str)] = &[
    // A header and all that follows it on the line.
    (
        r"(?i)\b((?:proxy-)?authorization|cf-access-[a-z-]+|x-[a-z-]*(?:token|key)|(?:set-)?cookie)\b.*",
        "$1: ***",
    ),
    // name=value, name: value, "name":"value", --name value
    (
        r#"(?i)((?:[a-z0-9]+[_-]?)*(?:token|secret|passw(?:or)?d|api[_-]?key|credentials?)(?:[_-]?[a-z0-9]+)*)["']?(?:\s*[:=]\s*|\s+)(?:"[^"]*"|'[^']*'|[^\s,}\]]+)"#,
        "$1 ***",
    ),
    (r"(?i)\b(bearer|basic)\s+\S+", "$1 ***"),
    // Names and questions in addresses; what a page is asked can hold a ticket.
    (r"://[^/\s@]+@", "://***@"),
    (r#"(/[^\s"'?#]*)[?#][^\s"'<>]*"#, "$1?***"),
    (r"(?i)/api/webhooks/\S+", "/api/webhooks/***"),
    (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", STARS),
    // Cloudflare's, GitHub's, Groq's, HubSpot's; JSON in base64; anything else that is long and has no meaning.
    (r"(?:cfast_|gsk_|ghp_|pat-[a-z0-9]+-)[A-Za-z0-9-]+", STARS),
    (r"\b[0-9a-f]{32}\.access\b", STARS),
    (r"\beyJ[A-Za-z0-9+/=_.-]+", STARS),
    (r"[A-Za-z0-9+_-]{40,}={0,2}", STARS),
];

/// Takes secrets out of texts.
pub struct Mask {
    known: Vec<SecretString>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Mask {
    /// For a machine with these secrets.
    #[must_use]
    pub fn new(secrets: &[SecretString]) -> Self {
        let known = secrets.iter().filter(|secret| !secret.expose_secret().is_empty());
        let compiled = PATTERNS.iter().filter_map(|(pattern, put)| Some((Regex::new(pattern).ok()?, *put)));
        Self { known: known.cloned().collect(), patterns: compiled.collect() }
    }

    #[cfg(test)]
    pub(super) fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// One line without what nobody else may read.
    #[must_use]
    pub fn line(&self, line: &str) -> String {
        let mut text = line.to_owned();
        for secret in &self.known {
            text = text.replace(secret.expose_secret(), STARS);
        }
        for (pattern, put) in &self.patterns {
            if let Cow::Owned(masked) = pattern.replace_all(&text, *put) {
                text = masked;
            }
        }
        text
    }

    /// JSON of the same shape without what nobody else may read.
    #[must_use]
    pub fn json(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) => self.line(text).into(),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (self.line(name), self.field(name, value))).collect()
            }
        }
    }

    /// A text under a name like `token` is masked whatever it looks like.
    fn field(&self, name: &str, value: &Value) -> Value {
        let Value::String(text) = value else { return self.json(value) };
        let named = format!("{name}={text}");
        if self.line(&named).starts_with(&format!("{name}=")) { self.line(text).into() } else { STARS.into() }
    }
}
