//! Writing into HubSpot: properties of a ticket, and notes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use triage::ticket::TicketId;
use triage::time::Timestamp;
use triage::writeback::{Definition, PROPERTIES};

use super::{Answer, Error, HubSpot};
use crate::clients::model::join;
use crate::config::ApiFamily;

/// How long definitions of properties are believed.
const DEFINITIONS_LAST: Duration = Duration::from_secs(5 * 60);

/// HubSpot's own kind of link from a note to a ticket.
const NOTE_TO_TICKET: u32 = 228;

/// HubSpot reads no more at once.
const LARGEST_BATCH: usize = 100;

/// What the portal says of the properties that are written, and when it said so.
#[derive(Default)]
pub(super) struct Definitions(Mutex<Option<(Instant, BTreeMap<String, Definition>)>>);

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// HubSpot has it.
    Done,
    /// HubSpot does not have the ticket or note.
    Gone,
    /// The portal does not offer one of the options: its definitions have changed.
    InvalidOption,
}

/// A note as HubSpot has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText {
    /// Its id.
    pub id: String,
    /// Its HTML.
    pub html: String,
}

impl HubSpot {
    /// Values of a ticket's properties that are not null; `None` when HubSpot does not have the ticket.
    pub async fn values(&self, id: &TicketId) -> Result<Option<BTreeMap<String, String>>, Error> {
        let url = format!("{}?properties={}", self.record(id)?, PROPERTIES.join(","));
        let ticket = self.exchange(self.http.get(url)).await?.into_object()?;
        let value = |ticket: &Value, name: &str| {
            Some((name.to_owned(), ticket["properties"][name].as_str()?.to_owned()))
        };
        Ok(ticket.map(|ticket| PROPERTIES.iter().filter_map(|name| value(&ticket, name)).collect()))
    }

    /// Sets properties of a ticket; an empty value clears one.
    pub async fn set(&self, id: &TicketId, values: &BTreeMap<String, String>) -> Result<Update, Error> {
        let url = self.record(id)?;
        self.update(self.http.patch(url).json(&json!({ "properties": values }))).await
    }

    /// The portal's definitions of the properties that are written; those it does not have are missing.
    pub async fn definitions(&self) -> Result<BTreeMap<String, Definition>, Error> {
        let known = self.definitions.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, known)) = known.filter(|(at, _)| at.elapsed() < DEFINITIONS_LAST) {
            return Ok(known);
        }
        let mut definitions = BTreeMap::new();
        for name in PROPERTIES {
            let path = match self.config.api_family {
                ApiFamily::V3 => format!("crm/v3/properties/tickets/{name}"),
                ApiFamily::Dated => format!("crm/properties/2026-09/tickets/{name}"),
            };
            let request = self.http.get(join(&self.config.api_url, &path));
            if let Some(definition) = self.exchange(request).await?.into_object()? {
                definitions.insert(name.to_owned(), Definition::read(&definition));
            }
        }
        *self.definitions.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), definitions.clone()));
        Ok(definitions)
    }

    /// The definitions have proved wrong: they are read anew when they are needed next.
    pub fn forget_definitions(&self) {
        *self.definitions.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Adds a note to a ticket; returns its id. Not safe to repeat when the outcome is unknown.
    pub async fn add_note(&self, ticket: &TicketId, html: &str, at: Timestamp) -> Result<String, Error> {
        let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TO_TICKET });
        let body = json!({
            "properties": { "hs_timestamp": at.to_rfc3339(), "hs_note_body": html },
            "associations": [{ "to": { "id": ticket.as_str() }, "types": [kind] }],
        });
        let note = self.exchange(self.http.post(self.notes()).json(&body)).await?.into_object()?;
        let unknown = || Error::Later { why: "HubSpot's answer names no note".to_owned(), retry_after: None };
        note.and_then(|note| note["id"].as_str().map(str::to_owned)).ok_or_else(unknown)
    }

    /// The note, unless it was deleted.
    pub async fn note(&self, note_id: &str) -> Result<Option<NoteText>, Error> {
        let url = format!("{}?properties=hs_note_body", self.objects("notes", note_id));
        let note = self.exchange(self.http.get(url)).await?.into_object()?;
        Ok(note.as_ref().and_then(NoteText::read))
    }

    /// Rewrites a note.
    pub async fn edit_note(&self, note_id: &str, html: &str) -> Result<Update, Error> {
        let body = json!({ "properties": { "hs_note_body": html } });
        self.update(self.http.patch(self.objects("notes", note_id)).json(&body)).await
    }

    /// Moves a note to HubSpot's bin.
    pub async fn delete_note(&self, note_id: &str) -> Result<(), Error> {
        let answer = self.exchange(self.http.delete(self.objects("notes", note_id))).await?;
        if answer.status == 204 { Ok(()) } else { answer.into_object().map(|_| ()) }
    }

    /// The note of this ticket that has `marker` in it, if there is one.
    pub async fn find_note(&self, ticket: &TicketId, marker: &str) -> Result<Option<NoteText>, Error> {
        let url = format!("{}?associations=notes", self.record(ticket)?);
        let Some(found) = self.exchange(self.http.get(url)).await?.into_object()? else { return Ok(None) };
        let linked = found["associations"]["notes"]["results"].as_array();
        let mut ids: Vec<&str> =
            linked.into_iter().flatten().filter_map(|note| note["id"].as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        for ids in ids.chunks(LARGEST_BATCH) {
            let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
            let body =
                json!({ "properties": ["hs_note_body"], "propertiesWithHistory": [], "inputs": inputs });
            let request = self.http.post(self.objects("notes", "batch/read")).json(&body);
            let Some(notes) = self.exchange(request).await?.into_object()? else { continue };
            let notes = notes["results"].as_array().into_iter().flatten();
            if let Some(ours) = notes.filter_map(NoteText::read).find(|note| note.html.contains(marker)) {
                return Ok(Some(ours));
            }
        }
        Ok(None)
    }

    fn notes(&self) -> String {
        self.objects("notes", "").trim_end_matches('/').to_owned()
    }

    async fn update(&self, request: RequestBuilder) -> Result<Update, Error> {
        let answer = self.exchange(request).await?;
        let mut errors = answer.json["errors"].as_array().into_iter().flatten();
        if answer.status == 400 && errors.any(|error| error["code"] == "INVALID_OPTION") {
            return Ok(Update::InvalidOption);
        }
        Ok(if answer.into_object()?.is_some() { Update::Done } else { Update::Gone })
    }
}

impl NoteText {
    fn read(note: &Value) -> Option<Self> {
        let html = note["properties"]["hs_note_body"].as_str().unwrap_or_default();
        Some(Self { id: note["id"].as_str()?.to_owned(), html: html.to_owned() })
    }
}

impl Answer {
    /// Like [`Answer::object`], for what is done in order to write: a refusal also says what to do.
    fn into_object(self) -> Result<Option<Value>, Error> {
        let cure = match self.status {
            401 => "; give HUBSPOT_ACCESS_TOKEN a token that works and restart",
            403 => {
                "; let HUBSPOT_ACCESS_TOKEN write tickets and notes (scope tickets, or crm.objects.tickets.read and .write)"
            }
            404 => "; check HUBSPOT_API_URL and HUBSPOT_API_FAMILY",
            _ => "",
        };
        self.object().map_err(|error| match error {
            Error::Refused(why) if !cure.is_empty() => {
                Error::Refused(format!("{why}{cure}, then run `orchestrator triage retry`"))
            }
            error @ (Error::Refused(_) | Error::Later { .. }) => error,
        })
    }
}
