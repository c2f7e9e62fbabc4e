//! What is judged behind what, and since when.

use std::time::Duration;

use super::super::facts::View;
use super::super::fixture::{NOW, answered, gave_up, known, models, running, said, well};
use super::super::overall::Overall;
use super::super::reading::CallError;
use super::*;
use crate::program::{Run, State};

#[test]
fn what_is_behind_a_broken_hop_is_not_judged() {
    let mut facts = well();
    facts.cloudflared = gave_up("The tunnel token is not valid.");
    facts.public = answered(530, "error 1033");
    facts.view = known(View::Unusable("tunnel gone".into()));
    let chain = Chain::default().assess(&facts, NOW);
    for layer in [Layer::Edge, Layer::PublicAddress, Layer::OrchestratorView] {
        let state = chain.layer(layer).unwrap();
        assert_eq!(
            (state.health, state.because),
            (Health::Unknown, Some(Layer::CloudflaredProcess)),
            "{state:?}"
        );
        assert_eq!(state.sentence, "Not checked, because of: cloudflared.");
    }
    assert_eq!(chain.layer(Layer::Model).unwrap().health, Health::Ok);
    assert_eq!(chain.layer(Layer::AccessClosed).unwrap().health, Health::Ok, "the lock is Cloudflare's");
}

#[test]
fn a_502_while_ollama_is_down_is_ollamas_fault() {
    let mut facts = well();
    facts.ollama_api = known(Err(CallError::Unreachable));
    facts.public = answered(502, "");
    let chain = Chain::default().assess(&facts, NOW);
    assert_eq!(chain.layer(Layer::PublicAddress).unwrap().because, Some(Layer::OllamaApi));
    facts.public = answered(401, "");
    let chain = Chain::default().assess(&facts, NOW);
    assert_eq!(
        chain.layer(Layer::PublicAddress).unwrap().health,
        Health::Fail,
        "a refused token is its own fault"
    );
}

#[test]
fn few_connections_are_a_flaw_only_after_a_minute() {
    let mut facts = well();
    facts.ready = answered(200, r#"{"readyConnections":2}"#);
    let first = Chain::default().assess(&facts, NOW);
    let later = first.assess(&facts, NOW.plus(Duration::from_secs(60)));
    assert_eq!(later.layer(Layer::Edge).unwrap().health, Health::Ok);
    let late = later.assess(&facts, NOW.plus(Duration::from_secs(61)));
    assert_eq!(late.layer(Layer::Edge).unwrap().sentence, "Only 2 of 4 connections to Cloudflare are up.");
    let well_again = late.assess(&well(), NOW.plus(Duration::from_secs(62)));
    let again = well_again.assess(&facts, NOW.plus(Duration::from_secs(130)));
    assert_eq!(again.layer(Layer::Edge).unwrap().health, Health::Ok, "the minute begins anew");
}

#[test]
fn a_young_cloudflared_is_starting_and_not_broken() {
    for ready in [answered(503, r#"{"readyConnections":0}"#), known(Err(CallError::Unreachable))] {
        let mut facts = well();
        facts.ready = ready;
        facts.cloudflared = State::Starting { run: Run(1), since: NOW };
        // The process layer itself says that it is starting; a hop behind it waits.
        let chain = Chain::default().assess(&facts, NOW.plus(Duration::from_secs(15)));
        assert_eq!(said(&chain).0, Overall::Starting);
        facts.cloudflared = running(NOW);
        let chain = Chain::default().assess(&facts, NOW.plus(Duration::from_secs(15)));
        assert_eq!(chain.layer(Layer::Edge).unwrap().health, Health::Unknown);
        let chain = chain.assess(&facts, NOW.plus(Duration::from_secs(16)));
        assert!(chain.layer(Layer::Edge).unwrap().health > Health::Unknown);
    }
}

#[test]
fn names_without_a_tag_mean_latest() {
    for (wanted, there, health) in [
        ("llama3.2", "llama3.2:latest", Health::Ok),
        ("llama3.2:latest", "llama3.2:latest", Health::Ok),
        ("host:5000/llama3.2", "host:5000/llama3.2:latest", Health::Ok),
        ("llama3.2", "llama3.2:1b", Health::Fail),
    ] {
        let mut facts = well();
        facts.wanted_model = wanted.to_owned();
        facts.models = models(&[there]);
        assert_eq!(
            Chain::default().assess(&facts, NOW).layer(Layer::Model).unwrap().health,
            health,
            "{wanted}"
        );
    }
}

#[test]
fn since_is_when_the_health_changed() {
    let mut facts = well();
    let first = Chain::default().assess(&facts, NOW);
    let second = first.assess(&facts, NOW.plus(Duration::from_secs(9)));
    assert_eq!(second.layer(Layer::Edge).unwrap().since, NOW);
    facts.ready = answered(503, r#"{"readyConnections":0}"#);
    let broken_at = NOW.plus(Duration::from_secs(10));
    let third = second.assess(&facts, broken_at);
    assert_eq!(third.layer(Layer::Edge).unwrap().since, broken_at);
    assert_eq!(third.layer(Layer::OllamaApi).unwrap().since, NOW);
}

#[test]
fn a_layer_is_shown_in_snake_case() {
    let mut facts = well();
    facts.cloudflared = State::Stopped;
    let chain = Chain::default().assess(&facts, NOW);
    let json = serde_json::to_value(chain.layer(Layer::Edge).unwrap()).unwrap();
    let expected = serde_json::json!({
        "layer": "edge", "health": "unknown", "sentence": "Not checked, because of: cloudflared.", "fix": null,
        "because": "cloudflared_process", "since": 1_000_000, "latency_ms": null,
    });
    assert_eq!(json, expected);
}
