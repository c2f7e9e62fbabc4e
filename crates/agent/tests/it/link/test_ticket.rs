//! The test ticket, as the command line and a window see it.

use agent::handle::Handle;
use agent::socket::{Listener, Reply, Request, serve};
use agent::test_ticket::{TestHop, TestStep};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::orchestrator::TIME;
use super::{Scene, text};

fn follow(status: &str, triaged: &Value, message: &Value) -> Value {
    json!({"ticket_id": "test-1", "status": status, "accepted_at": TIME, "triaged": triaged, "why_not_here": null,
        "message": message, "error": null})
}

fn on_its_way() -> Value {
    follow("triaging", &Value::Null, &json!({"state": "waiting", "why": null}))
}

fn triaged(here: bool) -> Value {
    let provider = if here { "local" } else { "groq" };
    let by = json!({"provider": provider, "here": here, "device": null, "model": "m", "latency_ms": 3870, "at": TIME});
    follow("triaged", &by, &json!({"state": "confirmed", "at": "2026-11-23T10:00:00.312Z"}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_shows_every_hop_and_ends_with_what_was_found() {
    let Some(scene) = Scene::new().await else { return };
    let unpaired = scene.machine.run().await;
    let refused = scene.machine.ask(&["test-ticket"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("This machine is not paired."), "{}", text(&refused.stderr));
    unpaired.stop().await;
    assert!(text(&scene.machine.ask(&["test-ticket"]).stderr).contains("not running"));

    let _agent = scene.linked().await;
    scene.orchestrator.test_ticket(vec![on_its_way(), triaged(true)]);
    let done = scene.machine.ask(&["test-ticket"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{said}{}", text(&done.stderr));
    for row in [
        "● Orchestrator",
        "● Cloudflare",
        "● Model         3.8 s",
        "● Discord       312 ms",
        "It is in Discord: ",
    ] {
        assert!(said.contains(row), "{row}: {said}");
    }
    scene.orchestrator.test_ticket(vec![triaged(false)]);
    let elsewhere = scene.machine.ask(&["test-ticket"]);
    let said = text(&elsewhere.stdout);
    assert_eq!(elsewhere.status.code(), Some(1), "{said}");
    assert!(said.contains("✕ ") && said.contains("It is in Discord, triaged by Groq: "), "{said}");

    scene.orchestrator.refuse_test_tickets((503, "way_in_unanswered", "It does not reach itself."));
    let said = text(&scene.machine.ask(&["test-ticket"]).stdout);
    assert!(
        said.contains("✕ Orchestrator  It does not reach itself.") && said.contains("PUBLIC_URL"),
        "{said}"
    );
    scene.orchestrator.refuse_test_tickets((429, "too_soon", "Send another in 5 s."));
    let soon = scene.machine.ask(&["test-ticket"]);
    assert_eq!((soon.status.code(), text(&soon.stdout).as_str()), (Some(1), ""));
    assert!(text(&soon.stderr).contains("Send another in 5 s."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_come_one_by_one_over_the_socket_and_another_can_be_sent() {
    let Some(scene) = Scene::new().await else { return };
    let _agent = scene.linked().await;
    scene.orchestrator.test_ticket(vec![on_its_way()]);
    let agent = Handle::There(scene.machine.path("agent/run/agent.sock"));
    let mut replies = agent.ask(Request::TestTicket).await.expect("an agent");
    let first = replies.recv().await;
    let Some(Reply::Test { step: TestStep::Reached { hop, took_ms } }) = first else { panic!("{first:?}") };
    assert_eq!((hop, took_ms.is_some()), (TestHop::Orchestrator, true));
    scene.orchestrator.until_followed(2).await;
    drop(replies);
    scene.orchestrator.test_ticket(vec![triaged(true)]);
    let mut again = agent.ask(Request::TestTicket).await.expect("an agent");
    let mut steps = Vec::new();
    while let Some(Reply::Test { step }) = again.recv().await {
        steps.push(step);
    }
    assert!(matches!(steps.last(), Some(TestStep::Done { elsewhere: None, .. })), "{steps:?}");
}

#[tokio::test]
async fn nobody_works_for_somebody_who_has_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent.sock");
    let (asked, mut questions) = mpsc::channel(1);
    let serving = tokio::spawn(serve(Listener::open(&path).expect("a socket"), asked));
    let replies = Handle::There(path).ask(Request::TestTicket).await.expect("somebody listens");
    let question = questions.recv().await.expect("a question");
    assert!(!question.replies.is_closed());
    drop(replies);
    tokio::time::timeout(sims::PATIENCE, question.replies.closed()).await.expect("it is noticed");
    serving.abort();
}
