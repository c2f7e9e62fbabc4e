//! What was given up is tried again when a person asks: tickets, or only telling of them.

use std::time::Duration;

use link::{Triage, TriageStatus};
use orchestrator::commands::triage::{Command, retry::Options, run};
use orchestrator::store::GivenUp;
use sims::hubspot::Ticket;
use triage::retry::SCHEDULE;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use crate::support::TestApp;

on_both! {
    async fn a_message_that_was_given_up_is_written_when_somebody_asks_and_no_model_is(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.discord.faults.script("500 for ever").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        for failures in 1..=SCHEDULE.len() + 1 {
            app.world.discord.journal.wait_for_answers(failures).await;
            app.advance_at_rest(&database, Duration::from_secs(10 * 3600)).await;
        }
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!(detail.triage.deliveries[0].status, "failed");
        app.world.discord.faults.clear();

        let options = Options { ticket_id: Some("1".to_owned()), deliver: true, ..Options::default() };
        run(app.app.config.clone(), Command::Retry(options)).await.unwrap();
        app.world.discord.wait_for_ticket("ticket 1").await;
        app.wait_for_triage("1", "to have been told", |t| t.deliveries[0].status == "delivered").await;
        assert_eq!((app.world.ollama.chats(), app.world.discord.messages().len()), (1, 1));
        assert_eq!(database.ask("select cast(count(*) as text) from triages").await, "1");
    }
}

on_both! {
    async fn a_note_that_hubspot_refused_is_written_when_somebody_asks_and_no_model_is(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_WRITE_BACK", "note")]).await;
        app.world.hubspot.add_ticket(Ticket::new(1, "Question", "How do I change my plan?"));
        app.world.hubspot.faults.script("403 once on notes").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        let failed = |t: &Triage| t.deliveries.iter().any(|d| d.target == "hubspot" && d.status == "failed");
        app.wait_for_triage("1", "to be refused", failed).await;
        assert!(app.world.hubspot.notes().is_empty());

        retry(&app, Options { ticket_id: Some("1".to_owned()), deliver: true, ..Options::default() }).await;
        app.wait_for_triage("1", "to have its note", |t| t.deliveries.iter().all(|d| d.status == "delivered")).await;
        assert_eq!((app.world.hubspot.notes_of(1).len(), app.world.ollama.chats()), (1, 1));
    }
}

on_both! {
    async fn everything_that_was_given_up_is_tried_again_at_once(database) {
        let app = TestApp::start(&database, &[]).await;
        given_up(&app).await;
        let all = GivenUp { tickets: ids(&["2"]), deliveries: ids(&["1"]) };
        assert_eq!(app.app.store.given_up(Timestamp::default()).await.unwrap(), all);
        let later = app.app.clock.now().plus(Duration::from_secs(1));
        assert_eq!(app.app.store.given_up(later).await.unwrap(), GivenUp::default());

        retry(&app, Options { failed: true, ..Options::default() }).await;
        app.wait_for("2", TriageStatus::Triaged).await;
        app.wait_for_triage("1", "to have been told", |t| t.deliveries[0].status == "delivered").await;
        assert_eq!(app.world.ollama.chats(), 2, "one for each ticket");
        assert_eq!(app.app.store.given_up(Timestamp::default()).await.unwrap(), GivenUp::default());
    }
}

on_both! {
    async fn with_deliver_no_model_is_asked_for_what_was_given_up(database) {
        let app = TestApp::start(&database, &[]).await;
        given_up(&app).await;
        retry(&app, Options { failed: true, deliver: true, ..Options::default() }).await;
        app.wait_for_triage("1", "to have been told", |t| t.deliveries[0].status == "delivered").await;
        assert_eq!(app.detail("2").await.unwrap().triage.status, TriageStatus::Failed);
        assert_eq!(app.world.ollama.chats(), 1);
    }
}

/// Of ticket 1 nobody could be told, ticket 2 could not be read.
async fn given_up(app: &TestApp) {
    app.world.discord.faults.script("400 once").unwrap();
    app.ticket("1", "Question", "How do I change my plan?").await;
    app.wait_for_triage("1", "to be given up", |t| t.deliveries.iter().any(|d| d.status == "failed")).await;
    app.world.hubspot.add_ticket(Ticket::new(2, "Question", "How do I change my plan?"));
    app.world.hubspot.faults.script("401 once").unwrap();
    assert_eq!(app.send(&serde_json::json!({ "ticket_id": "2" })).await.0, 202);
    app.wait_for("2", TriageStatus::Failed).await;
}

/// The command's clock is the machine's: the service's, which stands still, is made to reach it.
async fn retry(app: &TestApp, options: Options) {
    run(app.app.config.clone(), Command::Retry(options)).await.unwrap();
    app.advance(Duration::from_secs(3600));
}

fn ids(ids: &[&str]) -> Vec<TicketId> {
    ids.iter().map(|id| TicketId::parse(id).unwrap()).collect()
}
