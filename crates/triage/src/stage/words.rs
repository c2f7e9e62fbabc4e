//! Why a ticket goes where it goes, for people: with one machine it is "the local model", of several each has its name.

use super::{Availability, CloudFallback, Machine, Outcome, Run, Try, Who, World};

/// Why the text may go to the cloud.
pub(super) fn why_cloud(run: &Run, world: &World) -> String {
    let why = match world.local.as_slice() {
        [] => "no local model is configured".to_owned(),
        [machine] => one(machine, last_try(run, machine)),
        machines => {
            let each: Vec<_> =
                machines.iter().map(|m| format!("{}: {}", m.name, short(m, last_try(run, m)))).collect();
            format!("no machine can be used: {}", each.join("; "))
        }
    };
    format!("CLOUD_FALLBACK={}; {why}", world.cloud)
}

/// What is being waited for.
pub(super) fn why_wait(world: &World) -> String {
    let mut reasons = Vec::new();
    if world.local.is_empty() {
        reasons.push("local model: not configured".to_owned());
    }
    for machine in &world.local {
        let name = if world.local.len() == 1 { "local model" } else { &machine.name };
        reasons.extend(unavailable(name, &machine.availability));
    }
    if world.cloud == CloudFallback::Off {
        reasons.push("Groq: not allowed (CLOUD_FALLBACK=off)".to_owned());
    } else {
        reasons.extend(unavailable("Groq", &world.groq));
    }
    reasons.join("; ")
}

/// What happened to each that was asked.
pub(super) fn why_failed(run: &Run, world: &World) -> String {
    let whys: Vec<String> =
        run.tries.iter().map(|t| format!("{}: {}", name(&t.who, world), describe(&t.outcome))).collect();
    whys.join("; ")
}

fn last_try<'a>(run: &'a Run, machine: &Machine) -> Option<&'a Try> {
    run.tries.iter().rev().find(|t| matches!(&t.who, Who::Local(id) if *id == machine.id))
}

fn one(machine: &Machine, last: Option<&Try>) -> String {
    match (&machine.availability, last.map(|t| &t.outcome)) {
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
    }
}

fn short(machine: &Machine, last: Option<&Try>) -> String {
    match (&machine.availability, last.map(|t| &t.outcome)) {
        (_, Some(Outcome::BadAnswer)) => "its answers broke the rules".to_owned(),
        (_, Some(Outcome::TooLong)) => "the ticket is too long for it".to_owned(),
        (_, Some(Outcome::Refused { why } | Outcome::Down { why })) => why.clone(),
        (_, Some(Outcome::Busy { .. })) => "busy".to_owned(),
        (Availability::Unavailable { why, .. }, _) => why.clone(),
        (Availability::NotConfigured, _) => "not configured".to_owned(),
        (Availability::Ready, Some(Outcome::Verdict) | None) => "it gave no answer".to_owned(),
    }
}

fn unavailable(name: &str, availability: &Availability) -> Option<String> {
    match availability {
        Availability::Unavailable { why, .. } => Some(format!("{name}: {why}")),
        Availability::NotConfigured => Some(format!("{name}: not configured")),
        Availability::Ready => None,
    }
}

fn name<'a>(who: &'a Who, world: &'a World) -> &'a str {
    match who {
        Who::Groq => "groq",
        Who::Local(_) if world.local.len() < 2 => "local",
        Who::Local(id) => world.local.iter().find(|m| m.id == *id).map_or("local", |m| m.name.as_str()),
    }
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
