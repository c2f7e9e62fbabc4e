//! The zone and its records.

use super::envelope::{failure, fresh, not_found, overlay, page, place, replaced, result};
use super::{ACCOUNT_ID, Account, ZONE, ZONE_ID};
use crate::wire::{Reply, Request};
use serde_json::{Value, json};

const ADDRESSES: [&str; 3] = ["A", "AAAA", "CNAME"];

pub(super) fn zones(request: &Request) -> Reply {
    let zone = json!({
        "id": ZONE_ID, "name": ZONE, "status": "active", "account": {"id": ACCOUNT_ID, "name": "Acme"},
    });
    let found = request.param("name").is_none_or(|name| name == ZONE).then_some(zone);
    page(request, found.as_slice())
}

impl Account {
    pub(super) fn on_records(&mut self, request: &Request, rest: &[&str]) -> Reply {
        let body = request.json.clone().unwrap_or_default();
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let (name, kind) = (request.param("name"), request.param("type"));
                let fits = |record: &&Value| {
                    name.as_ref().is_none_or(|name| record["name"] == name.as_str())
                        && kind.as_ref().is_none_or(|kind| record["type"] == kind.as_str())
                };
                let found: Vec<Value> = self.records.iter().filter(fits).cloned().collect();
                page(request, &found)
            }
            ("POST", []) => self.create_record(&body),
            (method, [id]) => {
                let Some(at) = place(&self.records, id) else {
                    return failure(404, 81_044, "Record does not exist.");
                };
                match method {
                    "GET" => result(200, &self.records[at]),
                    "PUT" => {
                        self.records[at] = replaced(&self.records[at], &body);
                        result(200, &self.records[at])
                    }
                    "PATCH" => {
                        overlay(&mut self.records[at], &body);
                        result(200, &self.records[at])
                    }
                    "DELETE" => {
                        let record = self.records.remove(at);
                        result(200, &json!({"id": record["id"]}))
                    }
                    _ => not_found(),
                }
            }
            _ => not_found(),
        }
    }

    fn create_record(&mut self, body: &Value) -> Reply {
        let mut same_name = self.records.iter().filter(|record| record["name"] == body["name"]);
        if same_name
            .clone()
            .any(|record| record["type"] == body["type"] && record["content"] == body["content"])
        {
            return failure(400, 81_058, "An identical record already exists.");
        }
        let kind = body["type"].as_str().unwrap_or_default();
        let clash = same_name.any(|record| {
            let other = record["type"].as_str().unwrap_or_default();
            ADDRESSES.contains(&other) && (kind == "CNAME" || other == "CNAME")
        });
        if clash && ADDRESSES.contains(&kind) {
            return failure(400, 81_053, "An A, AAAA, or CNAME record with that host already exists.");
        }
        let record = fresh(body);
        self.records.push(record.clone());
        result(200, &record)
    }
}
