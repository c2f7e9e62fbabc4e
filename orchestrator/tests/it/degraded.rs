//! The database goes away and comes back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use orchestrator::queue::LEASE;
use serde_json::{Value, json};
use triage::ticket::TicketId;
use url::Url;

use crate::support::{Database, Patience, Proxy, TestApp, World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_it_says_so_and_recovers_by_itself() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    assert!(database.is_postgres());
    let (proxy, url) = behind_a_proxy(&database).await;
    let app = TestApp::start(&database, &[("DATABASE_URL", &url)]).await;
    assert_eq!(app.get("/health/ready").await.0, 200);
    assert_eq!(app.get("/health").await.1["status"], "healthy");

    proxy.cut();
    let body = json!({"ticket_id": "1", "subject": "Question", "content": "How do I change my plan?"});
    let (status, answer) = app.send(&body).await;
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (503, Some("unavailable")),
        "HubSpot keeps the event"
    );
    let (status, health) = app.get("/health").await;
    assert_eq!(
        (status, &health["status"], &health["dependencies"]["database"]["status"]),
        (200, &json!("degraded"), &json!("unhealthy"))
    );
    assert_eq!((app.get("/health/ready").await.0, app.get("/health/live").await.0), (503, 200));

    proxy.mend();
    until("webhooks to be taken again", async || (app.send(&body).await.0 == 202).then_some(())).await;
    until("the service to be ready", async || (app.get("/health/ready").await.0 == 200).then_some(())).await;
    app.world.discord.wait_for_ticket("ticket 1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_blinks_after_a_message_was_written_repeats_nothing() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let (proxy, url) = behind_a_proxy(&database).await;
    let app = TestApp::start(&database, &[("DATABASE_URL", &url)]).await;
    app.world.discord.faults.script("slow 200ms once").unwrap();
    app.ticket("1", "Question", "How do I change my plan?").await;
    app.world.discord.journal.wait_for(1).await;
    proxy.cut();
    app.world.discord.wait_for_messages(1).await;
    proxy.mend();
    let id = TicketId::parse("1").unwrap();
    until("the message to be remembered", async || {
        // A connection of the pool may have noticed nothing yet.
        let triage = app.app.store.triage(&id).await.ok().flatten()?.triage;
        (triage.deliveries.first()?.status == "delivered").then_some(())
    })
    .await;
    assert_eq!((app.world.discord.journal.count(), app.world.ollama.chats()), (1, 1));
}

/// Statements are given up after a second and a stop waits for two: in real life after 10 and 20.
const IMPATIENT: Patience =
    Patience { with_statements: Some(Duration::from_secs(1)), at_a_stop: Some(Duration::from_secs(2)) };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_holds_nobody_up_and_loses_nothing() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let (proxy, url) = behind_a_proxy(&database).await;
    let edit = [("DATABASE_URL", url.as_str())];
    let app = TestApp::join_with(&database, World::start().await, &edit, None, IMPATIENT).await;
    silent_in_the_middle_of_a_call(&app, &proxy, "1").await;
    let other = question("2");
    let (health, ready, webhook) =
        tokio::join!(app.get("/health"), app.get("/health/ready"), app.send(&other));
    assert_eq!(
        (&health.1["status"], &health.1["dependencies"]["database"]["status"]),
        (&json!("degraded"), &json!("unhealthy"))
    );
    assert_eq!((health.0, ready.0, webhook.0), (200, 503, 503), "{webhook:?}");

    proxy.mend();
    app.world.discord.wait_for_ticket("ticket 1").await;
    until("webhooks to be taken again", async || (app.send(&other).await.0 == 202).then_some(())).await;
    app.world.discord.wait_for_ticket("ticket 2").await;
    assert_eq!(app.world.ollama.chats(), 2, "what the model had said was not forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_database_that_has_fallen_silent() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let (proxy, url) = behind_a_proxy(&database).await;
    let edit = [("DATABASE_URL", url.as_str())];
    let app = TestApp::join_with(&database, World::start().await, &edit, None, IMPATIENT).await;
    let (world, later) = (app.world.clone(), app.app.clock.now().plus(LEASE));
    silent_in_the_middle_of_a_call(&app, &proxy, "1").await;
    let asked = Instant::now();
    app.stop().await;
    // In real life 20 s instead of 2, so this is 25 s there.
    assert!(asked.elapsed() < Duration::from_secs(7), "it took {:?}", asked.elapsed());

    let next = TestApp::join_at(&database, world, &[], Some(later)).await;
    next.world.discord.wait_for_ticket("ticket 1").await;
    assert_eq!(database.ask("select cast(count(*) as text) from triages").await, "1");
}

/// A ticket of which the model has been asked when the database falls silent.
async fn silent_in_the_middle_of_a_call(app: &TestApp, proxy: &Proxy, id: &str) {
    app.world.ollama.faults.script("slow 300ms once").unwrap();
    assert_eq!(app.send(&question(id)).await.0, 202);
    app.world.ollama.journal.wait_for(1).await;
    proxy.fall_silent();
}

fn question(id: &str) -> Value {
    json!({"ticket_id": id, "subject": "Question", "content": "How do I change my plan?"})
}

async fn behind_a_proxy(database: &Database) -> (Proxy, String) {
    let mut url = Url::parse(&database.url).unwrap();
    let server: SocketAddr =
        format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432)).parse().unwrap();
    let proxy = Proxy::to(server).await;
    url.set_port(Some(proxy.address().port())).unwrap();
    (proxy, url.into())
}
