//! Notes: added with a link to a ticket, read, rewritten, moved to the bin.

use super::Crm;
use super::calls::{failure, not_found};
use super::objects::Note;
use crate::wire::{Reply, Request};
use serde_json::Value;

const LIMIT: usize = 65_536;
const NOTE_TO_TICKET: u64 = 228;

pub(super) fn answer(crm: &mut Crm, method: &str, rest: &[&str], body: &Value, request: &Request) -> Reply {
    let find = |crm: &Crm, id: &str| crm.notes.iter().position(|note| note.id == id);
    match (method, rest) {
        ("POST", []) => add(crm, body),
        ("GET", [id]) => find(crm, id).map_or_else(not_found, |place| {
            Reply::json(200, &crm.notes[place].object(&request.list("properties")))
        }),
        ("PATCH", [id]) => find(crm, id).map_or_else(not_found, |place| edit(&mut crm.notes[place], body)),
        ("DELETE", [id]) => {
            // HubSpot says 204 whether or not it was there.
            crm.notes.retain(|note| note.id != *id);
            Reply::empty(204)
        }
        _ => failure(404, "NOT_FOUND", "no such endpoint"),
    }
}

fn add(crm: &mut Crm, body: &Value) -> Reply {
    let properties = &body["properties"];
    let text = properties["hs_note_body"].as_str().unwrap_or_default();
    if properties["hs_timestamp"].is_null() || text.chars().count() > LIMIT {
        let message = "hs_timestamp is required; hs_note_body holds 65536 characters at most";
        return failure(400, "VALIDATION_ERROR", message);
    }
    let mut tickets = Vec::new();
    for association in body["associations"].as_array().into_iter().flatten() {
        let kinds = association["types"].as_array().into_iter().flatten();
        let is_ticket = kinds.into_iter().any(|kind| kind["associationTypeId"] == NOTE_TO_TICKET);
        let id = association["to"]["id"].as_str().and_then(|id| id.parse().ok());
        let id = id.or_else(|| association["to"]["id"].as_u64());
        let Some(id) = id.filter(|id| is_ticket && crm.tickets.contains_key(id)) else {
            return failure(400, "VALIDATION_ERROR", "One or more associations are not valid");
        };
        tickets.push(id);
    }
    crm.notes_made += 1;
    let note = Note {
        id: (700_000_000_000 + crm.notes_made).to_string(),
        body: text.to_owned(),
        tickets,
        properties: properties.clone(),
        created: crate::now(),
    };
    let object = note.object(&[]);
    crm.notes.push(note);
    Reply::json(201, &object)
}

fn edit(note: &mut Note, body: &Value) -> Reply {
    for (name, value) in body["properties"].as_object().into_iter().flatten() {
        note.properties[name] = value.clone();
    }
    let text = note.properties["hs_note_body"].as_str().unwrap_or_default();
    if text.chars().count() > LIMIT {
        return failure(400, "VALIDATION_ERROR", "hs_note_body holds 65536 characters at most");
    }
    note.body = text.to_owned();
    Reply::json(200, &note.object(&[]))
}
