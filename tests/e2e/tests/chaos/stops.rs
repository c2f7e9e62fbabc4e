//! SIGTERM in the middle of a model call.

use std::time::{Duration, Instant};

use e2e::postgres::{Server, number};
use e2e::{text, wait_until};
use sims::hubspot::Ticket;

/// Work has 20 s to end, and leaving the database a few more; the rest is for a machine that is busy.
const LONGEST_STOP: Duration = Duration::from_secs(27);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_hangs_at_a_stop_is_handed_back_and_another_replica_takes_it_at_once() {
    let server = Server::start().await;
    let world = crate::on(&server).await;
    let first = world.serve().await;
    world.ollama.faults.script("hang once").unwrap();
    let ticket = Ticket::new(4711, "Invoice", "The invoice shows the wrong VAT number.");
    let sender = first.sender();
    assert_eq!(sender.workflow(&ticket).await.unwrap().status, 202);
    world.ollama.journal.wait_for_on("/api/chat", 1).await;
    let second = world.serve().await;

    first.ask_to_end();
    let asked = Instant::now();
    let ready = format!("{}/health/ready", first.url);
    wait_until("it to stop taking work", async || {
        sims::http_client().get(&ready).send().await.map_or(true, |answer| answer.status() == 503)
    })
    .await;
    let late = Ticket::new(4712, "Late", "Is it too late?");
    assert!(sender.workflow(&late).await.is_err(), "nobody takes webhooks there any more");
    assert_eq!(first.count("stopped"), 0, "its call has not ended, so neither has it");

    let said = first.log_file();
    assert_eq!(first.ended().await, Some(0));
    assert!(asked.elapsed() < LONGEST_STOP, "it took {:?}", asked.elapsed());
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains("work_handed_back"), "{said}");
    wait_until("the other replica to have told Discord", async || {
        number(&server.url, "select count(*) from deliveries where status = 'delivered'").await == Ok(1)
    })
    .await;
    // Handed back, it is not taken over: nobody waited for the end of a lease.
    assert_eq!(second.count("job_taken_over"), 0);
    assert_eq!(number(&server.url, "select count(*) from triages").await, Ok(1));
    assert_eq!(world.discord.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_ends_soon_after_a_stop_is_finished_and_not_handed_back() {
    let world = e2e::World::start().await;
    let first = world.serve().await;
    world.ollama.faults.script("slow 1s once").unwrap();
    let ticket = Ticket::new(4711, "Invoice", "The invoice shows the wrong VAT number.");
    assert_eq!(first.sender().workflow(&ticket).await.unwrap().status, 202);
    world.ollama.journal.wait_for_on("/api/chat", 1).await;
    let said = first.log_file();
    assert_eq!(first.terminate().await, Some(0));
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains("inference_completed") && !said.contains("work_handed_back"), "{said}");
    let shown = text(&world.run(&["triage", "show", "4711"]).stdout);
    assert!(shown.contains("llama3.2:latest at 127.0.0.1"), "the verdict is stored: {shown}");

    let second = world.serve().await;
    wait_until("its message to be remembered", async || {
        text(&world.run(&["triage", "show", "4711"]).stdout).contains("discord      delivered")
    })
    .await;
    assert_eq!((world.ollama.chats(), world.discord.messages().len()), (1, 1));
    assert_eq!(second.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_does_not_answer_keeps_no_process_from_ending_and_loses_nothing() {
    let server = Server::start().await;
    let world = crate::on(&server).await;
    let first = world.serve().await;
    world.ollama.faults.script("slow 1s once").unwrap();
    let ticket = Ticket::new(4711, "Invoice", "The invoice shows the wrong VAT number.");
    let sender = first.sender();
    assert_eq!(sender.workflow(&ticket).await.unwrap().status, 202);
    world.ollama.journal.wait_for_on("/api/chat", 1).await;
    server.freeze();
    let late = Ticket::new(4712, "Late", "Is it too late?");
    assert_eq!(sender.workflow(&late).await.unwrap().status, 503);
    assert_eq!(crate::health(&first).await["status"], "degraded");
    assert_eq!(crate::status(&first, "/health/ready").await, 503);

    first.ask_to_end();
    let asked = Instant::now();
    assert_eq!(first.ended().await, Some(0));
    assert!(asked.elapsed() < LONGEST_STOP, "it took {:?}", asked.elapsed());
    server.thaw();
    let second = world.serve().await;
    wait_until("the next one to have told Discord", async || {
        number(&server.url, "select count(*) from deliveries where status = 'delivered'").await == Ok(1)
    })
    .await;
    assert_eq!(number(&server.url, "select count(*) from triages").await, Ok(1));
    assert_eq!(second.terminate().await, Some(0));
}
