//! The way from the internet to the Ollama on this machine: set up at Cloudflare or in `config.yml`, and looked at from
//! outside. Running the tunnel is not done here.
//!
//! - [`setup`] does everything through Cloudflare's API, step by step, and can take it back.
//! - [`config`] builds and checks the `config.yml` of a tunnel that is managed on this machine.
//! - [`cloudflared`] asks the `cloudflared` program and says in plain words what it answered.
//! - [`verify`] calls the public address with the service token and without.

pub mod api;
pub mod cloudflared;
pub mod config;
pub mod expiry;
pub(crate) mod file;
pub mod http;
pub mod setup;
pub mod verify;

use url::Url;

/// Where Ollama listens.
pub const OLLAMA: &str = "http://127.0.0.1:11434";

/// Ollama's port.
pub const OLLAMA_PORT: u16 = 11434;

/// The `Host` that the tunnel puts on every call: Ollama answers any public name with 403 and an empty body.
pub const HOST_HEADER: &str = "localhost:11434";

/// What may be called from outside, as a regular expression on the path: not pulling, not deleting, not profiling.
pub const ALLOWED_PATHS: &str = "^/api/(version|tags|ps|show|chat)$";

/// What the record of a host name points to.
#[must_use]
pub fn record_content(tunnel_id: &str) -> String {
    format!("{tunnel_id}.cfargotunnel.com")
}

/// A public host name: a plain DNS name of at least two labels, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hostname(String);

/// The text is not a host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name; write it like ollama.example.com, without https:// and without a path")]
pub struct NoHostname(pub String);

impl Hostname {
    /// Reads a host name.
    ///
    /// # Errors
    /// When it is an address, has a scheme, a port or a path, or characters that no host name has.
    pub fn parse(text: &str) -> Result<Self, NoHostname> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_address = name.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        let fits = name.len() <= 253 && name.contains('.') && name.split('.').all(label) && !is_address;
        if fits { Ok(Self(name)) } else { Err(NoHostname(text.to_owned())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zones that it may be in, the likeliest first: `b.example.com`, `example.com` and, at last, the name itself for
    /// `a.b.example.com`.
    #[must_use]
    pub fn zones(&self) -> Vec<&str> {
        let mut zones = Vec::new();
        let mut rest = self.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if parent.contains('.') {
                zones.push(parent);
            }
            rest = parent;
        }
        zones.push(self.as_str());
        zones
    }

    /// The address of the public end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.0)
    }
}

impl std::fmt::Display for Hostname {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether secrets may be sent there: over TLS anywhere, in the clear to this machine only.
#[must_use]
pub fn is_safe(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_told_from_addresses_and_urls() {
        let read = |text: &str| Hostname::parse(text).map(|name| name.0);
        assert_eq!(read(" Ollama.Example.COM. ").as_deref(), Ok("ollama.example.com"));
        for wrong in [
            "",
            "ollama",
            "https://ollama.example.com",
            "a.example.com/x",
            "a.example.com:443",
            "127.0.0.1",
            "a..b",
            "-a.b",
            "a_b.example.com",
            "*.example.com",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_closest_zone_comes_first() {
        let zones = |name: &str| Hostname::parse(name).unwrap().zones().join(" ");
        assert_eq!(zones("a.b.example.com"), "b.example.com example.com a.b.example.com");
        assert_eq!(zones("ollama.example.com"), "example.com ollama.example.com");
        assert_eq!(zones("example.com"), "example.com");
    }

    #[test]
    fn secrets_go_over_tls_or_stay_here() {
        let safe = |text: &str| is_safe(&Url::parse(text).unwrap());
        assert!(
            safe("https://api.cloudflare.com/client/v4")
                && safe("http://127.0.0.1:8")
                && safe("http://[::1]:8")
        );
        assert!(
            !safe("http://api.cloudflare.com") && !safe("http://192.168.0.2") && !safe("ftp://127.0.0.1")
        );
    }
}
