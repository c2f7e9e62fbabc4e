//! How far reconciliation has come, who runs it, and where tickets stand.

use std::collections::BTreeMap;
use std::time::Duration;

use link::TriageStatus;
use sqlx::FromRow;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::triages::status_named;
use super::{Doing, Result, Store, each};

/// How long a run holds its claim without a word: longer than the slowest page, with all attempts at it.
const LEASE: Duration = Duration::from_secs(120);

/// A run that this process holds.
#[derive(Debug, Clone)]
pub struct Run {
    /// Nothing before it is looked for.
    pub began: Timestamp,
    /// Everything before it was found.
    pub mark: Timestamp,
    /// When this run was claimed.
    pub started: Timestamp,
    /// What kind of failure the last run ended with, if it did.
    pub failing: Option<String>,
    lease_token: String,
}

/// What asking for a run leads to.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Nobody has ever asked: from now on tickets are looked for, the first time at `due`.
    Began {
        /// When to ask again.
        due: Timestamp,
    },
    /// It is ours.
    Run(Run),
    /// It is not time, or somebody else has it.
    NotYet {
        /// When to ask again.
        due: Timestamp,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub enum RunEnd<'a> {
    /// Everything since the last mark is stored: the mark moves to the start of this run.
    Done,
    /// The mark stays.
    Failed {
        /// Its kind in a word.
        error_type: &'a str,
        /// A sentence for people.
        error: &'a str,
    },
    /// The process is stopping: the mark stays, and so does what is known of the last run.
    Abandoned,
}

/// What is known of reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Nothing before it is looked for.
    pub began: Timestamp,
    /// Everything before it was found.
    pub mark: Timestamp,
    /// When the last run ended, if there was one.
    pub ended: Option<Timestamp>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub status: TriageStatus,
    /// What went wrong with it.
    pub error: Option<String>,
    /// It waits for a triage, and there is no job for one.
    pub is_lost: bool,
}

#[derive(FromRow)]
struct Claimed {
    began_at: i64,
    mark: i64,
    error_type: Option<String>,
}

#[derive(FromRow)]
struct Row {
    began_at: i64,
    mark: i64,
    ended_at: Option<i64>,
    error: Option<String>,
}

#[derive(FromRow)]
struct StandingRow {
    id: String,
    status: Option<String>,
    error: Option<String>,
    lost: i64,
}

impl Store {
    /// Asks for the next run; of several orchestrators one gets it. The very first question only sets the mark to `now`
    /// and the first run to `first_due`, because there is nothing to look for yet.
    pub async fn begin_reconciliation(&self, first_due: Timestamp, now: Timestamp) -> Result<Turn> {
        let lease_token = uuid::Uuid::new_v4().simple().to_string();
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let is_first = sqlx::query(
                "insert into reconciliations (name, began_at, mark, due_at) values ('tickets', $1, $1, $2)
                 on conflict (name) do nothing",
            )
            .bind(now.as_millis())
            .bind(first_due.as_millis())
            .execute(&mut *tx)
            .await
            .doing("begin to reconcile")?
            .rows_affected();
            let claimed: Option<Claimed> = sqlx::query_as(
                "update reconciliations set due_at = $2, lease_token = $3 where name = 'tickets' and due_at <= $1
                 returning began_at, mark, error_type",
            )
            .bind(now.as_millis())
            .bind(now.plus(LEASE).as_millis())
            .bind(&lease_token)
            .fetch_optional(&mut *tx)
            .await
            .doing("claim a reconciliation")?;
            let due: i64 = sqlx::query_scalar("select due_at from reconciliations where name = 'tickets'")
                .fetch_one(&mut *tx)
                .await
                .doing("look for the next reconciliation")?;
            tx.commit().await.doing("claim a reconciliation")?;
            let due = Timestamp::from_millis(due);
            Ok(match claimed {
                Some(row) => Turn::Run(Run {
                    began: Timestamp::from_millis(row.began_at),
                    mark: Timestamp::from_millis(row.mark),
                    started: now,
                    failing: row.error_type,
                    lease_token,
                }),
                None if is_first > 0 => Turn::Began { due },
                None => Turn::NotYet { due },
            })
        })
    }

    /// Holds a run for longer; `false` when it has been lost to somebody else.
    pub async fn extend_reconciliation(&self, run: &Run, now: Timestamp) -> Result<bool> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let rows = sqlx::query(
                "update reconciliations set due_at = $2 where name = 'tickets' and lease_token = $1",
            )
            .bind(&run.lease_token)
            .bind(now.plus(LEASE).as_millis())
            .execute(&mut *tx)
            .await
            .doing("extend a reconciliation")?
            .rows_affected();
            tx.commit().await.doing("extend a reconciliation")?;
            Ok(rows == 1)
        })
    }

    /// Ends a run; the next one is due at `due`. Changes nothing when the run has been lost to somebody else.
    pub async fn end_reconciliation(
        &self,
        run: &Run,
        end: RunEnd<'_>,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let (mark, error_type, error, has_ended) = match end {
            RunEnd::Done => (run.started, None, None, true),
            RunEnd::Failed { error_type, error } => (run.mark, Some(error_type), Some(error), true),
            RunEnd::Abandoned => (run.mark, None, None, false),
        };
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            sqlx::query(
                "update reconciliations set due_at = $2, mark = $3, lease_token = null,
                    ended_at = case when $7 = 1 then $4 else ended_at end,
                    error_type = case when $7 = 1 then $5 else error_type end,
                    error = case when $7 = 1 then $6 else error end
                 where name = 'tickets' and lease_token = $1",
            )
            .bind(&run.lease_token)
            .bind(due.as_millis())
            .bind(mark.as_millis())
            .bind(now.as_millis())
            .bind(error_type)
            .bind(error)
            .bind(i64::from(has_ended))
            .execute(&mut *tx)
            .await
            .doing("end a reconciliation")?;
            tx.commit().await.doing("end a reconciliation")
        })
    }

    /// How far reconciliation has come; `None` before it has begun.
    pub async fn reconciliation(&self) -> Result<Option<Progress>> {
        let row: Option<Row> = each!(self, |db| {
            sqlx::query_as(
                "select began_at, mark, ended_at, error from reconciliations where name = 'tickets'",
            )
            .fetch_optional(db.read())
            .await
        })
        .doing("read how far reconciliation has come")?;
        Ok(row.map(|row| Progress {
            began: Timestamp::from_millis(row.began_at),
            mark: Timestamp::from_millis(row.mark),
            ended: row.ended_at.map(Timestamp::from_millis),
            error: row.error,
        }))
    }

    /// Where those of these tickets stand that are known. One of which only the verdict is remembered is triaged.
    pub async fn standings(&self, ids: &[TicketId]) -> Result<BTreeMap<String, Standing>> {
        let ids = serde_json::json!(ids).to_string();
        let rows: Vec<StandingRow> =
            each!(self, |db| { sqlx::query_as(db.sql().standings).bind(&ids).fetch_all(db.read()).await })
                .doing("look where tickets stand")?;
        let standing = |row: StandingRow| {
            let status = status_named(&row.status?)?;
            Some((row.id, Standing { status, error: row.error, is_lost: row.lost > 0 }))
        };
        Ok(rows.into_iter().filter_map(standing).collect())
    }
}
