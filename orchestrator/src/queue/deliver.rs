//! Delivery jobs: what there is to tell about a ticket, and that it has been told.

use std::collections::HashMap;
use std::slice;

use sqlx::FromRow;
use triage::ticket::{Confidence, Priority, Provider, Sentiment, TicketId, Verdict};
use triage::time::Timestamp;

use super::finish::remove;
use super::{Job, Kind};
use crate::store::{Doing, Result, Store, each};

/// What there is to tell about a ticket now.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The ticket's subject line.
    pub subject: String,
    /// HubSpot account.
    pub portal_id: Option<i64>,
    /// The ticket in HubSpot, as HubSpot gave it.
    pub url: Option<String>,
    /// Id of the message that was posted before, to be edited.
    pub message_id: Option<String>,
    /// The verdict or the failure.
    pub state: DeliveryState,
}

/// Verdict or failure.
#[derive(Debug, Clone)]
pub enum DeliveryState {
    /// It has a verdict.
    Verdict(Box<Told>),
    /// It waits for a model.
    Waiting {
        /// What it waits for.
        why: String,
        /// Since when.
        since: Timestamp,
    },
    /// It could not be triaged.
    Failed {
        /// Why.
        why: String,
        /// What to do about it.
        what_to_do: String,
        /// When that was clear.
        at: Timestamp,
    },
}

/// A verdict with what people are told about how it came to be.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its id.
    pub triage_id: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Why a person must check it.
    pub review: Option<String>,
    /// Who answered.
    pub provider: Provider,
    /// With which model.
    pub model: String,
    /// Personal data was removed before the text was sent.
    pub redacted: bool,
    /// Characters that the model did not read.
    pub omitted_chars: u64,
    /// How long the call took, in milliseconds.
    pub latency_ms: u64,
    /// When it was given.
    pub at: Timestamp,
}

/// How a delivery job ended.
#[derive(Debug, Clone)]
pub enum Delivered {
    /// The message stands.
    Message {
        /// Its id.
        message_id: String,
        /// The verdict it shows.
        triage_id: Option<String>,
    },
    /// It will not be delivered.
    Failed {
        /// Why.
        why: String,
    },
}

/// The end of a delivery that needs nothing special, in one round trip on Postgres: `(ticket, target, lease token, status,
/// message, verdict, error, now, detail of the change)` → 1 when it was stored. Delivery before job, as in the longer way.
const DELIVERED: &str = "
with locked as materialized (
    select ticket_id from deliveries where ticket_id = $1 and target = $2 for update
), held as (
    delete from jobs where kind = $2 and ticket_id = $1 and lease_token = $3 and again is null and (select count(*) from locked) >= 0
    returning ticket_id
), delivery as (
    update deliveries set status = $4, message_id = coalesce($5, message_id), triage_id = coalesce($6, triage_id),
        error = $7, attempts = attempts + 1, updated_at = $8,
        delivered_at = coalesce(delivered_at, case when $4 = 'delivered' then $8 end)
    where ticket_id = $1 and target = $2 and exists (select 1 from held)
), change as (
    insert into changes (ticket_id, kind, detail, at) select ticket_id, $4, $9, $8 from held
)
select count(*) from held";

/// `(ticket ids as JSON, target)` → what there is to tell of each. Each table by its index before they are joined, for which
/// the planner might read whole tables.
const SUBJECTS: &str = "
with ticket as materialized (
    select ticket_id, subject, portal_id, url, status, error, what_to_do, updated_at, received_at, triage_id
    from tickets where ticket_id {among}
), delivery as materialized (
    select ticket_id, message_id from deliveries where target = $2 and ticket_id {among}
), job as materialized (
    select ticket_id, note from jobs where kind = 'triage' and ticket_id {among}
), verdict as materialized (
    select id, ticket_id, category, priority, sentiment, language, summary, reason, confidence, team, suggested_reply, review,
        provider, model, redacted, omitted_chars, latency_ms, triaged_at
    from triages where ticket_id {among}
)
select t.ticket_id, t.subject, t.portal_id, t.url, t.status, t.error, t.what_to_do, t.updated_at, t.received_at, j.note as waits_for,
    cast(case when j.ticket_id is null then 0 else 1 end as bigint) as is_waiting, d.message_id, v.id as triage_id,
    v.category, v.priority, v.sentiment, v.language, v.summary, v.reason, v.confidence, v.team, v.suggested_reply,
    v.review, v.provider, v.model, v.redacted, v.omitted_chars, v.latency_ms, v.triaged_at
from ticket t
left join delivery d on d.ticket_id = t.ticket_id
left join job j on j.ticket_id = t.ticket_id
left join verdict v on v.id = t.triage_id";

#[derive(FromRow)]
struct Row {
    ticket_id: String,
    subject: Option<String>,
    portal_id: Option<i64>,
    url: Option<String>,
    status: String,
    error: Option<String>,
    what_to_do: Option<String>,
    updated_at: i64,
    received_at: i64,
    waits_for: Option<String>,
    is_waiting: i64,
    message_id: Option<String>,
    triage_id: Option<String>,
    category: Option<String>,
    priority: Option<String>,
    sentiment: Option<String>,
    language: Option<String>,
    summary: Option<String>,
    reason: Option<String>,
    confidence: Option<f64>,
    team: Option<String>,
    suggested_reply: Option<String>,
    review: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    redacted: Option<i64>,
    omitted_chars: Option<i64>,
    latency_ms: Option<i64>,
    triaged_at: Option<i64>,
}

impl Store {
    /// What there is to tell about the job's ticket; `None` when it has neither verdict nor failure.
    pub async fn subject(&self, job: &Job) -> Result<Option<Subject>> {
        Ok(self.subjects_of(job.kind, slice::from_ref(job)).await?.remove(job.ticket_id.as_str()))
    }

    /// What there is to tell about the tickets of jobs of a kind, by id.
    pub async fn subjects_of(&self, kind: Kind, jobs: &[Job]) -> Result<HashMap<String, Subject>> {
        let ids: Vec<&TicketId> = jobs.iter().map(|job| &job.ticket_id).collect();
        let ids = serde_json::json!(ids).to_string();
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(sqlx::AssertSqlSafe(SUBJECTS.replace("{among}", db.sql().among)))
                .bind(&ids)
                .bind(kind.as_str())
                .fetch_all(db.read())
                .await
        })
        .doing("read what to deliver")?;
        let subject = |row: Row| Some((row.ticket_id.clone(), row.into_subject()?));
        Ok(rows.into_iter().filter_map(subject).collect())
    }

    /// Ends a delivery job; `false` when the lease was lost: then only the message's id is stored, and it may be posted once
    /// more.
    pub async fn delivered(&self, job: &Job, end: &Delivered, now: Timestamp) -> Result<bool> {
        let (status, message_id, triage_id, error) = match end {
            Delivered::Message { message_id, triage_id } => {
                ("delivered", Some(message_id), triage_id.as_ref(), None)
            }
            Delivered::Failed { why } => ("failed", None, None, Some(why)),
        };
        let detail = serde_json::json!({ "target": job.kind.as_str(), "error": error }).to_string();
        if let Some(db) = self.postgres() {
            let ours: i64 = sqlx::query_scalar(DELIVERED)
                .bind(job.ticket_id.as_str())
                .bind(job.kind.as_str())
                .bind(job.lease_token())
                .bind(status)
                .bind(message_id)
                .bind(triage_id)
                .bind(error)
                .bind(now.as_millis())
                .bind(&detail)
                .fetch_one(db.write())
                .await
                .doing("record a delivery")?;
            if ours == 1 {
                return Ok(true);
            }
        }
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            // Delivery before job, as when a verdict enqueues it: two transactions never wait for each other.
            sqlx::query(
                "update deliveries set status = $3, message_id = coalesce($4, message_id), triage_id = coalesce($5, triage_id),
                    error = $6, attempts = attempts + 1, updated_at = $7, delivered_at = coalesce(delivered_at, case when $3 = 'delivered' then $7 end)
                 where ticket_id = $1 and target = $2")
                .bind(job.ticket_id.as_str()).bind(job.kind.as_str())
                .bind(status).bind(message_id).bind(triage_id).bind(error).bind(now.as_millis())
                .execute(&mut *tx).await.doing("record a delivery")?;
            sqlx::query("insert into changes (ticket_id, kind, detail, at) values ($1, $2, $3, $4)")
                .bind(job.ticket_id.as_str())
                .bind(status)
                .bind(&detail)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
            if remove!(db, tx, job, now) {
                tx.commit().await.doing("record a delivery")?;
                return Ok(true);
            }
            tx.rollback().await.doing("leave a delivery to somebody else")?;
            // The message's id is kept even then: an edit is better than a second message.
            let mut tx = db.begin().await.doing("begin")?;
            sqlx::query("update deliveries set message_id = coalesce($3, message_id) where ticket_id = $1 and target = $2")
                .bind(job.ticket_id.as_str())
                .bind(job.kind.as_str())
                .bind(message_id)
                .execute(&mut *tx)
                .await
                .doing("keep a message's id")?;
            tx.commit().await.doing("keep a message's id")?;
            Ok(false)
        })
    }

    /// Forgets the message of a delivery, which is gone, so that the next one is posted afresh; not one that somebody else
    /// has posted meanwhile.
    pub async fn forget_message(&self, job: &Job, message_id: &str) -> Result<()> {
        each!(self, |db| {
            sqlx::query("update deliveries set message_id = null where ticket_id = $1 and target = $2 and message_id = $3")
                .bind(job.ticket_id.as_str())
                .bind(job.kind.as_str())
                .bind(message_id)
                .execute(db.write())
                .await
                .map(|_| ())
        })
        .doing("forget a message")
    }
}

impl Row {
    fn into_subject(self) -> Option<Subject> {
        let state = if self.status == "gone" {
            DeliveryState::Failed {
                why: "The ticket was deleted in HubSpot.".to_owned(),
                what_to_do: "There is nothing to do.".to_owned(),
                at: Timestamp::from_millis(self.updated_at),
            }
        } else if self.status == "failed" {
            DeliveryState::Failed {
                why: self.error.clone().unwrap_or_default(),
                what_to_do: self.what_to_do.clone().unwrap_or_default(),
                at: Timestamp::from_millis(self.updated_at),
            }
        } else if self.triage_id.is_none() && self.is_waiting == 1 {
            DeliveryState::Waiting {
                why: self.waits_for.clone().unwrap_or_else(|| "Its turn has not come yet.".to_owned()),
                since: Timestamp::from_millis(self.received_at),
            }
        } else {
            DeliveryState::Verdict(Box::new(Told {
                triage_id: self.triage_id?,
                verdict: Verdict {
                    category: self.category?,
                    priority: Priority::parse(&self.priority?)?,
                    sentiment: Sentiment::parse(&self.sentiment?)?,
                    language: self.language?,
                    summary: self.summary?,
                    reason: self.reason?,
                    confidence: Confidence::parse(self.confidence?)?,
                    team: self.team?,
                    suggested_reply: self.suggested_reply,
                },
                review: self.review,
                provider: Provider::parse(&self.provider?)?,
                model: self.model?,
                redacted: self.redacted? != 0,
                omitted_chars: u64::try_from(self.omitted_chars?).unwrap_or(0),
                latency_ms: u64::try_from(self.latency_ms?).unwrap_or(0),
                at: Timestamp::from_millis(self.triaged_at?),
            }))
        };
        Some(Subject {
            subject: self.subject.unwrap_or_default(),
            portal_id: self.portal_id,
            url: self.url,
            message_id: self.message_id,
            state,
        })
    }
}
