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
    let shown = |id: u64| text(&world.run(&["triage", "show", &id.to_string()]).stdout);
    let told = async |ids: &BTreeSet<u64>| {
        wait_until("every message to be remembered", async || {
            ids.iter().all(|id| shown(*id).contains("discord      delivered"))
        })
        .await;
    };
    let mut accepted = BTreeSet::new();
    let mut refused = BTreeSet::new();
    for n in 0..30 {
        if n == 10 {
            told(&accepted).await;
            limit_files(&orchestrator, "1");
        }
        let ticket = ticket(n);
        match sender.workflow(&ticket).await.unwrap().status {
            202 => accepted.insert(ticket.id),
            503 => refused.insert(ticket.id),
            status => panic!("{status}"),
        };
    }
    assert_eq!((accepted.len(), refused.len()), (10, 20), "none is accepted that cannot be stored");
    let health = crate::health(&orchestrator).await;
    let database = &health["dependencies"]["database"];
    let said = (health["status"].as_str(), database["status"].as_str(), database["error"].as_str());
    let full = Some("the database cannot store anything: is its disk full?");
    assert_eq!(said, (Some("degraded"), Some("unhealthy"), full), "{health}");
    assert_eq!(crate::status(&orchestrator, "/health/ready").await, 503);
    assert_eq!(crate::status(&orchestrator, "/health/live").await, 200);

    limit_files(&orchestrator, "unlimited");
    wait_until("it to be healthy again", async || crate::health(&orchestrator).await["status"] == "healthy")
        .await;
    assert_eq!(crate::status(&orchestrator, "/health/ready").await, 200);
    let late = ticket(30);
    assert_eq!(sender.workflow(&late).await.unwrap().status, 202);
    accepted.insert(late.id);
    told(&accepted).await;

    orchestrator.kill();
    let orchestrator = world.serve().await;
    told(&accepted).await;
    assert!(refused.iter().all(|id| shown(*id).is_empty()), "what was refused is not half there");
    assert_eq!(world.discord.messages().len(), accepted.len());
    assert_eq!(orchestrator.terminate().await, Some(0));
}

/// So large may a file become that the process writes, in bytes.
fn limit_files(orchestrator: &Orchestrator, most: &str) {
    let pid = orchestrator.pid().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={most}:")]).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
}
