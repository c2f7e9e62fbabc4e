//! An orchestrator is killed in the middle of its work.

use std::time::{Duration, Instant};

use e2e::postgres::{Server, number};
use e2e::wait_until;
use sims::hubspot::Ticket;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_whose_worker_was_killed_during_the_model_call_is_finished_by_another_replica() {
    let server = Server::start().await;
    let world = crate::on(&server).await;
    let mut first = world.serve().await;
    world.ollama.faults.script("hang once").unwrap();
    let ticket = Ticket::new(4711, "Invoice", "The invoice shows the wrong VAT number.");
    assert_eq!(first.sender().workflow(&ticket).await.unwrap().status, 202);
    world.ollama.journal.wait_for_on("/api/chat", 1).await;
    let second = world.serve().await;
    first.kill();
    let killed = Instant::now();

    wait_until("the other replica to have told Discord", async || {
        number(&server.url, "select count(*) from deliveries where status = 'delivered'").await == Ok(1)
    })
    .await;
    // 30 s of lease, and the call.
    assert!(killed.elapsed() < Duration::from_secs(40), "it took {:?}", killed.elapsed());
    assert_eq!(second.count("job_taken_over"), 1);
    assert_eq!(number(&server.url, "select count(*) from triages").await, Ok(1));
    assert_eq!(number(&server.url, "select count(*) from jobs").await, Ok(0));
    assert_eq!(world.discord.messages().len(), 1);
    assert_eq!(world.ollama.journal.entries_on("/api/chat").len(), 2, "asked once more, and only once");
    assert_eq!(second.terminate().await, Some(0));
}
