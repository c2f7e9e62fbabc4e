//! Telling Discord: one message per ticket, whatever Discord does.

use std::time::Duration;

use link::TriageStatus;
use orchestrator::store::Retry;
use triage::ticket::TicketId;

use crate::support::{TestApp, until};

on_both! {
    async fn a_second_triage_edits_the_same_message(database) {
        let app = TestApp::start(&database, &[]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let first = app.world.discord.wait_for_ticket("ticket 1").await;
        again(&app, "1").await;
        let edited = app.world.discord.wait_until("the message to be edited", |m| m.iter().find(|m| m.edits == 1).cloned()).await;
        assert_eq!((edited.id, app.world.discord.messages().len()), (first.id, 1));
        assert_eq!(edited.allowed_mentions, serde_json::json!({"parse": []}), "an edit without it would ping");
    }
}

on_both! {
    async fn a_message_deleted_by_a_person_is_posted_afresh(database) {
        let app = TestApp::start(&database, &[]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        let url = format!("{}/messages/{}", app.world.discord.webhook_url(), detail.triage.deliveries[0].message_id.as_deref().unwrap());
        assert!(sims::http_client().delete(url).send().await.unwrap().status().is_success());
        again(&app, "1").await;
        let message = app.world.discord.wait_for_ticket("ticket 1").await;
        until("the new message's id to be kept", async || {
            (app.detail("1").await?.triage.deliveries[0].message_id.as_deref() == Some(message.id.as_str())).then_some(())
        }).await;
    }
}

on_both! {
    async fn an_outage_of_discord_never_repeats_a_model_call(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.discord.faults.script("500 twice").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        for failed in 1..=2 {
            app.world.discord.journal.wait_for_answers(failed).await;
            app.advance_at_rest(&database, Duration::from_secs(60)).await;
        }
        app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!((app.world.ollama.chats(), app.world.discord.messages().len()), (1, 1));
    }
}

on_both! {
    async fn a_message_is_written_when_the_one_before_is_there_so_that_a_crash_repeats_one_at_most(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.discord.faults.script("slow 30ms for ever").unwrap();
        for id in 0..6 {
            app.ticket(&format!("turn-{id}"), "Question", "How do I change my plan?").await;
        }
        let messages = app.world.discord.wait_for_messages(6).await;
        let calls = app.world.discord.journal.entries();
        assert_eq!(calls.len(), 6);
        for (before, next) in messages.iter().zip(&calls[1..]) {
            assert!(before.posted <= next.at, "{} is asked for before {} is there", next.at, before.posted);
        }
    }
}

on_both! {
    async fn rate_limits_are_honoured(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.discord.set_bucket(5, Duration::from_millis(200));
        for id in 0..20 {
            app.ticket(&format!("limited-{id}"), "Question", "How do I change my plan?").await;
        }
        until("all messages", async || {
            app.advance_at_rest(&database, Duration::from_secs(2)).await;
            (app.world.discord.messages().len() == 20).then_some(())
        }).await;
        for id in 0..20 {
            app.wait_for(&format!("limited-{id}"), TriageStatus::Triaged).await;
        }
        assert_eq!(app.world.discord.messages().len(), 20);
    }
}

on_both! {
    async fn a_deleted_webhook_is_left_alone_and_reported_and_nothing_is_lost(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.discord.faults.script("deleted").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        until("Discord to be reported", async || (app.get("/health").await.1["dependencies"]["discord"]["status"] == "unhealthy").then_some(())).await;
        let calls = app.world.discord.journal.count();
        app.ticket("2", "Question", "How do I change my plan?").await;
        app.wait_for_triage("2", "to be triaged", |t| t.status == TriageStatus::Triaged).await;
        app.advance(Duration::from_secs(7200));
        let (_, health) = app.get("/health").await;
        assert_eq!(health["status"], "degraded");
        assert!(health["dependencies"]["discord"]["error"].as_str().unwrap().contains("does not exist any more"), "{health}");
        assert_eq!(app.world.discord.journal.count(), calls, "a dead webhook is not called again");

        let world = app.world.clone();
        app.stop().await;
        world.discord.faults.clear();
        let url = world.discord.add_webhook("1290000000000000777", "new-token");
        let app = TestApp::join(&database, world, &[("DISCORD_WEBHOOK_URL", &url)]).await;
        app.world.discord.wait_for_messages(2).await;
    }
}

on_both! {
    async fn the_first_message_after_an_outage_brings_the_others(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.discord.faults.script("500 twice").unwrap();
        for (id, failed) in [("1", 1), ("2", 2)] {
            app.ticket(id, "Question", "How do I change my plan?").await;
            app.world.discord.journal.wait_for_answers(failed).await;
        }
        database.rested().await;
        app.ticket("3", "Question", "How do I change my plan?").await;
        for id in ["1", "2", "3"] {
            app.wait_for(id, TriageStatus::Triaged).await;
        }
        assert_eq!(app.world.discord.messages().len(), 3);
    }
}

async fn again(app: &TestApp, id: &str) {
    let queued = app.app.store.retry(&TicketId::parse(id).unwrap(), app.app.clock.now()).await.unwrap();
    assert_eq!(queued, Retry::Queued);
    app.advance(Duration::ZERO);
}
