//! HubSpot's outgoing side: webhooks as its workflows and its app subscriptions send them, without signatures.

use crate::hubspot::{PORTAL_ID, Ticket};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const AGENT: &str = "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client) - \
    WebhooksExecutorDaemon-executor";
const TIMEOUT: Duration = Duration::from_secs(30);

/// How deliveries show who they are.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer`.
    Bearer(String),
    /// `X-Webhook-Token`.
    Header(String),
    /// Nothing.
    Nothing,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The status; 0 when the webhook was lost on the way.
    pub status: u16,
    /// The body as text.
    pub body: String,
    /// The body as JSON, null when it is none.
    pub json: Value,
    /// From sending to the end of the answer.
    pub took: Duration,
}

/// One event of an app subscription. Its fields are free: tests break them on purpose.
#[derive(Debug, Clone)]
pub struct Event(pub Value);

/// Sends webhooks to one address.
#[derive(Debug, Clone)]
pub struct Sender {
    url: String,
    auth: Auth,
    client: reqwest::Client,
    to_lose: Arc<AtomicUsize>,
}

impl Event {
    /// `object.creation` of a ticket.
    #[must_use]
    pub fn creation(ticket_id: u64) -> Self {
        Self::made("object.creation", ticket_id, 880_001)
            .with("objectTypeId", "0-5")
            .with("changeSource", "CRM_UI")
            .with("sourceId", "userId:5550001")
            .with("changeFlag", "NEW")
    }

    /// `ticket.propertyChange`.
    #[must_use]
    pub fn change(ticket_id: u64, property: &str, value: &str) -> Self {
        Self::made("ticket.propertyChange", ticket_id, 880_002)
            .with("propertyName", property)
            .with("propertyValue", value)
            .with("changeSource", "CRM_UI")
    }

    /// `object.deletion`.
    #[must_use]
    pub fn deletion(ticket_id: u64) -> Self {
        Self::made("object.deletion", ticket_id, 880_003)
            .with("objectTypeId", "0-5")
            .with("changeFlag", "DELETED")
    }

    /// The same event as its next delivery attempt carries it.
    #[must_use]
    pub fn retried(mut self) -> Self {
        let attempt = self.0["attemptNumber"].as_u64().unwrap_or(0);
        self.0["attemptNumber"] = json!(attempt + 1);
        self
    }

    /// The same event with one field changed or added.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }

    fn made(kind: &str, ticket_id: u64, subscription: u64) -> Self {
        let occurred = crate::now().timestamp_millis();
        // JavaScript-safe numbers, like the real ones.
        let event_id = crate::clock::scatter() % 4_000_000_000;
        Self(
            json!({"eventId": event_id, "subscriptionId": subscription, "portalId": PORTAL_ID, "appId": 7_700_001,
            "occurredAt": occurred, "subscriptionType": kind, "attemptNumber": 0, "objectId": ticket_id}),
        )
    }
}

impl Sender {
    /// Sends to `url` with the token as Bearer.
    #[must_use]
    pub fn new(url: &str, token: &str) -> Self {
        let auth = Auth::Bearer(token.to_owned());
        Self { url: url.to_owned(), auth, client: crate::http_client(), to_lose: Arc::default() }
    }

    /// Loses the next `webhooks` deliveries of this sender and its clones: nothing arrives, and nobody sends them again.
    pub fn lose(&self, webhooks: usize) {
        self.to_lose.store(webhooks, Ordering::Relaxed);
    }

    /// The same sender that shows itself in another way.
    #[must_use]
    pub fn with_auth(&self, auth: Auth) -> Self {
        Self { auth, ..self.clone() }
    }

    /// A workflow's customised body: flat, every value a string.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn workflow(&self, ticket: &Ticket) -> Result<Delivery, reqwest::Error> {
        self.post(workflow_body(ticket).to_string()).await
    }

    /// A workflow's body with all ticket properties.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn all_properties(&self, ticket: &Ticket) -> Result<Delivery, reqwest::Error> {
        self.post(all_properties_body(ticket).to_string()).await
    }

    /// A body that carries only a bag of properties, `hs_object_id` among them.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn property_bag(&self, ticket: &Ticket) -> Result<Delivery, reqwest::Error> {
        self.post(property_bag_body(ticket).to_string()).await
    }

    /// One batch of app events.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn events(&self, events: &[Event]) -> Result<Delivery, reqwest::Error> {
        let all: Vec<&Value> = events.iter().map(|event| &event.0).collect();
        self.post(json!(all).to_string()).await
    }

    /// One ticket's creation, as a batch of one.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn created(&self, ticket_id: u64) -> Result<Delivery, reqwest::Error> {
        self.events(&[Event::creation(ticket_id)]).await
    }

    /// The same events several times, each time as the next attempt.
    ///
    /// # Errors
    /// When an answer did not come.
    pub async fn repeated(&self, events: &[Event], times: usize) -> Result<Vec<Delivery>, reqwest::Error> {
        let mut events = events.to_vec();
        let mut deliveries = Vec::new();
        for _ in 0..times {
            deliveries.push(self.events(&events).await?);
            events = events.into_iter().map(Event::retried).collect();
        }
        Ok(deliveries)
    }

    /// Any body, with HubSpot's headers.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(&self, body: impl Into<String>) -> Result<Delivery, reqwest::Error> {
        self.post_as("application/json", body).await
    }

    /// Any body under any content type.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post_as(&self, kind: &str, body: impl Into<String>) -> Result<Delivery, reqwest::Error> {
        let started = Instant::now();
        if self.to_lose.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Ok(Delivery {
                status: 0,
                body: String::new(),
                json: Value::Null,
                took: started.elapsed(),
            });
        }
        let call = self
            .client
            .post(&self.url)
            .timeout(TIMEOUT)
            .header("user-agent", AGENT)
            .header("content-type", kind)
            .header("x-hubspot-timeout-millis", "10000");
        let call = match &self.auth {
            Auth::Bearer(token) => call.bearer_auth(token),
            Auth::Header(token) => call.header("x-webhook-token", token),
            Auth::Nothing => call,
        };
        let answer = call.body(body.into()).send().await?;
        let status = answer.status().as_u16();
        let body = answer.text().await?;
        let json = serde_json::from_str(&body).unwrap_or_default();
        Ok(Delivery { status, body, json, took: started.elapsed() })
    }
}

/// The recommended customised body of a workflow.
#[must_use]
pub fn workflow_body(ticket: &Ticket) -> Value {
    let text = |name: &str| ticket.get(name).unwrap_or_default();
    json!({"ticket_id": ticket.id.to_string(), "subject": text("subject"), "content": text("content"),
        "priority": text("hs_ticket_priority"), "pipeline": text("hs_pipeline"), "stage": text("hs_pipeline_stage"),
        "created_at": ticket.created.timestamp_millis().to_string()})
}

/// The "all properties" body: each value with its time and source.
#[must_use]
pub fn all_properties_body(ticket: &Ticket) -> Value {
    let at = ticket.created.timestamp_millis();
    let mut body =
        json!({"objectType": "TICKET", "objectId": ticket.id, "portalId": PORTAL_ID, "properties": {}});
    for name in
        ["subject", "content", "hs_ticket_priority", "hs_pipeline", "hs_pipeline_stage", "hs_object_id"]
    {
        if let Some(value) = ticket.get(name) {
            body["properties"][name] = json!({"value": value, "timestamp": at, "source": "CRM_UI"});
        }
    }
    body
}

/// A plain bag of properties.
#[must_use]
pub fn property_bag_body(ticket: &Ticket) -> Value {
    let mut body = json!({"properties": {}});
    for name in ["hs_object_id", "subject", "content", "hs_ticket_priority", "hs_pipeline_stage"] {
        body["properties"][name] = json!(ticket.get(name));
    }
    body
}

/// A ticket id that no earlier run used, of HubSpot's usual length.
#[must_use]
pub fn fresh_ticket_id() -> u64 {
    31_000_000_000 + crate::clock::scatter() % 900_000_000
}
