//! A ticket's whole way, from the webhook to Discord.

use link::TriageStatus;
use orchestrator::queue::{Incoming, Kind, LEASE, Proof, TOO_LONG};
use orchestrator::store::Store;
use serde_json::json;
use sims::hubspot::{Contact, Ticket};
use sims::sender::{Event, Sender};
use triage::time::Timestamp;

use crate::support::{Database, Log, TOKEN, TestApp, World, until};

on_both! {
    async fn a_ticket_stands_in_discord_with_its_verdict(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_PORTAL_ID", "20260001")]).await;
        app.ticket("31415926535", "Invoice shows the wrong VAT number", "Hello, our invoice of May has the wrong VAT number. Please correct it.").await;
        let detail = app.wait_for("31415926535", TriageStatus::Triaged).await;
        let verdict = detail.triage.verdict.unwrap();
        assert_eq!((verdict.category.as_str(), verdict.team.as_str(), verdict.language.as_str()), ("billing", "billing", "en"));
        assert_eq!(detail.triage.provider.as_deref(), Some("local"));
        assert_eq!(detail.triage.deliveries[0].status, "delivered");
        let [call] = detail.calls.as_slice() else { panic!("{:?}", detail.calls) };
        assert_eq!((call.provider.as_str(), call.form.as_str(), call.outcome.as_str()), ("local", "first", "verdict"));
        assert!(call.model_digest.is_some() && call.prompt_version.starts_with("p-") && call.cloud_reason.is_none());
        assert_eq!(format!("http://{}", call.sent_to), app.world.edge.url());

        let message = app.world.discord.wait_for_ticket("31415926535").await;
        let embed = &message.embeds[0];
        assert_eq!(embed["title"], "Invoice shows the wrong VAT number");
        assert_eq!(embed["url"], "https://app.hubspot.com/contacts/20260001/record/0-5/31415926535");
        assert_eq!(message.allowed_mentions, json!({"parse": []}));
        assert!(embed["footer"]["text"].as_str().unwrap().starts_with("on your machine, llama3.2, "), "{embed}");
        assert_eq!(Some(message.id.as_str()), detail.triage.deliveries[0].message_id.as_deref());
    }
}

on_both! {
    async fn the_table_of_processed_tickets_is_kept(database) {
        let app = TestApp::start(&database, &[]).await;
        app.ticket("1", "Cannot log in", "The login page says that my password is wrong.").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let sql = "select ticket_id || ' ' || provider from processed_tickets where processed_at is not null and created_at is not null";
        let row = database.ask(sql).await;
        assert_eq!(row, "1 local");
    }
}

on_both! {
    async fn text_is_fetched_from_hubspot_when_the_webhook_has_none(database) {
        for (id, family, path) in [(71, "v3", "/crm/v3/objects/tickets/71"), (72, "2026-09", "/crm/objects/2026-09/tickets/72")] {
            let app = TestApp::start(&database, &[("HUBSPOT_API_FAMILY", family)]).await;
            let contact = Contact { id: "501".into(), firstname: Some("Ada".into()), lastname: Some("Lovelace".into()), ..Contact::default() };
            app.world.hubspot.add_ticket(Ticket::new(id, "Webhook signature", "The signature of your webhook does not match.").with_contact(contact));
            let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
            assert_eq!(sender.events(&[Event::creation(id)]).await.unwrap().status, 202);
            let detail = app.wait_for(&id.to_string(), TriageStatus::Triaged).await;
            assert_eq!(detail.triage.subject.as_deref(), Some("Webhook signature"));
            assert!(detail.triage.url.unwrap().ends_with(&format!("/record/0-5/{id}")));
            assert_eq!(app.world.hubspot.journal.entries_on(path).len(), 1);
            assert_eq!(app.world.hubspot.journal.entries_on("contacts/batch/read").len(), 1);
        }
    }
}

on_both! {
    async fn a_ticket_deleted_meanwhile_is_gone(database) {
        let app = TestApp::start(&database, &[]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 404}])).await;
        // HubSpot's index may lag behind its webhooks.
        for asked in 1..=2 {
            app.world.hubspot.journal.wait_for_answers(asked).await;
            app.advance_at_rest(&database, std::time::Duration::from_secs(60)).await;
        }
        let detail = app.wait_for("404", TriageStatus::Gone).await;
        assert!(detail.calls.is_empty() && detail.triage.deliveries.is_empty());
        assert_eq!(app.world.discord.messages().len(), 0);
    }
}

#[tokio::test]
async fn a_ticket_that_nobody_has_read_when_it_is_gone_is_warned_of() {
    let (log, _logging) = Log::of_this_thread();
    let database = Database::sqlite();
    let app = TestApp::start(&database, &[]).await;
    app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 404}])).await;
    for asked in 1..=2 {
        app.world.hubspot.journal.wait_for_answers(asked).await;
        app.advance_at_rest(&database, std::time::Duration::from_secs(60)).await;
    }
    app.wait_for("404", TriageStatus::Gone).await;
    until("it to be logged", async || {
        log.text().lines().any(|line| line.contains("WARN") && line.contains("ticket_gone")).then_some(())
    })
    .await;
}

on_both! {
    async fn a_ticket_that_is_restored_is_triaged_after_all(database) {
        let app = TestApp::start(&database, &[]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 404}])).await;
        for asked in 1..=2 {
            app.world.hubspot.journal.wait_for_answers(asked).await;
            app.advance_at_rest(&database, std::time::Duration::from_secs(60)).await;
        }
        app.wait_for("404", TriageStatus::Gone).await;
        app.world.hubspot.add_ticket(Ticket::new(404, "Question", "How do I change my plan?"));
        let restored = json!([{"subscriptionType": "object.restore", "objectTypeId": "0-5", "objectId": 404, "eventId": 7}]);
        for accepted in [1, 0] {
            assert_eq!(app.send(&restored).await.1["accepted"], accepted, "the second time it is a repetition");
            app.wait_for("404", TriageStatus::Triaged).await;
        }
        database.rested().await;
        assert_eq!(app.world.ollama.chats(), 1);
    }
}

on_both! {
    async fn a_ticket_that_has_its_verdict_is_not_triaged_again_when_it_is_restored(database) {
        let app = TestApp::start(&database, &[]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let restored = json!([{"subscriptionType": "ticket.restore", "objectId": 1, "eventId": 7}]);
        assert_eq!(app.send(&restored).await.1["accepted"], 1);
        database.rested().await;
        assert_eq!(app.world.ollama.chats(), 1);
    }
}

on_both! {
    async fn an_id_that_is_no_number_leads_nowhere_in_hubspot(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_WRITE_BACK", "note")]).await;
        for id in ["../contacts/501", "1?archived=true"] {
            assert_eq!(app.send(&json!({ "ticket_id": id })).await.0, 202);
            app.wait_for(id, TriageStatus::Failed).await;
            app.ticket(&format!("{id}/"), "Question", "How do I change my plan?").await;
            app.wait_for(&format!("{id}/"), TriageStatus::Triaged).await;
        }
        assert_eq!(app.world.hubspot.journal.count(), 0);
    }
}

on_both! {
    async fn an_announced_ticket_that_was_deleted_has_its_message_put_right(database) {
        let app = TestApp::start(&database, &[]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 405}])).await;
        app.world.hubspot.journal.wait_for_on("tickets/405", 1).await;
        app.advance_at_rest(&database, TOO_LONG).await;
        app.world.hubspot.journal.wait_for_on("tickets/405", 2).await;
        database.rested().await;
        app.app.store.announce_waiting(app.app.clock.now()).await.unwrap();
        app.advance(std::time::Duration::ZERO);
        assert_eq!(app.world.discord.wait_for_ticket("ticket 405").await.title(), "Waiting: (no subject)");
        app.advance_at_rest(&database, TOO_LONG).await;
        app.wait_for("405", TriageStatus::Gone).await;
        assert!(app.world.discord.wait_for_ticket("ticket 405").await.text().contains("deleted in HubSpot"));
    }
}

on_both! {
    async fn a_busy_hubspot_is_asked_again_and_a_refused_token_is_told(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.hubspot.add_ticket(Ticket::new(5, "Invoice", "The invoice has the wrong VAT number."));
        app.world.hubspot.faults.script("429 once; 502 once").unwrap();
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 5}])).await;
        for asked in 1..=2 {
            app.world.hubspot.journal.wait_for_answers(asked).await;
            app.advance_at_rest(&database, std::time::Duration::from_secs(60)).await;
        }
        app.wait_for("5", TriageStatus::Triaged).await;

        app.world.hubspot.set_token("another");
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 6}])).await;
        app.wait_for("6", TriageStatus::Failed).await;
        let message = app.world.discord.wait_for_ticket("ticket 6").await;
        assert!(message.title().starts_with("Not triaged:"), "{}", message.text());
        assert!(message.text().contains("HUBSPOT\\_ACCESS\\_TOKEN"), "{}", message.text());
    }
}

on_both! {
    async fn only_hubspot_brings_forward_what_hubspot_did_not_give(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.hubspot.add_ticket(Ticket::new(5, "Invoice", "The invoice has the wrong VAT number."));
        app.world.hubspot.faults.script("500 once").unwrap();
        let wake = async |proof| app.app.store.wake_waiting(Kind::Triage, proof, app.app.clock.now()).await.unwrap();
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 5}])).await;
        app.wait_for_triage("5", "to wait", |t| t.status == TriageStatus::Waiting).await;
        assert_eq!(wake(Proof::Works).await, 0, "a working model reads nothing from HubSpot");

        // HubSpot answers again: not for this one, which its index does not have yet, but for the other.
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 6}])).await;
        app.wait_for("5", TriageStatus::Triaged).await;
        app.wait_for_triage("6", "to wait for HubSpot's index", |t| t.status == TriageStatus::Waiting).await;
        assert_eq!(wake(Proof::Works).await + wake(Proof::Reads).await, 0, "an index needs time, not another look");
    }
}

on_both! {
    async fn a_ticket_without_text_and_without_access_is_given_to_a_person_until_its_text_comes(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_ACCESS_TOKEN", "")]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 8}])).await;
        let failed = app.wait_for("8", TriageStatus::Failed).await;
        assert!(failed.triage.error.unwrap().contains("no text"));
        app.ticket("8", "Refund", "I want my money back for the second licence.").await;
        app.wait_for("8", TriageStatus::Triaged).await;
        let message = app.world.discord.wait_until("the message to be edited", |m| m.iter().find(|m| m.edits == 1).cloned()).await;
        assert_eq!((message.title(), app.world.discord.messages().len()), ("Refund".into(), 1));
    }
}

on_both! {
    async fn a_changed_ticket_is_triaged_again_only_when_that_is_wanted_and_it_really_changed(database) {
        for (retriage, expected) in [("false", 1), ("true", 2)] {
            let app = TestApp::start(&database, &[("RETRIAGE_ON_CHANGE", retriage)]).await;
            let id: u64 = if retriage == "true" { 91 } else { 90 };
            app.world.hubspot.add_ticket(Ticket::new(id, "Question", "How do I add a user?"));
            let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
            sender.events(&[Event::creation(id)]).await.unwrap();
            app.wait_for(&id.to_string(), TriageStatus::Triaged).await;
            // The same text again: nothing to do.
            sender.events(&[Event::change(id, "subject", "Question")]).await.unwrap();
            app.world.hubspot.add_ticket(Ticket::new(id, "Everything is down", "Production is down for all our users!"));
            if retriage == "true" {
                app.world.hubspot.journal.wait_for_on(&format!("tickets/{id}"), 2).await;
            }
            sender.events(&[Event::change(id, "content", "Production is down")]).await.unwrap();
            if retriage == "true" {
                let triage = app.wait_for_triage(&id.to_string(), "to be urgent", |t| t.verdict.as_ref().is_some_and(|v| v.priority == "urgent")).await;
                assert_eq!(triage.subject.as_deref(), Some("Everything is down"));
            }
            assert_eq!(app.world.ollama.chats(), expected, "{retriage}");
        }
    }
}

on_both! {
    async fn a_ticket_on_which_every_worker_died_is_given_to_a_person(database) {
        let store = Store::open(&database.url, 2).await.unwrap();
        store.migrate().await.unwrap();
        let body = br#"{"ticket_id": "13", "subject": "Invoice", "content": "The invoice has the wrong VAT number."}"#;
        let events = triage::webhook::parse(body, None).unwrap().events;
        let mut then = Timestamp::from_millis(1_000);
        store.accept(&[Incoming { request_id: "test".into(), events }], false, then).await.unwrap();
        for takeovers in 0..5 {
            assert_eq!(store.claim(Kind::Triage, 1, then).await.unwrap()[0].takeovers, takeovers);
            then = then.plus(LEASE);
        }
        let app = TestApp::start(&database, &[]).await;
        let failed = app.wait_for("13", TriageStatus::Failed).await;
        assert_eq!(failed.triage.error.as_deref(), Some("Working on this ticket ended in a crash 5 times."));
        assert_eq!(app.world.ollama.chats(), 0);
        let told = |m: &[sims::discord::Message]| m.iter().any(|m| m.title().starts_with("Not triaged:")).then_some(());
        app.world.discord.wait_until("the team to be told", told).await;
    }
}

on_both! {
    async fn names_that_come_with_late_text_are_redacted_too(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_ACCESS_TOKEN", ""), ("LOCAL_LLM_URL", "http://127.0.0.1:9")]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 8}])).await;
        app.wait_for("8", TriageStatus::Failed).await;
        let text = json!({"ticket_id": 8, "subject": "Invoice", "content": "I am Ada and need an invoice.", "contact_name": "Ada Lovelace"});
        assert_eq!(app.send(&text).await.0, 202);
        app.wait_for("8", TriageStatus::Triaged).await;
        let sent = app.world.groq.journal.entries_on("chat/completions")[0].body.clone();
        assert!(sent.contains("I am [name] and") && !sent.contains("Ada"), "{sent}");
    }
}

on_both! {
    async fn a_change_is_not_forgotten_when_no_model_can_be_asked_at_first(database) {
        let app = TestApp::start(&database, &[("RETRIAGE_ON_CHANGE", "true"), ("CLOUD_FALLBACK", "off")]).await;
        app.world.hubspot.add_ticket(Ticket::new(92, "Question", "How do I add a user?"));
        let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
        sender.events(&[Event::creation(92)]).await.unwrap();
        app.wait_for("92", TriageStatus::Triaged).await;
        app.world.edge.stop().await;
        app.world.hubspot.add_ticket(Ticket::new(92, "Everything is down", "Production is down for all our users!"));
        sender.events(&[Event::change(92, "content", "Production is down")]).await.unwrap();
        app.wait_for_triage("92", "to wait", |t| t.status == TriageStatus::Waiting).await;
        app.world.edge.restart().unwrap();
        app.advance_at_rest(&database, std::time::Duration::from_secs(61)).await;
        app.wait_for_triage("92", "to be urgent", |t| t.verdict.as_ref().is_some_and(|v| v.priority == "urgent")).await;
    }
}

on_both! {
    async fn without_access_a_changed_property_asks_no_model_about_the_same_text(database) {
        let app = TestApp::start(&database, &[("RETRIAGE_ON_CHANGE", "true"), ("HUBSPOT_ACCESS_TOKEN", "")]).await;
        app.ticket("93", "Question", "How do I change my plan?").await;
        app.wait_for("93", TriageStatus::Triaged).await;
        app.send(&json!([{"subscriptionType": "ticket.propertyChange", "objectId": 93, "propertyName": "subject"}])).await;
        until("the queue to be empty", async || app.app.store.next_due(Kind::Triage).await.unwrap().is_none().then_some(())).await;
        assert_eq!(app.world.ollama.chats(), 1);
    }
}

on_both! {
    async fn a_wrong_hubspot_address_loses_no_ticket(database) {
        let world = World::start().await;
        let elsewhere = world.ollama.url();
        let app = TestApp::join(&database, world, &[("HUBSPOT_API_URL", &elsewhere)]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 94}])).await;
        let failed = app.wait_for("94", TriageStatus::Failed).await;
        assert!(failed.triage.error.unwrap().contains("does not know this address"));
        app.world.discord.wait_for_ticket("ticket 94").await;
    }
}

on_both! {
    async fn empty_strings_in_a_webhook_are_no_text(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.hubspot.add_ticket(Ticket::new(95, "Invoice", "The invoice has the wrong VAT number."));
        app.ticket("95", "", "").await;
        assert_eq!(app.wait_for("95", TriageStatus::Triaged).await.triage.subject.as_deref(), Some("Invoice"));
    }
}
