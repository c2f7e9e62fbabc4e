//! The form of every answer, the pages of a list, and the collections' common calls.

use crate::wire::{Reply, Request};
use serde_json::{Value, json};

const PER_PAGE: usize = 20;

pub(super) fn result(status: u16, result: &Value) -> Reply {
    Reply::json(status, &json!({"success": true, "errors": [], "messages": [], "result": result}))
}

pub(super) fn failure(status: u16, code: u32, message: &str) -> Reply {
    let errors = json!([{"code": code, "message": message}]);
    Reply::json(status, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
}

pub(super) fn refused() -> Reply {
    let errors = json!([{
        "code": 10_000, "message": "Authentication error",
        "documentation_url": "https://developers.cloudflare.com/fundamentals/api/get-started/create-token/",
    }]);
    Reply::json(403, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
}

pub(super) fn not_found() -> Reply {
    failure(
        404,
        7003,
        "Could not route to the requested resource, perhaps your object identifier is invalid?",
    )
}

/// The page that was asked for.
pub(super) fn page(request: &Request, items: &[Value]) -> Reply {
    let number = |name: &str| request.param(name).and_then(|value| value.parse::<usize>().ok());
    let (page, per_page) =
        (number("page").unwrap_or(1).max(1), number("per_page").unwrap_or(PER_PAGE).clamp(1, 50));
    let held: Vec<&Value> = items.iter().skip((page - 1) * per_page).take(per_page).collect();
    let info = json!({
        "page": page, "per_page": per_page, "count": held.len(), "total_count": items.len(),
        "total_pages": items.len().div_ceil(per_page),
    });
    let body = json!({"success": true, "errors": [], "messages": [], "result": held, "result_info": info});
    Reply::json(200, &body)
}

/// Where the object with that id is.
pub(super) fn place(items: &[Value], id: &str) -> Option<usize> {
    items.iter().position(|item| item["id"] == id)
}

/// Overwrites the fields that the body names.
pub(super) fn overlay(item: &mut Value, body: &Value) {
    for (key, value) in body.as_object().into_iter().flatten() {
        item[key] = value.clone();
    }
    item["updated_at"] = json!(crate::clock::stamp(crate::now()));
}

/// An object of the body with id and times.
pub(super) fn fresh(body: &Value) -> Value {
    let now = crate::clock::stamp(crate::now());
    let mut item = json!({"id": crate::clock::uuid(), "created_at": now});
    overlay(&mut item, body);
    item
}

/// What a PUT makes of an object: the body, and what only the service sets.
pub(super) fn replaced(kept: &Value, body: &Value) -> Value {
    let mut item = fresh(body);
    for key in ["id", "aud", "created_at", "reusable"] {
        if let Some(value) = kept.get(key) {
            item[key] = value.clone();
        }
    }
    item
}
