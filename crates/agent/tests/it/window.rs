//! What a window asks over the socket: evidence, tests of secrets, tickets, diagnostics.

use agent::evidence::Exchange;
use agent::handle::Handle;
use agent::link::{Question, TriageQuery};
use agent::socket::{Check, Reply, Request};
use link::{CorrectionRequest, TriageDetail};
use serde_json::{Value, json};
use sims::machine::text;
use supervise::health::Layer;

use crate::link::{ID, SECRET, Scene, ticket};
use crate::whole::machine::{self, health};

async fn evidence(handle: &Handle, layer: Layer) -> Option<Exchange> {
    match handle.ask_once(Request::Evidence { layer }).await {
        Ok(Reply::Evidence { exchange }) => exchange,
        other => panic!("no evidence: {other:?}"),
    }
}

async fn answered(handle: &Handle, question: Question) -> Result<Value, String> {
    match handle.ask_once(Request::Orchestrator { question }).await {
        Ok(Reply::Answered { value }) => Ok(value),
        Ok(Reply::Failed { why, .. }) => Err(why),
        other => panic!("no answer: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_hop_is_as_it_is_is_told_with_what_was_asked_and_no_secret() {
    let Some(scene) = Scene::new().await else { return };
    let agent = scene.linked().await;
    let handle = Handle::There(scene.machine.path("agent/run/agent.sock"));
    for name in ["ollama_api", "public_address", "access_closed"] {
        agent.until(name, |status| health(status, name) == "ok").await;
    }
    let mut all = String::new();
    for (layer, request, answer) in [
        (Layer::OllamaApi, "GET http://127.0.0.1:", "\"version\""),
        (Layer::Edge, "/ready", "readyConnections"),
        (Layer::PublicAddress, "CF-Access-Client-Secret: ***", "HTTP 200"),
        (Layer::AccessClosed, "without a service token", "HTTP "),
        (Layer::Link, "/api/v1/heartbeat", "orchestrator 9.9.9"),
        (Layer::OrchestratorView, "/api/v1/heartbeat", "\"view\""),
    ] {
        let exchange = evidence(&handle, layer).await.unwrap();
        assert!(exchange.request.contains(request) && exchange.answer.contains(answer), "{exchange:?}");
        assert!(exchange.took_ms.is_some() && exchange.at.ends_with('Z'), "{exchange:?}");
        all.push_str(&format!("{exchange:?}"));
    }
    assert_eq!(evidence(&handle, Layer::OllamaProcess).await, None, "a process is not asked");
    for secret in [ID, SECRET, &scene.orchestrator.tokens()[0]] {
        assert!(!all.contains(secret), "{all}");
    }
    let Ok(Reply::Tested { checks }) = handle.ask_once(Request::TestSecrets).await else { panic!("no test") };
    let timed = |check: &Check| check.ok && check.latency_ms.is_some();
    assert!(checks.len() == 3 && checks.iter().all(timed), "{checks:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_listed_shown_triaged_again_and_corrected_and_figures_come() {
    let Some(scene) = Scene::new().await else { return };
    scene.orchestrator.tickets(vec![serde_json::from_value(ticket(31, "triaged")).unwrap()]);
    let agent = scene.linked().await;
    let handle = Handle::There(scene.machine.path("agent/run/agent.sock"));
    let page = answered(&handle, Question::Triages(TriageQuery { limit: 5, ..TriageQuery::default() })).await;
    assert_eq!(page.unwrap()["items"][0]["ticket_id"], "31");
    let id = || "31".to_owned();
    let correct = |category: &str| {
        let correction =
            CorrectionRequest { category: Some(category.to_owned()), ..CorrectionRequest::default() };
        Question::Correct { ticket_id: id(), correction }
    };
    let refused = answered(&handle, correct("weather")).await.unwrap_err();
    assert_eq!(refused, "There is no category `weather`; there is marmalade.");
    answered(&handle, correct("marmalade")).await.unwrap();
    let detail: TriageDetail =
        serde_json::from_value(answered(&handle, Question::Triage { ticket_id: id() }).await.unwrap())
            .unwrap();
    assert_eq!(detail.triage.correction.unwrap().category.as_deref(), Some("marmalade"));
    let again = answered(&handle, Question::Retry { ticket_id: id() }).await.unwrap();
    assert_eq!(again["status"], "queued");
    let unknown = answered(&handle, Question::Triage { ticket_id: "../me".to_owned() }).await.unwrap_err();
    assert_eq!(unknown, "There is no such ticket.");
    let stats = answered(&handle, Question::Stats { window: "24h".to_owned() }).await.unwrap();
    assert_eq!(stats["window"], json!("24h"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_orchestrator_it_is_said_that_there_is_none() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let asked = answered(&handle, Question::Stats { window: "24h".to_owned() }).await;
    assert_eq!(asked.unwrap_err(), "This machine is not paired.");
    assert_eq!(evidence(&handle, Layer::Link).await, None);
    let shown = text(&machine.ask(&["status"]).stdout);
    assert!(shown.contains("Ollama"), "{shown}");
    agent.stop().await;
}
