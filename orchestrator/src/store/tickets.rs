//! Tickets: what the customer wrote, and asking for another triage.

use std::collections::HashMap;

use sqlx::FromRow;
use triage::ticket::{Text, TicketId};
use triage::time::Timestamp;

use super::{Doing, Result, Store, each};
use crate::queue::Job;

/// What a worker needs to know of a ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// HubSpot account.
    pub portal_id: Option<i64>,
    /// Subject and content, when known.
    pub text: Option<Text>,
    /// Names given in contact fields.
    pub contacts: Vec<String>,
    /// It has been given a verdict before.
    pub has_verdict: bool,
}

/// What asking for another triage led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is in the queue.
    Queued,
    /// It is being triaged right now.
    Running,
    /// There is no such ticket.
    Unknown,
}

#[derive(FromRow)]
struct Row {
    ticket_id: String,
    portal_id: Option<i64>,
    subject: Option<String>,
    content: Option<String>,
    contacts: String,
    triage_id: Option<String>,
}

impl Row {
    fn into_ticket(self) -> Option<Ticket> {
        Some(Ticket {
            id: TicketId::parse(&self.ticket_id)?,
            portal_id: self.portal_id,
            text: self.subject.map(|subject| Text { subject, content: self.content.unwrap_or_default() }),
            contacts: serde_json::from_str(&self.contacts).unwrap_or_default(),
            has_verdict: self.triage_id.is_some(),
        })
    }
}

impl Store {
    /// The ticket, if it is known.
    pub async fn ticket(&self, id: &TicketId) -> Result<Option<Ticket>> {
        let tickets = self.tickets(&[id]).await?;
        Ok(tickets.into_iter().next())
    }

    /// The tickets of jobs, by id.
    pub async fn tickets_of(&self, jobs: &[Job]) -> Result<HashMap<String, Ticket>> {
        let ids: Vec<&TicketId> = jobs.iter().map(|job| &job.ticket_id).collect();
        let tickets = self.tickets(&ids).await?;
        Ok(tickets.into_iter().map(|ticket| (ticket.id.to_string(), ticket)).collect())
    }

    async fn tickets(&self, ids: &[&TicketId]) -> Result<Vec<Ticket>> {
        let ids = serde_json::json!(ids).to_string();
        let rows: Vec<Row> =
            each!(self, |db| sqlx::query_as(db.sql().tickets).bind(&ids).fetch_all(db.read()).await)
                .doing("read tickets")?;
        Ok(rows.into_iter().filter_map(Row::into_ticket).collect())
    }

    /// Keeps what HubSpot said of the job's ticket, unless the lease was lost: somebody else may have read a newer text.
    /// From then on the job is about this text, so that whoever takes it up after a failure does not find it unchanged.
    pub async fn keep_text(
        &self,
        job: &Job,
        ticket: &Ticket,
        url: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(text) = &ticket.text else { return Ok(()) };
        let contacts = serde_json::json!(ticket.contacts).to_string();
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            sqlx::query(
                "update tickets set subject = $2, content = $3, contacts = $4, url = coalesce($5, url), updated_at = $6
                 where ticket_id = $1 and exists
                    (select 1 from jobs where kind = 'triage' and ticket_id = $1 and lease_token = $7)")
                .bind(ticket.id.as_str()).bind(&text.subject).bind(&text.content).bind(&contacts).bind(url).bind(now.as_millis())
                .bind(job.lease_token())
                .execute(&mut *tx).await.doing("keep a ticket's text")?;
            sqlx::query("update jobs set reason = 'changed' where kind = 'triage' and ticket_id = $1 and lease_token = $2 and reason = 'check'")
                .bind(ticket.id.as_str()).bind(job.lease_token())
                .execute(&mut *tx).await.doing("keep a ticket's text")?;
            tx.commit().await.doing("keep a ticket's text")
        })
    }

    /// Puts a ticket into the queue again, as a person asked.
    pub async fn retry(&self, id: &TicketId, now: Timestamp) -> Result<Retry> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let known: i64 = sqlx::query_scalar("select count(*) from tickets where ticket_id = $1")
                .bind(id.as_str())
                .fetch_one(&mut *tx)
                .await
                .doing("look for a ticket")?;
            if known == 0 {
                return Ok(Retry::Unknown);
            }
            let queued = sqlx::query(
                "insert into jobs (kind, ticket_id, state, visible_at, reason, created_at) values ('triage', $1, 'ready', $2, 'requested', $2)
                 on conflict (kind, ticket_id) do update set visible_at = excluded.visible_at, failures = 0, reason = 'requested'
                 where jobs.state <> 'running'")
                .bind(id.as_str()).bind(now.as_millis())
                .execute(&mut *tx).await.doing("enqueue")?.rows_affected();
            if queued == 0 {
                return Ok(Retry::Running);
            }
            sqlx::query(
                "insert into changes (ticket_id, kind, detail, at) values ($1, 'requested', '{}', $2)",
            )
            .bind(id.as_str())
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await
            .doing("record a change")?;
            // What the person asks for is written into HubSpot again.
            sqlx::query(
                "delete from deliveries where ticket_id = $1 and target = 'hubspot' and status = 'undone'",
            )
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .doing("enqueue")?;
            sqlx::query(db.sql().notify).bind("triage").execute(&mut *tx).await.doing("notify")?;
            tx.commit().await.doing("enqueue")?;
            Ok(Retry::Queued)
        })
    }
}
