//! The common case of finishing, in one round trip: verdicts, many at once.
//!
//! Postgres does everything in one statement, which is a transaction of its own. What it leaves (a lease that was lost,
//! a job of which another round was asked for, an end without a verdict) goes the longer way in `finish.rs`. On SQLite a
//! statement costs no round trip, so there the longer way is as good.

use std::collections::BTreeSet;

use serde::Serialize;
use triage::time::Timestamp;

use super::accept::json;
use super::finish::{AttemptRow, Ended, Finished, TriageRow};
use crate::store::{Doing, Result, Store};

/// `(ticket ids, ticket ids with lease tokens, verdicts as JSON, attempts as JSON, now)` → ids of the verdicts
/// that were stored.
///
/// Tickets are locked in order before jobs, as when webhooks are accepted, and deliveries before theirs: two transactions
/// never wait for each other.
/// Rows that exist are found by `= any`, never by a join, for which the planner might read whole tables. The new ones come as
/// `json`, of which Postgres reads records in a third of the time that it takes for `jsonb`.
const FINISH_VERDICTS: &str = "
with locked as materialized (
    select ticket_id from tickets where ticket_id = any($1::text[]) order by ticket_id for update
), held as (
    delete from jobs where kind = 'triage' and ticket_id = any($1::text[]) and ticket_id || ' ' || lease_token = any($2::text[])
        and again is null and (select count(*) from locked) >= 0
    returning ticket_id
), given as materialized (
    select r.* from json_to_recordset($3::text::json) as r(position bigint, ticket_id text, id text, status text, category text, priority text,
        sentiment text, language text, summary text, reason text, confidence double precision, team text, suggested_reply text,
        review text, provider text, model text, prompt_version text, redacted bigint, omitted_chars bigint, latency_ms bigint,
        announce boolean, write_back boolean, device_id text)
    where r.ticket_id in (select ticket_id from held)
), attempt as (
    insert into attempts (id, ticket_id, triage_id, provider, form, model, model_digest, prompt_version, sent_to, redacted,
        omitted_chars, cloud_reason, started_at, latency_ms, outcome, http_status, error, device_id)
    select r.* from json_to_recordset($4::text::json) as r(id text, ticket_id text, triage_id text, provider text, form text, model text,
        model_digest text, prompt_version text, sent_to text, redacted text, omitted_chars bigint, cloud_reason text,
        started_at bigint, latency_ms bigint, outcome text, http_status bigint, error text, device_id text)
    where r.ticket_id in (select ticket_id from held)
    on conflict (id) do update set triage_id = excluded.triage_id, model_digest = excluded.model_digest,
        latency_ms = excluded.latency_ms, outcome = excluded.outcome, http_status = excluded.http_status, error = excluded.error
), verdict as (
    insert into triages (id, ticket_id, status, category, priority, sentiment, language, summary, reason, confidence, team,
        suggested_reply, review, provider, model, prompt_version, redacted, omitted_chars, latency_ms, triaged_at, device_id)
    select id, ticket_id, status, category, priority, sentiment, language, summary, reason, confidence, team,
        suggested_reply, review, provider, model, prompt_version, redacted, omitted_chars, latency_ms, $5, device_id from given
    on conflict (id) do nothing
), processed as (
    insert into processed_tickets (ticket_id, processed_at, provider)
    select ticket_id, to_timestamp($5::double precision / 1000), provider from given
    on conflict (ticket_id) do update set processed_at = excluded.processed_at, provider = excluded.provider
), ticket as (
    update tickets set status = (select g.status from given g where g.ticket_id = tickets.ticket_id),
        triage_id = (select g.id from given g where g.ticket_id = tickets.ticket_id),
        error = null, what_to_do = null, updated_at = $5
    where ticket_id = any(array(select ticket_id from held))
), change as (
    insert into changes (ticket_id, kind, detail, at)
    select ticket_id, status, json_build_object('triage_id', id)::text, $5 from given order by position
), told as (
    insert into deliveries (ticket_id, target, status, created_at, updated_at)
    select ticket_id, 'discord', 'pending', $5, $5 from given where announce
    on conflict (ticket_id, target) do update set status = 'pending', error = null, updated_at = excluded.updated_at
    returning ticket_id
), written as (
    insert into deliveries (ticket_id, target, status, created_at, updated_at)
    select ticket_id, 'hubspot', 'pending', $5, $5 from given where write_back
    on conflict (ticket_id, target) do update set status = 'pending', error = null, updated_at = excluded.updated_at
    where deliveries.status <> 'undone'
    returning ticket_id
), delivery as (
    insert into jobs (kind, ticket_id, state, visible_at, reason, created_at)
    select target, ticket_id, 'ready', $5, 'verdict', $5
    from (select 'discord' as target, ticket_id, position from given where ticket_id in (select ticket_id from told)
        union all select 'hubspot', ticket_id, position from given where ticket_id in (select ticket_id from written)) as r
    order by position
    on conflict (kind, ticket_id) do update set again = case when jobs.state = 'running' then 'verdict' else jobs.again end
)
select id from given";

impl Store {
    /// Stores those ends that are verdicts and need nothing special; returns the ids of the verdicts.
    pub(super) async fn finish_verdicts(&self, ended: &[Ended], now: Timestamp) -> Result<BTreeSet<String>> {
        let Some(db) = self.postgres() else { return Ok(BTreeSet::new()) };
        let (mut ids, mut held, mut verdicts, mut attempts) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for one in ended {
            let id = one.job.ticket_id.as_str();
            // A statement may change a row once only.
            if let Finished::Verdict(triage) = &one.end
                && !ids.contains(&id)
            {
                ids.push(id);
                held.push(format!("{id} {}", one.job.lease_token()));
                attempts.extend(one.attempts.iter().map(|attempt| call_row(id, attempt, &triage.id)));
                verdicts.push(verdict_row(verdicts.len(), one, triage));
            }
        }
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let stored: Vec<String> = sqlx::query_scalar(FINISH_VERDICTS)
            .bind(&ids)
            .bind(&held)
            .bind(json(&verdicts))
            .bind(json(&attempts))
            .bind(now.as_millis())
            .fetch_all(db.write())
            .await
            .doing("store verdicts")?;
        Ok(stored.into_iter().collect())
    }
}

/// What `FINISH_VERDICTS` is given of a verdict.
#[derive(Serialize)]
struct VerdictRow<'a> {
    position: usize,
    ticket_id: &'a str,
    id: &'a str,
    status: Option<&'static str>,
    category: &'a str,
    priority: &'static str,
    sentiment: &'static str,
    language: &'a str,
    summary: &'a str,
    reason: &'a str,
    confidence: f64,
    team: &'a str,
    suggested_reply: Option<&'a str>,
    review: Option<&'a str>,
    provider: &'static str,
    device_id: Option<&'a str>,
    model: &'a str,
    prompt_version: &'a str,
    redacted: i64,
    omitted_chars: u64,
    latency_ms: i64,
    announce: bool,
    write_back: bool,
}

fn verdict_row<'a>(position: usize, ended: &'a Ended, triage: &'a TriageRow) -> VerdictRow<'a> {
    let verdict = &triage.verdict;
    VerdictRow {
        position,
        ticket_id: ended.job.ticket_id.as_str(),
        id: &triage.id,
        status: ended.end.status(),
        category: &verdict.category,
        priority: verdict.priority.as_str(),
        sentiment: verdict.sentiment.as_str(),
        language: &verdict.language,
        summary: &verdict.summary,
        reason: &verdict.reason,
        confidence: verdict.confidence.get(),
        team: &verdict.team,
        suggested_reply: verdict.suggested_reply.as_deref(),
        review: triage.review.as_deref(),
        provider: triage.provider.as_str(),
        device_id: triage.device_id.as_deref(),
        model: &triage.model,
        prompt_version: &triage.prompt_version,
        redacted: i64::from(triage.redacted),
        omitted_chars: triage.omitted_chars,
        latency_ms: triage.latency_ms,
        announce: ended.announce,
        write_back: ended.end.is_written_back(),
    }
}

/// What `FINISH_VERDICTS` is given of a call.
#[derive(Serialize)]
struct CallRow<'a> {
    id: &'a str,
    ticket_id: &'a str,
    triage_id: &'a str,
    provider: &'static str,
    device_id: Option<&'a str>,
    form: &'static str,
    model: &'a str,
    model_digest: Option<&'a str>,
    prompt_version: &'a str,
    sent_to: &'a str,
    redacted: &'a str,
    omitted_chars: u64,
    cloud_reason: Option<&'a str>,
    started_at: i64,
    latency_ms: Option<i64>,
    outcome: &'a str,
    http_status: Option<u16>,
    error: Option<&'a str>,
}

fn call_row<'a>(ticket_id: &'a str, attempt: &'a AttemptRow, triage_id: &'a str) -> CallRow<'a> {
    CallRow {
        id: &attempt.id,
        ticket_id,
        triage_id,
        provider: attempt.provider.as_str(),
        device_id: attempt.device_id.as_deref(),
        form: attempt.form,
        model: &attempt.model,
        model_digest: attempt.model_digest.as_deref(),
        prompt_version: &attempt.prompt_version,
        sent_to: &attempt.sent_to,
        redacted: &attempt.redacted,
        omitted_chars: attempt.omitted_chars,
        cloud_reason: attempt.cloud_reason.as_deref(),
        started_at: attempt.started_at.as_millis(),
        latency_ms: attempt.latency_ms,
        outcome: &attempt.outcome,
        http_status: attempt.http_status,
        error: attempt.error.as_deref(),
    }
}
