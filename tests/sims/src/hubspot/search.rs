//! The ticket search: filters, sorting and paging with the limits that the documents name.

use super::objects::Ticket;
use super::{Crm, PORTAL_ID, calls};
use crate::wire::Reply;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

const BODY_LIMIT: usize = 3000;
const RESULT_LIMIT: usize = 10_000;
const FILTERS_LIMIT: usize = 18;

/// What searches know: it lags behind the records.
pub(super) struct Index {
    pub(super) lag: Duration,
    pub(super) depth: usize,
    noted: HashMap<u64, Instant>,
}

impl Default for Index {
    fn default() -> Self {
        Self { lag: Duration::ZERO, depth: RESULT_LIMIT, noted: HashMap::new() }
    }
}

impl Index {
    /// The ticket is there; a ticket that is replaced stays as findable as it was.
    pub(super) fn note(&mut self, id: u64) {
        self.noted.entry(id).or_insert_with(Instant::now);
    }

    fn finds(&self, id: u64) -> bool {
        self.noted.get(&id).is_some_and(|noted| noted.elapsed() >= self.lag)
    }
}

pub(super) fn answer(crm: &Crm, body: &Value, length: usize) -> Reply {
    let limit = body["limit"].as_u64().unwrap_or(10);
    let after = number(&body["after"]).unwrap_or(0.0);
    if length > BODY_LIMIT || limit > 200 || limit == 0 || after < 0.0 {
        return calls::failure(
            400,
            "VALIDATION_ERROR",
            "limit must be from 1 to 200, the body 3000 characters at most",
        );
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be small and positive"
    )]
    let (after, limit) = (after as usize, usize::try_from(limit).unwrap_or(200));
    if after + limit > crm.index.depth {
        return calls::failure(400, "VALIDATION_ERROR", "more results than can be paged through");
    }
    let none = Vec::new();
    let groups = body["filterGroups"].as_array().unwrap_or(&none);
    let filters = |group: &Value| group["filters"].as_array().cloned().unwrap_or_default();
    let all_filters: usize = groups.iter().map(|group| filters(group).len()).sum();
    if groups.len() > 5 || all_filters > FILTERS_LIMIT || groups.iter().any(|group| filters(group).len() > 6)
    {
        return calls::failure(400, "VALIDATION_ERROR", "too many filters");
    }
    let fits = |ticket: &&Ticket| {
        groups.is_empty()
            || groups.iter().any(|group| filters(group).iter().all(|filter| passes(ticket, filter)))
    };
    let indexed = crm.tickets.values().filter(|ticket| crm.index.finds(ticket.id));
    let mut found: Vec<&Ticket> = indexed.filter(fits).collect();
    let sort = &body["sorts"][0];
    let by = sort["propertyName"].as_str().unwrap_or("createdate");
    found.sort_by_key(|ticket| (comparable(&ticket.get(by).unwrap_or_default()), ticket.id));
    if sort["direction"] == "DESCENDING" {
        found.reverse();
    }
    let names: Vec<String> = body["properties"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let page: Vec<Value> =
        found.iter().skip(after).take(limit).map(|ticket| ticket.object(&names, PORTAL_ID)).collect();
    let mut answer = json!({"total": found.len(), "results": page});
    if after + limit < found.len() {
        answer["paging"] = json!({"next": {"after": (after + limit).to_string(), "link": "?after=…"}});
    }
    Reply::json(200, &answer)
}

fn passes(ticket: &Ticket, filter: &Value) -> bool {
    let held = ticket.get(filter["propertyName"].as_str().unwrap_or_default());
    let wanted = |key: &str| comparable(&text(&filter[key]));
    let operator = filter["operator"].as_str().unwrap_or_default();
    if operator == "NOT_HAS_PROPERTY" {
        return held.is_none();
    }
    let Some(held) = held else { return operator == "NEQ" };
    let held = comparable(&held);
    match operator {
        "EQ" => held == wanted("value"),
        "NEQ" => held != wanted("value"),
        "GT" => held > wanted("value"),
        "GTE" => held >= wanted("value"),
        "LT" => held < wanted("value"),
        "LTE" => held <= wanted("value"),
        "BETWEEN" => held >= wanted("value") && held <= wanted("highValue"),
        "IN" => {
            filter["values"].as_array().into_iter().flatten().any(|value| comparable(&text(value)) == held)
        }
        "HAS_PROPERTY" => true,
        _ => false,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Times and numbers as numbers, so that `1795388400000` and an ISO time compare; others as text.
fn comparable(text: &str) -> (i64, String) {
    if let Ok(number) = text.parse() {
        return (number, String::new());
    }
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(time) => (time.timestamp_millis(), String::new()),
        Err(_) => (i64::MIN, text.to_owned()),
    }
}
