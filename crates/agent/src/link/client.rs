//! The orchestrator's HTTP interface, as much of it as a device uses.

use std::time::Duration;

use ::link::{
    Alerts, Heartbeat, HeartbeatAnswer, Me, PairRequest, Paired, Receipt, TestTicket, TestTicketSent,
    TriagePage, TunnelOffer, TunnelTaken,
};
use reqwest::header::{ACCEPT, HeaderName};
use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::question::segment;
use super::{Error, Question};
use crate::tunnel::{http, is_safe};

/// A call takes so long at the most, unless it says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The orchestrator calls through the tunnel before it answers.
const TIME_LIMIT_WITH_CALLS: Duration = Duration::from_mins(1);

/// Streams are opened anew every day, which costs nothing and leaves none for ever.
const TIME_LIMIT_OF_STREAMS: Duration = Duration::from_hours(24);

/// So much of an answer is read at the most.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

type Result<T> = std::result::Result<T, Error>;

/// A client of one orchestrator.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<SecretString>,
}

impl Client {
    /// A client; `token` is the device's, which a machine has after it was paired.
    ///
    /// # Errors
    /// [`Error::UnsafeAddress`] when the token would travel in the clear.
    pub fn new(orchestrator: &Url, token: Option<SecretString>) -> Result<Self> {
        if !is_safe(orchestrator) {
            return Err(Error::UnsafeAddress);
        }
        let base = orchestrator.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http: http::client(TIME_LIMIT), base, token })
    }

    /// Becomes a device.
    ///
    /// # Errors
    /// [`Error::Refused`] with the orchestrator's sentence when the code pairs nobody.
    pub async fn pair(&self, request: &PairRequest) -> Result<Paired> {
        self.send(Method::POST, "pair", Some(request), TIME_LIMIT).await
    }

    /// What the orchestrator knows of this device.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn me(&self) -> Result<Me> {
        self.send(Method::GET, "me", None::<&()>, TIME_LIMIT).await
    }

    /// Is no device any more.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::NotPaired`] when it was none.
    pub async fn unpair(&self) -> Result<()> {
        self.call(self.request(Method::DELETE, "me", TIME_LIMIT)).await.map(drop)
    }

    /// Tells how everything is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<HeartbeatAnswer> {
        self.send(Method::POST, "heartbeat", Some(heartbeat), TIME_LIMIT).await
    }

    /// Hands the tunnel over.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 422 when the orchestrator's own call through it did not arrive; it goes on with
    /// the one it had.
    pub async fn hand_over(&self, offer: &TunnelOffer) -> Result<TunnelTaken> {
        self.send(Method::PUT, "tunnel", Some(offer), TIME_LIMIT_WITH_CALLS).await
    }

    /// Has the orchestrator call the public address as a stranger would.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn look_from_outside(&self) -> Result<Receipt> {
        self.send(Method::POST, "me/outside-check", None::<&()>, TIME_LIMIT_WITH_CALLS).await
    }

    /// Has the orchestrator send itself a test ticket, as HubSpot would.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 429 when the last one was a moment ago, and with 502 or 503 when the orchestrator's
    /// own address does not take it.
    pub async fn send_test_ticket(&self) -> Result<TestTicketSent> {
        self.send(Method::POST, "test-ticket", None::<&()>, TIME_LIMIT_WITH_CALLS).await
    }

    /// How far a test ticket has come.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn test_ticket(&self, sent: &TestTicketSent) -> Result<TestTicket> {
        let path = format!("test-ticket/{}", segment(&sent.ticket_id));
        self.send(Method::GET, &path, None::<&()>, TIME_LIMIT).await
    }

    /// The newest tickets, newest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn triages(&self, limit: usize) -> Result<TriagePage> {
        self.send(Method::GET, &format!("triages?limit={limit}"), None::<&()>, TIME_LIMIT).await
    }

    /// What a person should look at, or should have.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn alerts(&self) -> Result<Alerts> {
        self.send(Method::GET, "alerts", None::<&()>, TIME_LIMIT).await
    }

    /// Asks what a window wants to know; the answer's JSON.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ask(&self, question: &Question) -> Result<serde_json::Value> {
        let (method, path, body) = question.call();
        self.send(method, &path, body, TIME_LIMIT).await
    }

    /// Opens the stream of changes, after that one when it is named.
    pub(super) async fn events(&self, after: Option<&str>) -> Result<Response> {
        let mut request =
            self.request(Method::GET, "events", TIME_LIMIT_OF_STREAMS).header(ACCEPT, "text/event-stream");
        if let Some(after) = after {
            request = request.header(LAST_EVENT_ID, after);
        }
        self.call(request).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        time_limit: Duration,
    ) -> Result<T> {
        let mut request = self.request(method, path, time_limit);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = self.call(request).await?;
        let status = response.status().as_u16();
        let text = http::body(response, LARGEST_ANSWER).await.map_err(|problem| unreachable(&problem))?;
        // Without the words of the problem: they may quote the answer, and the answer may hold a token.
        serde_json::from_str(&text).map_err(|_| Error::NoOrchestrator(status))
    }

    /// Sends it; an answer other than success is an error.
    async fn call(&self, request: RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|problem| unreachable(&problem))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = http::retry_after(&response);
        let body = http::body(response, LARGEST_ANSWER).await.map_err(|problem| unreachable(&problem))?;
        Err(Error::answered(status.as_u16(), &body, retry_after, self.token.is_some()))
    }

    fn request(&self, method: Method, path: &str, time_limit: Duration) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1/{path}", self.base)).timeout(time_limit);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }
}

fn unreachable(problem: &reqwest::Error) -> Error {
    let words = match http::cause(problem) {
        (http::Cause::Timeout, _) => "no answer in time".to_owned(),
        (http::Cause::Dns | http::Cause::Tls | http::Cause::Connection, words) => words,
    };
    Error::Unreachable(words)
}
