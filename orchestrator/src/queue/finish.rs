//! Ending a triage job: its verdict, its attempts and its deliveries in one transaction, under the claim's token.

use std::collections::BTreeSet;
use std::time::Duration;

use triage::ticket::{Provider, Verdict};
use triage::time::Timestamp;

use super::together::{Bounds, Together};
use super::write_back::enqueue_hubspot;
use super::{Job, Kind};
use crate::clock::Clock;
use crate::store::{Doing, Error, Result, Store, each};

/// More can wait than there are workers.
const BOUNDS: Bounds = Bounds { waiting: 4096, heaviest: 64, concurrent: 1, gather: Duration::ZERO };

/// A verdict as it is stored.
#[derive(Debug, Clone)]
pub struct TriageRow {
    /// Its id.
    pub id: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Why a person must check it, if one must.
    pub review: Option<String>,
    /// Who answered.
    pub provider: Provider,
    /// On which device, when one is known.
    pub device_id: Option<String>,
    /// With which model.
    pub model: String,
    /// Fingerprint of the prompt.
    pub prompt_version: String,
    /// Personal data was removed before the text was sent.
    pub redacted: bool,
    /// Characters that the model did not read.
    pub omitted_chars: u64,
    /// How long the deciding call took, in milliseconds.
    pub latency_ms: i64,
    /// It is to be written into HubSpot; one that needs review never is.
    pub write_back: bool,
}

/// One call to a model, as it is stored.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    /// Its id.
    pub id: String,
    /// Who was asked.
    pub provider: Provider,
    /// On which device, when one is known.
    pub device_id: Option<String>,
    /// `first`, `repair` or `halved`.
    pub form: &'static str,
    /// Which model.
    pub model: String,
    /// Digest of its weights, when known.
    pub model_digest: Option<String>,
    /// Fingerprint of the prompt.
    pub prompt_version: String,
    /// Host that the text was sent to.
    pub sent_to: String,
    /// What was removed before: kinds and counts, as JSON.
    pub redacted: String,
    /// Characters left out.
    pub omitted_chars: u64,
    /// Why the text may go to the cloud.
    pub cloud_reason: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took in milliseconds, once it has ended.
    pub latency_ms: Option<i64>,
    /// `started`, `verdict`, `bad_answer`, or the name of an error.
    pub outcome: String,
    /// HTTP status of the answer.
    pub http_status: Option<u16>,
    /// What went wrong; may quote a few words of the answer.
    pub error: Option<String>,
}

/// How a triage job ended.
#[derive(Debug, Clone)]
pub enum Finished {
    /// With a verdict.
    Verdict(Box<TriageRow>),
    /// Without one: a person has to read the ticket. A verdict that it had before stands.
    Failed {
        /// Why.
        why: String,
        /// What to do about it.
        what_to_do: String,
    },
    /// The ticket was deleted in HubSpot.
    Gone,
    /// The verdict it has still stands: nothing that matters had changed.
    Unchanged,
}

impl Finished {
    pub(super) fn status(&self) -> Option<&'static str> {
        match self {
            Self::Verdict(triage) if triage.review.is_some() => Some("needs_review"),
            Self::Verdict(_) => Some("triaged"),
            Self::Failed { .. } => Some("failed"),
            Self::Gone => Some("gone"),
            Self::Unchanged => None,
        }
    }

    pub(super) fn triage_id(&self) -> Option<&str> {
        match self {
            Self::Verdict(triage) => Some(&triage.id),
            Self::Failed { .. } | Self::Gone | Self::Unchanged => None,
        }
    }

    /// HubSpot is to be told.
    pub(crate) fn is_written_back(&self) -> bool {
        matches!(self, Self::Verdict(triage) if triage.write_back && triage.review.is_none())
    }
}

/// A triage job that has come to its end.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The job.
    pub job: Job,
    /// The calls that were made for it.
    pub attempts: Vec<AttemptRow>,
    /// How it ended.
    pub end: Finished,
    /// The team hears of it.
    pub announce: bool,
}

/// Where triage jobs end: those that end at the same time share a transaction.
#[derive(Debug)]
pub struct Finishing {
    together: Together<Ended, Result<bool>>,
}

impl Finishing {
    /// Starts the task that stores ends; it ends when this is dropped.
    pub fn start(store: Store, clock: Clock) -> Self {
        let together = Together::start(
            BOUNDS,
            |_| 1,
            move |ended| {
                let (store, clock) = (store.clone(), clock.clone());
                async move { store.finish(&ended, clock.now()).await }
            },
        );
        Self { together }
    }

    /// As [`Store::finish`] for one job.
    pub async fn finish(&self, ended: Ended) -> Result<bool> {
        self.together.call(ended).await.unwrap_or_else(|_| Err(Error::timed_out()))
    }
}

impl Store {
    /// Ends triage jobs; each is stored as a whole or not at all. With `announce`, a Discord job is enqueued in the same
    /// transaction, and so is the write-back of a verdict that is to be written back. `false` when the lease was lost:
    /// then nothing is stored, because somebody else has the ticket.
    pub async fn finish(&self, ended: &[Ended], now: Timestamp) -> Vec<Result<bool>> {
        let at_once = match self.finish_verdicts(ended, now).await {
            Ok(at_once) => at_once,
            Err(error) if ended.len() > 1 && error.is_about_data() => BTreeSet::new(),
            Err(error) => return ended.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut stored = Vec::with_capacity(ended.len());
        for one in ended {
            let is_stored = one.end.triage_id().is_some_and(|id| at_once.contains(id));
            stored.push(if is_stored { Ok(true) } else { self.finish_one(one, now).await });
        }
        stored
    }

    async fn finish_one(&self, ended: &Ended, now: Timestamp) -> Result<bool> {
        let Ended { job, attempts, end, announce } = ended;
        let id = job.ticket_id.as_str();
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let triage_id = end.triage_id();
            for attempt in attempts {
                insert_attempt!(tx, id, attempt, triage_id);
            }
            if let Finished::Verdict(triage) = end {
                insert_triage!(tx, id, triage, now);
                sqlx::query(db.sql().upsert_processed)
                    .bind(id)
                    .bind(now.as_millis())
                    .bind(triage.provider.as_str())
                    .execute(&mut *tx)
                    .await
                    .doing("mark a ticket as processed")?;
            }
            if let Some(status) = end.status() {
                let (error, what_to_do) = match end {
                    Finished::Failed { why, what_to_do } => (Some(why), Some(what_to_do)),
                    Finished::Verdict(_) | Finished::Gone | Finished::Unchanged => (None, None),
                };
                sqlx::query(
                    "update tickets set status = case when $2 = 'failed' and triage_id is not null then status else $2 end,
                        triage_id = coalesce($3, triage_id), error = $4, what_to_do = $5, updated_at = $6
                     where ticket_id = $1")
                    .bind(id).bind(status).bind(triage_id).bind(error).bind(what_to_do).bind(now.as_millis())
                    .execute(&mut *tx).await.doing("update a ticket")?;
                sqlx::query("insert into changes (ticket_id, kind, detail, at) values ($1, $2, $3, $4)")
                    .bind(id)
                    .bind(status)
                    .bind(serde_json::json!({ "triage_id": triage_id }).to_string())
                    .bind(now.as_millis())
                    .execute(&mut *tx)
                    .await
                    .doing("record a change")?;
            }
            // Ticket before job, as when webhooks are accepted: two transactions never wait for each other.
            if !remove!(db, tx, job, now) {
                return Ok(false);
            }
            let has_news = has_news!(tx, id, end);
            if *announce && has_news {
                enqueue_discord!(tx, id, now);
            }
            if end.is_written_back() {
                enqueue_hubspot!(tx, id, now);
            }
            tx.commit().await.doing("finish a triage")?;
            Ok(true)
        })
    }

    /// Records a call before its text leaves the premises, so that a crash cannot hide that it did.
    pub async fn begin_attempt(&self, job: &Job, attempt: &AttemptRow) -> Result<()> {
        self.record_attempts(job, std::slice::from_ref(attempt)).await
    }

    /// Records how calls ended that led to no verdict.
    pub async fn record_attempts(&self, job: &Job, attempts: &[AttemptRow]) -> Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            for attempt in attempts {
                insert_attempt!(tx, job.ticket_id.as_str(), attempt, None::<&str>);
            }
            tx.commit().await.doing("record attempts")
        })
    }
}

/// Deletes a finished job, or makes it ready for another round that was asked for, which wakes every orchestrator when it is
/// committed; false when it is no longer ours.
macro_rules! remove {
    ($db:ident, $tx:ident, $job:expr, $now:expr) => {{
        let job = $job;
        let deleted = sqlx::query("delete from jobs where kind = $1 and ticket_id = $2 and lease_token = $3 and again is null")
            .bind(job.kind.as_str()).bind(job.ticket_id.as_str()).bind(&job.lease_token)
            .execute(&mut *$tx).await.doing("finish a job")?.rows_affected();
        deleted == 1 || {
            let another = sqlx::query(
                "update jobs set state = 'ready', visible_at = $4, failures = 0, takeovers = 0, lease_token = null, note = null,
                    reason = again, again = null
                 where kind = $1 and ticket_id = $2 and lease_token = $3")
                .bind(job.kind.as_str()).bind(job.ticket_id.as_str()).bind(&job.lease_token).bind($now.as_millis())
                .execute(&mut *$tx).await.doing("finish a job")?.rows_affected() == 1;
            if another {
                sqlx::query($db.sql().notify).bind(job.kind.as_str()).execute(&mut *$tx).await.doing("notify")?;
            }
            another
        }
    }};
}
pub(super) use remove;

/// Whether the team has to hear of it. Of a deleted ticket only when there is a message to be put right.
macro_rules! has_news {
    ($tx:ident, $ticket:expr, $end:expr) => {
        match $end {
            Finished::Verdict(_) | Finished::Failed { .. } => true,
            Finished::Unchanged => false,
            Finished::Gone => {
                let messages: i64 =
                    sqlx::query_scalar("select count(*) from deliveries where ticket_id = $1")
                        .bind($ticket)
                        .fetch_one(&mut *$tx)
                        .await
                        .doing("look for a message")?;
                messages > 0
            }
        }
    };
}
use has_news;

macro_rules! insert_attempt {
    ($tx:ident, $ticket:expr, $attempt:expr, $triage:expr) => {{
        let attempt: &AttemptRow = $attempt;
        sqlx::query(
            "insert into attempts (id, ticket_id, triage_id, provider, form, model, model_digest, prompt_version, sent_to,
                redacted, omitted_chars, cloud_reason, started_at, latency_ms, outcome, http_status, error, device_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
             on conflict (id) do update set triage_id = excluded.triage_id, model_digest = excluded.model_digest,
                latency_ms = excluded.latency_ms, outcome = excluded.outcome, http_status = excluded.http_status,
                error = excluded.error")
            .bind(&attempt.id).bind($ticket).bind($triage).bind(attempt.provider.as_str()).bind(attempt.form)
            .bind(&attempt.model).bind(attempt.model_digest.as_deref()).bind(&attempt.prompt_version).bind(&attempt.sent_to)
            .bind(&attempt.redacted).bind(i64::try_from(attempt.omitted_chars).unwrap_or(i64::MAX))
            .bind(attempt.cloud_reason.as_deref()).bind(attempt.started_at.as_millis()).bind(attempt.latency_ms)
            .bind(&attempt.outcome).bind(attempt.http_status.map(i64::from)).bind(attempt.error.as_deref())
            .bind(attempt.device_id.as_deref())
            .execute(&mut *$tx).await.doing("record an attempt")?;
    }};
}
use insert_attempt;

macro_rules! insert_triage {
    ($tx:ident, $ticket:expr, $triage:expr, $now:expr) => {{
        // It may be there already, when only the answer to its commit was lost.
        let triage: &TriageRow = $triage;
        let verdict = &triage.verdict;
        sqlx::query(
            "insert into triages (id, ticket_id, status, category, priority, sentiment, language, summary, reason, confidence, team,
                suggested_reply, review, provider, model, prompt_version, redacted, omitted_chars, latency_ms, triaged_at, device_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
             on conflict (id) do nothing")
            .bind(&triage.id).bind($ticket).bind(if triage.review.is_some() { "needs_review" } else { "triaged" })
            .bind(&verdict.category).bind(verdict.priority.as_str()).bind(verdict.sentiment.as_str()).bind(&verdict.language)
            .bind(&verdict.summary).bind(&verdict.reason).bind(verdict.confidence.get()).bind(&verdict.team)
            .bind(verdict.suggested_reply.as_deref()).bind(triage.review.as_deref()).bind(triage.provider.as_str())
            .bind(&triage.model).bind(&triage.prompt_version).bind(i64::from(triage.redacted))
            .bind(i64::try_from(triage.omitted_chars).unwrap_or(i64::MAX)).bind(triage.latency_ms).bind($now.as_millis())
            .bind(triage.device_id.as_deref())
            .execute(&mut *$tx).await.doing("store a verdict")?;
    }};
}
use insert_triage;

macro_rules! enqueue_discord {
    ($tx:ident, $ticket:expr, $now:expr) => {{
        let target = Kind::Discord.as_str();
        sqlx::query(
            "insert into deliveries (ticket_id, target, status, created_at, updated_at) values ($1, $2, 'pending', $3, $3)
             on conflict (ticket_id, target) do update set status = 'pending', error = null, updated_at = excluded.updated_at")
            .bind($ticket).bind(target).bind($now.as_millis())
            .execute(&mut *$tx).await.doing("store a delivery")?;
        sqlx::query(
            "insert into jobs (kind, ticket_id, state, visible_at, reason, created_at) values ($2, $1, 'ready', $3, 'verdict', $3)
             on conflict (kind, ticket_id) do update set again = case when jobs.state = 'running' then 'verdict' else jobs.again end")
            .bind($ticket).bind(target).bind($now.as_millis())
            .execute(&mut *$tx).await.doing("enqueue a delivery")?;
    }};
}
pub(super) use enqueue_discord;
