//! What was given up after its last attempt: finding it, and delivering it after all.

use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::{Doing, Result, Store, each};

/// What was given up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GivenUp {
    /// Tickets that have no verdict.
    pub tickets: Vec<TicketId>,
    /// Tickets of which something could not be told to Discord or written into HubSpot.
    pub deliveries: Vec<TicketId>,
}

const TICKETS: &str = "
select ticket_id from tickets t where status = 'failed' and updated_at >= $1
    and not exists (select 1 from jobs j where j.kind = 'triage' and j.ticket_id = t.ticket_id)
order by ticket_id";

const DELIVERIES: &str = "select distinct ticket_id from deliveries where status = 'failed' and updated_at >= $1 order by ticket_id";

impl Store {
    /// What was given up at `since` or later.
    pub async fn given_up(&self, since: Timestamp) -> Result<GivenUp> {
        Ok(GivenUp {
            tickets: self.ids(TICKETS, since).await?,
            deliveries: self.ids(DELIVERIES, since).await?,
        })
    }

    async fn ids(&self, sql: &'static str, since: Timestamp) -> Result<Vec<TicketId>> {
        let ids: Vec<String> = each!(self, |db| {
            sqlx::query_scalar(sql).bind(since.as_millis()).fetch_all(&db.patient()).await
        })
        .doing("look for what was given up")?;
        Ok(ids.iter().filter_map(|id| TicketId::parse(id)).collect())
    }

    /// Enqueues those deliveries of a ticket again that were given up, and nothing else; how many there were, or `None` when
    /// there is no such ticket.
    pub async fn deliver_again(&self, id: &TicketId, now: Timestamp) -> Result<Option<usize>> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let known: i64 = sqlx::query_scalar("select count(*) from tickets where ticket_id = $1")
                .bind(id.as_str())
                .fetch_one(&mut *tx)
                .await
                .doing("look for a ticket")?;
            if known == 0 {
                return Ok(None);
            }
            let targets: Vec<String> = sqlx::query_scalar(
                "update deliveries set status = 'pending', error = null, updated_at = $2
                 where ticket_id = $1 and status = 'failed' returning target",
            )
            .bind(id.as_str())
            .bind(now.as_millis())
            .fetch_all(&mut *tx)
            .await
            .doing("take up a delivery")?;
            for target in &targets {
                sqlx::query(
                    "insert into jobs (kind, ticket_id, state, visible_at, reason, created_at) values ($2, $1, 'ready', $3, 'verdict', $3)
                     on conflict (kind, ticket_id) do update set again = case when jobs.state = 'running' then 'verdict' else jobs.again end")
                    .bind(id.as_str()).bind(target).bind(now.as_millis())
                    .execute(&mut *tx).await.doing("enqueue a delivery")?;
                sqlx::query(
                    "insert into changes (ticket_id, kind, detail, at) values ($1, 'requested', $2, $3)",
                )
                .bind(id.as_str())
                .bind(serde_json::json!({ "target": target }).to_string())
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
                sqlx::query(db.sql().notify).bind(target).execute(&mut *tx).await.doing("notify")?;
            }
            tx.commit().await.doing("enqueue a delivery")?;
            Ok(Some(targets.len()))
        })
    }
}
