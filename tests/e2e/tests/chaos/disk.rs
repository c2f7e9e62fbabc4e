//! The disk of the embedded database is full.

use std::collections::BTreeSet;
use std::process::Command;

use e2e::{Orchestrator, World, text, wait_until};
use sims::hubspot::Ticket;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_full_disk_webhooks_are_refused_and_what_was_accepted_is_there() {
    let world = World::start().await;
    // A write past the limit then fails as on a full disk, instead of ending the process.
    let mut orchestrator = world.serve_after("trap '' XFSZ").await;
    wait_until("it to be ready", async || crate::status(&orchestrator, "/health/ready").await == 200).await;
    let sender = orchestrator.sender();
    let ticket = |n: u64| Ticket::new(4700 + n, "Question", &format!("How do I change my plan? ({n})"));
    let mut accepted = BTreeSet::new();
    let mut refused = 0;
    for n in 0..60 {
        if n == 20 {
            limit_files(&orchestrator, "1");
        }
        match sender.workflow(&ticket(n)).await.unwrap().status {
            202 => assert!(accepted.insert(4700 + n)),
            status => {
                assert_eq!(status, 503);
                refused += 1;
            }
        }
    }
    assert_eq!((accepted.len(), refused), (20, 40), "none is accepted that cannot be stored");
    let health = crate::health(&orchestrator).await;
    let told = (health["status"].as_str(), health["dependencies"]["database"]["status"].as_str());
    assert_eq!(told, (Some("degraded"), Some("unhealthy")), "{health}");
    assert_eq!(crate::status(&orchestrator, "/health/live").await, 200);

    limit_files(&orchestrator, "unlimited");
    wait_until("it to be healthy again", async || crate::health(&orchestrator).await["status"] == "healthy")
        .await;
    let late = ticket(60);
    assert_eq!(sender.workflow(&late).await.unwrap().status, 202);
    accepted.insert(late.id);

    orchestrator.kill();
    let orchestrator = world.serve().await;
    for id in &accepted {
        world.discord.wait_for_ticket(&format!("ticket {id}")).await;
    }
    for n in 20..60 {
        let shown = world.run(&["triage", "show", &(4700 + n).to_string()]);
        assert!(text(&shown.stderr).contains("There is no ticket"), "{}", text(&shown.stdout));
    }
    assert_eq!(world.discord.messages().len(), accepted.len());
    assert_eq!(orchestrator.terminate().await, Some(0));
}

/// So large may a file become that the process writes, in bytes.
fn limit_files(orchestrator: &Orchestrator, most: &str) {
    let pid = orchestrator.pid().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={most}:")]).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
}
