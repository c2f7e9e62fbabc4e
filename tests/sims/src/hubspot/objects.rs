//! Tickets, contacts and notes as HubSpot holds them: properties by name, every value a string or null.

use crate::clock;
use crate::samples::{Person, Sample};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Properties that a read returns when it names none.
const USUAL: [&str; 6] =
    ["subject", "content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline_stage"];

/// A ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Numeric, as webhooks carry it.
    pub id: u64,
    /// Who it is about.
    pub contacts: Vec<Contact>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was changed last.
    pub modified: DateTime<Utc>,
    properties: BTreeMap<String, String>,
}

/// A contact.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// Numeric text.
    pub id: String,
    /// First name.
    pub firstname: Option<String>,
    /// Last name.
    pub lastname: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Number.
    pub phone: Option<String>,
}

/// A note.
#[derive(Debug, Clone)]
pub struct Note {
    /// Numeric text.
    pub id: String,
    /// HTML.
    pub body: String,
    /// The tickets it is linked to.
    pub tickets: Vec<u64>,
    /// All properties as given.
    pub properties: Value,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl Ticket {
    /// A new ticket in the default pipeline's first stage.
    #[must_use]
    pub fn new(id: u64, subject: &str, content: &str) -> Self {
        let now = crate::now();
        let mut properties = BTreeMap::new();
        let usual =
            [("subject", subject), ("content", content), ("hs_pipeline", "0"), ("hs_pipeline_stage", "1")];
        for (name, value) in usual {
            properties.insert(name.to_owned(), value.to_owned());
        }
        Self { id, contacts: Vec::new(), created: now, modified: now, properties }
    }

    /// The sample as a ticket.
    #[must_use]
    pub fn of_sample(id: u64, sample: &Sample) -> Self {
        let mut ticket = Self::new(id, &sample.subject, &sample.content);
        if let Some(priority) = &sample.priority {
            ticket.set("hs_ticket_priority", priority);
        }
        if let Some(person) = &sample.contact {
            ticket.contacts.push(Contact::of_person(&(id % 1_000_000 + 500).to_string(), person));
        }
        ticket
    }

    /// The same ticket with a contact.
    #[must_use]
    pub fn with_contact(mut self, contact: Contact) -> Self {
        self.contacts.push(contact);
        self
    }

    /// The same ticket with a property.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// The same ticket, made at that time.
    #[must_use]
    pub fn created_at(mut self, at: DateTime<Utc>) -> Self {
        self.created = at;
        self.modified = at;
        self
    }

    /// Sets a property; empty text clears it.
    pub fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.properties.remove(name);
        } else {
            self.properties.insert(name.to_owned(), value.to_owned());
        }
        self.modified = crate::now();
    }

    /// A property's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match name {
            "hs_object_id" => Some(self.id.to_string()),
            "createdate" => Some(clock::stamp(self.created)),
            "hs_lastmodifieddate" => Some(clock::stamp(self.modified)),
            _ => self.properties.get(name).cloned(),
        }
    }

    pub(super) fn from_json(body: &Value) -> Option<Self> {
        let id = body["id"].as_u64().or_else(|| body["id"].as_str()?.parse().ok())?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let mut ticket = Self::new(id, text("subject"), text("content"));
        if let Some(priority) = body["priority"].as_str() {
            ticket.set("hs_ticket_priority", priority);
        }
        let one = body.get("contact").filter(|contact| contact.is_object()).into_iter();
        let many = body["contacts"].as_array().into_iter().flatten();
        for (number, contact) in one.chain(many).enumerate() {
            let person: Person = serde_json::from_value(contact.clone()).ok()?;
            let own = contact["id"].as_str().map(str::to_owned);
            let made = || (id % 1_000_000 + 500 + u64::try_from(number).unwrap_or(0)).to_string();
            ticket.contacts.push(Contact::of_person(&own.unwrap_or_else(made), &person));
        }
        Some(ticket)
    }

    /// The object as the API returns it.
    pub(super) fn object(&self, names: &[String], portal: u64) -> Value {
        let mut properties = Map::new();
        let wanted =
            names.iter().map(String::as_str).chain(["createdate", "hs_lastmodifieddate", "hs_object_id"]);
        let usual = USUAL.into_iter().filter(|_| names.is_empty());
        for name in wanted.chain(usual) {
            properties.insert(name.to_owned(), json!(self.get(name)));
        }
        json!({"id": self.id.to_string(), "properties": properties, "createdAt": clock::stamp(self.created),
            "updatedAt": clock::stamp(self.modified), "archived": false,
            "url": format!("https://app.hubspot.com/contacts/{portal}/record/0-5/{}", self.id)})
    }
}

impl Contact {
    fn of_person(id: &str, person: &Person) -> Self {
        let person = person.clone();
        Self {
            id: id.to_owned(),
            firstname: person.firstname,
            lastname: person.lastname,
            email: person.email,
            phone: person.phone,
        }
    }

    pub(super) fn object(&self, names: &[String], portal: u64) -> Value {
        let usual = ["firstname", "lastname", "email"].map(str::to_owned);
        let names = if names.is_empty() { usual.as_slice() } else { names };
        let mut properties = Map::new();
        for name in names {
            let value = match name.as_str() {
                "firstname" => &self.firstname,
                "lastname" => &self.lastname,
                "email" => &self.email,
                "phone" => &self.phone,
                _ => &None,
            };
            properties.insert(name.clone(), json!(value));
        }
        properties.insert("hs_object_id".to_owned(), json!(self.id));
        json!({"id": self.id, "properties": properties, "createdAt": "2026-01-05T09:00:00.000Z",
            "updatedAt": "2026-01-05T09:00:00.000Z", "archived": false,
            "url": format!("https://app.hubspot.com/contacts/{portal}/record/0-1/{}", self.id)})
    }
}

impl Note {
    /// With the named properties, or with all that were given when none is named.
    pub(super) fn object(&self, names: &[String]) -> Value {
        let created = clock::stamp(self.created);
        let mut properties = self.properties.clone();
        if let Some(given) = properties.as_object_mut().filter(|_| !names.is_empty()) {
            given.retain(|name, _| names.contains(name));
        }
        properties["hs_object_id"] = json!(self.id);
        properties["hs_createdate"] = json!(created);
        json!({"id": self.id, "properties": properties, "createdAt": created, "updatedAt": created, "archived": false})
    }
}
