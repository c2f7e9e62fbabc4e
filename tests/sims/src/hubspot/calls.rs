//! The CRM endpoints of both path families, on the in-memory records.

use super::{Crm, PORTAL_ID, notes, search};
use crate::clock;
use crate::sender::Event;
use crate::wire::{Reply, Request};
use serde_json::{Value, json};

const BATCH_LIMIT: usize = 100;

pub(super) fn failure(status: u16, category: &str, message: &str) -> Reply {
    let body =
        json!({"status": "error", "message": message, "correlationId": clock::uuid(), "category": category});
    Reply::json(status, &body)
}

pub(super) fn unauthorised() -> Reply {
    let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find \
        more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
    failure(401, "INVALID_AUTHENTICATION", message)
}

pub(super) fn not_found() -> Reply {
    failure(404, "OBJECT_NOT_FOUND", "resource not found")
}

pub(super) fn answer(crm: &mut Crm, request: &Request) -> Reply {
    let segments = request.segments();
    if let ["account-info", "v3" | "2026-03", "details"] = segments.as_slice() {
        return Reply::json(
            200,
            &json!({"portalId": PORTAL_ID, "accountType": "STANDARD", "timeZone": "US/Eastern"}),
        );
    }
    let (family, rest) = match segments.as_slice() {
        ["crm", "v3", family, rest @ ..] | ["crm", family, "2026-09", rest @ ..] => (*family, rest),
        _ => return failure(404, "NOT_FOUND", "no such endpoint"),
    };
    let body = request.json.clone().unwrap_or_default();
    match (family, request.method.as_str(), rest) {
        ("objects", "POST", ["tickets", "search"]) => {
            search::answer(crm, &body, request.body.chars().count())
        }
        ("objects", "POST", [kind, "batch", "read"]) => batch(crm, kind, &body),
        ("objects", "GET", ["tickets", id]) => ticket(crm, id, request),
        ("objects", "PATCH", ["tickets", id]) => update(crm, id, &body),
        ("objects", "GET", ["contacts", id]) => match crm.contacts.get(*id) {
            Some(contact) => Reply::json(200, &contact.object(&request.list("properties"), PORTAL_ID)),
            None => not_found(),
        },
        ("objects", method, ["notes", rest @ ..]) => notes::answer(crm, method, rest, &body, request),
        ("properties", "GET", ["tickets" | "ticket", name]) => definition(crm, name),
        _ => failure(404, "NOT_FOUND", "no such endpoint"),
    }
}

fn ticket(crm: &Crm, id: &str, request: &Request) -> Reply {
    let Some(ticket) = id.parse().ok().and_then(|id: u64| crm.tickets.get(&id)) else { return not_found() };
    let mut object = ticket.object(&request.list("properties"), PORTAL_ID);
    let wanted = request.list("associations");
    let mut link = |kind: &str, of: &str, ids: Vec<&str>| {
        if wanted.iter().any(|name| name == kind) && !ids.is_empty() {
            let results: Vec<Value> = ids.iter().map(|id| json!({"id": id, "type": of})).collect();
            object["associations"][kind] = json!({"results": results});
        }
    };
    let contacts = ticket.contacts.iter().map(|contact| contact.id.as_str()).collect();
    link("contacts", "ticket_to_contact", contacts);
    let notes = crm.notes.iter().filter(|note| note.tickets.contains(&ticket.id));
    link("notes", "ticket_to_note", notes.map(|note| note.id.as_str()).collect());
    Reply::json(200, &object)
}

fn update(crm: &mut Crm, id: &str, body: &Value) -> Reply {
    let Some(id) = id.parse().ok().filter(|id: &u64| crm.tickets.contains_key(id)) else {
        return not_found();
    };
    let Some(properties) = body["properties"].as_object() else {
        return failure(400, "VALIDATION_ERROR", "Invalid input JSON: properties are missing");
    };
    for (name, value) in properties {
        let value = value.as_str().unwrap_or_default();
        let Some(options) = crm.options.get(name) else { continue };
        if !value.is_empty() && !options.iter().any(|option| option == value) {
            return bad_option(name, value);
        }
    }
    let Some(ticket) = crm.tickets.get_mut(&id) else { return not_found() };
    for (name, value) in properties {
        let value = value.as_str().unwrap_or_default();
        if ticket.get(name).unwrap_or_default() != value {
            ticket.set(name, value);
            crm.echoes.push(
                Event::change(id, name, value)
                    .with("changeSource", "INTEGRATION")
                    .with("sourceId", "7700001"),
            );
        }
    }
    let names: Vec<String> = properties.keys().cloned().collect();
    Reply::json(200, &ticket.object(&names, PORTAL_ID))
}

fn bad_option(name: &str, value: &str) -> Reply {
    let problem = format!("{value} was not one of the allowed options");
    let body = json!({"status": "error", "message": format!("Property values were not valid: {problem}"),
        "correlationId": clock::uuid(), "category": "VALIDATION_ERROR",
        "errors": [{"message": problem, "code": "INVALID_OPTION", "context": {"propertyName": [name]}}]});
    Reply::json(400, &body)
}

fn batch(crm: &Crm, kind: &str, body: &Value) -> Reply {
    let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
    if inputs.is_empty() || inputs.len() > BATCH_LIMIT {
        return failure(400, "VALIDATION_ERROR", "from 1 to 100 inputs are allowed");
    }
    let listed = body["properties"].as_array().into_iter().flatten();
    let names: Vec<String> = listed.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let find = |id: &str| match kind {
        "tickets" => id
            .parse()
            .ok()
            .and_then(|id: u64| crm.tickets.get(&id))
            .map(|ticket| ticket.object(&names, PORTAL_ID)),
        "contacts" => crm.contacts.get(id).map(|contact| contact.object(&names, PORTAL_ID)),
        "notes" => crm.notes.iter().find(|note| note.id == id).map(|note| note.object(&names)),
        _ => None,
    };
    let ids = inputs.iter().filter_map(|input| input["id"].as_str());
    let (mut results, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match find(id) {
            Some(object) => results.push(object),
            None => missing.push(id),
        }
    }
    let now = clock::stamp(crate::now());
    let mut answer = json!({"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now});
    if missing.is_empty() {
        return Reply::json(200, &answer);
    }
    answer["numErrors"] = json!(1);
    answer["errors"] = json!([{"status": "error", "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some objects, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": missing}}]);
    Reply::json(207, &answer)
}

fn definition(crm: &Crm, name: &str) -> Reply {
    let options: Vec<Value> = crm
        .options
        .get(name)
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(order, value)| json!({"label": value, "value": value, "displayOrder": order, "hidden": false}))
        .collect();
    let known = ["subject", "content", "hs_pipeline", "createdate", "hs_lastmodifieddate", "hs_object_id"];
    if options.is_empty() && !known.contains(&name) {
        return failure(404, "OBJECT_NOT_FOUND", &format!("Property {name} does not exist"));
    }
    let (kind, field) = if options.is_empty() { ("string", "text") } else { ("enumeration", "select") };
    let mut body = json!({"name": name, "label": name, "type": kind, "fieldType": field, "groupName": "ticketinformation",
        "options": options, "hasUniqueValue": false, "hidden": false, "archived": false, "calculated": false,
        "modificationMetadata": {"archivable": true, "readOnlyDefinition": true, "readOnlyOptions": false, "readOnlyValue": false}});
    for (key, value) in crm.definitions.get(name).and_then(Value::as_object).into_iter().flatten() {
        body[key] = value.clone();
    }
    Reply::json(200, &body)
}
