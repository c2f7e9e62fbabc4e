//! What of all that is known is trouble that a person is told of, and what is none. PURE.

use alerts::notice::Trouble;
use alerts::rule::Event;
use supervise::Kind;
use supervise::health::facts::Fact;
use supervise::health::overall::Overall;
use supervise::health::{Health, Layer};
use supervise::program::State;

use super::Model;

/// The subject under which trouble with the way of tickets is told.
const TUNNEL: &str = "tunnel";

pub(super) fn of(model: &Model) -> Vec<Event> {
    let programs = [Kind::Ollama, Kind::Cloudflared].into_iter().filter_map(|kind| given_up(model, kind));
    way(model).into_iter().chain(lock(model)).chain(programs).collect()
}

/// The way of tickets through this machine.
fn way(model: &Model) -> Option<Event> {
    let (trouble, subject) = (Trouble::TunnelDown, TUNNEL.to_owned());
    if !has_tunnel(model) {
        return Some(Event::Moot { trouble, subject });
    }
    match model.summary.overall {
        Overall::Down => Some(Event::Bad { trouble, subject, body: advice(model) }),
        Overall::Healthy | Overall::Degraded => Some(Event::Good { trouble, subject }),
        Overall::Starting | Overall::Paused => None,
    }
}

/// Whether somebody has set a tunnel up: what never was there is not down.
fn has_tunnel(model: &Model) -> bool {
    match model.program(Kind::Cloudflared) {
        State::NotSetUp { .. } => false,
        State::NotInstalled { .. } => model.facts.public != Fact::NotSetUp,
        State::Stopped
        | State::Looking { .. }
        | State::Adopted { .. }
        | State::Starting { .. }
        | State::Running { .. }
        | State::BackingOff { .. }
        | State::Stopping { .. }
        | State::GaveUp { .. }
        | State::Ended => true,
    }
}

/// The lock on the public address.
fn lock(model: &Model) -> Option<Event> {
    let (trouble, subject) = (Trouble::Exposed, TUNNEL.to_owned());
    let state = model.chain.layer(Layer::AccessClosed)?;
    match state.health {
        Health::Fail => {
            let body = with_fix(&state.sentence, state.fix.as_deref());
            Some(Event::Bad { trouble, subject, body })
        }
        Health::Ok => Some(Event::Good { trouble, subject }),
        Health::Warn | Health::Unknown => None,
    }
}

fn given_up(model: &Model, kind: Kind) -> Option<Event> {
    let (trouble, subject) = (Trouble::GaveUp, kind.to_string());
    match model.program(kind) {
        State::GaveUp { reason } => {
            let body = with_fix(&reason.why, Some(&reason.what_to_do));
            Some(Event::Bad { trouble, subject, body })
        }
        State::Running { .. } | State::Adopted { .. } => Some(Event::Good { trouble, subject }),
        State::NotSetUp { .. } => Some(Event::Moot { trouble, subject }),
        State::NotInstalled { .. }
        | State::Stopped
        | State::Looking { .. }
        | State::Starting { .. }
        | State::BackingOff { .. }
        | State::Stopping { .. }
        | State::Ended => None,
    }
}

fn advice(model: &Model) -> String {
    let state = model.summary.layer.and_then(|layer| model.chain.layer(layer));
    with_fix(&model.summary.sentence, state.and_then(|state| state.fix.as_deref()))
}

fn with_fix(sentence: &str, fix: Option<&str>) -> String {
    fix.map_or_else(|| sentence.to_owned(), |fix| format!("{sentence} {fix}"))
}
