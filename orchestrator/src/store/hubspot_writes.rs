//! What was written into HubSpot, what was not and why, and what was taken away again.

use sqlx::FromRow;
use triage::ticket::TicketId;
use triage::time::Timestamp;
use triage::webhook::Change;
use triage::writeback::{Origin, Ours, State, origin};

use super::{Doing, Result, Store, each};

/// One thing that was written into HubSpot, or was not.
#[derive(Debug, Clone)]
pub struct HubSpotWrite {
    /// Its id.
    pub id: String,
    /// The verdict that it says.
    pub triage_id: String,
    /// [`HubSpotWrite::NOTE`], or the name of a ticket's property.
    pub what: String,
    /// The option that was written; for a note the digest of its words. `None` when there was nothing to write.
    pub value: Option<String>,
    /// What stood there before the first time.
    pub former: Option<String>,
    /// Text by which the note is found again.
    pub marker: Option<String>,
    /// HubSpot's id of the note, once it is known.
    pub note_id: Option<String>,
    /// How far it got.
    pub state: State,
    /// Why it was not written.
    pub why: Option<String>,
    /// When that was decided.
    pub at: Timestamp,
    /// When it was taken away.
    pub undone_at: Option<Timestamp>,
}

/// What a change that came in by webhook turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Our own, or about something that we did not write.
    NoNews,
    /// Somebody changed what we had written.
    Overruled,
    /// The same, and that was known.
    Known,
}

#[derive(FromRow)]
struct Row {
    id: String,
    triage_id: String,
    what: String,
    value: Option<String>,
    former: Option<String>,
    marker: Option<String>,
    note_id: Option<String>,
    state: String,
    why: Option<String>,
    at: i64,
    undone_at: Option<i64>,
}

impl HubSpotWrite {
    /// The name under which notes are kept.
    pub const NOTE: &'static str = "note";

    /// As the decisions want it.
    pub fn ours(&self) -> Ours {
        Ours { value: self.value.clone().unwrap_or_default(), former: self.former.clone(), state: self.state }
    }
}

impl Store {
    /// Everything that was written into HubSpot for a ticket, newest first.
    pub async fn hubspot_writes(&self, ticket_id: &TicketId) -> Result<Vec<HubSpotWrite>> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(
                "select id, triage_id, what, value, former, marker, note_id, state, why, at, undone_at from hubspot_writes
                 where ticket_id = $1 order by at desc, id desc",
            )
            .bind(ticket_id.as_str())
            .fetch_all(db.read())
            .await
        })
        .doing("list what was written into HubSpot")?;
        Ok(rows.into_iter().filter_map(Row::into_write).collect())
    }

    /// Says how far everything of a kind got that may stand in HubSpot.
    pub async fn mark_hubspot_writes(
        &self,
        ticket_id: &TicketId,
        what: &str,
        state: State,
        now: Timestamp,
    ) -> Result<u64> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let marked = sqlx::query(
                "update hubspot_writes set state = $3, undone_at = case when $3 = 'undone' then $4 else undone_at end
                 where ticket_id = $1 and what = $2 and state in ('intended', 'written', 'undoing') and state <> $3",
            )
            .bind(ticket_id.as_str())
            .bind(what)
            .bind(state.as_str())
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await
            .doing("mark what was written into HubSpot")?
            .rows_affected();
            if marked > 0 && state == State::Overruled {
                sqlx::query(
                    "insert into changes (ticket_id, kind, detail, at) values ($1, 'overruled', $2, $3)",
                )
                .bind(ticket_id.as_str())
                .bind(serde_json::json!({ "what": what }).to_string())
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .doing("record a change")?;
            }
            tx.commit().await.doing("mark what was written into HubSpot")?;
            Ok(marked)
        })
    }

    /// Takes note of a change of a property that verdicts are written into: our own, coming back, is nothing new; what
    /// somebody changed since is theirs from now on.
    pub async fn note_change(&self, change: &Change, now: Timestamp) -> Result<Noted> {
        let writes = self.hubspot_writes(&change.ticket_id).await?;
        let of_it = writes.iter().filter(|write| write.what == change.property);
        let ours: Vec<Ours> = of_it.map(HubSpotWrite::ours).collect();
        Ok(match origin(&change.value, change.by_hand, &ours) {
            Origin::Ours | Origin::Unrelated => Noted::NoNews,
            Origin::Somebody => {
                let (id, what) = (&change.ticket_id, &change.property);
                let marked = self.mark_hubspot_writes(id, what, State::Overruled, now).await?;
                if marked > 0 { Noted::Overruled } else { Noted::Known }
            }
        })
    }
}

impl Row {
    fn into_write(self) -> Option<HubSpotWrite> {
        Some(HubSpotWrite {
            id: self.id,
            triage_id: self.triage_id,
            what: self.what,
            value: self.value,
            former: self.former,
            marker: self.marker,
            note_id: self.note_id,
            state: State::parse(&self.state)?,
            why: self.why,
            at: Timestamp::from_millis(self.at),
            undone_at: self.undone_at.map(Timestamp::from_millis),
        })
    }
}
