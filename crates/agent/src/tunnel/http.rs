//! What the calls to Cloudflare's API and to the public address have in common.

use std::error::Error as _;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Names without a proper version are refused by bot rules (`error code: 1010`).
const USER_AGENT: &str = concat!("hubspot-triage-agent/", env!("CARGO_PKG_VERSION"));

/// A client that follows no redirect (a redirect is how Access says no), keeps no cookies and uses no proxy from the
/// environment.
///
/// # Panics
/// Never: its settings are constants.
#[must_use]
pub fn client(timeout: Duration) -> Client {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .user_agent(USER_AGENT)
        .build()
        .expect("a client of constants and a TLS provider can be built")
}

/// The body as text, at most that many bytes of it.
pub(crate) async fn body(mut response: Response, most: usize) -> reqwest::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= most {
            bytes.truncate(most);
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `Retry-After` in seconds.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()
}

/// Where below HTTP a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The name has no address.
    Dns,
    /// The other side's certificate or TLS is no good.
    Tls,
    /// No answer in time.
    Timeout,
    /// No connection, or one that was cut.
    Connection,
}

/// What went wrong below HTTP: the kind, and the innermost words without the address.
pub(crate) fn cause(error: &reqwest::Error) -> (Cause, String) {
    let (mut kind, mut words) = (Cause::Connection, "the request failed".to_owned());
    let mut inner = error.source();
    while let Some(source) = inner {
        words = source.to_string();
        if is_tls(source) {
            kind = Cause::Tls;
        } else if words.starts_with("dns error") || words.contains("failed to lookup address") {
            kind = Cause::Dns;
        }
        inner = source.source();
    }
    if error.is_timeout() {
        return (Cause::Timeout, "no answer in time".to_owned());
    }
    (kind, words)
}

/// Whether it is an error of TLS, or one in the folds of I/O errors, which do not name it as their source.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let hidden = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || hidden.is_some_and(|hidden| is_tls(hidden))
}
