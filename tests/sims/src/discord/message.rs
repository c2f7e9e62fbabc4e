//! Messages of the channel: kept in order, edited in place, readable as text.

use crate::clock;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

const FIRST_ID: u64 = 1_310_000_000_000_000_000;

/// A message as it stands.
#[derive(Debug, Clone)]
pub struct Message {
    /// Snowflake.
    pub id: String,
    /// The webhook that sent it.
    pub webhook_id: String,
    /// The name above it.
    pub username: String,
    /// Text above the embeds.
    pub content: String,
    /// The embeds as sent, texts trimmed.
    pub embeds: Vec<Value>,
    /// The components, if the call allowed them.
    pub components: Vec<Value>,
    /// As the last call gave it; null when it gave none.
    pub allowed_mentions: Value,
    /// When it was posted.
    pub posted: DateTime<Utc>,
    /// When it was changed last.
    pub edited: Option<DateTime<Utc>>,
    /// How often it was changed.
    pub edits: u32,
    /// Rises with every change in the channel.
    pub version: u64,
}

/// All messages, by rising id.
#[derive(Default)]
pub(super) struct Channel {
    messages: Vec<Message>,
    posted: u64,
    version: u64,
}

impl Channel {
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    pub(super) fn all(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn post(&mut self, body: &Value, webhook: &str, name: &str, with_components: bool) -> Message {
        self.posted += 1;
        self.version += 1;
        let mut message = Message {
            id: (FIRST_ID + self.posted).to_string(),
            webhook_id: webhook.to_owned(),
            username: body["username"]
                .as_str()
                .map_or_else(|| name.to_owned(), |name| name.trim().to_owned()),
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            allowed_mentions: Value::Null,
            posted: crate::now(),
            edited: None,
            edits: 0,
            version: self.version,
        };
        message.apply(body, with_components);
        self.messages.push(message.clone());
        message
    }

    pub(super) fn find(&self, id: &str) -> Option<&Message> {
        self.place(id).map(|place| &self.messages[place])
    }

    /// None when nothing would be left of the message.
    pub(super) fn edit(&mut self, id: &str, body: &Value, with_components: bool) -> Option<Message> {
        let place = self.place(id)?;
        let mut message = self.messages[place].clone();
        message.apply(body, with_components);
        if message.content.is_empty() && message.embeds.is_empty() && message.components.is_empty() {
            return None;
        }
        self.version += 1;
        message.version = self.version;
        message.edited = Some(crate::now());
        message.edits += 1;
        self.messages[place] = message.clone();
        Some(message)
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.version += 1;
        self.messages.retain(|message| message.id != id);
    }

    fn place(&self, id: &str) -> Option<usize> {
        let number: u64 = id.parse().ok()?;
        self.messages.binary_search_by_key(&number, |message| message.id.parse().unwrap_or(0)).ok()
    }
}

impl Message {
    /// All that a person reads: author line, content, and of each embed title, description, fields and footer.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![self.content.clone()];
        for embed in &self.embeds {
            let read = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            lines.push(read(&embed["author"]["name"]));
            lines.push(read(&embed["title"]));
            lines.push(read(&embed["description"]));
            for field in embed["fields"].as_array().into_iter().flatten() {
                lines.push(format!("{}: {}", read(&field["name"]), read(&field["value"])));
            }
            lines.push(read(&embed["footer"]["text"]));
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    /// Whether the text, a link or a component names the ticket.
    #[must_use]
    pub fn mentions(&self, ticket_id: &str) -> bool {
        let whole = |number: &str| {
            let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            number.match_indices(ticket_id).any(|(at, _)| {
                !digits(number[..at].chars().next_back())
                    && !digits(number[at + ticket_id.len()..].chars().next())
            })
        };
        let links = self.embeds.iter().filter_map(|embed| embed["url"].as_str());
        whole(&self.text()) || links.into_iter().any(whole) || whole(&json!(self.components).to_string())
    }

    /// A field's value by its name, in any embed.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let fields = self.embeds.iter().flat_map(|embed| embed["fields"].as_array().into_iter().flatten());
        let mut named = fields.filter(|field| field["name"] == name);
        named.next().and_then(|field| field["value"].as_str()).map(str::to_owned)
    }

    /// Title of the first embed.
    #[must_use]
    pub fn title(&self) -> String {
        let title = self.embeds.first().and_then(|embed| embed["title"].as_str());
        title.unwrap_or_default().to_owned()
    }

    pub(super) fn is_empty(body: &Value, with_components: bool) -> bool {
        let has_text = body["content"].as_str().is_some_and(|content| !content.trim().is_empty());
        let has = |name: &str| body[name].as_array().is_some_and(|list| !list.is_empty());
        !(has_text || has("embeds") || (with_components && has("components")))
    }

    pub(super) fn to_wire(&self) -> Value {
        let stamp = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string();
        json!({"id": self.id, "type": 0, "content": self.content, "channel_id": "1300000000000000000",
            "author": {"bot": true, "id": self.webhook_id, "username": self.username, "avatar": null,
                "discriminator": "0000"},
            "embeds": self.embeds, "attachments": [], "mentions": [], "mention_roles": [], "pinned": false,
            "mention_everyone": false, "tts": false, "timestamp": stamp(self.posted),
            "edited_timestamp": self.edited.map(stamp), "flags": 0, "components": self.components,
            "webhook_id": self.webhook_id})
    }

    /// As the page and the command line get it.
    #[must_use]
    pub fn to_feed(&self) -> Value {
        json!({"id": self.id, "username": self.username, "content": self.content, "embeds": self.embeds,
            "components": self.components, "posted": clock::stamp(self.posted),
            "edited": self.edited.map(clock::stamp), "edits": self.edits, "version": self.version,
            "text": self.text()})
    }

    /// Only what the body names changes.
    fn apply(&mut self, body: &Value, with_components: bool) {
        if let Some(content) = body.get("content") {
            self.content = content.as_str().unwrap_or_default().trim().to_owned();
        }
        if let Some(embeds) = body.get("embeds") {
            self.embeds = embeds.as_array().into_iter().flatten().map(trimmed).collect();
        }
        if let Some(components) = body.get("components").filter(|_| with_components) {
            self.components = components.as_array().cloned().unwrap_or_default();
        }
        self.allowed_mentions = body["allowed_mentions"].clone();
    }
}

/// The embed with every text trimmed, as Discord does it.
fn trimmed(embed: &Value) -> Value {
    if let Some(text) = embed.as_str() {
        return json!(text.trim());
    }
    if let Some(list) = embed.as_array() {
        return list.iter().map(trimmed).collect();
    }
    match embed.as_object() {
        Some(inner) => Value::Object(
            inner.iter().map(|(key, value)| (key.clone(), trimmed(value))).collect::<Map<_, _>>(),
        ),
        None => embed.clone(),
    }
}
