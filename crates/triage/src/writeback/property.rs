//! Which properties of a ticket are set, and to what: only empty ones, only to options that the portal offers. What was
//! written before is given as a list, newest first.

use serde_json::Value;

use super::State;
use crate::desk::Desk;
use crate::ticket::Verdict;

/// HubSpot's properties that a verdict can fill.
pub const PROPERTIES: [&str; 2] = [PRIORITY, CATEGORY];

const PRIORITY: &str = "hs_ticket_priority";
const CATEGORY: &str = "hs_ticket_category";

/// A property as the portal defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    refusal: Option<&'static str>,
    options: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    value: String,
    offered: bool,
}

/// Something that was written into a property before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// What was written; empty for "nothing".
    pub value: String,
    /// What stood there before the first time.
    pub former: Option<String>,
    /// How far it got.
    pub state: State,
}

/// What to do with a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Set it.
    Write {
        /// To this option.
        value: String,
        /// What undoing brings back.
        former: Option<String>,
    },
    /// What we wrote before does not hold any more, and what does cannot be written: bring back what was there.
    Withdraw {
        /// What was there.
        former: Option<String>,
        /// Why the new one cannot be written.
        why: String,
    },
    /// It has the right value, and that is ours.
    Stands,
    /// Leave it alone.
    Skip {
        /// What it would have been set to, if that is known.
        wanted: Option<String>,
        /// Why it is not.
        why: String,
    },
}

/// What to do with a property that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// Set it to this; empty clears it.
    Restore(String),
    /// What was there before is there.
    Done,
    /// A person changed it since: leave it.
    Leave,
}

/// Whose doing a change of a property was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Ours, coming back.
    Ours,
    /// Somebody changed what we had written.
    Somebody,
    /// Nothing of ours stands there.
    Unrelated,
}

impl Definition {
    /// Reads HubSpot's definition of a property.
    pub fn read(json: &Value) -> Self {
        let is = |value: &Value| value.as_bool() == Some(true);
        let refusal = if is(&json["archived"]) {
            Some("the property is archived in HubSpot")
        } else if json["type"] != "enumeration" {
            Some("the property is no list of options in HubSpot")
        } else if is(&json["modificationMetadata"]["readOnlyValue"]) || is(&json["calculated"]) {
            Some("the property can only be read in HubSpot")
        } else {
            None
        };
        let choice = |option: &Value| {
            let value = option["value"].as_str()?.to_owned();
            Some(Choice { value, offered: !is(&option["hidden"]) && !is(&option["archived"]) })
        };
        let options = json["options"].as_array().into_iter().flatten().filter_map(choice).collect();
        Self { refusal, options }
    }

    /// Options are compared by their internal value: labels are for people and change.
    fn check(&self, value: &str) -> Result<(), String> {
        if let Some(refusal) = self.refusal {
            return Err(refusal.to_owned());
        }
        match self.options.iter().find(|option| option.value == value) {
            Some(option) if option.offered => Ok(()),
            Some(_) => Err(format!("the option {value} is hidden in HubSpot")),
            None => Err(format!("the property has no option {value} in HubSpot")),
        }
    }
}

/// The option that says what the verdict says, or why there is none.
pub fn wanted(desk: &Desk, verdict: &Verdict, property: &str) -> Result<String, String> {
    match property {
        PRIORITY => Ok(verdict.priority.as_str().to_uppercase()),
        CATEGORY => desk.hubspot_category(&verdict.category).map(str::to_owned).ok_or_else(|| {
            format!("the desk names no hubspot_category for the category {}", verdict.category)
        }),
        _ => Err("nothing in a verdict says this".to_owned()),
    }
}

/// What to do with a property that has the value `current` in HubSpot (`None` and an empty one mean the same).
pub fn decide(
    wanted: Result<String, String>,
    current: Option<&str>,
    definition: Option<&Definition>,
    ours: &[Ours],
) -> Decision {
    let name = wanted.as_ref().ok().cloned();
    let skip = |why: &str| Decision::Skip { wanted: name.clone(), why: why.to_owned() };
    let fit = wanted.and_then(|value| {
        let definition = definition.ok_or_else(|| "HubSpot has no such property".to_owned())?;
        definition.check(&value).map(|()| value)
    });
    let now = current.unwrap_or_default();
    let former = match standing(now, ours) {
        Standing::Theirs => return skip("a person has changed it since it was written"),
        Standing::Ours(former) => former,
        Standing::Nothing if now.is_empty() => {
            return match fit {
                Ok(value) => Decision::Write { value, former: current.map(str::to_owned) },
                Err(why) => skip(&why),
            };
        }
        Standing::Nothing => return skip("it has a value already"),
    };
    match fit {
        Ok(value) if value == now => Decision::Stands,
        Ok(value) => Decision::Write { value, former },
        Err(why) if former.as_deref().unwrap_or_default() == now => skip(&why),
        Err(why) => Decision::Withdraw { former, why },
    }
}

/// How to take away what was written into a property that has the value `current` now.
pub fn undo(current: Option<&str>, ours: &[Ours]) -> Undo {
    let now = current.unwrap_or_default();
    let Some(newest) = ours.iter().find(|write| write.state.is_live()) else { return Undo::Done };
    let former = newest.former.clone().unwrap_or_default();
    if now == former {
        return Undo::Done;
    }
    match standing(now, ours) {
        Standing::Ours(_) => Undo::Restore(former),
        Standing::Theirs | Standing::Nothing => Undo::Leave,
    }
}

/// Whether what stands there is what was written last, or was begun to be written after that.
pub fn is_ours(current: &str, ours: &[Ours]) -> bool {
    matches!(standing(current, ours), Standing::Ours(_))
}

/// Whether this is a write of ours whose answer was lost although HubSpot has it.
pub fn stands(current: Option<&str>, write: &Ours) -> bool {
    write.state == State::Intended && write.value == current.unwrap_or_default()
}

/// Whose doing it was that a property got a value; `by_hand` when HubSpot says that a person did it. Our own changes
/// come back late and in any order, so everything that was ever written counts.
pub fn origin(value: &str, by_hand: bool, ours: &[Ours]) -> Origin {
    let written = |write: &&Ours| write.state != State::Skipped;
    let restored = |write: &Ours| {
        matches!(write.state, State::Undoing | State::Undone)
            && write.former.as_deref().unwrap_or_default() == value
    };
    if !by_hand && ours.iter().filter(written).any(|write| write.value == value || restored(write)) {
        return Origin::Ours;
    }
    if ours.iter().any(|write| write.state.is_live()) { Origin::Somebody } else { Origin::Unrelated }
}

enum Standing {
    /// What stands there is ours; before us there was this.
    Ours(Option<String>),
    /// We wrote, and now there is something else.
    Theirs,
    /// Nothing of ours has been there.
    Nothing,
}

/// The last write that HubSpot confirmed may stand there, or any that was begun after it.
fn standing(now: &str, ours: &[Ours]) -> Standing {
    let mut live = ours.iter().filter(|write| write.state.is_live()).peekable();
    if live.peek().is_some_and(|newest| newest.state == State::Overruled) {
        return Standing::Theirs;
    }
    for write in live {
        if write.value == now {
            return Standing::Ours(write.former.clone());
        }
        if write.state != State::Intended {
            return Standing::Theirs;
        }
    }
    Standing::Nothing
}

#[cfg(test)]
mod tests;
