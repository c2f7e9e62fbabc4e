//! `OLLAMA_HOST`, read as the program reads it.

use super::super::variable;
use std::fmt;
use std::net::SocketAddr;

const DEFAULT_PORT: u16 = 11434;

/// Where to listen, or whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    name: String,
    port: u16,
}

impl Host {
    pub(super) fn from_environment() -> Self {
        Self::read(&variable("OLLAMA_HOST").unwrap_or_default())
    }

    fn read(text: &str) -> Self {
        let text = text.trim().trim_matches(['"', '\'']);
        let (scheme, rest) =
            text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
        let default = match scheme {
            Some("http") => 80,
            Some("https") => 443,
            Some(_) | None => DEFAULT_PORT,
        };
        let place = rest.split('/').next().unwrap_or_default();
        let (name, port) = match place.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().unwrap_or(default)),
            Some(_) | None => (place, default),
        };
        let name = if name.is_empty() { "127.0.0.1" } else { name };
        Self { name: name.trim_matches(['[', ']']).to_owned(), port }
    }

    pub(super) async fn resolve(&self) -> Result<SocketAddr, String> {
        let found = tokio::net::lookup_host((self.name.as_str(), self.port)).await;
        let first = found.ok().and_then(|mut addresses| addresses.next());
        first.ok_or_else(|| format!("listen tcp: lookup {}: no such host", self.name))
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            return write!(out, "http://[{}]:{}", self.name, self.port);
        }
        write!(out, "http://{}:{}", self.name, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_its_port() {
        for (text, name, port) in [
            ("", "127.0.0.1", 11434),
            ("0.0.0.0", "0.0.0.0", 11434),
            (":8080", "127.0.0.1", 8080),
            ("127.0.0.1:0", "127.0.0.1", 0),
            ("http://box", "box", 80),
            ("https://box/", "box", 443),
            ("http://box:99/path", "box", 99),
            ("[::1]:5", "::1", 5),
            ("[::1]", "::1", 11434),
            ("\"localhost:7\"", "localhost", 7),
            ("box:none", "box", 11434),
        ] {
            assert_eq!(Host::read(text), Host { name: name.to_owned(), port }, "{text}");
        }
    }
}
