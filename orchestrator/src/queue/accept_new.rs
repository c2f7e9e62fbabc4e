//! The common case of accepting, in one round trip: tickets heard of for the first time.
//!
//! Postgres does everything a new ticket needs in one statement, which is a transaction of its own. Events about tickets
//! that are known already are left to the longer way in `accept.rs`. On SQLite a statement costs no round trip, so there
//! the longer way is as good.

use std::collections::BTreeSet;

use triage::time::Timestamp;

use crate::store::{Doing, Result, Store};

/// What was stored at once.
#[derive(Debug, Default)]
pub(super) struct New {
    /// Keys of the events stored.
    pub(super) keys: BTreeSet<String>,
    /// Ids of the tickets that were new; nothing is left to do for them.
    pub(super) ticket_ids: BTreeSet<String>,
}

/// `(events as JSON, tickets as JSON, now)` → what was stored, as rows of kind and name. Known tickets are looked up one
/// by one in the index: as a join the planner might read the whole table.
const ACCEPT_NEW: &str = "
with given as (
    select * from jsonb_to_recordset($1::jsonb) as r(key text, ticket_id text, kind text, portal_id bigint, event_id text,
        occurred_at bigint, property text, attempt bigint, request_id text)
), ticket as (
    insert into tickets (ticket_id, portal_id, subject, content, contacts, status, received_at, updated_at)
    select ticket_id, portal_id, subject, content, contacts, 'queued', $3, $3
    from jsonb_to_recordset($2::jsonb) as r(ticket_id text, portal_id bigint, subject text, content text, contacts text)
    where (select 1 from tickets known where known.ticket_id = r.ticket_id) is null
    on conflict (ticket_id) do nothing returning ticket_id
), event as (
    insert into webhook_events (key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id, received_at)
    select key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id, $3 from given
    where ticket_id in (select ticket_id from ticket)
    on conflict (key) do nothing returning key
), job as (
    insert into jobs (kind, ticket_id, state, visible_at, reason, created_at)
    select 'triage', ticket_id, 'ready', $3, 'created', $3 from ticket
    on conflict (kind, ticket_id) do nothing
), change as (
    insert into changes (ticket_id, kind, detail, at) select ticket_id, 'received', '{}', $3 from ticket
)
select 'event', key from event
union all select 'ticket', ticket_id from ticket
union all select 'notified', pg_notify('hubspot_triage_jobs', 'triage')::text from (select 1 from ticket limit 1) as one";

impl Store {
    /// Stores events about tickets that nobody has heard of, with ticket and job.
    pub(super) async fn accept_new(&self, events: &str, tickets: &str, now: Timestamp) -> Result<New> {
        let mut new = New::default();
        let Some(pool) = self.postgres() else { return Ok(new) };
        let rows: Vec<(String, String)> = sqlx::query_as(ACCEPT_NEW)
            .bind(events)
            .bind(tickets)
            .bind(now.as_millis())
            .fetch_all(pool)
            .await
            .doing("store new tickets")?;
        for (kind, name) in rows {
            match kind.as_str() {
                "event" => new.keys.insert(name),
                "ticket" => new.ticket_ids.insert(name),
                _ => false,
            };
        }
        Ok(new)
    }
}
