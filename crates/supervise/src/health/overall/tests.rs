//! From raw facts to the one sentence.

use super::super::chain::Chain;
use super::super::facts::{Binding, Fact, Facts, LinkAnswer, Models, Outside, Pull, View};
use super::super::fixture::{NOW, answered, gave_up, known, models, said, well};
use super::super::reading::CallError;
use super::*;
use crate::program::State;

/// What is broken in facts that are well.
type Break = fn(&mut Facts);

#[test]
fn everything_as_it_should_be_is_healthy() {
    let chain = Chain::default().assess(&well(), NOW);
    for state in chain.layers() {
        assert_eq!(state.health, Health::Ok, "{state:?}");
        assert_eq!(state.fix, None, "{state:?}");
    }
    let order: Vec<_> = chain.layers().iter().map(|state| state.layer).collect();
    assert_eq!(order, Layer::ALL);
    assert_eq!(said(&chain), (Overall::Healthy, "Tickets are triaged on this machine.".to_owned(), None));
    assert_eq!(chain.layer(Layer::Edge).unwrap().latency_ms, Some(12));
}

const FAULTS: &[(Break, Layer, &str)] = &[
    (
        |f| f.ollama = State::NotInstalled { wanted: true },
        Layer::OllamaProcess,
        "Ollama is not installed. New tickets go to Groq.",
    ),
    (
        |f| f.ollama = gave_up("The disk is full."),
        Layer::OllamaProcess,
        "The disk is full. New tickets go to Groq.",
    ),
    (
        |f| f.ollama_api = known(Err(CallError::TimedOut)),
        Layer::OllamaApi,
        "Ollama runs, but does not answer in time. New tickets go to Groq.",
    ),
    (
        |f| f.ollama_api = answered(200, "hello"),
        Layer::OllamaApi,
        "Something that is not Ollama answers at Ollama's address. New tickets go to Groq.",
    ),
    (
        |f| f.models = models(&["llama3.2:1b"]),
        Layer::Model,
        "The model llama3.2:latest is not installed. New tickets go to Groq.",
    ),
    (
        |f| f.cloudflared = State::Stopped,
        Layer::CloudflaredProcess,
        "cloudflared is stopped. New tickets go to Groq.",
    ),
    (
        |f| f.ready = answered(503, r#"{"readyConnections":0}"#),
        Layer::Edge,
        "Cloudflare cannot reach this machine. New tickets go to Groq.",
    ),
    (
        |f| f.public = answered(403, ""),
        Layer::PublicAddress,
        "Ollama refuses calls through the tunnel. New tickets go to Groq.",
    ),
    (
        |f| f.public = answered(401, ""),
        Layer::PublicAddress,
        "Cloudflare refuses the service token. New tickets go to Groq.",
    ),
    (
        |f| f.public = answered(502, ""),
        Layer::PublicAddress,
        "cloudflared cannot reach Ollama. New tickets go to Groq.",
    ),
    (
        |f| f.public = known(Err(CallError::NoSuchName)),
        Layer::PublicAddress,
        "The public address cannot be found. New tickets go to Groq.",
    ),
    (
        |f| f.view = known(View::Unusable("it was answered 403".into())),
        Layer::OrchestratorView,
        "The orchestrator cannot use the model: it was answered 403. New tickets go to Groq.",
    ),
];

#[test]
fn one_fault_at_a_time_is_named_with_its_consequence() {
    for (break_it, layer, sentence) in FAULTS {
        let mut facts = well();
        break_it(&mut facts);
        let chain = Chain::default().assess(&facts, NOW);
        assert_eq!(said(&chain), (Overall::Down, (*sentence).to_owned(), Some(*layer)));
        let state = chain.layer(*layer).unwrap();
        assert!(state.fix.as_ref().is_some_and(|fix| fix.ends_with('.')), "{state:?}");
    }
}

const FLAWS: &[(Break, Layer, &str)] = &[
    (
        |f| f.binding = Binding::Beyond,
        Layer::OllamaPrivate,
        "Other machines on this network can use Ollama, without any password.",
    ),
    (
        |f| f.ollama_api = answered(200, r#"{"version":"0.17.0"}"#),
        Layer::OllamaPrivate,
        "Ollama 0.17.0 has known security holes.",
    ),
    (
        |f| f.ollama_api = answered(200, r#"{"version":"0.17.1-rc2"}"#),
        Layer::OllamaPrivate,
        "Ollama 0.17.1-rc2 has known security holes.",
    ),
    (
        |f| f.ready = answered(404, ""),
        Layer::Edge,
        "cloudflared runs, but does not say whether it is connected.",
    ),
    (
        |f| f.link = known(LinkAnswer::Unreachable("connection refused".into())),
        Layer::Link,
        "The orchestrator cannot be reached from here: connection refused.",
    ),
    (|f| f.link = Fact::NotSetUp, Layer::Link, "This machine is not paired with an orchestrator."),
    (
        |f| f.public = Fact::NotSetUp,
        Layer::PublicAddress,
        "There is no service token for the public address so far.",
    ),
    (
        |f| (f.public, f.without_token) = (Fact::NotSetUp, Fact::NotSetUp),
        Layer::PublicAddress,
        "This machine has no public address so far.",
    ),
    (
        |f| f.without_token = answered(530, "error 1033"),
        Layer::AccessClosed,
        "A call without the service token was not refused, though it did not arrive.",
    ),
];

#[test]
fn flaws_that_let_tickets_through_degrade() {
    for (break_it, layer, sentence) in FLAWS {
        let mut facts = well();
        break_it(&mut facts);
        let chain = Chain::default().assess(&facts, NOW);
        assert_eq!(said(&chain), (Overall::Degraded, (*sentence).to_owned(), Some(*layer)));
        assert!(!chain.is_exposed());
    }
}

#[test]
fn an_answer_without_the_token_is_exposed_and_said_first() {
    for open in [answered(200, r#"{"version":"0.33.0"}"#), answered(403, ""), answered(200, "{}")] {
        let mut facts = well();
        facts.without_token = open;
        facts.models = models(&[]);
        let chain = Chain::default().assess(&facts, NOW);
        assert!(chain.is_exposed());
        let summary = overall(chain.layers(), true, Elsewhere::Groq);
        assert_eq!((summary.overall, summary.layer), (Overall::Paused, Some(Layer::AccessClosed)));
        assert!(summary.sentence.starts_with("Exposed: "), "{summary:?}");
    }
    for closed in [answered(401, ""), answered(403, "<html>"), known(Err(CallError::TimedOut))] {
        let mut facts = well();
        facts.without_token = closed;
        assert!(!Chain::default().assess(&facts, NOW).is_exposed());
    }
}

#[test]
fn what_was_seen_open_from_outside_is_exposed_until_it_is_seen_closed() {
    let mut facts = well();
    facts.outside = Outside::Open { what: "/api/pull was answered".into(), at: "2026-11-23 10:00".into() };
    let chain = Chain::default().assess(&facts, NOW);
    assert!(chain.is_exposed());
    let expected = "Exposed: seen from outside, /api/pull was answered (2026-11-23 10:00).";
    assert_eq!(said(&chain), (Overall::Degraded, expected.to_owned(), Some(Layer::AccessClosed)));
    facts.without_token = answered(200, "{}");
    let here = Chain::default().assess(&facts, NOW);
    assert!(said(&here).1.starts_with("Exposed: anybody"), "what is open from here comes first");
    for outside in [Outside::NotKnown, Outside::Closed] {
        assert!(!Chain::default().assess(&Facts { outside, ..well() }, NOW).is_exposed());
    }
}

#[test]
fn a_download_is_under_way_and_not_a_fault() {
    let mut facts = well();
    let pull = Some(Pull { done_bytes: 430, total_bytes: 1000 });
    facts.models = known(Models { pull, ..Models::default() });
    let expected = "llama3.2:latest is being downloaded, 43 %.".to_owned();
    assert_eq!(
        said(&Chain::default().assess(&facts, NOW)),
        (Overall::Starting, expected, Some(Layer::Model))
    );
    facts.models = known(Models { pull: Some(Pull { done_bytes: 0, total_bytes: 0 }), ..Models::default() });
    assert_eq!(said(&Chain::default().assess(&facts, NOW)).1, "llama3.2:latest is being downloaded.");
}

#[test]
fn the_consequence_is_only_what_is_known() {
    let mut facts = well();
    facts.cloudflared = State::Stopped;
    let chain = Chain::default().assess(&facts, NOW);
    for (elsewhere, end) in [
        (Elsewhere::AnotherDevice, "go to another machine."),
        (Elsewhere::Groq, "go to Groq."),
        (Elsewhere::Wait, "wait."),
        (Elsewhere::NotKnown, "No ticket is triaged here."),
    ] {
        assert!(overall(chain.layers(), false, elsewhere).sentence.ends_with(end));
    }
    let paused = overall(chain.layers(), true, Elsewhere::Wait);
    let expected = "Triage on this machine is paused. New tickets wait.";
    assert_eq!((paused.overall, paused.sentence.as_str()), (Overall::Paused, expected));
    assert_eq!(overall(&[], false, Elsewhere::Groq).overall, Overall::Starting);
}

#[test]
fn a_model_nobody_has_tried_is_ready_and_no_more() {
    let mut facts = well();
    facts.view = known(View::NotTried);
    let chain = Chain::default().assess(&facts, NOW);
    assert_eq!(said(&chain), (Overall::Healthy, "This machine is ready for tickets.".to_owned(), None));
}

#[test]
fn an_unpaired_machine_is_not_starting_for_ever() {
    let mut facts = well();
    (facts.link, facts.view) = (Fact::NotSetUp, Fact::NotSetUp);
    let chain = Chain::default().assess(&facts, NOW);
    assert_eq!(said(&chain).0, Overall::Degraded);
    assert_eq!(chain.layer(Layer::OrchestratorView).unwrap().because, Some(Layer::Link));
}
