//! What the two model services have in common.

use async_trait::async_trait;
use serde::Serialize;

use super::fault::Fault;
use super::http;

/// One conversation with a model.
#[derive(Debug, Clone)]
pub struct Question {
    /// What the model is to do.
    pub system: String,
    /// The ticket.
    pub user: String,
    /// An answer that broke the rules, and what was wrong with it.
    pub repair: Option<Repair>,
}

/// A second chance.
#[derive(Debug, Clone)]
pub struct Repair {
    /// What the model had answered.
    pub answer: String,
    /// What was wrong with it.
    pub problems: String,
}

/// What a model said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its text, unchecked.
    pub text: String,
    /// Digest of the model's weights, when the service tells.
    pub digest: Option<String>,
}

/// A service that runs a model.
#[async_trait]
pub trait Model: Send + Sync {
    /// Asks.
    async fn ask(&self, question: &Question) -> Result<Answer, Fault>;

    /// Whether the service answers at all; cheap, without any ticket.
    async fn probe(&self) -> Result<(), Fault>;

    /// The model asked.
    fn name(&self) -> &str;

    /// The host that text is sent to.
    fn sent_to(&self) -> &str;
}

/// What somebody says in the conversation.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

/// The conversation as both services want it.
pub(super) fn messages(question: &Question) -> Vec<Message<'_>> {
    let mut messages = vec![
        Message { role: "system", content: &question.system },
        Message { role: "user", content: &question.user },
    ];
    if let Some(repair) = &question.repair {
        messages.push(Message { role: "assistant", content: &repair.answer });
        messages.push(Message { role: "user", content: &repair.problems });
    }
    messages
}

/// A failure below HTTP.
pub(super) fn transport(error: &reqwest::Error) -> Fault {
    use super::fault::Kind;
    if error.is_connect() {
        Fault::new(Kind::Unreachable, format!("no connection ({})", http::describe(error)))
    } else if error.is_timeout() {
        Fault::new(Kind::Timeout, "no answer in time")
    } else {
        Fault::new(Kind::Unreachable, format!("the connection broke ({})", http::describe(error)))
    }
}

/// `host` or `host:port` of an address.
pub(super) fn host_of(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// `base` and `path`, whether or not `base` ends in a slash.
pub(super) fn join(base: &url::Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}
