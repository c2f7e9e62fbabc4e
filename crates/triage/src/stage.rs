//! What to do next with a ticket: fetch its text, ask a model, ask again, try the next one, wait, or give up.
//!
//! A worker keeps a [`Run`] while it holds a ticket, calls [`next`], performs the step, notes the outcome in the run
//! and calls again until the step ends the run.

use std::time::Duration;

use crate::ticket::{Provider, wire_enum};
use crate::time::Timestamp;

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
    /// The model on the team's machine.
    pub local: Availability,
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
    pub provider: Provider,
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
        provider: Provider,
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
    let local = form_for(run, Provider::Local, &world.local);
    if let Some(form) = local {
        return Step::Ask { provider: Provider::Local, form, why_cloud: None };
    }
    if world.cloud != CloudFallback::Off
        && let Some(form) = form_for(run, Provider::Groq, &world.groq)
    {
        return Step::Ask { provider: Provider::Groq, form, why_cloud: Some(why_cloud(run, world)) };
    }
    if run.tries.is_empty() { wait(world, now) } else { failed(run, world) }
}

/// How `provider` should be asked now; `None` when it is not available or has had its chances.
fn form_for(run: &Run, provider: Provider, availability: &Availability) -> Option<Form> {
    if *availability != Availability::Ready {
        return None;
    }
    let mut tries = run.tries.iter().filter(|t| t.provider == provider);
    let Some(last) = tries.next_back() else { return Some(Form::First) };
    let was = |form: Form| run.tries.iter().any(|t| t.provider == provider && t.form == form);
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

fn why_cloud(run: &Run, world: &World) -> String {
    let last_local = run.tries.iter().rev().find(|t| t.provider == Provider::Local);
    let why = match (&world.local, last_local.map(|t| &t.outcome)) {
        (_, Some(Outcome::BadAnswer)) => "the local model's answers broke the rules".to_owned(),
        (_, Some(Outcome::TooLong)) => "the ticket is too long for the local model".to_owned(),
        (_, Some(Outcome::Refused { why } | Outcome::Down { why })) => {
            format!("the local model could not be used: {why}")
        }
        (_, Some(Outcome::Busy { .. })) => "the local model is busy".to_owned(),
        (Availability::Unavailable { why, .. }, _) => {
            format!("the local model is known to be unavailable: {why}")
        }
        (Availability::NotConfigured, _) => "no local model is configured".to_owned(),
        (Availability::Ready, Some(Outcome::Verdict) | None) => "the local model gave no answer".to_owned(),
    };
    format!("CLOUD_FALLBACK={}; {why}", world.cloud)
}

fn wait(world: &World, now: Timestamp) -> Step {
    let look_again = now.plus(LOOK_AGAIN);
    let mut until = look_again;
    let mut reasons = Vec::new();
    let cloud_allowed = world.cloud != CloudFallback::Off;
    for (name, availability, allowed) in
        [("local model", &world.local, true), ("Groq", &world.groq, cloud_allowed)]
    {
        match availability {
            _ if !allowed => reasons.push(format!("{name}: not allowed (CLOUD_FALLBACK=off)")),
            Availability::Unavailable { until: its, why } => {
                until = until.min(*its);
                reasons.push(format!("{name}: {why}"));
            }
            Availability::NotConfigured => reasons.push(format!("{name}: not configured")),
            Availability::Ready => {}
        }
    }
    Step::Wait { until: until.max(now.plus(Duration::from_secs(1))), why: reasons.join("; ") }
}

fn failed(run: &Run, world: &World) -> Step {
    let untried = |provider, availability: &Availability| {
        matches!(availability, Availability::Unavailable { .. })
            && run.tries.iter().all(|t| t.provider != provider)
    };
    // Somebody who could not be asked might have understood it.
    let cloud_untried = world.cloud != CloudFallback::Off && untried(Provider::Groq, &world.groq);
    let all_asked = !cloud_untried && !untried(Provider::Local, &world.local);
    let about_ticket = all_asked
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
    let whys: Vec<String> =
        run.tries.iter().map(|t| format!("{}: {}", t.provider, describe(&t.outcome))).collect();
    Step::Retry { why: whys.join("; "), retry_after: retry_after.min(), about_ticket }
}

fn describe(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Verdict => "answered",
        Outcome::BadAnswer => "the answer broke the rules",
        Outcome::TooLong => "the prompt is too long for the model",
        Outcome::Refused { why } | Outcome::Down { why } => why,
        Outcome::Busy { .. } => "busy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn the_local_model_is_asked_first() {
        assert_eq!(
            next(&present(&[]), &world(Availability::Ready, CloudFallback::Full), NOW),
            ask_local(Form::First)
        );
    }

    #[test]
    fn a_known_down_local_model_costs_no_call() {
        let Step::Ask { provider, form, why_cloud } =
            next(&present(&[]), &world(down(), CloudFallback::Redacted), NOW)
        else {
            panic!("asks nobody")
        };
        assert_eq!((provider, form), (Provider::Groq, Form::First));
        assert_eq!(
            why_cloud.unwrap(),
            "CLOUD_FALLBACK=redacted; the local model is known to be unavailable: tunnel down"
        );
    }

    #[test]
    fn a_bad_answer_is_repaired_once_and_then_the_next_provider_is_asked() {
        let world = world(Availability::Ready, CloudFallback::Redacted);
        let mut run = present(&[(Provider::Local, Form::First, Outcome::BadAnswer)]);
        assert_eq!(next(&run, &world, NOW), ask_local(Form::Repair));
        run.tries.push(tried(Provider::Local, Form::Repair, Outcome::BadAnswer));
        assert!(matches!(
            next(&run, &world, NOW),
            Step::Ask { provider: Provider::Groq, form: Form::First, .. }
        ));
        run.tries.push(tried(Provider::Groq, Form::First, Outcome::BadAnswer));
        assert!(matches!(
            next(&run, &world, NOW),
            Step::Ask { provider: Provider::Groq, form: Form::Repair, .. }
        ));
        run.tries.push(tried(Provider::Groq, Form::Repair, Outcome::BadAnswer));
        assert!(matches!(next(&run, &world, NOW), Step::Retry { about_ticket: true, .. }));
    }

    #[test]
    fn a_prompt_that_is_too_long_is_halved_once() {
        let world = world(Availability::Ready, CloudFallback::Off);
        let mut run = present(&[(Provider::Local, Form::First, Outcome::TooLong)]);
        assert_eq!(next(&run, &world, NOW), ask_local(Form::Halved));
        run.tries.push(tried(Provider::Local, Form::Halved, Outcome::TooLong));
        assert!(matches!(next(&run, &world, NOW), Step::Retry { about_ticket: true, .. }));
    }

    #[test]
    fn with_the_cloud_off_a_down_local_model_means_waiting() {
        let step = next(&present(&[]), &world(down(), CloudFallback::Off), NOW);
        let Step::Wait { until, why } = step else { panic!("{step:?}") };
        assert_eq!(until, NOW.plus(Duration::from_secs(5)));
        assert_eq!(why, "local model: tunnel down; Groq: not allowed (CLOUD_FALLBACK=off)");
    }

    #[test]
    fn text_never_goes_to_the_cloud_when_that_is_off() {
        for outcome in [
            Outcome::BadAnswer,
            Outcome::TooLong,
            Outcome::Down { why: "x".into() },
            Outcome::Busy { retry_after: None },
        ] {
            for form in [Form::First, Form::Repair, Form::Halved] {
                let run = present(&[(Provider::Local, form, outcome.clone())]);
                for local in [Availability::Ready, down(), Availability::NotConfigured] {
                    let step = next(&run, &world(local, CloudFallback::Off), NOW);
                    assert!(!matches!(step, Step::Ask { provider: Provider::Groq, .. }), "{step:?}");
                }
            }
        }
    }

    #[test]
    fn failures_of_services_are_retried_with_the_wait_they_asked_for() {
        let run = present(&[
            (Provider::Local, Form::First, Outcome::Down { why: "timed out".into() }),
            (Provider::Groq, Form::First, Outcome::Busy { retry_after: Some(Duration::from_secs(42)) }),
        ]);
        let step = next(&run, &world(Availability::Ready, CloudFallback::Full), NOW);
        assert_eq!(
            step,
            Step::Retry {
                why: "local: timed out; groq: busy".into(),
                retry_after: Some(Duration::from_secs(42)),
                about_ticket: false
            }
        );
    }

    #[test]
    fn a_ticket_is_not_blamed_while_the_other_model_is_merely_down() {
        let run = present(&[
            (Provider::Groq, Form::First, Outcome::BadAnswer),
            (Provider::Groq, Form::Repair, Outcome::BadAnswer),
        ]);
        let step = next(&run, &world(down(), CloudFallback::Full), NOW);
        assert!(matches!(step, Step::Retry { about_ticket: false, .. }), "{step:?}");
    }

    #[test]
    fn a_run_ends_with_its_verdict_or_with_the_ticket() {
        let world = world(Availability::Ready, CloudFallback::Full);
        let run = present(&[(Provider::Local, Form::First, Outcome::Verdict)]);
        assert_eq!(next(&run, &world, NOW), Step::Finish);
        for (source, expected) in [(Source::NotFetched, Step::FetchText), (Source::Gone, Step::Gone)] {
            assert_eq!(next(&Run { source, tries: vec![] }, &world, NOW), expected);
        }
        assert!(matches!(
            next(&Run { source: Source::NoAccess, tries: vec![] }, &world, NOW),
            Step::GiveUp { .. }
        ));
    }

    fn present(tries: &[(Provider, Form, Outcome)]) -> Run {
        Run {
            source: Source::Present,
            tries: tries.iter().map(|(p, f, o)| tried(*p, *f, o.clone())).collect(),
        }
    }

    fn tried(provider: Provider, form: Form, outcome: Outcome) -> Try {
        Try { provider, form, outcome }
    }

    fn ask_local(form: Form) -> Step {
        Step::Ask { provider: Provider::Local, form, why_cloud: None }
    }

    fn world(local: Availability, cloud: CloudFallback) -> World {
        World { local, groq: Availability::Ready, cloud }
    }

    fn down() -> Availability {
        Availability::Unavailable { until: NOW.plus(Duration::from_secs(5)), why: "tunnel down".into() }
    }
}
