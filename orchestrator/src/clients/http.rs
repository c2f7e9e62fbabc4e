//! What all clients have in common.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

/// A service that cannot be connected to within this is taken for down.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);

/// The longest answer that is read: far more than any of these services has to say.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Discord's edge refuses clients without a proper name, Groq's and Cloudflare's refuse those of libraries.
const USER_AGENT: &str =
    concat!("DiscordBot (https://example.com/hubspot-triage, ", env!("CARGO_PKG_VERSION"), ")");

/// A client that follows no redirect (a redirect is how Cloudflare Access says no) and uses no proxy from the
/// environment (a stray variable must not reroute ticket text).
pub(super) fn client(timeout: Duration) -> Client {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .user_agent(USER_AGENT)
        .pool_idle_timeout(Duration::from_secs(60))
        .build()
        .expect("a client of constants and a TLS provider can be built")
}

/// The body as text, at most [`LARGEST_ANSWER`] bytes of it.
pub(super) async fn body(mut response: Response) -> reqwest::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST_ANSWER {
            bytes.truncate(LARGEST_ANSWER);
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `Retry-After` in seconds.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    seconds(headers.get(RETRY_AFTER)?.to_str().ok()?)
}

/// A header as text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A number of seconds, possibly with a fraction.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

/// What went wrong below HTTP, without the address (it may be a secret).
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text }
}
