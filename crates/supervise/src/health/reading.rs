//! Who really answered a call to `/api/version`: Ollama, Cloudflare's lock, its firewall, the tunnel, or nobody.
//!
//! Facts: the table of Cloudflare Access answers to service tokens (302 to the team's login page in legacy mode, 401
//! in strict mode, 403 when no policy lets the token in), Cloudflare's 1xxx and 5xx pages, Ollama's Host check (403
//! with an empty body).

use serde::Deserialize;

/// The end of a call. Redirects must not have been followed.
pub type Call = Result<HttpAnswer, CallError>;

/// An HTTP answer, raw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The header `Location`.
    pub location: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The body, or its first kilobytes.
    pub body: String,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// The name does not resolve.
    NoSuchName,
    /// The connection was refused or reset, or there is no route.
    Unreachable,
    /// The certificate does not fit.
    BadCertificate,
    /// Nothing came in time.
    TimedOut,
}

/// Who answered, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Ollama, with its version.
    Ollama {
        /// As it says it.
        version: String,
    },
    /// Ollama, refusing the name it was called by.
    HostRefused,
    /// Something with status 200 that is neither Ollama nor a page for people.
    SomethingElse,
    /// Access: no token, or not one it accepts.
    LoginAsked,
    /// Access: the token is right, but no policy lets it in.
    NoPolicy,
    /// Cloudflare's firewall, before Access.
    Firewall,
    /// Cloudflare: too many calls.
    RateLimited,
    /// Cloudflare: the tunnel has no connection.
    TunnelGone,
    /// cloudflared: nothing answers behind it.
    OriginDown,
    /// Cloudflare: the machine took more than its limit to answer.
    TooSlow,
    /// 404: the tunnel has no rule for this name and path, or the address leads elsewhere.
    NoRule,
    /// Any other status.
    Unexpected(u16),
    /// Nobody.
    Nobody(CallError),
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// Reads the end of a call to `/api/version`.
pub fn read(call: &Call) -> Reading {
    let answer = match call {
        Ok(answer) => answer,
        Err(error) => return Reading::Nobody(*error),
    };
    match answer.status {
        200 => read_success(answer),
        302 | 303 if answer.leads_to_login() => Reading::LoginAsked,
        401 => Reading::LoginAsked,
        403 if answer.body.trim().is_empty() => Reading::HostRefused,
        403 if answer.has_error(1010) || answer.has_error(1020) => Reading::Firewall,
        403 => Reading::NoPolicy,
        404 => Reading::NoRule,
        429 => Reading::RateLimited,
        502 => Reading::OriginDown,
        524 => Reading::TooSlow,
        530 => Reading::TunnelGone,
        other => Reading::Unexpected(other),
    }
}

/// The ready connections in cloudflared's answer to `/ready`; `None` when it is not such an answer.
pub fn connections(answer: &HttpAnswer) -> Option<u32> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Ready {
        ready_connections: u32,
    }
    let is_ready_answer = matches!(answer.status, 200 | 503);
    let ready: Ready = serde_json::from_str(&answer.body).ok().filter(|_| is_ready_answer)?;
    Some(ready.ready_connections)
}

fn read_success(answer: &HttpAnswer) -> Reading {
    if let Ok(Version { version }) = serde_json::from_str(&answer.body) {
        return Reading::Ollama { version };
    }
    let is_page = answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
    if is_page { Reading::LoginAsked } else { Reading::SomethingElse }
}

impl HttpAnswer {
    fn leads_to_login(&self) -> bool {
        let Some(rest) = self.location.as_deref().and_then(|location| location.strip_prefix("https://"))
        else {
            return false;
        };
        rest.split(['/', '?', '#']).next().is_some_and(|host| host.ends_with(".cloudflareaccess.com"))
    }

    fn has_error(&self, code: u16) -> bool {
        let body = self.body.to_lowercase();
        body.contains(&format!("error code: {code}")) || body.contains(&format!("error {code}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str = "https://acme.cloudflareaccess.com/cdn-cgi/access/login/ollama.example.com?kid=1";

    #[test]
    fn every_answer_of_the_edge_is_known_by_who_gave_it() {
        let version = Reading::Ollama { version: "0.33.0".into() };
        let table = [
            (200, "", "application/json", r#"{"version":"0.33.0"}"#, version),
            (200, "", "text/html; charset=utf-8", "<html>Sign in</html>", Reading::LoginAsked),
            (200, "", "application/json", "{}", Reading::SomethingElse),
            (302, LOGIN, "", "", Reading::LoginAsked),
            (303, LOGIN, "", "", Reading::LoginAsked),
            (302, "https://evil.example/?x=.cloudflareaccess.com", "", "", Reading::Unexpected(302)),
            (302, "https://cloudflareaccess.com.evil.example/", "", "", Reading::Unexpected(302)),
            (401, "", "", "", Reading::LoginAsked),
            (403, "", "", "", Reading::HostRefused),
            (403, "", "text/html", "<html>Forbidden</html>", Reading::NoPolicy),
            (403, "", "text/plain", "error code: 1010", Reading::Firewall),
            (403, "", "text/html", "<title>Error 1020</title>", Reading::Firewall),
            (404, "", "text/plain", "404 page not found", Reading::NoRule),
            (429, "", "", "error code: 1015", Reading::RateLimited),
            (502, "", "", "", Reading::OriginDown),
            (524, "", "", "", Reading::TooSlow),
            (530, "", "text/html", "error 1033", Reading::TunnelGone),
            (522, "", "", "", Reading::Unexpected(522)),
        ];
        for (status, location, content_type, body, expected) in table {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let (location, content_type) = (some(location), some(content_type));
            let answer = HttpAnswer { status, location, content_type, body: body.into() };
            assert_eq!(read(&Ok(answer.clone())), expected, "{answer:?}");
        }
        assert_eq!(read(&Err(CallError::TimedOut)), Reading::Nobody(CallError::TimedOut));
    }

    #[test]
    fn ready_connections_are_read_from_both_statuses_and_nowhere_else() {
        let ready = |status, body: &str| {
            connections(&HttpAnswer { status, body: body.into(), ..HttpAnswer::default() })
        };
        assert_eq!(ready(200, r#"{"status":200,"readyConnections":4,"connectorId":"x"}"#), Some(4));
        assert_eq!(ready(503, r#"{"status":503,"readyConnections":0,"connectorId":"x"}"#), Some(0));
        assert_eq!(ready(404, r#"{"readyConnections":4}"#), None);
        assert_eq!(ready(200, "OK"), None);
    }
}
