//! Discord's webhooks: messages, edits, all limits of the form, the rate-limit bucket, and a page that shows the
//! messages as people see them.

mod bucket;
mod calls;
mod limits;
mod message;

pub use message::Message;

use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::server::{self, Server, Sim};
use crate::wire::{Reply, Request};
use bucket::Bucket;
use message::Channel;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;

/// Id of the webhook that exists from the start.
pub const WEBHOOK_ID: &str = "1290000000000000000";
/// Its token.
pub const WEBHOOK_TOKEN: &str = "sims-Webhook_Token-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM";

const OWN_FAULTS: &[Kind] = &[Kind::Global429, Kind::Cloudflare429, Kind::Deleted, Kind::BadToken];

/// A running stand-in for Discord.
#[derive(Clone)]
pub struct Discord {
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    server: Server,
    state: Arc<State>,
}

struct State {
    webhooks: Mutex<HashMap<String, Webhook>>,
    limit: Mutex<(u32, Duration)>,
    channel: Mutex<Channel>,
    changed: Notify,
}

struct Webhook {
    token: String,
    name: String,
    bucket: Bucket,
}

impl Discord {
    /// Starts on a free port, with one webhook.
    ///
    /// # Errors
    /// When no port can be opened.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start() -> std::io::Result<Self> {
        Self::open(server::ANY_PORT)
    }

    /// Starts on the given address.
    ///
    /// # Errors
    /// When the port is taken.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start_on(address: SocketAddr) -> std::io::Result<Self> {
        Self::open(address)
    }

    fn open(address: SocketAddr) -> std::io::Result<Self> {
        let (faults, journal) = (Faults::new(OWN_FAULTS), Journal::default());
        let state = Arc::new(State {
            webhooks: Mutex::default(),
            limit: Mutex::new((5, Duration::from_secs(2))),
            channel: Mutex::default(),
            changed: Notify::new(),
        });
        let server = Server::start(address, Arc::clone(&state), &faults, &journal)?;
        let discord = Self { faults, journal, server, state };
        discord.add_webhook(WEBHOOK_ID, WEBHOOK_TOKEN);
        Ok(discord)
    }

    /// The first webhook's full secret address, as copied from Discord.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        self.url_of(WEBHOOK_ID, WEBHOOK_TOKEN)
    }

    /// Adds a webhook (or gives it another token) and returns its address.
    pub fn add_webhook(&self, id: &str, token: &str) -> String {
        let bucket = Bucket::new(*self.state.limit());
        let webhook = Webhook { token: token.to_owned(), name: "Support".to_owned(), bucket };
        self.state.webhooks().insert(id.to_owned(), webhook);
        self.url_of(id, token)
    }

    /// Deletes a webhook; its messages stay.
    pub fn remove_webhook(&self, id: &str) {
        self.state.webhooks().remove(id);
    }

    /// The rate limit of each webhook.
    pub fn set_bucket(&self, requests: u32, per: Duration) {
        *self.state.limit() = (requests, per);
        self.state.webhooks().values_mut().for_each(|webhook| webhook.bucket = Bucket::new((requests, per)));
    }

    /// No limit that a load test could reach.
    pub fn unlimited(&self) {
        self.set_bucket(1_000_000_000, Duration::from_secs(3600));
    }

    /// All messages that are there, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.state.channel().messages().cloned().collect()
    }

    /// The readable text of all messages, one after the other.
    #[must_use]
    pub fn messages_text(&self) -> String {
        self.state.channel().messages().map(Message::text).collect::<Vec<_>>().join("\n\n")
    }

    /// The first message that mentions the ticket anywhere.
    #[must_use]
    pub fn message_for(&self, ticket_id: &str) -> Option<Message> {
        self.state.channel().messages().find(|message| message.mentions(ticket_id)).cloned()
    }

    /// Waits until there are at least `n` messages and returns all.
    ///
    /// # Panics
    /// When that did not happen within [`crate::PATIENCE`].
    pub async fn wait_for_messages(&self, n: usize) -> Vec<Message> {
        self.wait_until(&format!("{n} messages"), |all| (all.len() >= n).then(|| all.to_vec())).await
    }

    /// Waits for a message that mentions the ticket.
    ///
    /// # Panics
    /// When none came within [`crate::PATIENCE`].
    pub async fn wait_for_ticket(&self, ticket_id: &str) -> Message {
        let find = |all: &[Message]| all.iter().find(|message| message.mentions(ticket_id)).cloned();
        self.wait_until(&format!("a message about ticket {ticket_id}"), find).await
    }

    /// Waits until `find` finds what it looks for among the messages; also looks again after each edit.
    ///
    /// # Panics
    /// When it found nothing within [`crate::PATIENCE`].
    pub async fn wait_until<T>(&self, what: &str, find: impl Fn(&[Message]) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let mut changed = std::pin::pin!(self.state.changed.notified());
                changed.as_mut().enable();
                if let Some(found) = find(self.state.channel().all()) {
                    return found;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(crate::PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("waited {:?} for {what}; there is:\n{}", crate::PATIENCE, self.messages_text()),
        }
    }

    /// Waits for a change after that version (0 at first) and returns the messages changed since, with the version
    /// to go on from.
    pub async fn changes(&self, after: u64) -> (u64, Vec<Message>) {
        loop {
            let mut changed = std::pin::pin!(self.state.changed.notified());
            changed.as_mut().enable();
            {
                let channel = self.state.channel();
                if channel.version() > after {
                    let newer =
                        channel.messages().filter(|message| message.version > after).cloned().collect();
                    return (channel.version(), newer);
                }
            }
            changed.await;
        }
    }

    fn url_of(&self, id: &str, token: &str) -> String {
        format!("{}/api/webhooks/{id}/{token}", self.url())
    }
}

server::handle!(Discord);

impl State {
    fn webhooks(&self) -> MutexGuard<'_, HashMap<String, Webhook>> {
        self.webhooks.lock().expect("never held over a panic")
    }

    fn limit(&self) -> MutexGuard<'_, (u32, Duration)> {
        self.limit.lock().expect("never held over a panic")
    }

    fn channel(&self) -> MutexGuard<'_, Channel> {
        self.channel.lock().expect("never held over a panic")
    }

    fn feed(&self, request: &Request) -> Reply {
        let after: u64 = request.param("after").and_then(|after| after.parse().ok()).unwrap_or(0);
        let channel = self.channel();
        let ticket = request.param("ticket");
        let wanted = |message: &&Message| {
            message.version > after && ticket.as_deref().is_none_or(|ticket| message.mentions(ticket))
        };
        let messages: Vec<Value> = channel.messages().filter(wanted).map(Message::to_feed).collect();
        let ids: Vec<&str> = channel.messages().map(|message| message.id.as_str()).collect();
        Reply::json(200, &json!({"version": channel.version(), "ids": ids, "messages": messages}))
    }
}

impl Sim for State {
    fn is_work(&self, request: &Request) -> bool {
        request.path.contains("/webhooks/") && request.method != "GET"
    }

    fn refuse(&self, _request: &Request, status: u16, wait: Option<Duration>) -> Reply {
        match status {
            429 => calls::too_many(wait.unwrap_or(Duration::from_millis(500)), false),
            401 => calls::failure(401, 50027, "Invalid Webhook Token"),
            403 => calls::failure(403, 50013, "Missing Permissions"),
            404 => calls::failure(404, 10015, "Unknown Webhook"),
            413 => calls::failure(413, 40005, "Request entity too large"),
            500.. => Reply::text(status, "upstream connect error or disconnect/reset before headers"),
            _ => calls::failure(status, 0, "Refused"),
        }
    }

    async fn answer(&self, request: &Request, strike: &Strike) -> Reply {
        match strike.kind {
            Some(Kind::Global429) => calls::too_many(strike.wait.unwrap_or(Duration::from_secs(1)), true),
            Some(Kind::Cloudflare429) => calls::banned(strike.wait.unwrap_or(Duration::from_secs(60))),
            Some(Kind::Deleted) => calls::failure(404, 10015, "Unknown Webhook"),
            Some(Kind::BadToken) => calls::failure(401, 50027, "Invalid Webhook Token"),
            Some(Kind::BadJson) => calls::answer(self, request).with_body("{\"id\":\"13100"),
            Some(_) | None => calls::answer(self, request),
        }
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let page = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/") => Reply::html(200, include_str!("page.html")),
            ("GET", "/_sim/page.js") => Reply::typed(200, "text/javascript", include_str!("page.js")),
            ("GET", "/_sim/page.css") => Reply::typed(200, "text/css", include_str!("page.css")),
            ("GET", "/_sim/messages") => self.feed(request),
            _ => return None,
        };
        Some(page.header("cache-control", "no-store"))
    }
}
