//! All layers together, each judged only when those before it work.

use crate::{Kind, Moment};

use super::facts::{Fact, Facts};
use super::local;
use super::{Finding, Health, Layer, LayerState, far, tunnel};

/// The layers as they were last judged, in the order of [`Layer::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    layers: Vec<LayerState>,
    few_since: Option<Moment>,
}

impl Chain {
    /// The layers in the order of [`Layer::ALL`]; empty before the first judgement.
    pub fn layers(&self) -> &[LayerState] {
        &self.layers
    }

    /// One layer.
    pub fn layer(&self, layer: Layer) -> Option<&LayerState> {
        self.layers.iter().find(|state| state.layer == layer)
    }

    /// Anybody on the internet can reach the model: a call without the token was answered.
    pub fn is_exposed(&self) -> bool {
        self.layer(Layer::AccessClosed).is_some_and(|state| state.health == Health::Fail)
    }

    /// Judges every layer by what is known `now`. A layer whose health stays keeps its `since`.
    pub fn assess(&self, facts: &Facts, now: Moment) -> Self {
        let few_since = match tunnel::ready_connections(&facts.ready) {
            Some(1..=3) => Some(self.few_since.unwrap_or(now)),
            Some(_) | None => None,
        };
        let findings = judge(facts, few_since, now);
        let layers = findings.into_iter().map(|(layer, finding)| self.settle(layer, finding, now)).collect();
        Self { layers, few_since }
    }

    fn settle(&self, layer: Layer, finding: Finding, now: Moment) -> LayerState {
        let same = self.layer(layer).filter(|before| before.health == finding.health);
        LayerState {
            layer,
            health: finding.health,
            sentence: finding.sentence,
            fix: finding.fix,
            because: finding.because,
            since: same.map_or(now, |before| before.since),
            latency_ms: finding.latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

fn judge(facts: &Facts, few_since: Option<Moment>, now: Moment) -> [(Layer, Finding); 10] {
    let ollama = local::process(Kind::Ollama, &facts.ollama, facts.platform);
    let api = behind(ollama.blocker(Layer::OllamaProcess), || local::api(&facts.ollama_api));
    let ollama_blocker = api.blocker(Layer::OllamaApi);
    let model = behind(ollama_blocker, || local::model(&facts.models, &facts.wanted_model));
    let private = behind(ollama_blocker, || local::private(facts.binding, &facts.ollama_api));
    let cloudflared = local::process(Kind::Cloudflared, &facts.cloudflared, facts.platform);
    let started = facts.cloudflared.alive().map(|(_, since)| since);
    let edge = behind(cloudflared.blocker(Layer::CloudflaredProcess), || {
        tunnel::edge(&facts.ready, started, few_since, now)
    });
    let behind_cloudflared = ollama_blocker.filter(|_| tunnel::is_stopped_behind_cloudflared(&facts.public));
    let public = behind(edge.blocker(Layer::Edge).or(behind_cloudflared), || {
        tunnel::public(&facts.public, facts.without_token != Fact::NotSetUp)
    });
    // Cloudflare's lock answers whether or not the tunnel works.
    let closed = tunnel::closed(&facts.without_token, &facts.outside);
    let link = far::link(&facts.link);
    let first_broken = [(Layer::Link, &link), (Layer::Model, &model), (Layer::PublicAddress, &public)];
    let unpaired = matches!(facts.link, Fact::NotSetUp).then_some(Layer::Link);
    let view_blocker =
        unpaired.or_else(|| first_broken.iter().find_map(|(layer, finding)| finding.blocker(*layer)));
    let view = behind(view_blocker, || far::view(&facts.view));
    [
        (Layer::OllamaProcess, ollama),
        (Layer::OllamaApi, api),
        (Layer::Model, model),
        (Layer::OllamaPrivate, private),
        (Layer::CloudflaredProcess, cloudflared),
        (Layer::Edge, edge),
        (Layer::PublicAddress, public),
        (Layer::AccessClosed, closed),
        (Layer::Link, link),
        (Layer::OrchestratorView, view),
    ]
}

fn behind(blocker: Option<Layer>, judge: impl FnOnce() -> Finding) -> Finding {
    blocker.map_or_else(judge, Finding::because)
}

#[cfg(test)]
mod tests;
