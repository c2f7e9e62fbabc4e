//! All layers in one word and one sentence: the hop, and what it means for tickets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Health, Layer, LayerState};

/// The state of everything, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// Everything is as it should be.
    Healthy,
    /// Tickets are triaged here, and something needs a look.
    Degraded,
    /// No ticket is triaged here.
    Down,
    /// Not everything is known so far.
    Starting,
    /// The person wants no ticket triaged here.
    Paused,
}

impl fmt::Display for Overall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Healthy => "Healthy",
            Self::Degraded => "Degraded",
            Self::Down => "Down",
            Self::Starting => "Starting",
            Self::Paused => "Paused",
        })
    }
}

/// What becomes of tickets that are not triaged here, as far as the orchestrator said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Elsewhere {
    /// Another machine takes them.
    AnotherDevice,
    /// They go to Groq.
    Groq,
    /// They wait.
    Wait,
    /// It has not said.
    NotKnown,
}

/// The roll-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// One word.
    pub overall: Overall,
    /// One or two sentences.
    pub sentence: String,
    /// The hop they are about.
    pub layer: Option<Layer>,
}

/// Rolls the layers up. An exposed address is said before anything else.
pub fn overall(layers: &[LayerState], paused: bool, elsewhere: Elsewhere) -> Summary {
    let first = |of: &dyn Fn(&LayerState) -> bool| layers.iter().find(|state| of(state));
    let exposed = first(&|state| state.layer == Layer::AccessClosed && state.health == Health::Fail);
    let broken = first(&|state| state.layer.carries_tickets() && state.health == Health::Fail);
    // The orchestrator may not try the model before a ticket comes; that is not for us to wait for.
    let pending = first(&|state| {
        state.layer.carries_tickets()
            && state.layer != Layer::OrchestratorView
            && state.health == Health::Unknown
            && state.because.is_none()
    });
    let flawed = first(&|state| matches!(state.health, Health::Fail | Health::Warn));
    let word = match (paused, broken, pending, flawed) {
        (true, _, _, _) => Overall::Paused,
        (false, Some(_), _, _) => Overall::Down,
        (false, None, Some(_), _) => Overall::Starting,
        (false, None, None, Some(_)) => Overall::Degraded,
        (false, None, None, None) if layers.is_empty() => Overall::Starting,
        (false, None, None, None) => Overall::Healthy,
    };
    if let Some(exposed) = exposed {
        return summary(word, exposed.sentence.clone(), Some(exposed.layer));
    }
    match word {
        Overall::Paused => {
            summary(word, format!("Triage on this machine is paused.{}", elsewhere.sentence()), None)
        }
        Overall::Down => about(word, broken, elsewhere.sentence()),
        Overall::Starting => about(word, pending, ""),
        Overall::Degraded => about(word, flawed, ""),
        Overall::Healthy => {
            let is_used =
                first(&|state| state.layer == Layer::OrchestratorView && state.health == Health::Ok);
            let sentence = is_used
                .map_or("This machine is ready for tickets.", |_| "Tickets are triaged on this machine.");
            summary(word, sentence.to_owned(), None)
        }
    }
}

impl Elsewhere {
    const fn sentence(self) -> &'static str {
        match self {
            Self::AnotherDevice => " New tickets go to another machine.",
            Self::Groq => " New tickets go to Groq.",
            Self::Wait => " New tickets wait.",
            Self::NotKnown => " No ticket is triaged here.",
        }
    }
}

fn about(overall: Overall, state: Option<&LayerState>, consequence: &str) -> Summary {
    let sentence = state.map_or("Nothing has been checked so far.", |state| &state.sentence);
    summary(overall, format!("{sentence}{consequence}"), state.map(|state| state.layer))
}

fn summary(overall: Overall, sentence: String, layer: Option<Layer>) -> Summary {
    Summary { overall, sentence, layer }
}

#[cfg(test)]
mod tests;
