//! One object of a webhook's body, read leniently.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::ticket::{Text, TicketId};
use crate::time::Timestamp;
use crate::writeback::PROPERTIES;

/// HubSpot's object type id of tickets.
const TICKET_TYPE_ID: &str = "0-5";
const ID_KEYS: [&str; 4] = ["ticket_id", "ticketId", "hs_object_id", "objectId"];
const NAME_KEYS: [&str; 9] = [
    "contact_name",
    "contact_firstname",
    "contact_lastname",
    "firstname",
    "lastname",
    "first_name",
    "last_name",
    "full_name",
    "customer_name",
];
const PERSON_KEYS: [&str; 4] = ["contact", "contacts", "customer", "requester"];

/// What an event says about its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// It exists.
    Creation,
    /// Its subject or content changed.
    Content,
    /// It had been deleted, and exists again.
    Restoration,
}

/// One delivery about one ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Equal for repeated deliveries of the same event: a digest of portal, kind, object, event id, time and property.
    pub key: String,
    /// `workflow`, the subscription type of an app event, or `reconciliation`.
    pub kind: String,
    /// What it says.
    pub about: About,
    /// The ticket.
    pub ticket_id: TicketId,
    /// HubSpot account, when given.
    pub portal_id: Option<i64>,
    /// HubSpot's event id (documented as not unique by itself), when given.
    pub event_id: Option<String>,
    /// When it happened, in milliseconds since the epoch, when given.
    pub occurred_at: Option<i64>,
    /// How often HubSpot has tried before; 0 for the first delivery.
    pub attempt: i64,
    /// The changed property, for property changes.
    pub property: Option<String>,
    /// Subject and content, when the body carries either.
    pub text: Option<Text>,
    /// Personal names given in contact fields, to be redacted before text goes to a cloud model.
    pub contacts: Vec<String>,
}

/// Somebody, perhaps we ourselves, set a property that a verdict may be written into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The ticket.
    pub ticket_id: TicketId,
    /// HubSpot account, when given.
    pub portal_id: Option<i64>,
    /// Which property.
    pub property: String,
    /// Its new value; empty when it was cleared.
    pub value: String,
    /// HubSpot says that a person did it in its user interface.
    pub by_hand: bool,
}

impl Event {
    /// That a search in HubSpot found the ticket, as if a webhook without text had told of its creation. Its key names
    /// account and ticket only, so that finding it again repeats it.
    pub fn found(ticket_id: TicketId, portal_id: Option<i64>, created: Option<Timestamp>) -> Self {
        let mut event = Self {
            key: String::new(),
            kind: "reconciliation".to_owned(),
            about: About::Creation,
            ticket_id,
            portal_id,
            event_id: None,
            occurred_at: None,
            attempt: 0,
            property: None,
            text: None,
            contacts: Vec::new(),
        };
        event.key = key(&event);
        event.occurred_at = created.map(Timestamp::as_millis);
        event
    }
}

pub(super) enum Reading {
    Event(Box<Event>),
    Change(Change),
    Irrelevant,
    NoTicketId,
}

/// Reads one object; app events are known by their subscription type.
pub(super) fn read(object: &Map<String, Value>) -> Reading {
    let subscription = string(object, "subscriptionType").or_else(|| string(object, "eventType"));
    let Some(about) = about(object, subscription.as_deref()) else {
        return change(object, subscription.as_deref()).map_or(Reading::Irrelevant, Reading::Change);
    };
    let Some(ticket_id) = ticket_id(object) else { return Reading::NoTicketId };
    let is_workflow = subscription.is_none();
    let text = if is_workflow { text(object) } else { None };
    let mut event = Event {
        key: String::new(),
        kind: subscription.unwrap_or_else(|| "workflow".to_owned()),
        about,
        ticket_id,
        portal_id: integer(object, "portalId").or_else(|| integer(object, "portal_id")),
        event_id: string(object, "eventId"),
        occurred_at: integer(object, "occurredAt").or_else(|| integer(object, "created_at")),
        attempt: integer(object, "attemptNumber").unwrap_or(0),
        property: string(object, "propertyName"),
        text,
        contacts: contacts(object),
    };
    event.key = key(&event);
    Reading::Event(Box::new(event))
}

fn about(object: &Map<String, Value>, subscription: Option<&str>) -> Option<About> {
    let Some(subscription) = subscription else {
        let object_type = string(object, "objectType");
        let is_ticket = object_type.is_none_or(|t| t.eq_ignore_ascii_case("ticket") || t == TICKET_TYPE_ID);
        return is_ticket.then_some(About::Creation);
    };
    match of_ticket(object, subscription)? {
        "creation" => Some(About::Creation),
        "restore" => Some(About::Restoration),
        "propertyChange" => {
            let property = string(object, "propertyName");
            matches!(property.as_deref(), Some("subject" | "content")).then_some(About::Content)
        }
        _ => None,
    }
}

/// What an app event says, when it is about a ticket.
fn of_ticket<'a>(object: &Map<String, Value>, subscription: &'a str) -> Option<&'a str> {
    let (subject, what) = subscription.split_once('.')?;
    let is_ticket = match subject {
        "ticket" => true,
        "object" => string(object, "objectTypeId").as_deref() == Some(TICKET_TYPE_ID),
        _ => false,
    };
    is_ticket.then_some(what)
}

/// A change of a property that is written into. Of a sensitive one HubSpot does not tell the value.
fn change(object: &Map<String, Value>, subscription: Option<&str>) -> Option<Change> {
    let property = string(object, "propertyName").filter(|name| PROPERTIES.contains(&name.as_str()))?;
    let is_sensitive = string(object, "isSensitive").as_deref() == Some("true");
    if of_ticket(object, subscription?)? != "propertyChange" || is_sensitive {
        return None;
    }
    Some(Change {
        ticket_id: ticket_id(object)?,
        portal_id: integer(object, "portalId"),
        property,
        value: string(object, "propertyValue").unwrap_or_default(),
        by_hand: string(object, "changeSource").as_deref() == Some("CRM_UI"),
    })
}

fn ticket_id(object: &Map<String, Value>) -> Option<TicketId> {
    let properties = object.get("properties").and_then(Value::as_object);
    let places = [Some(object), properties];
    places
        .into_iter()
        .flatten()
        .find_map(|place| ID_KEYS.iter().find_map(|key| TicketId::parse(&string(place, key)?)))
}

fn text(object: &Map<String, Value>) -> Option<Text> {
    let properties = object.get("properties").and_then(Value::as_object);
    let find = |key: &str| string(object, key).or_else(|| properties.and_then(|p| string(p, key)));
    let (subject, content) = (find("subject"), find("content"));
    (subject.is_some() || content.is_some())
        .then(|| Text { subject: subject.unwrap_or_default(), content: content.unwrap_or_default() })
}

fn contacts(object: &Map<String, Value>) -> Vec<String> {
    let mut people: Vec<&Map<String, Value>> = vec![object];
    people.extend(object.get("properties").and_then(Value::as_object));
    for value in PERSON_KEYS.iter().filter_map(|key| object.get(*key)) {
        match value {
            Value::Object(person) => people.push(person),
            Value::Array(persons) => people.extend(persons.iter().filter_map(Value::as_object)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let names = people.iter().flat_map(|person| NAME_KEYS.iter().filter_map(|key| string(person, key)));
    names.filter(|name| !name.trim().is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn key(event: &Event) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update(text.len().to_le_bytes());
        digest.update(text.as_bytes());
    };
    part(&event.portal_id.map_or_else(String::new, |id| id.to_string()));
    part(&event.kind);
    part(event.ticket_id.as_str());
    part(event.event_id.as_deref().unwrap_or_default());
    part(&event.occurred_at.map_or_else(String::new, |at| at.to_string()));
    part(event.property.as_deref().unwrap_or_default());
    // A workflow call has no event id: what it says stands in for it, so that a retry repeats and an edit does not.
    if let Some(text) = &event.text {
        part(&text.subject);
        part(&text.content);
    }
    hex::encode(&digest.finalize()[..16])
}

/// A property as text, whether bare or wrapped as `{"value": …}`; absent, null and nested values are `None`.
fn string(object: &Map<String, Value>, key: &str) -> Option<String> {
    let given = object.get(key)?;
    let value = given.as_object().map_or(Some(given), |wrapped| wrapped.get("value"))?;
    match value {
        Value::String(text) => Some(text.replace('\0', "\u{fffd}")),
        Value::Number(number) => Some(match number.as_f64() {
            // 31415926535.0 is how some senders write an id.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                format!("{float:.0}")
            }
            Some(_) | None => number.to_string(),
        }),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn integer(object: &Map<String, Value>, key: &str) -> Option<i64> {
    string(object, key)?.trim().parse().ok()
}
