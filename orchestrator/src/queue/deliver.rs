//! Delivery jobs: what there is to tell about a ticket.

use std::collections::HashMap;
use std::slice;

use sqlx::FromRow;
use triage::ticket::{Confidence, Priority, Provider, Sentiment, TicketId, Verdict};
use triage::time::Timestamp;

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
