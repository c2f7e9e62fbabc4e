//! What an answer of the public address means. PURE.
//!
//! Source: Cloudflare's documentation of Access, of its 1xxx and 5xx errors, and Ollama's check of the Host header.

use crate::tunnel::http::Cause;
use serde_json::Value;
use url::Url;

/// What came back from the public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// An HTTP answer.
    Answer {
        /// Its status.
        status: u16,
        /// Where it redirects to, or nothing.
        location: String,
        /// The kind of its body, or nothing.
        content_type: String,
        /// The beginning of its body.
        body: String,
    },
    /// No answer.
    Failed {
        /// Where it failed.
        cause: Cause,
        /// The system's words.
        words: String,
    },
    /// The address is none, or would send the token in the clear.
    NotAnAddress,
    /// The token holds characters that no header can hold.
    UnusableToken,
}

/// What that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Ollama answered.
    Ollama {
        /// Its version.
        version: String,
    },
    /// Access sends the caller to log in.
    LoginRedirect,
    /// Access shows a page to log in.
    LoginPage,
    /// Access says 401.
    Unauthorised,
    /// Access knows the token and lets it in nowhere here.
    NotLetIn,
    /// Ollama does not answer to this host name.
    HostRefused,
    /// The firewall in front of Access blocks the caller.
    Blocked {
        /// Cloudflare's error code.
        code: u16,
    },
    /// The tunnel has no connection.
    TunnelDown,
    /// The tunnel is connected, Ollama does not take connections.
    OriginDown,
    /// Ollama took too long for Cloudflare.
    OriginSlow,
    /// The tunnel's ingress does not serve this path or this name.
    NotServed,
    /// The tunnel has no ingress at all.
    NoIngress,
    /// Too many calls.
    RateLimited,
    /// Another failure of Cloudflare's edge.
    EdgeFailed {
        /// HTTP status.
        status: u16,
    },
    /// Something else answers there.
    NotOllama {
        /// HTTP status.
        status: u16,
    },
    /// The name has no address.
    NoSuchName,
    /// TLS failed.
    Tls {
        /// The system's words.
        words: String,
    },
    /// No connection.
    Unreachable {
        /// The system's words.
        words: String,
    },
    /// No answer in time.
    Timeout,
    /// The address is none, or not https.
    NotAnAddress,
    /// The token holds characters that no header can hold.
    UnusableToken,
}

/// What came back, by its meaning.
#[must_use]
pub fn classify(observation: &Observation) -> Finding {
    match observation {
        Observation::NotAnAddress => Finding::NotAnAddress,
        Observation::UnusableToken => Finding::UnusableToken,
        Observation::Failed { cause: Cause::Dns, .. } => Finding::NoSuchName,
        Observation::Failed { cause: Cause::Timeout, .. } => Finding::Timeout,
        Observation::Failed { cause: Cause::Tls, words } => Finding::Tls { words: words.clone() },
        Observation::Failed { cause: Cause::Connection, words } => {
            Finding::Unreachable { words: words.clone() }
        }
        Observation::Answer { status, location, content_type, body } => {
            let is_html = content_type.starts_with("text/html");
            answer(*status, location, is_html, body)
        }
    }
}

fn answer(status: u16, location: &str, is_html: bool, body: &str) -> Finding {
    match status {
        200 if is_html => Finding::LoginPage,
        200 => ollama(body).map_or(Finding::NotOllama { status }, |version| Finding::Ollama { version }),
        301 | 302 | 303 | 307 | 308 if leads_to_access(location) => Finding::LoginRedirect,
        401 => Finding::Unauthorised,
        // Ollama's own refusal says nothing; Access and the firewall do.
        403 if body.trim().is_empty() => Finding::HostRefused,
        403 => blocked(body).map_or(Finding::NotLetIn, |code| Finding::Blocked { code }),
        404 => Finding::NotServed,
        429 => Finding::RateLimited,
        502 => Finding::OriginDown,
        503 if !is_html => Finding::NoIngress,
        524 | 504 => Finding::OriginSlow,
        530 => Finding::TunnelDown,
        500..=599 => Finding::EdgeFailed { status },
        _ => Finding::NotOllama { status },
    }
}

fn ollama(body: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(body).ok()?;
    Some(answer["version"].as_str()?.to_owned())
}

fn leads_to_access(location: &str) -> bool {
    let Ok(url) = Url::parse(location) else { return location.starts_with("/cdn-cgi/access/") };
    let at_access = |host: &str| host.ends_with(".cloudflareaccess.com");
    url.host_str().is_some_and(at_access) || url.path().starts_with("/cdn-cgi/access/")
}

/// `error code: 1010` as the firewall writes it.
fn blocked(body: &str) -> Option<u16> {
    let (_, rest) = body.split_once("error code: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|code| (1000..2000).contains(code))
}
