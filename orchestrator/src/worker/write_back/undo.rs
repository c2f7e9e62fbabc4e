//! Taking away what was written into a ticket: former values come back and the note goes, except where a person has
//! changed them since. Safe to repeat: what could not be done the first time is done the next.

use std::collections::BTreeMap;

use triage::ticket::TicketId;
use triage::time::Timestamp;
use triage::writeback::{State, Undo, digest, undo as decide};

use super::{as_ours, of};
use crate::clients::hubspot::{Error as HubSpotError, HubSpot, NoteText, Update};
use crate::queue::BeginUndo;
use crate::store::{self, HubSpotWrite, Store};

/// What undoing led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It is done; line by line what was done, for people. Empty when nothing of ours was there.
    Done(Vec<String>),
    /// The verdict is being written right now.
    Running,
    /// There is no such ticket.
    Unknown,
}

/// Undoing did not come to its end; it can be repeated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is something to undo in HubSpot, and no token to do it with.
    #[error("HUBSPOT_ACCESS_TOKEN is not set: without it nothing can be changed in HubSpot")]
    NoToken,
    /// HubSpot.
    #[error(transparent)]
    HubSpot(#[from] HubSpotError),
    /// The database.
    #[error(transparent)]
    Database(#[from] store::Error),
}

struct Undoing<'a> {
    store: &'a Store,
    client: &'a HubSpot,
    id: &'a TicketId,
    now: Timestamp,
}

/// Stops what is still to be written into a ticket and takes away what was. Nothing more is written into it until a
/// person asks for another triage.
pub async fn undo(
    store: &Store,
    client: Option<&HubSpot>,
    id: &TicketId,
    now: Timestamp,
) -> Result<Undone, Error> {
    match store.begin_undo(id, now).await? {
        BeginUndo::Unknown => return Ok(Undone::Unknown),
        BeginUndo::Running => return Ok(Undone::Running),
        BeginUndo::Begun => {}
    }
    let mut writes = store.hubspot_writes(id).await?;
    writes.retain(|write| write.state.is_live());
    let mut lines = Vec::new();
    if !writes.is_empty() {
        let undoing = Undoing { store, client: client.ok_or(Error::NoToken)?, id, now };
        undoing.properties(&writes, &mut lines).await?;
        undoing.note(&writes, &mut lines).await?;
    }
    store.end_undo(id, now).await?;
    Ok(Undone::Done(lines))
}

impl Undoing<'_> {
    async fn properties(&self, writes: &[HubSpotWrite], lines: &mut Vec<String>) -> Result<(), Error> {
        let mut names: Vec<&str> = writes
            .iter()
            .map(|write| write.what.as_str())
            .filter(|what| *what != HubSpotWrite::NOTE)
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(());
        }
        let Some(values) = self.client.values(self.id).await? else {
            for name in names {
                self.mark(name, State::Undone).await?;
            }
            lines.push("HubSpot does not have the ticket any more: nothing to undo".to_owned());
            return Ok(());
        };
        for name in names {
            let current = values.get(name).map(String::as_str);
            match decide(current, &as_ours(&of(writes, name))) {
                Undo::Restore(former) => lines.push(self.restore(name, current, &former).await?),
                Undo::Done => {
                    self.mark(name, State::Undone).await?;
                    lines.push(format!("{name}: is {} as before", shown(current)));
                }
                Undo::Leave => {
                    self.mark(name, State::Overruled).await?;
                    lines.push(format!(
                        "{name}: left at {}: somebody has changed it since it was written",
                        shown(current)
                    ));
                }
            }
        }
        Ok(())
    }

    async fn restore(&self, name: &str, current: Option<&str>, former: &str) -> Result<String, Error> {
        // Before HubSpot is asked, so that our own change is known when its webhook comes back.
        self.mark(name, State::Undoing).await?;
        let values = BTreeMap::from([(name.to_owned(), former.to_owned())]);
        match self.client.set(self.id, &values).await? {
            Update::Done | Update::Gone => {}
            Update::InvalidOption => {
                let why = format!("HubSpot does not offer {former} for {name} any more: set it by hand");
                return Err(HubSpotError::Refused(why).into());
            }
        }
        self.mark(name, State::Undone).await?;
        Ok(format!("{name}: was {}, is {} again", shown(current), shown(Some(former))))
    }

    async fn note(&self, writes: &[HubSpotWrite], lines: &mut Vec<String>) -> Result<(), Error> {
        let writes = of(writes, HubSpotWrite::NOTE);
        if writes.is_empty() {
            return Ok(());
        }
        let line = match self.find(&writes).await? {
            None => {
                self.mark(HubSpotWrite::NOTE, State::Undone).await?;
                "note: is not there"
            }
            Some(note) => match decide(Some(&digest(&note.html)), &as_ours(&writes)) {
                Undo::Restore(_) | Undo::Done => {
                    self.mark(HubSpotWrite::NOTE, State::Undoing).await?;
                    self.client.delete_note(&note.id).await?;
                    self.mark(HubSpotWrite::NOTE, State::Undone).await?;
                    "note: deleted"
                }
                Undo::Leave => {
                    self.mark(HubSpotWrite::NOTE, State::Overruled).await?;
                    "note: left as it is: somebody has edited it since it was written"
                }
            },
        };
        lines.push(line.to_owned());
        Ok(())
    }

    async fn find(&self, writes: &[&HubSpotWrite]) -> Result<Option<NoteText>, Error> {
        if let Some(note_id) = writes.iter().find_map(|write| write.note_id.as_deref()) {
            return Ok(self.client.note(note_id).await?);
        }
        let Some(marker) = writes.iter().find_map(|write| write.marker.as_deref()) else { return Ok(None) };
        Ok(self.client.find_note(self.id, marker).await?)
    }

    async fn mark(&self, what: &str, state: State) -> Result<(), Error> {
        self.store.mark_hubspot_writes(self.id, what, state, self.now).await?;
        Ok(())
    }
}

fn shown(value: Option<&str>) -> &str {
    value.filter(|value| !value.is_empty()).unwrap_or("empty")
}
