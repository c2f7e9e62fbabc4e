//! What lets a connector register: the token of a tunnel run remotely, or the credentials file of a local one.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::path::Path;

/// Who the tunnel is, and its secret in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) account: String,
    pub(super) secret: String,
    pub(super) tunnel: String,
}

impl Credentials {
    /// From a token: base64 of `{"a":…,"s":…,"t":…}`.
    pub(super) fn from_token(token: &str) -> Option<Self> {
        let json = BASE64_STANDARD.decode(token.trim()).ok()?;
        let read = Self::from_value(&serde_json::from_slice(&json).ok()?, ["a", "s", "t"])?;
        BASE64_STANDARD.decode(&read.secret).ok().filter(|secret| !secret.is_empty())?;
        is_uuid(&read.tunnel).then_some(read)
    }

    /// From `<UUID>.json`.
    pub(super) fn from_file(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        Self::from_value(&serde_json::from_str(&text).ok()?, ["AccountTag", "TunnelSecret", "TunnelID"])
    }

    fn from_value(value: &Value, [account, secret, tunnel]: [&str; 3]) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        Some(Self { account: text(account)?, secret: text(secret)?, tunnel: text(tunnel)? })
    }

    pub(super) fn token(&self) -> String {
        let json = json!({"a": self.account, "s": self.secret, "t": self.tunnel});
        BASE64_STANDARD.encode(json.to_string())
    }

    pub(super) fn file(&self) -> String {
        let (account, secret, tunnel) = (&self.account, &self.secret, &self.tunnel);
        json!({"AccountTag": account, "TunnelSecret": secret, "TunnelID": tunnel, "Endpoint": ""}).to_string()
    }
}

pub(super) fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_round_trip_and_nothing_else_is_one() {
        let known = Credentials {
            account: "0123".to_owned(),
            secret: BASE64_STANDARD.encode([7; 32]),
            tunnel: "11111111-2222-4333-8444-555555555555".to_owned(),
        };
        assert_eq!(Credentials::from_token(&known.token()), Some(known.clone()));
        assert_eq!(Credentials::from_token(&format!("{}\n", known.token())), Some(known.clone()));
        let nameless = Credentials { tunnel: "x".to_owned(), ..known.clone() };
        let secretless = Credentials { secret: String::new(), ..known };
        for text in ["", "eyJh", "not a token", &nameless.token(), &secretless.token()] {
            assert_eq!(Credentials::from_token(text), None, "{text}");
        }
    }
}
