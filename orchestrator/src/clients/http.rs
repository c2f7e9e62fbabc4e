//! What all clients have in common.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use triage::retry::LONGEST_RETRY_AFTER;

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

/// `Retry-After`: so many seconds, or a moment, to which it is as long as from the answer's own `Date`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let moment = |text: &str| DateTime::parse_from_rfc2822(text.trim()).ok();
    let until = || Some(moment(text)? - moment(headers.get(DATE)?.to_str().ok()?)?);
    seconds(text).or_else(|| Some(pause(until()?.to_std().unwrap_or_default())))
}

/// A header as text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A pause of so many seconds, possibly with a fraction.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    pause_of(text.trim().parse().ok()?)
}

/// A pause of so many seconds, as a service asks for it.
pub(super) fn pause_of(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_RETRY_AFTER.as_secs_f64())))
}

/// A pause that a service asks for: one word of it must not silence us for days.
pub(super) fn pause(asked: Duration) -> Duration {
    asked.min(LONGEST_RETRY_AFTER)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_left_alone_for_as_long_as_it_asks_within_reason() {
        let date = Some("Mon, 23 Nov 2026 00:00:00 GMT");
        let table = [
            ("120", None, Some(120_000)),
            (" 0.35 ", None, Some(350)),
            ("0", None, Some(0)),
            ("31536000", None, Some(3_600_000)),
            ("1e300", None, Some(3_600_000)),
            ("inf", None, Some(3_600_000)),
            ("-5", None, None),
            ("NaN", None, None),
            ("soon", date, None),
            ("", date, None),
            ("Mon, 23 Nov 2026 00:01:30 GMT", date, Some(90_000)),
            ("Sun, 22 Nov 2026 23:00:00 GMT", date, Some(0)),
            ("Tue, 23 Nov 2027 00:00:00 GMT", date, Some(3_600_000)),
            ("Mon, 23 Nov 2026 00:01:30 GMT", None, None),
            ("Mon, 23 Nov 2026 00:01:30 GMT", Some("yesterday"), None),
        ];
        for (text, date, millis) in table {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            date.map(|date| headers.insert(DATE, date.parse().unwrap()));
            assert_eq!(retry_after(&headers), millis.map(Duration::from_millis), "{text} {date:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
