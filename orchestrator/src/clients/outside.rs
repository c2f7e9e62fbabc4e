//! A look at a machine's public address from outside, as a stranger would: what must be refused, and whether it is.
//!
//! Without the service token and with a wrong one nobody may get in. With the right one, Ollama's calls that load, change
//! or publish models must not be served. Nothing that is sent could do harm if it were: no body names a model. Redirects
//! are never followed: one is how Access refuses.

use std::time::Duration;

use link::{Check, Receipt};
use reqwest::header::LOCATION;
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;
use triage::time::Timestamp;
use url::Url;

use super::http;
use super::model::join;
use crate::config::Access;

/// An address that takes longer to say no has not answered.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What Ollama serves beside what tickets need, each with the method it takes.
const FORBIDDEN: [(&str, Method); 5] = [
    ("/api/pull", Method::POST),
    ("/api/delete", Method::DELETE),
    ("/api/create", Method::POST),
    ("/api/push", Method::POST),
    ("/debug/pprof", Method::GET),
];

/// A token of the right form that no account gives out.
const WRONG_ID: &str = "00000000000000000000000000000000.access";
const WRONG_SECRET: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An answer, as far as it is judged.
struct Seen {
    status: u16,
    is_html: bool,
    location: Option<String>,
    body: String,
}

/// What a call stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Somebody without the right token.
    Stranger,
    /// Ourselves, asking for what must not be served.
    Insider,
}

/// Calls the address in every way that must be refused; `access` is its right service token.
pub async fn look(url: &Url, access: &Access, at: Timestamp) -> Receipt {
    let client = http::client(TIMEOUT);
    let version = || client.get(join(url, "api/version"));
    let strangers = [("without_token", version()), ("wrong_token", with(version(), WRONG_ID, WRONG_SECRET))];
    let strangers = strangers.map(|(what, request)| check(what, request, Caller::Stranger));
    let insiders = FORBIDDEN.map(|(path, method)| {
        let request = forbidden(&client, url, path, method);
        let token = (access.client_id.expose_secret(), access.client_secret.expose_secret());
        check(path, with(request, token.0, token.1), Caller::Insider)
    });
    let mut checks = futures::future::join_all(strangers).await;
    checks.extend(futures::future::join_all(insiders).await);
    let closed = checks.iter().all(|check| check.refused == Some(true));
    Receipt { checked_at: at.to_rfc3339(), url: url.to_string(), closed, checks }
}

/// What a look found open, in one line; `None` when nothing was.
pub fn exposed(receipt: &Receipt) -> Option<String> {
    let open = receipt.checks.iter().filter(|check| check.refused == Some(false));
    let open: Vec<String> = open.map(|check| format!("{}: {}", check.what, check.sentence)).collect();
    (!open.is_empty()).then(|| open.join("; "))
}

/// At least one answer could be judged.
pub fn is_judged(receipt: &Receipt) -> bool {
    receipt.checks.iter().any(|check| check.refused.is_some())
}

fn forbidden(client: &Client, url: &Url, path: &str, method: Method) -> RequestBuilder {
    let is_read = method == Method::GET;
    let request = client.request(method, join(url, path.trim_start_matches('/')));
    if is_read { request } else { request.json(&serde_json::json!({})) }
}

fn with(request: RequestBuilder, id: &str, secret: &str) -> RequestBuilder {
    request.header("CF-Access-Client-Id", id).header("CF-Access-Client-Secret", secret)
}

async fn check(what: &str, request: RequestBuilder, caller: Caller) -> Check {
    let seen = see(request).await;
    let (refused, status, sentence) = match seen {
        Ok(seen) => {
            let (refused, sentence) = judge(caller, &seen);
            (refused, Some(seen.status), sentence.to_owned())
        }
        Err(why) => (None, None, format!("no answer ({why})")),
    };
    Check { what: what.to_owned(), refused, status, sentence }
}

async fn see(request: RequestBuilder) -> Result<Seen, String> {
    let response = request.send().await.map_err(|error| http::describe(&error))?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let is_html = header(reqwest::header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
    let location = header(LOCATION).map(str::to_owned);
    let status = response.status().as_u16();
    let body = http::body(response).await.map_err(|error| http::describe(&error))?;
    Ok(Seen { status, is_html, location, body })
}

/// Whether an answer is a refusal, and what it is in words; `None` when it tells nothing about the door.
fn judge(caller: Caller, seen: &Seen) -> (Option<bool>, &'static str) {
    match (seen.status, caller) {
        _ if is_ollamas(seen) => (Some(false), "Ollama itself answered"),
        (200..=299, _) if seen.is_html => (Some(true), "Cloudflare Access showed its login page"),
        (200..=299, _) => (Some(false), "the call was served"),
        (300..=399, _) => (Some(true), "Cloudflare Access sent the caller to its login"),
        (401 | 403, _) => (Some(true), "Cloudflare Access refused the caller"),
        (404, Caller::Insider) => (Some(true), "the tunnel does not serve this path"),
        (404, Caller::Stranger) => (None, "nothing is served at this address"),
        (429, _) => (None, "Cloudflare limits the rate of requests"),
        (502..=504 | 520..=530, _) => {
            (None, "Cloudflare could not reach the machine, so there was nothing to refuse")
        }
        (400..=499, _) => (Some(true), "the call was refused"),
        (_, _) => (None, "an answer that tells nothing about the door"),
    }
}

/// Ollama's errors are JSON, its router's are two known sentences, and Go's profiler names its own path.
fn is_ollamas(seen: &Seen) -> bool {
    let json = serde_json::from_str::<Value>(&seen.body).unwrap_or_default();
    let is_router = matches!(seen.body.trim(), "404 page not found" | "405 method not allowed");
    let is_profiler = seen.body.contains("/debug/pprof/")
        || seen
            .location
            .as_deref()
            .is_some_and(|place| place.ends_with("pprof/") && !place.contains("cloudflareaccess"));
    json["error"].is_string() || json["version"].is_string() || is_router || is_profiler
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, body: &str) -> Seen {
        let is_html = body.starts_with('<');
        Seen { status, is_html, location: None, body: body.to_owned() }
    }

    #[test]
    fn refusals_open_doors_and_answers_that_tell_nothing_are_told_apart() {
        use Caller::{Insider, Stranger};
        let table = [
            (Stranger, 302, "<html>login</html>", Some(true)),
            (Stranger, 401, "<html>refused</html>", Some(true)),
            (Stranger, 403, "<html>forbidden</html>", Some(true)),
            (Stranger, 403, "error code: 1010", Some(true)),
            (Stranger, 200, "<html>Sign in</html>", Some(true)),
            (Stranger, 200, r#"{"version":"0.33.0"}"#, Some(false)),
            (Stranger, 200, "Ollama is running", Some(false)),
            (Stranger, 404, "", None),
            (Stranger, 404, "404 page not found", Some(false)),
            (Insider, 404, "", Some(true)),
            (Insider, 404, "<html>not found</html>", Some(true)),
            (Insider, 403, "", Some(true)),
            (Insider, 400, r#"{"error":"invalid model name"}"#, Some(false)),
            (Insider, 404, r#"{"error":"model '' not found"}"#, Some(false)),
            (Insider, 404, "404 page not found", Some(false)),
            (Insider, 405, "405 method not allowed", Some(false)),
            (Insider, 200, "<html><a href=\"/debug/pprof/heap\">heap</a></html>", Some(false)),
            (Insider, 200, "", Some(false)),
            (Insider, 429, "<html>1015</html>", None),
            (Insider, 502, "<html>Bad gateway</html>", None),
            (Stranger, 530, "<html>error code: 1033</html>", None),
            (Stranger, 500, "oops", None),
        ];
        for (caller, status, body, expected) in table {
            assert_eq!(judge(caller, &seen(status, body)).0, expected, "{caller:?} {status} {body}");
        }
        let redirect = |place: &str| Seen { location: Some(place.to_owned()), ..seen(301, "") };
        assert_eq!(judge(Insider, &redirect("/debug/pprof/")).0, Some(false), "Go's own redirect");
        let login = "https://acme.cloudflareaccess.com/cdn-cgi/access/login/x?redirect_url=%2Fdebug%2Fpprof/";
        assert_eq!(judge(Insider, &redirect(login)).0, Some(true));
    }

    #[test]
    fn what_is_open_is_named_and_what_was_not_judged_is_neither_open_nor_closed() {
        let check =
            |what: &str, refused| Check { what: what.into(), refused, status: None, sentence: "seen".into() };
        let receipt = |checks: Vec<Check>| Receipt {
            checked_at: String::new(),
            url: String::new(),
            closed: false,
            checks,
        };
        assert_eq!(exposed(&receipt(vec![check("a", Some(true)), check("b", None)])), None);
        assert_eq!(
            exposed(&receipt(vec![check("a", Some(false)), check("b", Some(true))])).unwrap(),
            "a: seen"
        );
        assert!(!is_judged(&receipt(vec![check("a", None)])));
    }
}
