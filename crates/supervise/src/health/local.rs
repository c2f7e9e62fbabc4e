//! The layers of Ollama itself.

use semver::Version;

use crate::Kind;
use crate::install::{self, Platform};
use crate::program::{Readiness, State, Then};

use super::facts::{Binding, Fact, Models};
use super::reading::{Call, CallError, Reading, read};
use super::{Finding, Layer};

/// The first version without the hole through which anybody who reaches Ollama reads its memory (CVE-2026-7482).
const FIRST_SAFE: Version = Version::new(0, 17, 1);

/// Whether the process of `kind` runs.
pub(super) fn process(kind: Kind, state: &State, platform: Platform) -> Finding {
    match state {
        State::NotInstalled { .. } => Finding::fail(
            format!("{kind} is not installed."),
            format!("Install it: {}.", install::command(kind, platform)),
        ),
        State::Stopped => Finding::fail(format!("{kind} is stopped."), format!("Start {kind}.")),
        State::Looking { .. } | State::Starting { .. } => Finding::unknown(format!("{kind} is starting.")),
        State::Adopted { gone_since: None } => {
            Finding::ok(format!("{kind} is running, started by something else."))
        }
        State::Adopted { gone_since: Some(_) } => Finding::fail(
            format!("{kind} was run by something else and is gone."),
            "It is started here shortly, if nothing else starts it.",
        ),
        State::Running { readiness: Readiness::Ready { .. } | Readiness::Unready { .. }, .. } => {
            Finding::ok(format!("{kind} is running."))
        }
        State::BackingOff { why, .. } => Finding::fail(why.clone(), "It is started again shortly."),
        State::Stopping { then: Then::Restart { .. }, .. } => {
            Finding::unknown(format!("{kind} is being started again."))
        }
        State::Stopping { then: Then::Stop | Then::Quit, .. } | State::Ended => {
            Finding::fail(format!("{kind} is being stopped."), format!("Start {kind}."))
        }
        State::NotSetUp { reason } | State::GaveUp { reason } => {
            Finding::fail(reason.why.clone(), reason.what_to_do.clone())
        }
    }
}

/// Whether Ollama answers.
pub(super) fn api(fact: &Fact<Call>) -> Finding {
    let Fact::Known { answer, latency } = fact else {
        return Finding::unknown("Ollama has not been asked so far.");
    };
    let finding = match read(answer) {
        Reading::Ollama { version } => Finding::ok(format!("Ollama {version} answers.")),
        Reading::Nobody(CallError::TimedOut) => {
            Finding::fail("Ollama runs, but does not answer in time.", "Restart Ollama.")
        }
        Reading::Nobody(CallError::NoSuchName | CallError::Unreachable | CallError::BadCertificate) => {
            Finding::fail("Ollama runs, but cannot be reached at its address.", "Restart Ollama.")
        }
        Reading::HostRefused
        | Reading::SomethingElse
        | Reading::LoginAsked
        | Reading::NoPolicy
        | Reading::Firewall
        | Reading::RateLimited
        | Reading::TunnelGone
        | Reading::OriginDown
        | Reading::TooSlow
        | Reading::NoRule
        | Reading::Unexpected(_) => Finding::fail(
            "Something that is not Ollama answers at Ollama's address.",
            "End the other program, or correct Ollama's address in the settings.",
        ),
    };
    finding.took(*latency)
}

/// Whether the wanted model is there.
pub(super) fn model(fact: &Fact<Models>, wanted: &str) -> Finding {
    let Fact::Known { answer, latency } = fact else {
        return Finding::unknown("The models have not been listed so far.");
    };
    let wanted = tagged(wanted);
    let has = |names: &[String]| names.iter().any(|name| tagged(name) == wanted);
    if has(&answer.loaded) {
        return Finding::ok(format!("{wanted} is loaded.")).took(*latency);
    }
    if has(&answer.installed) {
        return Finding::ok(format!("{wanted} is installed. It is loaded with the first ticket."))
            .took(*latency);
    }
    match answer.pull {
        Some(pull) if pull.total_bytes > 0 => {
            let percent = u128::from(pull.done_bytes) * 100 / u128::from(pull.total_bytes);
            Finding::unknown(format!("{wanted} is being downloaded, {} %.", percent.min(100)))
        }
        Some(_) => Finding::unknown(format!("{wanted} is being downloaded.")),
        None => Finding::fail(
            format!("The model {wanted} is not installed."),
            format!("Download it in Setup, or with: triage-agent pull {wanted}."),
        ),
    }
    .took(*latency)
}

/// Whether only this machine reaches Ollama, and nothing known is wrong with it.
pub(super) fn private(binding: Binding, api: &Fact<Call>) -> Finding {
    match binding {
        Binding::Beyond => {
            return Finding::fail(
                "Other machines on this network can use Ollama, without any password.",
                "Set OLLAMA_HOST to 127.0.0.1:11434 and restart Ollama.",
            );
        }
        Binding::Loopback | Binding::NotKnown => {}
    }
    let Some(version) = version(api) else { return Finding::because(Layer::OllamaApi) };
    // 0.0.0 is what a build from source says.
    let known = Version::parse(&version).ok().filter(|version| *version != Version::new(0, 0, 0));
    match (known, binding) {
        (Some(known), _) if known < FIRST_SAFE => Finding::warn(
            format!("Ollama {version} has known security holes."),
            format!("Update Ollama to {FIRST_SAFE} or later."),
        ),
        (None, _) => Finding::unknown(format!("Whether Ollama {version} has known holes cannot be told.")),
        (Some(_), Binding::NotKnown | Binding::Beyond) => {
            Finding::unknown("Whether other machines can reach Ollama could not be found out.")
        }
        (Some(_), Binding::Loopback) => Finding::ok("Only this machine can reach Ollama directly."),
    }
}

fn version(api: &Fact<Call>) -> Option<String> {
    let Fact::Known { answer, .. } = api else { return None };
    if let Reading::Ollama { version } = read(answer) { Some(version) } else { None }
}

/// A name without a tag means `:latest`; Ollama's own lists always carry one.
fn tagged(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}
