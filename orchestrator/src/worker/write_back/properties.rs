//! The verdict as properties of its ticket: only empty ones, only options that the portal offers.

use std::collections::BTreeMap;

use triage::writeback::{Decision, Definition, PROPERTIES, State, decide, stands, wanted};

use super::{Stop, Writing, as_ours, of, refused, settle};
use crate::clients::hubspot::{Error as HubSpotError, Update};
use crate::queue::{Settled, WriteEnd, WroteBack};
use crate::store::HubSpotWrite;

/// What is to be done with the ticket's properties.
struct Plan {
    /// To be set, by name.
    values: BTreeMap<String, String>,
    /// To be recorded before.
    rows: Vec<HubSpotWrite>,
    /// Writes whose answer was lost although HubSpot has them.
    found: Vec<Settled>,
    /// Why something is not written.
    skipped: Vec<String>,
}

const NOT_TAKEN: &str = "HubSpot does not take an option that it offers";

/// Sets what may be set. HubSpot knows no conditional update: the values are read immediately before.
pub(super) async fn write(writing: &Writing<'_>) -> Result<WroteBack, Stop> {
    let Writing { app, client, .. } = writing;
    let mut first_look = None;
    loop {
        let definitions = client.definitions().await?;
        let earlier = app.store.hubspot_writes(writing.ticket()).await?;
        let Some(values) = client.values(writing.ticket()).await? else { return Err(Stop::NoTicket) };
        let Plan { values, rows, found, skipped } = plan(writing, &definitions, &values, &earlier);
        writing.intend(&rows).await?;
        let mut settled = found;
        settled.extend(first_look.clone().into_iter().flatten());
        if values.is_empty() {
            let mut wrote = writing.delivered(settled);
            if skipped.len() == PROPERTIES.len() {
                (wrote.end, wrote.why) = (WriteEnd::Skipped, Some(skipped.join("; ")));
            }
            return Ok(wrote);
        }
        match client.set(writing.ticket(), &values).await {
            Ok(Update::Done) => {
                settled.extend(settle(&rows, State::Written, None));
                return Ok(writing.delivered(settled));
            }
            Ok(Update::Gone) => return Err(Stop::NoTicket),
            // The definitions are minutes old: with new ones it is decided once more.
            Ok(Update::InvalidOption) if first_look.is_none() => {
                client.forget_definitions();
                first_look = Some(settle(&rows, State::Skipped, Some(NOT_TAKEN)));
            }
            Ok(Update::InvalidOption) => return Ok(refused(&rows, NOT_TAKEN)),
            Err(HubSpotError::Refused(why)) => return Ok(refused(&rows, &why)),
            Err(later @ HubSpotError::Later { .. }) => return Err(later.into()),
        }
    }
}

fn plan(
    writing: &Writing<'_>,
    definitions: &BTreeMap<String, Definition>,
    values: &BTreeMap<String, String>,
    earlier: &[HubSpotWrite],
) -> Plan {
    let mut plan = Plan { values: BTreeMap::new(), rows: Vec::new(), found: Vec::new(), skipped: Vec::new() };
    for property in PROPERTIES {
        let current = values.get(property).map(String::as_str);
        let earlier = of(earlier, property);
        let found = earlier.iter().filter(|write| stands(current, &write.ours()));
        plan.found.extend(found.map(|write| Settled {
            id: write.id.clone(),
            state: State::Written,
            why: None,
        }));
        let wanted = wanted(&writing.app.config.desk, &writing.told.verdict, property);
        let mut row = writing.intention(property);
        match decide(wanted, current, definitions.get(property), &as_ours(&earlier)) {
            Decision::Stands => continue,
            Decision::Write { value, former } => {
                plan.values.insert(property.to_owned(), value.clone());
                (row.value, row.former) = (Some(value), former);
            }
            Decision::Withdraw { former, why } => {
                let value = former.clone().unwrap_or_default();
                plan.values.insert(property.to_owned(), value.clone());
                (row.value, row.former, row.why) = (Some(value), former, Some(why));
            }
            Decision::Skip { wanted, why } => {
                plan.skipped.push(format!("{property}: {why}"));
                row.former = current.filter(|value| !value.is_empty()).map(str::to_owned);
                (row.value, row.state, row.why) = (wanted, State::Skipped, Some(why));
            }
        }
        plan.rows.push(row);
    }
    plan
}
