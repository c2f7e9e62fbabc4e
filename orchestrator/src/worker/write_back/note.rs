//! The verdict as a note at its ticket: one note, rewritten when there is another verdict, and left alone once a person
//! has edited or deleted it.

use triage::writeback::{self, Note, State, digest, is_ours};

use super::{Stop, Writing, as_ours, of, refused, settle, skipped};
use crate::clients::hubspot::{Error as HubSpotError, NoteText, Update};
use crate::queue::WroteBack;
use crate::store::HubSpotWrite;

/// Adds the note or rewrites the one that stands.
pub(super) async fn write(writing: &Writing<'_>) -> Result<WroteBack, Stop> {
    let earlier = writing.app.store.hubspot_writes(writing.ticket()).await?;
    let earlier: Vec<&HubSpotWrite> =
        of(&earlier, HubSpotWrite::NOTE).into_iter().filter(|write| write.state.is_live()).collect();
    if earlier.first().is_some_and(|newest| newest.state == State::Overruled) {
        return Ok(skipped(LEFT_ALONE));
    }
    let known = earlier.iter().find_map(|write| write.marker.clone());
    let marker = known.unwrap_or_else(|| format!("triage-{}", uuid::Uuid::new_v4().simple()));
    let html = html(writing, &marker);
    let mut row = writing.intention(HubSpotWrite::NOTE);
    row.value = Some(digest(&html));
    row.marker = Some(marker);
    match standing(writing, &earlier).await? {
        Standing::Nothing => {
            writing.intend(std::slice::from_ref(&row)).await?;
            match writing.client.add_note(writing.ticket(), &html, writing.told.at).await {
                Ok(id) => Ok(wrote(writing, id, &row)),
                Err(HubSpotError::Refused(why)) => Ok(refused(&[row], &why)),
                Err(later @ HubSpotError::Later { .. }) => Err(later.into()),
            }
        }
        Standing::Ours(note) if digest(&note.html) == digest(&html) => {
            let found: Vec<HubSpotWrite> = earlier.into_iter().cloned().collect();
            let settled = settle(&found, State::Written, None);
            Ok(WroteBack { note_id: Some(note.id), ..writing.delivered(settled) })
        }
        Standing::Ours(note) => {
            row.note_id = Some(note.id.clone());
            writing.intend(std::slice::from_ref(&row)).await?;
            match writing.client.edit_note(&note.id, &html).await {
                Ok(Update::Done) => Ok(wrote(writing, note.id, &row)),
                Ok(Update::Gone | Update::InvalidOption) => overruled(writing).await,
                Err(HubSpotError::Refused(why)) => Ok(refused(&[row], &why)),
                Err(later @ HubSpotError::Later { .. }) => Err(later.into()),
            }
        }
        Standing::Theirs => overruled(writing).await,
    }
}

/// What stands in HubSpot of what was written before.
enum Standing {
    Nothing,
    Ours(NoteText),
    /// A person has edited or deleted it.
    Theirs,
}

const LEFT_ALONE: &str = "a person has edited or deleted the note";

async fn standing(writing: &Writing<'_>, earlier: &[&HubSpotWrite]) -> Result<Standing, Stop> {
    let Some(newest) = earlier.first() else { return Ok(Standing::Nothing) };
    let Writing { client, .. } = writing;
    let note = match earlier.iter().find_map(|write| write.note_id.as_deref()) {
        Some(note_id) => match client.note(note_id).await? {
            Some(note) => note,
            None => return Ok(Standing::Theirs),
        },
        // It was about to be added, and nobody knows whether it was.
        None => {
            let marker = newest.marker.as_deref().unwrap_or_default();
            match client.find_note(writing.ticket(), marker).await? {
                Some(note) => note,
                None => return Ok(Standing::Nothing),
            }
        }
    };
    let ours = is_ours(&digest(&note.html), &as_ours(earlier));
    Ok(if ours { Standing::Ours(note) } else { Standing::Theirs })
}

async fn overruled(writing: &Writing<'_>) -> Result<WroteBack, Stop> {
    let (store, now) = (&writing.app.store, writing.app.clock.now());
    store.mark_hubspot_writes(writing.ticket(), HubSpotWrite::NOTE, State::Overruled, now).await?;
    Ok(skipped(LEFT_ALONE))
}

fn wrote(writing: &Writing<'_>, note_id: String, row: &HubSpotWrite) -> WroteBack {
    let settled = settle(std::slice::from_ref(row), State::Written, None);
    WroteBack { note_id: Some(note_id), ..writing.delivered(settled) }
}

fn html(writing: &Writing<'_>, marker: &str) -> String {
    let (desk, told) = (&writing.app.config.desk, writing.told);
    writeback::note(&Note {
        ticket_id: writing.ticket().as_str(),
        verdict: &told.verdict,
        category_label: &desk.category_label(&told.verdict.category),
        team_label: &desk.team_label(&told.verdict.team),
        provider: told.provider,
        model: &told.model,
        redacted: told.redacted,
        at: told.at,
        marker,
    })
}
