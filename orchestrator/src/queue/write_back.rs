//! Write-back jobs: what is about to be written into HubSpot, how it ended, and stopping it.

use triage::ticket::TicketId;
use triage::time::Timestamp;
use triage::writeback::State;

use super::finish::remove;
use super::{Job, Kind};
use crate::store::{Doing, HubSpotWrite, Result, Store, each};

/// How a write-back job ended.
#[derive(Debug, Clone)]
pub struct WroteBack {
    /// In which way.
    pub end: WriteEnd,
    /// Why, unless it is written.
    pub why: Option<String>,
    /// The note in HubSpot.
    pub note_id: Option<String>,
    /// The verdict that HubSpot shows.
    pub triage_id: Option<String>,
    /// What is known now of writes that were intended.
    pub settled: Vec<Settled>,
}

/// In which way a write-back job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteEnd {
    /// HubSpot has what was to be written.
    Delivered,
    /// There was nothing to write.
    Skipped,
    /// HubSpot does not take it.
    Failed,
}

/// What became of a write that was intended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Its id.
    pub id: String,
    /// How far it got.
    pub state: State,
    /// Why it was not written.
    pub why: Option<String>,
}

/// Whether what was written may be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeginUndo {
    /// Nothing more is written for this ticket until a person asks for another triage.
    Begun,
    /// Something is being written right now.
    Running,
    /// There is no such ticket.
    Unknown,
}

impl WriteEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

impl Store {
    /// Records what is about to be written, before HubSpot is asked to; what was skipped the last time is forgotten.
    /// `false` when the lease was lost: then nothing may be written.
    pub async fn intend(&self, job: &Job, writes: &[HubSpotWrite]) -> Result<bool> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let ours = sqlx::query(
                "update jobs set state = 'running' where kind = $1 and ticket_id = $2 and lease_token = $3",
            )
            .bind(job.kind.as_str())
            .bind(job.ticket_id.as_str())
            .bind(job.lease_token())
            .execute(&mut *tx)
            .await
            .doing("check a lease")?
            .rows_affected();
            if ours == 0 {
                return Ok(false);
            }
            sqlx::query("delete from hubspot_writes where ticket_id = $1 and state = 'skipped'")
                .bind(job.ticket_id.as_str())
                .execute(&mut *tx)
                .await
                .doing("forget what was not written")?;
            for write in writes {
                sqlx::query(
                    "insert into hubspot_writes (id, ticket_id, triage_id, what, value, former, marker, note_id, state, why, at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
                    .bind(&write.id).bind(job.ticket_id.as_str()).bind(&write.triage_id).bind(&write.what)
                    .bind(write.value.as_deref()).bind(write.former.as_deref()).bind(write.marker.as_deref())
                    .bind(write.note_id.as_deref()).bind(write.state.as_str()).bind(write.why.as_deref()).bind(write.at.as_millis())
                    .execute(&mut *tx).await.doing("record what is to be written")?;
            }
            tx.commit().await.doing("record what is to be written")?;
            Ok(true)
        })
    }

    /// Ends a write-back job; `false` when the lease was lost: then only what HubSpot has is stored.
    pub async fn wrote_back(&self, job: &Job, wrote: &WroteBack, now: Timestamp) -> Result<bool> {
        let status = wrote.end.as_str();
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            // Delivery before job, as when a verdict enqueues it. Who has undone it in the meantime has the last word.
            sqlx::query(
                "update deliveries set status = $3, message_id = coalesce($4, message_id), triage_id = coalesce($5, triage_id),
                    error = $6, attempts = attempts + 1, updated_at = $7,
                    delivered_at = coalesce(delivered_at, case when $3 = 'delivered' then $7 end)
                 where ticket_id = $1 and target = $2 and status <> 'undone'")
                .bind(job.ticket_id.as_str()).bind(job.kind.as_str()).bind(status).bind(wrote.note_id.as_deref())
                .bind(wrote.triage_id.as_deref()).bind(wrote.why.as_deref()).bind(now.as_millis())
                .execute(&mut *tx).await.doing("record a delivery")?;
            sqlx::query("insert into changes (ticket_id, kind, detail, at) values ($1, $2, $3, $4)")
                .bind(job.ticket_id.as_str())
                .bind(status)
                .bind(serde_json::json!({ "target": job.kind.as_str(), "error": wrote.why }).to_string())
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
            let ours = remove!(db, tx, job, now);
            if !ours {
                tx.rollback().await.doing("leave a delivery to somebody else")?;
                tx = db.begin().await.doing("begin")?;
            }
            // Also by a worker that came too late: what HubSpot has, it has.
            for settled in &wrote.settled {
                sqlx::query(
                    "update hubspot_writes set state = $2, why = coalesce($3, why), note_id = coalesce($4, note_id) where id = $1 and state = 'intended'")
                    .bind(&settled.id).bind(settled.state.as_str()).bind(settled.why.as_deref()).bind(wrote.note_id.as_deref())
                    .execute(&mut *tx).await.doing("record what was written")?;
            }
            if !ours {
                sqlx::query("update deliveries set message_id = coalesce($3, message_id) where ticket_id = $1 and target = $2")
                    .bind(job.ticket_id.as_str()).bind(job.kind.as_str()).bind(wrote.note_id.as_deref())
                    .execute(&mut *tx).await.doing("keep a note's id")?;
            }
            tx.commit().await.doing("record a delivery")?;
            Ok(ours)
        })
    }

    /// Stops whatever is still to be written for a ticket, so that it can be undone for good.
    pub async fn begin_undo(&self, ticket_id: &TicketId, now: Timestamp) -> Result<BeginUndo> {
        let (id, target) = (ticket_id.as_str(), Kind::HubSpot.as_str());
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let known: i64 = sqlx::query_scalar("select count(*) from tickets where ticket_id = $1")
                .bind(id)
                .fetch_one(&mut *tx)
                .await
                .doing("look for a ticket")?;
            if known == 0 {
                return Ok(BeginUndo::Unknown);
            }
            sqlx::query(
                "insert into deliveries (ticket_id, target, status, error, created_at, updated_at)
                 values ($1, $2, 'undone', 'not finished: run it again', $3, $3)
                 on conflict (ticket_id, target) do update set status = excluded.status, error = excluded.error, updated_at = excluded.updated_at")
                .bind(id).bind(target).bind(now.as_millis())
                .execute(&mut *tx).await.doing("stop a delivery")?;
            sqlx::query("delete from jobs where kind = $2 and ticket_id = $1 and (state <> 'running' or visible_at <= $3)")
                .bind(id).bind(target).bind(now.as_millis())
                .execute(&mut *tx).await.doing("stop a delivery")?;
            let running: i64 =
                sqlx::query_scalar("select count(*) from jobs where kind = $2 and ticket_id = $1")
                    .bind(id)
                    .bind(target)
                    .fetch_one(&mut *tx)
                    .await
                    .doing("look for a job")?;
            if running > 0 {
                return Ok(BeginUndo::Running);
            }
            tx.commit().await.doing("stop a delivery")?;
            Ok(BeginUndo::Begun)
        })
    }

    /// Everything that was to be undone is.
    pub async fn end_undo(&self, ticket_id: &TicketId, now: Timestamp) -> Result<()> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let ended = sqlx::query(
                "update deliveries set error = null, updated_at = $3 where ticket_id = $1 and target = $2 and error is not null")
                .bind(ticket_id.as_str()).bind(Kind::HubSpot.as_str()).bind(now.as_millis())
                .execute(&mut *tx).await.doing("record an undoing")?.rows_affected();
            if ended > 0 {
                sqlx::query(
                    "insert into changes (ticket_id, kind, detail, at) values ($1, 'undone', '{}', $2)",
                )
                .bind(ticket_id.as_str())
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
            }
            tx.commit().await.doing("record an undoing")
        })
    }
}

/// Has a verdict written into HubSpot, unless a person has undone that for this ticket.
macro_rules! enqueue_hubspot {
    ($tx:ident, $ticket:expr, $now:expr) => {{
        let target = Kind::HubSpot.as_str();
        let wanted = sqlx::query(
            "insert into deliveries (ticket_id, target, status, created_at, updated_at) values ($1, $2, 'pending', $3, $3)
             on conflict (ticket_id, target) do update set status = 'pending', error = null, updated_at = excluded.updated_at
             where deliveries.status <> 'undone'")
            .bind($ticket).bind(target).bind($now.as_millis())
            .execute(&mut *$tx).await.doing("store a delivery")?.rows_affected();
        if wanted > 0 {
            sqlx::query(
                "insert into jobs (kind, ticket_id, state, visible_at, reason, created_at) values ($2, $1, 'ready', $3, 'verdict', $3)
                 on conflict (kind, ticket_id) do update set again = case when jobs.state = 'running' then 'verdict' else jobs.again end")
                .bind($ticket).bind(target).bind($now.as_millis())
                .execute(&mut *$tx).await.doing("enqueue a delivery")?;
        }
    }};
}
pub(super) use enqueue_hubspot;
