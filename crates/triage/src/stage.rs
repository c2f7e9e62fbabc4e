//! What to do next with a ticket: fetch its text, ask a model, ask again, try the next one, wait, or give up.
//!
//! A worker keeps a [`Run`] while it holds a ticket, calls [`next`], performs the step, notes the outcome in the run
//! and calls again until the step ends the run.

mod machine;
mod words;

use std::time::Duration;

use crate::ticket::wire_enum;
use crate::time::Timestamp;

pub use machine::{Machine, MachineId, Who};

wire_enum! {
    /// Whether ticket text may leave for a cloud model when the local one cannot be used.
    CloudFallback {
        /// Never: tickets wait for the local model.
        Off = "off",
        /// Yes, after personal data has been removed.
        Redacted = "redacted",
        /// Yes, as it is.
        Full = "full",
    }
}

/// Whether a provider can be asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    Ready,
    /// Not now: known to be broken, or asked to be left alone.
    Unavailable {
        /// When it is worth looking again.
        until: Timestamp,
        /// Why not, for people.
        why: String,
    },
    /// It is not set up at all.
    NotConfigured,
}

/// What the routing looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The models on the team's machines, in an order that stays; none when no machine is set up.
    pub local: Vec<Machine>,
    /// Groq.
    pub groq: Availability,
    /// Whether text may go to Groq.
    pub cloud: CloudFallback,
}

/// How a provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For the first time.
    First,
    /// Again, showing it what was wrong with its answer.
    Repair,
    /// Again, with half the text, because it said that the prompt is too long.
    Halved,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a verdict that stands.
    Verdict,
    /// With an answer that breaks the rules.
    BadAnswer,
    /// With the news that the prompt is too long.
    TooLong,
    /// The provider refuses this very request; asking again would not help.
    Refused {
        /// What it said, for people.
        why: String,
    },
    /// The provider could not be used.
    Down {
        /// What happened, for people.
        why: String,
    },
    /// The provider has too much to do.
    Busy {
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
}

/// One call of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Who was asked.
    pub who: Who,
    /// How.
    pub form: Form,
    /// With what outcome.
    pub outcome: Outcome,
}

/// What is known of the ticket's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is here.
    Present,
    /// The webhook carried none, and HubSpot has not been asked yet.
    NotFetched,
    /// The webhook carried none, and there is no access token to ask HubSpot with.
    NoAccess,
    /// HubSpot has no such ticket any more.
    Gone,
    /// HubSpot could not be asked.
    FetchFailed {
        /// What happened, for people.
        why: String,
        /// Waiting will not help: the token is refused.
        refused: bool,
        /// When HubSpot wants to be asked again.
        retry_after: Option<Duration>,
    },
}

/// A worker's memory of one ticket while it holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The text's whereabouts.
    pub source: Source,
    /// The calls so far, in order.
    pub tries: Vec<Try>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Get the text from HubSpot.
    FetchText,
    /// Ask a model.
    Ask {
        /// Whom.
        who: Who,
        /// How.
        form: Form,
        /// Why the text may go to the cloud; `None` for the local model.
        why_cloud: Option<String>,
    },
    /// The last answer is the verdict.
    Finish,
    /// Nobody can be asked now; this is no failure of the ticket.
    Wait {
        /// When to look again, unless something is reported sooner.
        until: Timestamp,
        /// What is being waited for, for people.
        why: String,
    },
    /// It failed; try again after the next delay of the schedule.
    Retry {
        /// What happened, for people.
        why: String,
        /// When the service wants to be asked again.
        retry_after: Option<Duration>,
        /// The fault lies with the ticket, not with a service: a few attempts are enough.
        about_ticket: bool,
    },
    /// It cannot be triaged until a person does something.
    GiveUp {
        /// Why.
        why: String,
        /// What to do about it.
        what_to_do: String,
    },
    /// The ticket was deleted in HubSpot.
    Gone,
}

/// Attempts after which a ticket that no model answers sensibly is given to a person.
pub const ATTEMPTS_ABOUT_TICKET: u32 = 3;

/// How long a ticket waits before it looks again when nobody says when.
pub const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The next step of a run.
pub fn next(run: &Run, world: &World, now: Timestamp) -> Step {
    match &run.source {
        Source::NotFetched => Step::FetchText,
        Source::Gone => Step::Gone,
        Source::NoAccess => Step::GiveUp {
            why: "The webhook carried no text, and there is no access to HubSpot to read it.".to_owned(),
            what_to_do: "Set HUBSPOT_ACCESS_TOKEN (a service key with the scope tickets), then run `orchestrator triage retry`."
                .to_owned(),
        },
        Source::FetchFailed { why, refused: true, .. } => Step::GiveUp {
            why: why.clone(),
            what_to_do: "Check HUBSPOT_ACCESS_TOKEN and its scopes, then run `orchestrator triage retry`.".to_owned(),
        },
        Source::FetchFailed { why, refused: false, retry_after } => {
            Step::Retry { why: why.clone(), retry_after: *retry_after, about_ticket: false }
        }
        Source::Present => ask(run, world, now),
    }
}

fn ask(run: &Run, world: &World, now: Timestamp) -> Step {
    if run.tries.last().is_some_and(|last| last.outcome == Outcome::Verdict) {
        return Step::Finish;
    }
    if let Some((machine, form)) = machine_for(run, world) {
        return Step::Ask { who: Who::Local(machine.id.clone()), form, why_cloud: None };
    }
    if world.cloud != CloudFallback::Off
        && let Some(form) = form_for(run, &Who::Groq, &world.groq)
    {
        return Step::Ask { who: Who::Groq, form, why_cloud: Some(words::why_cloud(run, world)) };
    }
    if run.tries.is_empty() { wait(world, now) } else { failed(run, world) }
}

/// The machine to ask now, and how: the one whose answer has to be mended, else the least busy of those that have not
/// failed in this run. Of equals the first.
fn machine_for<'a>(run: &Run, world: &'a World) -> Option<(&'a Machine, Form)> {
    let candidates = world.local.iter().filter_map(|machine| {
        let form = form_for(run, &Who::Local(machine.id.clone()), &machine.availability)?;
        Some((machine, form))
    });
    candidates.min_by_key(|(machine, form)| (*form == Form::First, machine.busy_permille))
}

/// How `who` should be asked now; `None` when it is not available or has had its chances.
fn form_for(run: &Run, who: &Who, availability: &Availability) -> Option<Form> {
    if *availability != Availability::Ready {
        return None;
    }
    let mut tries = run.tries.iter().filter(|t| t.who == *who);
    let Some(last) = tries.next_back() else { return Some(Form::First) };
    let was = |form: Form| run.tries.iter().any(|t| t.who == *who && t.form == form);
    match last.outcome {
        Outcome::BadAnswer if !was(Form::Repair) => Some(Form::Repair),
        Outcome::TooLong if !was(Form::Halved) => Some(Form::Halved),
        Outcome::BadAnswer
        | Outcome::TooLong
        | Outcome::Verdict
        | Outcome::Refused { .. }
        | Outcome::Down { .. }
        | Outcome::Busy { .. } => None,
    }
}

fn wait(world: &World, now: Timestamp) -> Step {
    let machines = world.local.iter().map(|machine| &machine.availability);
    let groq = Some(&world.groq).filter(|_| world.cloud != CloudFallback::Off);
    let back = machines.chain(groq).filter_map(|availability| match availability {
        Availability::Unavailable { until, .. } => Some(*until),
        Availability::Ready | Availability::NotConfigured => None,
    });
    let until = back.fold(now.plus(LOOK_AGAIN), Timestamp::min);
    Step::Wait { until: until.max(now.plus(Duration::from_secs(1))), why: words::why_wait(world) }
}

fn failed(run: &Run, world: &World) -> Step {
    let untried = |who: &Who, availability: &Availability| {
        matches!(availability, Availability::Unavailable { .. }) && run.tries.iter().all(|t| t.who != *who)
    };
    // Somebody who could not be asked might have understood it.
    let cloud_untried = world.cloud != CloudFallback::Off && untried(&Who::Groq, &world.groq);
    let machine_untried = world.local.iter().any(|m| untried(&Who::Local(m.id.clone()), &m.availability));
    let about_ticket = !cloud_untried
        && !machine_untried
        && run
            .tries
            .iter()
            .all(|t| matches!(t.outcome, Outcome::BadAnswer | Outcome::TooLong | Outcome::Refused { .. }));
    let retry_after = run.tries.iter().filter_map(|t| match &t.outcome {
        Outcome::Busy { retry_after } => *retry_after,
        Outcome::Verdict
        | Outcome::BadAnswer
        | Outcome::TooLong
        | Outcome::Refused { .. }
        | Outcome::Down { .. } => None,
    });
    Step::Retry { why: words::why_failed(run, world), retry_after: retry_after.min(), about_ticket }
}

#[cfg(test)]
mod tests;
