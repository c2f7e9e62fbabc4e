//! Postgres crashes and comes back.

use e2e::postgres::{Down, Server, number};
use e2e::wait_until;
use sims::hubspot::Ticket;

const TICKETS: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_crashes_and_comes_back_costs_no_ticket_and_no_restart() {
    let server = Server::start().await;
    let mut world = crate::on(&server).await;
    world.set("LOCAL_LLM_CONCURRENCY", "2");
    let orchestrator = world.serve().await;
    let sender = orchestrator.sender();
    let ticket = |n: u64| Ticket::new(4700 + n, "Question", &format!("How do I change my plan? ({n})"));
    // Some are with the model, some wait for it, when the database goes.
    world.ollama.faults.script("slow 700ms 4 times").unwrap();
    for n in 0..TICKETS {
        assert_eq!(sender.workflow(&ticket(n)).await.unwrap().status, 202);
    }
    world.ollama.journal.wait_for_on("/api/chat", 1).await;
    server.down(Down::Crash).await;

    let late = ticket(TICKETS);
    let refused = sender.workflow(&late).await.unwrap();
    assert_eq!((refused.status, refused.json["error"]["code"].as_str()), (503, Some("unavailable")));
    let health = crate::health(&orchestrator).await;
    let told = (health["status"].as_str(), health["dependencies"]["database"]["status"].as_str());
    assert_eq!(told, (Some("degraded"), Some("unhealthy")), "{health}");
    assert_eq!(crate::status(&orchestrator, "/health/ready").await, 503);
    assert_eq!(crate::status(&orchestrator, "/health/live").await, 200);
    // A verdict is there and cannot be stored.
    wait_until("a result to wait for the database", async || orchestrator.log().contains("trying again"))
        .await;

    server.up().await;
    wait_until("webhooks to be taken again", async || {
        sender.workflow(&late).await.is_ok_and(|delivery| delivery.status == 202)
    })
    .await;
    wait_until("it to be ready", async || crate::status(&orchestrator, "/health/ready").await == 200).await;
    let all = Ok(usize::try_from(TICKETS + 1).unwrap());
    wait_until("every ticket to be told", async || {
        number(&server.url, "select count(*) from deliveries where status = 'delivered'").await == all
    })
    .await;
    assert_eq!(number(&server.url, "select count(*) from triages").await, all);
    assert_eq!(Ok(world.discord.messages().len()), all);
    assert_eq!(crate::health(&orchestrator).await["status"], "healthy");
    assert_eq!(orchestrator.terminate().await, Some(0), "the same process, all the time");
}
