//! Reading tickets with their verdicts, attempts and deliveries, as people see them.

use std::collections::HashMap;

use link::{Attempt, Correction, Delivery, Event, Triage, TriageDetail, TriageStatus, Verdict, Written};
use sqlx::FromRow;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::dialect::status;
use super::{Doing, HubSpotWrite, Result, Store, each};

#[derive(FromRow)]
struct Row {
    ticket_id: String,
    subject: Option<String>,
    portal_id: Option<i64>,
    url: Option<String>,
    status: String,
    error: Option<String>,
    received_at: i64,
    attempts: i64,
    category: Option<String>,
    priority: Option<String>,
    sentiment: Option<String>,
    language: Option<String>,
    summary: Option<String>,
    reason: Option<String>,
    confidence: Option<f64>,
    team: Option<String>,
    suggested_reply: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    device_id: Option<String>,
    latency_ms: Option<i64>,
    triaged_at: Option<i64>,
}

#[derive(FromRow)]
struct DeliveryRow {
    ticket_id: String,
    target: String,
    status: String,
    message_id: Option<String>,
    error: Option<String>,
    updated_at: i64,
}

#[derive(FromRow)]
struct AttemptRow {
    provider: String,
    device_id: Option<String>,
    form: String,
    model: String,
    model_digest: Option<String>,
    prompt_version: String,
    sent_to: String,
    redacted: String,
    omitted_chars: i64,
    cloud_reason: Option<String>,
    started_at: i64,
    latency_ms: Option<i64>,
    outcome: String,
    http_status: Option<i64>,
    error: Option<String>,
}

#[derive(FromRow)]
struct EventRow {
    kind: String,
    event_id: Option<String>,
    property: Option<String>,
    received_at: i64,
}

const TRIAGES: &str = concat!(
    "select t.ticket_id, t.subject, t.portal_id, t.url, t.received_at, ",
    status!(),
    " as status, coalesce(j.note, t.error) as error,
        (select count(*) from attempts a where a.ticket_id = t.ticket_id) as attempts,
        v.category, v.priority, v.sentiment, v.language, v.summary, v.reason, v.confidence, v.team, v.suggested_reply,
        v.provider, v.model, v.device_id, v.latency_ms, v.triaged_at
     from tickets t
     left join jobs j on j.ticket_id = t.ticket_id and j.kind = 'triage'
     left join triages v on v.id = t.triage_id
     where t.ticket_id "
);

impl Store {
    /// These tickets with their deliveries and corrections, newest first; unknown ones are left out. The same few queries
    /// for one as for many.
    pub async fn triages_of(&self, ids: &[String]) -> Result<Vec<Triage>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = serde_json::json!(ids).to_string();
        let mut rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{TRIAGES}{}", db.sql().among)))
                .bind(&ids)
                .fetch_all(db.read())
                .await
        })
        .doing("read tickets")?;
        let mut deliveries = self.deliveries_of(&ids).await?;
        let mut corrections = self.corrections_of(&ids).await?;
        rows.sort_by(|a, b| (b.received_at, &b.ticket_id).cmp(&(a.received_at, &a.ticket_id)));
        let triage = |row: Row| {
            let (delivered, corrected) =
                (deliveries.remove(&row.ticket_id), corrections.remove(&row.ticket_id));
            row.into_triage(delivered.unwrap_or_default(), corrected)
        };
        Ok(rows.into_iter().map(triage).collect())
    }

    /// One ticket with everything that is known of its way.
    pub async fn triage(&self, id: &TicketId) -> Result<Option<TriageDetail>> {
        let found = self.triages_of(&[id.to_string()]).await?;
        let Some(triage) = found.into_iter().next() else { return Ok(None) };
        let events: Vec<EventRow> = each!(self, |db| {
            sqlx::query_as("select kind, event_id, property, received_at from webhook_events where ticket_id = $1 order by received_at, key")
                .bind(id.as_str()).fetch_all(db.read()).await
        })
        .doing("list a ticket's events")?;
        let attempts: Vec<AttemptRow> = each!(self, |db| {
            sqlx::query_as(
                "select provider, device_id, form, model, model_digest, prompt_version, sent_to, redacted, omitted_chars, cloud_reason,
                    started_at, latency_ms, outcome, http_status, error
                 from attempts where ticket_id = $1 order by started_at, id")
                .bind(id.as_str()).fetch_all(db.read()).await
        })
        .doing("list a ticket's attempts")?;
        Ok(Some(TriageDetail {
            triage,
            events: events.into_iter().map(EventRow::into_event).collect(),
            calls: attempts.into_iter().map(AttemptRow::into_attempt).collect(),
            written: self.hubspot_writes(id).await?.into_iter().rev().map(written).collect(),
        }))
    }

    async fn deliveries_of(&self, ids: &str) -> Result<HashMap<String, Vec<Delivery>>> {
        let rows: Vec<DeliveryRow> = each!(self, |db| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "select ticket_id, target, status, message_id, error, updated_at from deliveries where ticket_id {} order by target",
                db.sql().among
            )))
            .bind(ids)
            .fetch_all(db.read())
            .await
        })
        .doing("list deliveries")?;
        let mut deliveries = HashMap::<String, Vec<Delivery>>::new();
        for row in rows {
            deliveries.entry(row.ticket_id.clone()).or_default().push(row.into_delivery());
        }
        Ok(deliveries)
    }
}

impl Row {
    fn into_triage(self, deliveries: Vec<Delivery>, correction: Option<Correction>) -> Triage {
        let verdict = self.verdict();
        let made = TicketId::parse(&self.ticket_id)
            .zip(self.portal_id)
            .and_then(|(id, portal_id)| id.hubspot_url(portal_id));
        Triage {
            ticket_id: self.ticket_id,
            subject: self.subject,
            url: self.url.or(made),
            status: parse_status(&self.status),
            verdict,
            provider: self.provider,
            model: self.model,
            device_id: self.device_id,
            latency_ms: self.latency_ms,
            attempts: self.attempts,
            received_at: rfc3339(self.received_at),
            triaged_at: self.triaged_at.map(rfc3339),
            deliveries,
            correction,
            error: self.error,
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        Some(Verdict {
            category: self.category.clone()?,
            priority: self.priority.clone()?,
            sentiment: self.sentiment.clone()?,
            language: self.language.clone()?,
            summary: self.summary.clone()?,
            reason: self.reason.clone()?,
            confidence: self.confidence?,
            team: self.team.clone()?,
            suggested_reply: self.suggested_reply.clone(),
        })
    }
}

impl DeliveryRow {
    fn into_delivery(self) -> Delivery {
        Delivery {
            target: self.target,
            status: self.status,
            at: rfc3339(self.updated_at),
            message_id: self.message_id,
            error: self.error,
        }
    }
}

impl AttemptRow {
    fn into_attempt(self) -> Attempt {
        Attempt {
            provider: self.provider,
            device_id: self.device_id,
            form: self.form,
            model: self.model,
            model_digest: self.model_digest,
            prompt_version: self.prompt_version,
            sent_to: self.sent_to,
            redacted: serde_json::from_str(&self.redacted).unwrap_or_default(),
            omitted_chars: self.omitted_chars,
            cloud_reason: self.cloud_reason,
            started_at: rfc3339(self.started_at),
            latency_ms: self.latency_ms,
            outcome: self.outcome,
            http_status: self.http_status,
            error: self.error,
        }
    }
}

impl EventRow {
    fn into_event(self) -> Event {
        Event {
            kind: self.kind,
            event_id: self.event_id,
            property: self.property,
            received_at: rfc3339(self.received_at),
        }
    }
}

fn written(write: HubSpotWrite) -> Written {
    let is_note = write.what == HubSpotWrite::NOTE;
    Written {
        what: write.what,
        value: write.value.filter(|_| !is_note),
        former: write.former,
        status: write.state.to_string(),
        why: write.why,
        at: write.undone_at.unwrap_or(write.at).to_rfc3339(),
    }
}

pub(super) fn rfc3339(millis: i64) -> String {
    Timestamp::from_millis(millis).to_rfc3339()
}

const STATUSES: [(TriageStatus, &str); 7] = [
    (TriageStatus::Queued, "queued"),
    (TriageStatus::Triaging, "triaging"),
    (TriageStatus::Waiting, "waiting"),
    (TriageStatus::Triaged, "triaged"),
    (TriageStatus::NeedsReview, "needs_review"),
    (TriageStatus::Failed, "failed"),
    (TriageStatus::Gone, "gone"),
];

/// The name of a status on the wire and in the database.
pub fn status_name(status: TriageStatus) -> &'static str {
    STATUSES.iter().find(|(s, _)| *s == status).map_or("queued", |(_, name)| name)
}

/// The status with this name.
pub fn status_named(name: &str) -> Option<TriageStatus> {
    STATUSES.iter().find(|(_, n)| *n == name).map(|(status, _)| *status)
}

fn parse_status(name: &str) -> TriageStatus {
    status_named(name).unwrap_or(TriageStatus::Queued)
}
