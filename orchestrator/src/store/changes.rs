//! Reading the steps of tickets' lives, and of alerts', in their order.

use std::collections::{BTreeSet, HashMap};

use link::Change;
use serde::Deserialize;
use sqlx::FromRow;

use super::triages::rfc3339;
use super::{Doing, Result, Store, each};

#[derive(FromRow)]
struct Row {
    id: i64,
    ticket_id: String,
    kind: String,
    detail: String,
    at: i64,
}

/// What the detail of a change may name.
#[derive(Debug, Default, Deserialize)]
struct Detail {
    alert_id: Option<String>,
}

impl Store {
    /// The highest id that can be seen; 0 when there is none. On Postgres lower ones may still become visible.
    pub async fn highest_change(&self) -> Result<i64> {
        each!(self, |db| {
            sqlx::query_scalar("select coalesce(max(id), 0) from changes").fetch_one(db.read()).await
        })
        .doing("look for changes")
    }

    /// The highest id that was ever given to a change, also to one that was never committed.
    pub async fn last_change_given(&self) -> Result<i64> {
        each!(self, |db| sqlx::query_scalar(db.sql().last_change_given).fetch_one(db.read()).await)
            .doing("look for changes")
    }

    /// The ids after `after` that can be seen, in order.
    pub async fn change_ids(&self, after: i64, limit: u32) -> Result<Vec<i64>> {
        each!(self, |db| {
            sqlx::query_scalar("select id from changes where id > $1 order by id limit $2")
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(db.read())
                .await
        })
        .doing("look for changes")
    }

    /// The transactions in progress that may have taken ids of changes nobody else can see yet.
    pub async fn writers_of_changes(&self) -> Result<BTreeSet<String>> {
        let writers: Vec<String> =
            each!(self, |db| { sqlx::query_scalar(db.sql().writers_of_changes).fetch_all(db.read()).await })
                .doing("look who stores changes")?;
        Ok(writers.into_iter().collect())
    }

    /// The changes after `after` up to and with `upto`, in order, each with its ticket or alert as it is now.
    pub async fn changes(&self, after: i64, upto: i64, limit: u32) -> Result<Vec<Change>> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(
                "select id, ticket_id, kind, detail, at from changes where id > $1 and id <= $2 order by id limit $3",
            )
            .bind(after)
            .bind(upto)
            .bind(i64::from(limit))
            .fetch_all(db.read())
            .await
        })
        .doing("list changes")?;
        let mut ticket_ids: Vec<String> = rows.iter().map(|row| row.ticket_id.clone()).collect();
        ticket_ids.retain(|id| !id.is_empty());
        ticket_ids.sort_unstable();
        ticket_ids.dedup();
        let alert_ids: Vec<String> = rows.iter().filter_map(Row::alert_id).collect();
        let triages = self.triages_of(&ticket_ids).await?;
        let triages: HashMap<_, _> = triages.into_iter().map(|t| (t.ticket_id.clone(), t)).collect();
        let alerts = self.alerts_of(&alert_ids).await?;
        let alerts: HashMap<_, _> = alerts.into_iter().map(|alert| (alert.id.clone(), alert)).collect();
        let change = |row: Row| Change {
            id: row.id,
            at: rfc3339(row.at),
            triage: triages.get(&row.ticket_id).cloned(),
            alert: row.alert_id().and_then(|id| alerts.get(&id).cloned()),
            kind: row.kind,
            ticket_id: Some(row.ticket_id).filter(|id| !id.is_empty()),
        };
        Ok(rows.into_iter().map(change).collect())
    }
}

impl Row {
    fn alert_id(&self) -> Option<String> {
        if self.ticket_id.is_empty() {
            serde_json::from_str::<Detail>(&self.detail).unwrap_or_default().alert_id
        } else {
            None
        }
    }
}
