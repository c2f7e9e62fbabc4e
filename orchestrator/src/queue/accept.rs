//! Storing webhook events with their tickets and jobs, many requests in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use triage::ticket::TicketId;
use triage::time::Timestamp;
use triage::webhook::{About, Event};

use crate::store::{Doing, Result, Store, each};

/// The events of one request.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Names the request in logs.
    pub request_id: String,
    /// Its events about tickets.
    pub events: Vec<Event>,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Events stored.
    pub accepted: u64,
    /// Events that had been stored before.
    pub duplicates: u64,
}

#[derive(Serialize)]
struct EventRow<'a> {
    key: &'a str,
    ticket_id: &'a TicketId,
    kind: &'a str,
    portal_id: Option<i64>,
    event_id: Option<&'a str>,
    occurred_at: Option<i64>,
    property: Option<&'a str>,
    attempt: i64,
    request_id: &'a str,
}

/// What a webhook says of a ticket.
#[derive(Serialize)]
pub(super) struct TicketRow<'a> {
    pub(super) ticket_id: &'a TicketId,
    pub(super) portal_id: Option<i64>,
    pub(super) subject: Option<&'a str>,
    pub(super) content: Option<&'a str>,
    pub(super) contacts: String,
}

impl Store {
    /// Stores the events of several requests together: new events, the tickets they name for the first
    /// time, and a triage job for each such ticket. With `retriage`, a changed subject or content of a known ticket
    /// asks for another triage. Returns what became of each request, in order.
    pub async fn accept(
        &self,
        requests: &[Incoming],
        retriage: bool,
        now: Timestamp,
    ) -> Result<Vec<Accepted>> {
        let events = distinct(requests);
        if events.is_empty() {
            return Ok(requests.iter().map(|request| duplicates(request.events.len())).collect());
        }
        let all: Vec<(&Incoming, &Event)> = events.values().copied().collect();
        let every_ticket = tickets(&all.iter().map(|(_, event)| *event).collect::<Vec<_>>());
        let settled = self.accept_new(&all, &every_ticket, now).await?;
        let is_settled = |(_, event): &(&Incoming, &Event)| settled.contains(event.ticket_id.as_str());
        let (new, left): (Vec<_>, Vec<_>) = all.into_iter().partition(is_settled);
        let mut new_keys = new.into_iter().map(|(_, event)| event.key.clone()).collect();
        if !left.is_empty() {
            let rows =
                json(&left.iter().map(|(request, event)| event_row(request, event)).collect::<Vec<_>>());
            let left: Vec<&Event> = left.into_iter().map(|(_, event)| event).collect();
            new_keys = self.accept_left(&left, &rows, new_keys, retriage, now).await?;
        }
        Ok(count(requests, &new_keys))
    }

    /// Stores what the short way left: events about tickets that may be known. `new_keys` are those of events that have
    /// just been stored; returned with those that are added.
    async fn accept_left(
        &self,
        events: &[&Event],
        rows: &str,
        mut new_keys: BTreeSet<String>,
        retriage: bool,
        now: Timestamp,
    ) -> Result<BTreeSet<String>> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let every_ticket = tickets(events);
            let new_ids = returned!(tx, db.sql().insert_tickets, json(&every_ticket), now, "store tickets");
            new_keys.extend(returned!(tx, db.sql().insert_events, rows, now, "store events"));
            let is_fresh = |event: &&Event| new_keys.contains(&event.key);
            let (fresh, repeated): (Vec<&Event>, Vec<&Event>) = events.iter().copied().partition(is_fresh);
            let (mut revived, mut changed) = (BTreeSet::new(), BTreeSet::new());
            let mut to_check = if retriage { about_content(&fresh, &new_ids) } else { BTreeSet::new() };
            // A repeated event still brings its text when the first time ended half-way, but it changes none.
            let fresh_first = [fresh.as_slice(), repeated.as_slice()].concat();
            let restored = restored(&fresh, &new_ids);
            if !restored.is_empty() {
                revived.extend(standing!(tx, db, restored, "gone"));
                // Somebody may be finding just now that HubSpot does not have it.
                to_check.extend(standing!(tx, db, restored, "queued"));
            }
            for ticket in known_with_text(&tickets(&fresh_first), &new_ids) {
                let brings_text =
                    |event: &&Event| event.ticket_id == *ticket.ticket_id && says(event) == Says::Something;
                let may_change = retriage && fresh.iter().any(brings_text);
                match keep_text!(tx, ticket, may_change, now) {
                    Kept::EndedForWantOfIt => revived.insert(ticket.ticket_id.to_string()),
                    Kept::InTime => to_check.insert(ticket.ticket_id.to_string()),
                    Kept::Changed => changed.insert(ticket.ticket_id.to_string()),
                    Kept::NoNews => false,
                };
            }
            let work = [
                (new_ids, "created", "received"),
                (revived, "created", "changed"),
                (changed, "changed", "changed"),
                (to_check, "check", "changed"),
            ];
            for (ids, reason, change) in work.iter().filter(|(ids, ..)| !ids.is_empty()) {
                enqueue!(tx, db, ids, reason, change, now);
            }
            tx.commit().await.doing("commit")?;
            Ok(new_keys)
        })
    }
}

/// What text about a known ticket led to.
enum Kept {
    /// It had none, and had been given to a person for that.
    EndedForWantOfIt,
    /// It had none, and its job is still alive, though perhaps about to fail for that.
    InTime,
    /// It is another than before.
    Changed,
    /// It has not changed, or changes do not matter.
    NoNews,
}

/// Inserts rows given as JSON; the keys of those that are new.
macro_rules! returned {
    ($tx:ident, $sql:expr, $rows:expr, $now:ident, $doing:literal) => {
        sqlx::query_scalar($sql)
            .bind($rows)
            .bind($now.as_millis())
            .fetch_all(&mut *$tx)
            .await
            .doing($doing)?
            .into_iter()
            .collect::<BTreeSet<String>>()
    };
}
use returned;

/// Keeps text for a known ticket that has none, or, when it `$may_change`, another one.
macro_rules! keep_text {
    ($tx:ident, $ticket:ident, $may_change:ident, $now:ident) => {{
        const FIRST: &str = "update tickets set subject = $2, content = $3, updated_at = $4,
            contacts = case when $5 = '[]' then contacts else $5 end
            where ticket_id = $1 and subject is null and content is null returning status";
        const AFTER_BLANK: &str = "update tickets set subject = $2, content = $3, updated_at = $4,
            contacts = case when $5 = '[]' then contacts else $5 end
            where ticket_id = $1 and subject = '' and content = '' returning status";
        const OTHER: &str = "update tickets set subject = $2, content = $3, updated_at = $4,
            contacts = case when $5 = '[]' then contacts else $5 end
            where ticket_id = $1 and (subject <> $2 or content <> $3) returning status";
        let mut kept = Kept::NoNews;
        for (sql, is_first) in [(FIRST, true), (AFTER_BLANK, true), (OTHER, false)] {
            if !is_first && !$may_change {
                continue;
            }
            let status: Option<String> = sqlx::query_scalar(sql)
                .bind($ticket.ticket_id.as_str())
                .bind($ticket.subject)
                .bind($ticket.content)
                .bind($now.as_millis())
                .bind(&$ticket.contacts)
                .fetch_optional(&mut *$tx)
                .await
                .doing("keep a ticket's text")?;
            match status.as_deref() {
                Some("queued") if is_first => {
                    // Whatever it was waiting for, there is something to read.
                    sqlx::query("update jobs set visible_at = $2, failures = 0 where kind = 'triage' and ticket_id = $1 and state <> 'running'")
                        .bind($ticket.ticket_id.as_str()).bind($now.as_millis())
                        .execute(&mut *$tx).await.doing("bring a ticket forward")?;
                    // Who has the job may be triaging blank strings as they are; of a ticket without any he knows better.
                    kept = if sql == AFTER_BLANK { Kept::Changed } else { Kept::InTime };
                }
                Some(_) if is_first => kept = Kept::EndedForWantOfIt,
                Some(_) => kept = Kept::Changed,
                None => {}
            }
        }
        kept
    }};
}
use keep_text;

/// Those of the tickets that have this status.
macro_rules! standing {
    ($tx:ident, $db:ident, $ids:ident, $status:literal) => {{
        let sql =
            format!("select ticket_id from tickets where status = $2 and ticket_id {}", $db.sql().among);
        let ids: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(json(&$ids))
            .bind($status)
            .fetch_all(&mut *$tx)
            .await
            .doing("look where tickets stand")?;
        ids
    }};
}
use standing;

macro_rules! enqueue {
    ($tx:ident, $db:ident, $ids:ident, $reason:ident, $change:ident, $now:ident) => {{
        sqlx::query($db.sql().enqueue_triages)
            .bind(json($ids))
            .bind(*$reason)
            .bind($now.as_millis())
            .execute(&mut *$tx)
            .await
            .doing("enqueue")?;
        sqlx::query($db.sql().insert_changes)
            .bind(json($ids))
            .bind(*$change)
            .bind("{}")
            .bind($now.as_millis())
            .execute(&mut *$tx)
            .await
            .doing("record a change")?;
    }};
}
use enqueue;

/// One of each event, in the order of the database's index: two transactions that store the same events wait for each other
/// instead of locking each other out.
fn distinct(requests: &[Incoming]) -> BTreeMap<(&TicketId, &str), (&Incoming, &Event)> {
    let mut events = BTreeMap::new();
    for request in requests {
        for event in &request.events {
            events.entry((&event.ticket_id, event.key.as_str())).or_insert((request, event));
        }
    }
    events
}

/// The first mention of each key in this batch counts as accepted, any other as a duplicate.
fn count(requests: &[Incoming], new_keys: &BTreeSet<String>) -> Vec<Accepted> {
    let mut left: BTreeSet<&str> = new_keys.iter().map(String::as_str).collect();
    let count_one = |request: &Incoming| {
        let mut accepted = Accepted::default();
        for event in &request.events {
            if left.remove(event.key.as_str()) { accepted.accepted += 1 } else { accepted.duplicates += 1 }
        }
        accepted
    };
    requests.iter().map(count_one).collect()
}

const fn duplicates(count: usize) -> Accepted {
    Accepted { accepted: 0, duplicates: count as u64 }
}

fn event_row<'a>(request: &'a Incoming, event: &'a Event) -> EventRow<'a> {
    EventRow {
        key: &event.key,
        ticket_id: &event.ticket_id,
        kind: &event.kind,
        portal_id: event.portal_id,
        event_id: event.event_id.as_deref(),
        occurred_at: event.occurred_at,
        property: event.property.as_deref(),
        attempt: event.attempt,
        request_id: &request.request_id,
    }
}

/// How much an event's text says.
#[derive(PartialEq, PartialOrd)]
enum Says {
    /// There is none.
    NoText,
    /// Empty strings.
    Nothing,
    /// Something.
    Something,
}

fn says(event: &Event) -> Says {
    match &event.text {
        None => Says::NoText,
        Some(text) if text.subject.is_empty() && text.content.is_empty() => Says::Nothing,
        Some(_) => Says::Something,
    }
}

/// One row per ticket, ordered by id; of several events the first of those whose text says most speaks for it.
fn tickets<'a>(events: &[&'a Event]) -> Vec<TicketRow<'a>> {
    let mut tickets: BTreeMap<&TicketId, &Event> = BTreeMap::new();
    for event in events {
        let best = tickets.entry(&event.ticket_id).or_insert(event);
        if says(event) > says(best) {
            *best = event;
        }
    }
    let row = |event: &'a Event| TicketRow {
        ticket_id: &event.ticket_id,
        portal_id: event.portal_id,
        subject: event.text.as_ref().map(|text| text.subject.as_str()),
        content: event.text.as_ref().map(|text| text.content.as_str()),
        contacts: json(&event.contacts),
    };
    tickets.into_values().map(row).collect()
}

/// Text about tickets that were known before.
fn known_with_text<'a, 'b>(
    tickets: &'a [TicketRow<'b>],
    new_ids: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a TicketRow<'b>> {
    let says_something =
        |t: &&TicketRow<'_>| [t.subject, t.content].into_iter().flatten().any(|text| !text.is_empty());
    tickets.iter().filter(says_something).filter(|t| !new_ids.contains(t.ticket_id.as_str()))
}

/// Known tickets whose subject or content changed to something that only HubSpot knows.
fn about_content(events: &[&Event], new_ids: &BTreeSet<String>) -> BTreeSet<String> {
    known_about(About::Content, events, new_ids)
}

/// Known tickets that had been deleted and exist again.
fn restored(events: &[&Event], new_ids: &BTreeSet<String>) -> BTreeSet<String> {
    known_about(About::Restoration, events, new_ids)
}

fn known_about(about: About, events: &[&Event], new_ids: &BTreeSet<String>) -> BTreeSet<String> {
    let ids = events.iter().filter(|e| e.about == about).map(|e| e.ticket_id.as_str().to_owned());
    ids.filter(|id| !new_ids.contains(id)).collect()
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
