//! The common case of accepting, in one round trip: tickets heard of for the first time.
//!
//! Postgres does everything a new ticket needs in one statement, which is a transaction of its own. Events about tickets
//! that are known already are left to the longer way in `accept.rs`. A ticket that is new has neither events nor a job, so
//! only tickets are inserted with an eye on conflicts, which costs more; should one of the others be there after all, the
//! statement fails as a whole and everything goes the longer way. On SQLite a statement costs no round trip, so there the
//! longer way is as good.

use std::collections::BTreeSet;

use triage::time::Timestamp;
use triage::webhook::Event;

use super::Incoming;
use super::accept::TicketRow;
use crate::store::{Doing, Result, Store};

/// `(now, tickets as five arrays, events as nine)` → ids of the tickets that were new.
const ACCEPT_NEW: &str = "
with ticket as (
    insert into tickets (ticket_id, portal_id, subject, content, contacts, status, received_at, updated_at)
    select ticket_id, portal_id, subject, content, contacts, 'queued', $1, $1
    from unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[]) as r(ticket_id, portal_id, subject, content, contacts)
    on conflict (ticket_id) do nothing returning ticket_id
), event as (
    insert into webhook_events (key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id, received_at)
    select key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id, $1
    from unnest($7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::bigint[], $13::text[], $14::bigint[], $15::text[])
        as r(key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id)
    where ticket_id in (select ticket_id from ticket)
), job as (
    insert into jobs (kind, ticket_id, state, visible_at, reason, created_at)
    select 'triage', ticket_id, 'ready', $1, 'created', $1 from ticket
), change as (
    insert into changes (ticket_id, kind, detail, at) select ticket_id, 'received', '{}', $1 from ticket
)
select ticket_id from ticket";

impl Store {
    /// Stores events about tickets that nobody has heard of, with ticket and job; returns the ids of those tickets, for
    /// which nothing is left to do.
    pub(super) async fn accept_new(
        &self,
        events: &[(&Incoming, &Event)],
        tickets: &[TicketRow<'_>],
        now: Timestamp,
    ) -> Result<BTreeSet<String>> {
        let Some(db) = self.postgres() else { return Ok(BTreeSet::new()) };
        let stored: sqlx::Result<Vec<String>> = sqlx::query_scalar(ACCEPT_NEW)
            .bind(now.as_millis())
            .bind(array(tickets, |t| t.ticket_id.as_str()))
            .bind(array(tickets, |t| t.portal_id))
            .bind(array(tickets, |t| t.subject))
            .bind(array(tickets, |t| t.content))
            .bind(array(tickets, |t| t.contacts.as_str()))
            .bind(array(events, |(_, e)| e.key.as_str()))
            .bind(array(events, |(_, e)| e.ticket_id.as_str()))
            .bind(array(events, |(_, e)| e.kind.as_str()))
            .bind(array(events, |(_, e)| e.portal_id))
            .bind(array(events, |(_, e)| e.event_id.as_deref()))
            .bind(array(events, |(_, e)| e.occurred_at))
            .bind(array(events, |(_, e)| e.property.as_deref()))
            .bind(array(events, |(_, e)| e.attempt))
            .bind(array(events, |(request, _)| request.request_id.as_str()))
            .fetch_all(db.write())
            .await;
        match stored {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(BTreeSet::new()),
            stored => Ok(stored.doing("store new tickets")?.into_iter().collect()),
        }
    }
}

fn array<'a, T, V>(of: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    of.iter().map(value).collect()
}
