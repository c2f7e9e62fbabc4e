//! `POST /webhooks/hubspot`: what is taken, what is refused, and that every refusal says why.

use futures::StreamExt;
use link::TriageStatus;
use serde_json::{Value, json};
use sims::sender::{Event, Sender};

use crate::support::{TOKEN, TestApp};

const JSON: (&str, &str) = ("content-type", "application/json");

on_both! {
    async fn a_workflow_object_is_stored_once(database) {
        let app = TestApp::start(&database, &[]).await;
        let body = json!({"ticket_id": "31415926535", "subject": "Invoice", "content": "The invoice has the wrong VAT number.", "priority": "HIGH"});
        assert_eq!(app.send(&body).await, (202, json!({"accepted": 1, "duplicates": 0, "ignored": 0})));
        assert_eq!(app.send(&body).await, (202, json!({"accepted": 0, "duplicates": 1, "ignored": 0})));
        app.wait_for("31415926535", TriageStatus::Triaged).await;
        assert_eq!(app.world.discord.messages().len(), 1);
    }
}

on_both! {
    async fn a_batch_of_app_events_is_counted(database) {
        let app = TestApp::start(&database, &[]).await;
        for id in [11, 12] {
            app.world.hubspot.add_ticket(sims::hubspot::Ticket::new(id, "Invoice", "The invoice of May is missing."));
        }
        let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
        let events = [Event::creation(11), Event::creation(12), Event::change(12, "hs_pipeline_stage", "2"), Event::deletion(9)];
        let first = sender.events(&events).await.unwrap();
        assert_eq!((first.status, first.json), (202, json!({"accepted": 2, "duplicates": 0, "ignored": 2})));
        let again: Vec<Event> = events.iter().map(|event| event.clone().retried()).collect();
        let again = sender.events(&again).await.unwrap();
        assert_eq!((again.status, again.json), (202, json!({"accepted": 0, "duplicates": 2, "ignored": 2})));
        for id in ["11", "12"] {
            app.wait_for(id, TriageStatus::Triaged).await;
        }
    }
}

/// Status, code, body and headers of a request that is refused.
type Refusal<'a> = (u16, &'a str, Vec<u8>, &'a [(&'a str, &'a str)]);

on_both! {
    async fn bad_input_is_refused_with_a_reason(database) {
        let app = TestApp::start(&database, &[]).await;
        let auth = ("x-webhook-token", TOKEN);
        let large = vec![b'x'; 1024 * 1024 + 1];
        let table: [Refusal<'_>; 10] = [
            (401, "unauthorized", b"{}".to_vec(), &[JSON]),
            (401, "unauthorized", b"{}".to_vec(), &[JSON, ("authorization", "Bearer wrong")]),
            (401, "unauthorized", b"{}".to_vec(), &[JSON, ("x-webhook-token", "")]),
            (415, "unsupported_media_type", b"{}".to_vec(), &[auth, ("content-type", "text/plain")]),
            (415, "unsupported_media_type", b"{}".to_vec(), &[auth]),
            (413, "too_large", large, &[auth, JSON]),
            (400, "bad_request", b"subject=x".to_vec(), &[auth, JSON]),
            (400, "bad_request", b"\"text\"".to_vec(), &[auth, JSON]),
            (400, "bad_request", b"{\"subject\":\"x\"}".to_vec(), &[auth, JSON]),
            (400, "bad_request", vec![b'['; 100_000], &[auth, JSON]),
        ];
        for (status, code, body, headers) in table {
            let (answered, answer) = app.post(body, headers).await;
            assert_eq!((answered, answer["error"]["code"].as_str()), (status, Some(code)), "{answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.ends_with('.') && message.len() > 20, "{message}");
            assert!(!answer["error"]["request_id"].as_str().unwrap().is_empty());
        }
        let (status, answer) = app.get("/nothing").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (404, Some("not_found")));
        let (status, answer) = app.get("/webhooks/hubspot").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (405, Some("method_not_allowed")));
    }
}

on_both! {
    async fn an_event_without_a_ticket_is_named_and_costs_the_others_nothing(database) {
        let app = TestApp::start(&database, &[]).await;
        let (status, answer) = app.send(&json!([
            {"subscriptionType": "ticket.creation", "eventId": 1},
            {"ticket_id": 7, "subject": "Hello", "content": "How do I export my data?"}
        ])).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!(status, 400);
        assert!(message.starts_with("Event 1 of 2 names no ticket") && message.ends_with("The other 1 were stored."), "{message}");
        app.wait_for("7", TriageStatus::Triaged).await;
        let (status, answer) = app.send(&json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!(status, 400);
        assert!(message.ends_with("; event 10 of 12 is a number, not an object; and 2 more."), "{message}");
    }
}

on_both! {
    async fn odd_text_is_triaged_or_marked_never_refused(database) {
        let app = TestApp::start(&database, &[]).await;
        let long = "The export hangs at 99 %. ".repeat(8_000);
        let texts = [
            ("1", json!("Long"), json!(long)),
            ("2", json!("🔥🔥🔥"), json!("😱💥🙏")),
            ("3", json!("لا أستطيع تسجيل الدخول"), json!("تظهر رسالة خطأ عند إدخال كلمة المرور.")),
            ("4", json!(""), json!("The subject is empty, but the API answers 500 since noon.")),
            ("5", json!("The content is empty"), json!("")),
            ("6", json!(""), json!("")),
            ("7", json!("NUL \u{0} byte"), json!("in the text \u{0}\u{0}")),
            ("8", json!("null content"), Value::Null),
            ("9", json!(42), json!(true)),
        ];
        for (id, subject, content) in &texts {
            let (status, answer) = app.send(&json!({"ticket_id": id, "subject": subject, "content": content})).await;
            assert_eq!(status, 202, "{id}: {answer}");
        }
        let surrogate = br#"{"ticket_id":"10","subject":"broken \ud800 surrogate","content":"and \udc00 more"}"#;
        assert_eq!(app.post(surrogate.to_vec(), &[JSON, ("x-webhook-token", TOKEN)]).await.0, 202);
        for id in 1..=10 {
            let triage = app.wait_for_triage(&id.to_string(), "to come to rest", |t| {
                matches!(t.status, TriageStatus::Triaged | TriageStatus::NeedsReview)
            }).await;
            assert!(triage.verdict.is_some(), "{id}");
        }
        app.world.discord.wait_for_messages(10).await;
        let empty = app.detail("6").await.unwrap();
        assert_eq!(empty.triage.status, TriageStatus::NeedsReview);
        let shortened = app.detail("1").await.unwrap();
        assert!(shortened.calls.iter().all(|call| call.omitted_chars > 100_000), "{:?}", shortened.calls);
    }
}

on_both! {
    async fn concurrent_duplicates_lead_to_one_verdict_each(database) {
        let app = TestApp::start(&database, &[]).await;
        let tickets = 1_000;
        // The two of a pair next to each other, so that many are under way together.
        let sends = (0..tickets * 2).map(|n| {
            let app = &app;
            async move {
                let id = 5_000_000 + n / 2;
                app.send(&json!({"ticket_id": id, "subject": format!("Question {id}"), "content": "How do I invite a colleague?"})).await
            }
        });
        let answers: Vec<_> = futures::stream::iter(sends).buffer_unordered(100).collect().await;
        let total = |field: &str| answers.iter().map(|(_, answer)| answer[field].as_u64().unwrap()).sum::<u64>();
        assert_eq!((total("accepted"), total("duplicates")), (1_000, 1_000));
        let messages = app.world.discord.wait_for_messages(1_000).await;
        crate::support::until("the queue to be empty", async || {
            let waiting = app.app.store.next_due(orchestrator::queue::Kind::Discord).await.unwrap();
            waiting.is_none().then_some(())
        }).await;
        assert_eq!(messages.len(), 1_000);
        assert_eq!(app.world.discord.messages().iter().map(|m| m.edits).sum::<u32>(), 0, "no message was touched twice");
        assert_eq!(app.world.ollama.chats(), 1_000);
    }
}
