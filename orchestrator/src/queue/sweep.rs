//! Looking for tickets that wait too long, so that none waits in silence.

use std::time::Duration;

use triage::time::Timestamp;

use super::Kind;
use super::finish::enqueue_discord;
use crate::store::{Doing, Result, Store, each};

/// A ticket untriaged for this long is announced once as waiting for a person.
pub const TOO_LONG: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// Enqueues a Discord message for each ticket that has waited too long for its first verdict and was not announced
    /// before; returns their ids. Several orchestrators may call it at once.
    pub async fn announce_waiting(&self, now: Timestamp) -> Result<Vec<String>> {
        let since = now.as_millis() - i64::try_from(TOO_LONG.as_millis()).unwrap_or(i64::MAX);
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let ids: Vec<String> = sqlx::query_scalar(
                "update tickets set waiting_told_at = $2 where waiting_told_at is null and triage_id is null and ticket_id in
                    (select ticket_id from jobs where kind = 'triage' and created_at <= $1) returning ticket_id",
            )
            .bind(since)
            .bind(now.as_millis())
            .fetch_all(&mut *tx)
            .await
            .doing("look for waiting tickets")?;
            for id in &ids {
                enqueue_discord!(tx, id, now);
                sqlx::query(
                    "insert into changes (ticket_id, kind, detail, at) values ($1, 'waiting_told', '{}', $2)",
                )
                .bind(id)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
            }
            tx.commit().await.doing("announce waiting tickets")?;
            Ok(ids)
        })
    }
}
