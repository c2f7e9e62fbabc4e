//! A paired machine as far as the interface for machines knows it.

use std::collections::VecDeque;
use std::time::Duration;

use link::Change;
use orchestrator::store::{NewDevice, Store};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sha2::{Digest, Sha256};
use triage::time::Timestamp;

use super::{PATIENCE, TestApp};

/// It has a token, and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: String,
    token: String,
    http: reqwest::Client,
}

impl Device {
    pub(crate) async fn pair(store: &Store, name: &str, now: Timestamp) -> Self {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let hash = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let device = NewDevice {
            id: uuid::Uuid::now_v7().to_string(),
            name: name.to_owned(),
            platform: "linux".to_owned(),
            version: "0.1.0".to_owned(),
            token_hash: hash,
        };
        store.add_device(&device, now).await.unwrap();
        Self { id: device.id, token, http: sims::http_client() }
    }

    pub(crate) async fn of(app: &TestApp) -> Self {
        Self::pair(&app.app.store, "studio", app.app.clock.now()).await
    }

    pub(crate) fn request(&self, app: &TestApp, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/api/v1{path}", app.url)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, app: &TestApp, path: &str) -> (u16, Value) {
        answer(self.request(app, Method::GET, path)).await
    }

    pub(crate) async fn post(&self, app: &TestApp, path: &str) -> (u16, Value) {
        answer(self.request(app, Method::POST, path)).await
    }

    pub(crate) async fn put(&self, app: &TestApp, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let request = self.request(app, Method::PUT, path).header("content-type", "application/json");
        answer(request.body(body)).await
    }

    /// Follows what happens after an event, or from now on.
    pub(crate) async fn follow(&self, app: &TestApp, after: Option<i64>) -> Stream {
        let request = self.request(app, Method::GET, "/events");
        let request = match after {
            Some(after) => request.header("last-event-id", after.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Stream { response, text: Vec::new(), events: VecDeque::new() }
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A stream of changes; the connection breaks when this is dropped.
pub(crate) struct Stream {
    response: reqwest::Response,
    /// Of which a chunk may end in the middle of a character.
    text: Vec<u8>,
    events: VecDeque<Change>,
}

impl Stream {
    /// The next change; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Change> {
        let next = tokio::time::timeout(PATIENCE, self.read());
        next.await.expect("waited in vain for an event")
    }

    /// The next change, if one comes soon.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Option<Change> {
        tokio::time::timeout(patience, self.read()).await.ok().flatten()
    }

    async fn read(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.events.pop_front() {
                return Some(change);
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.extend_from_slice(&chunk);
            while let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let event = self.text.drain(..end + 2).collect();
                self.events.extend(parse(&String::from_utf8(event).unwrap()));
            }
        }
    }
}

/// `None` for a comment.
fn parse(event: &str) -> Option<Change> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let change: Change = serde_json::from_str(field("data: ")?).unwrap();
    assert_eq!(field("id: "), Some(change.id.to_string().as_str()));
    assert_eq!(field("event: "), Some(change.kind.as_str()));
    Some(change)
}
