//! Taking jobs, keeping them, and putting them back.

use std::time::Duration;

use sqlx::FromRow;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::{Kind, LEASE};
use crate::store::{Doing, Result, Store, each};

/// A job that this worker holds until its lease ends.
#[derive(Debug, Clone)]
pub struct Job {
    /// What is to be done.
    pub kind: Kind,
    /// With which ticket.
    pub ticket_id: TicketId,
    /// Failed attempts so far.
    pub failures: u32,
    /// How often a worker let its lease run out since the job was last put back.
    pub takeovers: u32,
    /// Why it exists: `created`, `changed` (the text is another), `check` (it may be) or `requested`.
    pub reason: String,
    /// What it was waiting for when it was last put back.
    pub note: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    pub(super) lease_token: String,
}

impl Job {
    /// Proof that this worker holds the job.
    pub(crate) fn lease_token(&self) -> &str {
        &self.lease_token
    }
}

/// Why a job is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// Nobody could be asked; no attempt was made. [`Store::wake_waiting`] brings it forward.
    Waiting,
    /// An attempt failed because of a service. [`Store::wake_waiting`] brings it forward when the service works again.
    ServiceFailed,
    /// HubSpot did not give the ticket's text. [`Store::wake_waiting`] brings it forward when HubSpot does again.
    Unread,
    /// An attempt failed for reasons of its own.
    Failed,
}

/// Why jobs are brought forward before their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Somebody may be asked again, which costs those that wait no attempt.
    Answers,
    /// A service has worked: also those whose attempt it failed are worth another one.
    Works,
    /// HubSpot has given a text: those for want of one are worth another attempt.
    Reads,
}

impl Proof {
    /// The states of the jobs that it concerns.
    const fn states(self) -> [&'static str; 2] {
        match self {
            Self::Answers => ["waiting", "waiting"],
            Self::Works => ["waiting", "held"],
            Self::Reads => ["unread", "unread"],
        }
    }
}

#[derive(FromRow)]
struct Row {
    ticket_id: String,
    failures: i64,
    takeovers: i64,
    reason: String,
    note: Option<String>,
    created_at: i64,
}

impl Store {
    /// Takes up to `limit` jobs of a kind that are due, for the length of a lease. No two callers get the same one.
    pub async fn claim(&self, kind: Kind, limit: usize, now: Timestamp) -> Result<Vec<Job>> {
        let lease_token = uuid::Uuid::new_v4().simple().to_string();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(db.sql().claim)
                .bind(kind.as_str())
                .bind(limit)
                .bind(now.as_millis())
                .bind(now.plus(LEASE).as_millis())
                .bind(&lease_token)
                .fetch_all(db.write())
                .await
        })
        .doing("claim jobs")?;
        let job = |row: Row| {
            Some(Job {
                kind,
                ticket_id: TicketId::parse(&row.ticket_id)?,
                failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
                takeovers: u32::try_from(row.takeovers).unwrap_or(u32::MAX),
                reason: row.reason,
                note: row.note,
                created_at: Timestamp::from_millis(row.created_at),
                lease_token: lease_token.clone(),
            })
        };
        Ok(rows.into_iter().filter_map(job).collect())
    }

    /// When the next job of a kind is due, if there is any.
    pub async fn next_due(&self, kind: Kind) -> Result<Option<Timestamp>> {
        let due: Option<i64> = each!(self, |db| {
            sqlx::query_scalar("select min(visible_at) from jobs where kind = $1 and visible_at > 0")
                .bind(kind.as_str())
                .fetch_one(db.read())
                .await
        })
        .doing("look for the next job")?;
        Ok(due.map(Timestamp::from_millis))
    }

    /// Extends a lease; `false` when it has been lost to somebody else.
    pub async fn extend(&self, job: &Job, now: Timestamp) -> Result<bool> {
        let extended = each!(self, |db| {
            sqlx::query(
                "update jobs set visible_at = $4 where kind = $1 and ticket_id = $2 and lease_token = $3",
            )
            .bind(job.kind.as_str())
            .bind(job.ticket_id.as_str())
            .bind(&job.lease_token)
            .bind(now.plus(LEASE).as_millis())
            .execute(db.write())
            .await
            .map(|done| done.rows_affected())
        });
        Ok(extended.doing("extend a lease")? == 1)
    }

    /// Puts a job back to be looked at after `delay`; `note` says why, for people. `false` when the lease was lost.
    pub async fn put_back(
        &self,
        job: &Job,
        back: Back,
        delay: Duration,
        note: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let (state, change) = match back {
            Back::Waiting => ("waiting", "waiting"),
            Back::ServiceFailed => ("held", "retrying"),
            Back::Unread => ("unread", "retrying"),
            Back::Failed => ("ready", "retrying"),
        };
        let rows = each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let rows = sqlx::query(
                "update jobs set state = $4, visible_at = $5, failures = failures + $6, takeovers = 0, lease_token = null, note = $7,
                    reason = case when coalesce(again, 'check') = 'check' then reason else again end,
                    again = case when again = 'check' then again else null end
                 where kind = $1 and ticket_id = $2 and lease_token = $3")
                .bind(job.kind.as_str()).bind(job.ticket_id.as_str()).bind(&job.lease_token)
                .bind(state).bind(now.plus(delay).as_millis()).bind(i64::from(back != Back::Waiting)).bind(note)
                .execute(&mut *tx).await.doing("put a job back")?.rows_affected();
            // A ticket that waits for hours is one step of its life, not one for every look.
            let is_news = back != Back::Waiting || job.note.as_deref() != Some(note);
            if rows == 1 && job.kind == Kind::Triage && is_news {
                sqlx::query("insert into changes (ticket_id, kind, detail, at) values ($1, $2, $3, $4)")
                    .bind(job.ticket_id.as_str())
                    .bind(change)
                    .bind(serde_json::json!({ "note": note }).to_string())
                    .bind(now.as_millis())
                    .execute(&mut *tx)
                    .await
                    .doing("record a change")?;
            }
            tx.commit().await.doing("put a job back")?;
            rows
        });
        Ok(rows == 1)
    }

    /// Hands a job back untouched, for somebody else to take at once.
    pub async fn hand_back(&self, job: &Job, now: Timestamp) -> Result<()> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            sqlx::query(
                "update jobs set state = 'ready', visible_at = $4, takeovers = 0, lease_token = null
                 where kind = $1 and ticket_id = $2 and lease_token = $3",
            )
            .bind(job.kind.as_str())
            .bind(job.ticket_id.as_str())
            .bind(&job.lease_token)
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await
            .doing("hand a job back")?;
            sqlx::query(db.sql().notify).bind(job.kind.as_str()).execute(&mut *tx).await.doing("notify")?;
            tx.commit().await.doing("hand a job back")
        })
    }

    /// Brings those jobs of a kind forward that `proof` concerns.
    pub async fn wake_waiting(&self, kind: Kind, proof: Proof, now: Timestamp) -> Result<u64> {
        let [state, other] = proof.states();
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let woken = sqlx::query(
                "update jobs set visible_at = $2 where kind = $1 and state in ($3, $4) and visible_at > $2",
            )
            .bind(kind.as_str())
            .bind(now.as_millis())
            .bind(state)
            .bind(other)
            .execute(&mut *tx)
            .await
            .doing("wake waiting jobs")?
            .rows_affected();
            sqlx::query(db.sql().notify).bind(kind.as_str()).execute(&mut *tx).await.doing("notify")?;
            tx.commit().await.doing("wake waiting jobs")?;
            Ok(woken)
        })
    }
}
