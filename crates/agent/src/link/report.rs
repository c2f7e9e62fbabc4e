//! What the orchestrator is told: made from the model. PURE.

use ::link::{Heartbeat, LayerHealth, LayerReport, LoadedModel, ProgramReport, Standing, Usability};
use supervise::Kind;
use supervise::health::{Health, Layer, LayerState};

use crate::model::Model;
use crate::status::state_word;

/// The way of a ticket through this machine, as far as this machine can tell by itself. What the orchestrator says of it
/// is left out: each side would wait for the other.
const WAY: [Layer; 6] = [
    Layer::OllamaProcess,
    Layer::OllamaApi,
    Layer::Model,
    Layer::CloudflaredProcess,
    Layer::Edge,
    Layer::PublicAddress,
];

/// Whether tickets can be triaged on this machine. `is_unproven`: the service token that is tried here is another one
/// than the orchestrator has, so that its refusal says nothing about the orchestrator's calls.
pub fn standing(layers: &[LayerState], is_paused: bool, is_unproven: bool) -> Standing {
    if is_paused {
        return unusable("triage on this machine is paused");
    }
    let way = || WAY.iter().filter_map(|layer| layers.iter().find(|state| state.layer == *layer));
    let broken = way().find(|state| state.health == Health::Fail);
    if let Some(broken) = broken {
        return match broken.layer {
            Layer::PublicAddress if is_unproven => {
                Standing { state: Usability::Unknown, why: Some(without_stop(&broken.sentence)) }
            }
            Layer::OllamaProcess
            | Layer::OllamaApi
            | Layer::Model
            | Layer::OllamaPrivate
            | Layer::CloudflaredProcess
            | Layer::Edge
            | Layer::PublicAddress
            | Layer::AccessClosed
            | Layer::Link
            | Layer::OrchestratorView => unusable(&without_stop(&broken.sentence)),
        };
    }
    let works = |state: &LayerState| matches!(state.health, Health::Ok | Health::Warn);
    if way().count() == WAY.len() && way().all(works) {
        return Standing { state: Usability::Usable, why: None };
    }
    Standing::default()
}

/// How everything is. `sent_at` and `load` are entered when it is sent.
pub fn report(model: &Model, public_url: Option<&str>, is_unproven: bool) -> Heartbeat {
    let layers = model.chain().layers();
    Heartbeat {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sent_at: String::new(),
        overall: model.summary().overall.to_string().to_lowercase(),
        standing: standing(layers, model.is_paused(), is_unproven),
        layers: layers.iter().map(layer).collect(),
        programs: [Kind::Ollama, Kind::Cloudflared].map(|kind| program(model, kind)).into(),
        models: model.loaded().iter().map(loaded).collect(),
        wanted_model: model.wanted_model().to_owned(),
        public_url: public_url.map(str::to_owned),
        load: None,
    }
}

/// Whether the orchestrator is to hear of it at once. What it said itself is no news to it.
pub(super) fn is_news(before: &Heartbeat, after: &Heartbeat) -> bool {
    let far = [name(Layer::Link), name(Layer::OrchestratorView)];
    let health = |heartbeat: &Heartbeat| -> Vec<(String, LayerHealth)> {
        let own = heartbeat.layers.iter().filter(|layer| !far.contains(&layer.layer.as_str()));
        own.map(|layer| (layer.layer.clone(), layer.health)).collect()
    };
    let models = |heartbeat: &Heartbeat| -> Vec<String> {
        heartbeat.models.iter().map(|model| model.name.clone()).collect()
    };
    before.standing != after.standing
        || before.programs != after.programs
        || before.wanted_model != after.wanted_model
        || before.public_url != after.public_url
        || health(before) != health(after)
        || models(before) != models(after)
}

fn unusable(why: &str) -> Standing {
    Standing { state: Usability::Unusable, why: Some(why.to_owned()) }
}

fn without_stop(sentence: &str) -> String {
    sentence.trim_end_matches('.').to_owned()
}

fn layer(state: &LayerState) -> LayerReport {
    LayerReport {
        layer: name(state.layer).to_owned(),
        health: match state.health {
            Health::Ok => LayerHealth::Ok,
            Health::Warn => LayerHealth::Warn,
            Health::Fail => LayerHealth::Fail,
            Health::Unknown => LayerHealth::Unknown,
        },
        sentence: state.sentence.clone(),
        latency_ms: state.latency_ms,
    }
}

fn program(model: &Model, kind: Kind) -> ProgramReport {
    ProgramReport {
        program: match kind {
            Kind::Ollama => "ollama".to_owned(),
            Kind::Cloudflared => "cloudflared".to_owned(),
        },
        state: state_word(model.program(kind)).to_owned(),
        version: match kind {
            Kind::Ollama => model.ollama_version(),
            Kind::Cloudflared => None,
        },
    }
}

fn loaded(model: &crate::ollama_api::Loaded) -> LoadedModel {
    LoadedModel {
        name: model.name.clone(),
        size_bytes: model.size_bytes,
        gpu_percent: model.on_gpu_percent(),
    }
}

/// As on the wire.
const fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::OllamaProcess => "ollama_process",
        Layer::OllamaApi => "ollama_api",
        Layer::Model => "model",
        Layer::OllamaPrivate => "ollama_private",
        Layer::CloudflaredProcess => "cloudflared_process",
        Layer::Edge => "edge",
        Layer::PublicAddress => "public_address",
        Layer::AccessClosed => "access_closed",
        Layer::Link => "link",
        Layer::OrchestratorView => "orchestrator_view",
    }
}

#[cfg(test)]
#[path = "report/tests.rs"]
mod tests;
