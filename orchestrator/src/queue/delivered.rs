//! That a ticket's message stands: its id at once, the rest together with others'.

use std::collections::BTreeSet;
use std::time::Duration;

use triage::time::Timestamp;

use super::Job;
use super::finish::remove;
use super::together::{Bounds, Together};
use crate::clock::Clock;
use crate::store::{Doing, Error, Result, Store, each};

/// Nobody waits for what is stored here, so it is stored together with what follows at once.
const BOUNDS: Bounds =
    Bounds { waiting: 4096, heaviest: 64, concurrent: 1, gather: Duration::from_millis(5) };

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

/// A delivery job that has come to its end.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The job.
    pub job: Job,
    /// How it ended.
    pub end: Delivered,
}

/// Where delivery jobs end: those that end at about the same time share a transaction.
#[derive(Debug)]
pub struct Delivering {
    together: Together<Sent, Result<bool>>,
}

impl Delivering {
    /// Starts the task that stores ends; it ends when this is dropped.
    pub fn start(store: Store, clock: Clock) -> Self {
        let together = Together::start(
            BOUNDS,
            |_| 1,
            move |sent| {
                let (store, clock) = (store.clone(), clock.clone());
                async move { store.delivered(&sent, clock.now()).await }
            },
        );
        Self { together }
    }

    /// As [`Store::delivered`] for one job.
    pub async fn end(&self, sent: Sent) -> Result<bool> {
        self.together.call(sent).await.unwrap_or_else(|_| Err(Error::timed_out()))
    }
}

/// Ends that need nothing special, in one round trip on Postgres: `(target, ticket ids, ticket ids with lease tokens, now, and
/// of each its status, message, verdict, error and detail of the change)` → ticket ids with lease tokens of those whose end was
/// stored.
///
/// Deliveries are locked in order before jobs, as in the longer way, and found by `= any`, as when verdicts are stored.
const DELIVERED: &str = "
with locked as materialized (
    select ticket_id from deliveries where target = $1 and ticket_id = any($2::text[]) order by ticket_id for update
), held as (
    delete from jobs where kind = $1 and ticket_id = any($2::text[]) and ticket_id || ' ' || lease_token = any($3::text[])
        and again is null and (select count(*) from locked) >= 0
    returning ticket_id, ticket_id || ' ' || lease_token as proof
), given as materialized (
    select r.* from unnest($2::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) with ordinality
        as r(ticket_id, status, message_id, triage_id, error, detail, position)
    where r.ticket_id in (select ticket_id from held)
), delivery as (
    update deliveries set (status, message_id, triage_id, error, delivered_at) = (
            select g.status, coalesce(g.message_id, deliveries.message_id), coalesce(g.triage_id, deliveries.triage_id), g.error,
                coalesce(deliveries.delivered_at, case when g.status = 'delivered' then $4 end)
            from given g where g.ticket_id = deliveries.ticket_id),
        attempts = attempts + 1, updated_at = $4
    where target = $1 and ticket_id = any(array(select ticket_id from held))
), change as (
    insert into changes (ticket_id, kind, detail, at) select ticket_id, status, detail, $4 from given order by position
)
select proof from held";

impl Store {
    /// Keeps the id of a message, so that after a crash the message is edited and not posted again. Whoever has lost the
    /// job leaves it too: an edit is better than a second message.
    pub async fn keep_message(&self, job: &Job, message_id: &str) -> Result<()> {
        each!(self, |db| {
            sqlx::query("update deliveries set message_id = $3 where ticket_id = $1 and target = $2")
                .bind(job.ticket_id.as_str())
                .bind(job.kind.as_str())
                .bind(message_id)
                .execute(db.write())
                .await
                .map(|_| ())
        })
        .doing("keep a message's id")
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

    /// Ends delivery jobs of one kind; each is stored as a whole or not at all. `false` when the lease was lost: then only
    /// the message's id is stored, and it may be posted once more.
    pub async fn delivered(&self, sent: &[Sent], now: Timestamp) -> Vec<Result<bool>> {
        let at_once = match self.delivered_at_once(sent, now).await {
            Ok(at_once) => at_once,
            Err(error) if sent.len() > 1 && error.is_about_data() => BTreeSet::new(),
            Err(error) => return sent.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut stored = Vec::with_capacity(sent.len());
        for one in sent {
            let is_stored = at_once.contains(&proof(&one.job));
            stored.push(if is_stored { Ok(true) } else { self.delivered_one(one, now).await });
        }
        stored
    }

    async fn delivered_at_once(&self, sent: &[Sent], now: Timestamp) -> Result<BTreeSet<String>> {
        let Some(db) = self.postgres() else { return Ok(BTreeSet::new()) };
        let Some(kind) = sent.first().map(|sent| sent.job.kind) else { return Ok(BTreeSet::new()) };
        let mut rows: Vec<(&str, Row<'_>)> = Vec::with_capacity(sent.len());
        let (mut proofs, mut details) = (Vec::new(), Vec::new());
        for one in sent {
            let id = one.job.ticket_id.as_str();
            // A statement may change a row once only.
            if rows.iter().all(|(other, _)| *other != id) {
                rows.push((id, Row::of(one)));
                proofs.push(proof(&one.job));
                details.push(detail(one));
            }
        }
        let stored: Vec<String> = sqlx::query_scalar(DELIVERED)
            .bind(kind.as_str())
            .bind(rows.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind(proofs)
            .bind(now.as_millis())
            .bind(rows.iter().map(|(_, row)| row.status).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, row)| row.message_id).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, row)| row.triage_id).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, row)| row.error).collect::<Vec<_>>())
            .bind(details)
            .fetch_all(db.write())
            .await
            .doing("record deliveries")?;
        Ok(stored.into_iter().collect())
    }

    async fn delivered_one(&self, sent: &Sent, now: Timestamp) -> Result<bool> {
        let (job, Row { status, message_id, triage_id, error }) = (&sent.job, Row::of(sent));
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            // Delivery before job, as when a verdict enqueues it: two transactions never wait for each other.
            sqlx::query("update deliveries set message_id = coalesce($3, message_id) where ticket_id = $1 and target = $2")
                .bind(job.ticket_id.as_str())
                .bind(job.kind.as_str())
                .bind(message_id)
                .execute(&mut *tx)
                .await
                .doing("keep a message's id")?;
            let is_ours = remove!(db, tx, job, now);
            if is_ours {
                sqlx::query(
                    "update deliveries set status = $3, triage_id = coalesce($4, triage_id), error = $5, attempts = attempts + 1,
                        updated_at = $6, delivered_at = coalesce(delivered_at, case when $3 = 'delivered' then $6 end)
                     where ticket_id = $1 and target = $2")
                    .bind(job.ticket_id.as_str()).bind(job.kind.as_str())
                    .bind(status).bind(triage_id).bind(error).bind(now.as_millis())
                    .execute(&mut *tx).await.doing("record a delivery")?;
                sqlx::query("insert into changes (ticket_id, kind, detail, at) values ($1, $2, $3, $4)")
                    .bind(job.ticket_id.as_str())
                    .bind(status)
                    .bind(detail(sent))
                    .bind(now.as_millis())
                    .execute(&mut *tx)
                    .await
                    .doing("record a change")?;
            }
            tx.commit().await.doing("record a delivery")?;
            Ok(is_ours)
        })
    }
}

/// What is stored of an end.
struct Row<'a> {
    status: &'static str,
    message_id: Option<&'a str>,
    triage_id: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(sent: &'a Sent) -> Self {
        match &sent.end {
            Delivered::Message { message_id, triage_id } => Self {
                status: "delivered",
                message_id: Some(message_id),
                triage_id: triage_id.as_deref(),
                error: None,
            },
            Delivered::Failed { why } => {
                Self { status: "failed", message_id: None, triage_id: None, error: Some(why) }
            }
        }
    }
}

/// That a worker holds a job, as the statement compares it.
fn proof(job: &Job) -> String {
    format!("{} {}", job.ticket_id, job.lease_token())
}

/// What the change says.
fn detail(sent: &Sent) -> String {
    serde_json::json!({ "target": sent.job.kind.as_str(), "error": Row::of(sent).error }).to_string()
}
