//! What people said is right.

use std::collections::HashMap;

use link::Correction;
use sqlx::FromRow;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::triages::rfc3339;
use super::{Doing, Result, Store, each};

/// What a person says is right of a ticket's current verdict.
#[derive(Debug, Clone)]
pub struct NewCorrection {
    /// Its id.
    pub id: String,
    /// The right category, unless the verdict's is.
    pub category: Option<String>,
    /// The right priority, likewise.
    pub priority: Option<String>,
    /// In the person's words.
    pub note: Option<String>,
    /// On which device it was said.
    pub device_id: String,
}

/// What came of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrected {
    /// It is stored.
    Stored,
    /// The ticket has no verdict that it could be about.
    NoVerdict,
    /// There is no such ticket.
    Unknown,
}

#[derive(FromRow)]
struct Row {
    ticket_id: String,
    category: Option<String>,
    priority: Option<String>,
    note: Option<String>,
    device_id: String,
    device_name: Option<String>,
    at: i64,
}

impl Store {
    /// Stores what a person says is right of a ticket's current verdict, and the change.
    pub async fn correct(&self, id: &TicketId, new: &NewCorrection, now: Timestamp) -> Result<Corrected> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let triage_id: Option<Option<String>> =
                sqlx::query_scalar("select triage_id from tickets where ticket_id = $1")
                    .bind(id.as_str())
                    .fetch_optional(&mut *tx)
                    .await
                    .doing("look for a ticket")?;
            let Some(triage_id) = triage_id else { return Ok(Corrected::Unknown) };
            let Some(triage_id) = triage_id else { return Ok(Corrected::NoVerdict) };
            sqlx::query(
                "insert into corrections (id, ticket_id, triage_id, category, priority, note, device_id, at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(&new.id)
            .bind(id.as_str())
            .bind(&triage_id)
            .bind(new.category.as_deref())
            .bind(new.priority.as_deref())
            .bind(new.note.as_deref())
            .bind(&new.device_id)
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await
            .doing("store a correction")?;
            sqlx::query("insert into changes (ticket_id, kind, detail, at) values ($1, 'corrected', $2, $3)")
                .bind(id.as_str())
                .bind(serde_json::json!({ "correction_id": new.id, "triage_id": triage_id }).to_string())
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
            tx.commit().await.doing("store a correction")?;
            Ok(Corrected::Stored)
        })
    }

    /// The newest correction of each of these tickets; `ids` is a JSON array.
    pub(super) async fn corrections_of(&self, ids: &str) -> Result<HashMap<String, Correction>> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "select c.ticket_id, c.category, c.priority, c.note, c.device_id, d.name as device_name, c.at
                 from corrections c left join devices d on d.id = c.device_id
                 where c.ticket_id {} order by c.at, c.id",
                db.sql().among
            )))
            .bind(ids)
            .fetch_all(db.read())
            .await
        })
        .doing("list corrections")?;
        Ok(rows.into_iter().map(|row| (row.ticket_id.clone(), row.into_correction())).collect())
    }
}

impl Row {
    fn into_correction(self) -> Correction {
        Correction {
            category: self.category,
            priority: self.priority,
            note: self.note,
            device_id: self.device_id,
            device_name: self.device_name.unwrap_or_default(),
            at: rfc3339(self.at),
        }
    }
}
