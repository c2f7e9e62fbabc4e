//! When the local model cannot be used, or answers nonsense.

use std::time::Duration;

use link::TriageStatus;
use orchestrator::queue::{Kind, TOO_LONG};
use orchestrator::store::Retry;
use serde_json::json;
use triage::ticket::TicketId;

use crate::support::TestApp;

const PERSONAL: &str = "Please call Ada Lovelace at +49 30 901820 or write to ada@example.com. My card is 4111 1111 1111 1111, \
    my IBAN DE89 3704 0044 0532 0130 00, my server 192.0.2.7, my key sk_live_51HxExampleExampleExample00.";

on_both! {
    async fn with_the_tunnel_down_groq_triages_a_redacted_ticket(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.edge.faults.script("tunnel down").unwrap();
        let body = json!({"ticket_id": "1", "subject": "Invoice for Ada Lovelace", "content": PERSONAL, "contact_name": "Ada Lovelace"});
        assert_eq!(app.send(&body).await.0, 202);
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!(detail.triage.provider.as_deref(), Some("groq"));
        let [local, groq] = detail.calls.as_slice() else { panic!("{:?}", detail.calls) };
        assert_eq!((local.outcome.as_str(), local.http_status), ("tunnel_down", Some(530)));
        assert_eq!(groq.outcome, "verdict");
        assert!(groq.cloud_reason.as_deref().unwrap().starts_with("CLOUD_FALLBACK=redacted; the local model could not be used: Cloudflare"));
        let kinds: Vec<&str> = groq.redacted.keys().map(String::as_str).collect();
        assert_eq!(kinds, ["card", "email", "iban", "ip", "name", "phone", "secret"]);
        let sent = app.world.groq.journal.entries_on("chat/completions")[0].body.clone();
        for secret in ["Ada", "Lovelace", "901820", "ada@example.com", "4111", "DE89", "192.0.2.7", "sk_live"] {
            assert!(!sent.contains(secret), "{secret} was sent to the cloud");
        }
        let footer = app.world.discord.wait_for_ticket("ticket 1").await.embeds[0]["footer"]["text"].as_str().unwrap().to_owned();
        assert!(footer.starts_with("by Groq, redacted, "), "{footer}");
    }
}

on_both! {
    async fn a_known_down_tunnel_is_not_asked_again_until_a_probe_came_back(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.edge.faults.script("tunnel down").unwrap();
        for id in ["1", "2", "3"] {
            app.ticket(id, "Question", "How do I change my plan?").await;
            let detail = app.wait_for(id, TriageStatus::Triaged).await;
            assert_eq!(detail.calls.len(), if id == "1" { 2 } else { 1 });
        }
        assert_eq!(app.world.edge.journal.entries_on("/api/chat").len(), 1);
        app.world.edge.faults.clear();
        app.advance(Duration::from_secs(6));
        app.world.edge.journal.wait_for_on("/api/version", 1).await;
        crate::support::until("the local model to be used again", async || {
            let id = uuid::Uuid::new_v4().simple().to_string();
            app.ticket(&id, "Question", "How do I change my plan?").await;
            (app.wait_for(&id, TriageStatus::Triaged).await.triage.provider.as_deref() == Some("local")).then_some(())
        }).await;
        assert_eq!(app.world.edge.journal.entries_on("/api/version").len(), 1, "one probe was enough");
    }
}

on_both! {
    async fn with_both_down_a_ticket_waits_and_is_triaged_when_one_is_back(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.edge.stop().await;
        app.world.groq.stop().await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for_triage("1", "to wait", |t| t.status == TriageStatus::Waiting).await;
        app.ticket("2", "Question", "How do I change my plan?").await;
        let waiting = app.wait_for_triage("2", "to wait", |t| t.status == TriageStatus::Waiting).await;
        assert!(waiting.error.unwrap().contains("no connection"), "the reason is told");
        app.world.edge.restart().unwrap();
        app.app.clock.advance(Duration::from_secs(61));
        for id in ["1", "2"] {
            assert_eq!(app.wait_for(id, TriageStatus::Triaged).await.triage.provider.as_deref(), Some("local"));
        }
    }
}

on_both! {
    async fn with_the_cloud_off_no_text_leaves(database) {
        let app = TestApp::start(&database, &[("CLOUD_FALLBACK", "off")]).await;
        app.world.edge.faults.script("502").unwrap();
        app.ticket("1", "Question", PERSONAL).await;
        app.wait_for_triage("1", "to wait", |t| t.status == TriageStatus::Waiting).await;
        app.world.edge.faults.clear();
        app.app.clock.advance(Duration::from_secs(61));
        assert_eq!(app.wait_for("1", TriageStatus::Triaged).await.triage.provider.as_deref(), Some("local"));
        assert_eq!(app.world.groq.journal.count(), 0);
    }
}

on_both! {
    async fn with_full_fallback_text_goes_as_it_is(database) {
        let app = TestApp::start(&database, &[("CLOUD_FALLBACK", "full"), ("GROQ_MODEL", "openai/gpt-oss-120b")]).await;
        app.world.edge.faults.script("502").unwrap();
        app.ticket("1", "Invoice", PERSONAL).await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert!(detail.calls[1].redacted.is_empty() && detail.calls[1].model == "openai/gpt-oss-120b");
        assert!(app.world.groq.journal.entries_on("chat/completions")[0].body.contains("ada@example.com"));
    }
}

on_both! {
    async fn each_way_to_fail_is_told_apart(database) {
        let table = [
            ("access refused", "access_refused"), ("401", "access_refused"), ("login page", "access_refused"), ("1010", "access_refused"),
            ("origin down", "origin_down"), ("524", "timeout"), ("530", "tunnel_down"), ("hang", "timeout"), ("drop", "unreachable"), ("429", "rate_limited"),
        ];
        for (index, (fault, expected)) in table.into_iter().enumerate() {
            let app = TestApp::start(&database, &[("LOCAL_LLM_TIMEOUT", "500ms")]).await;
            app.world.edge.faults.script(fault).unwrap();
            let id = format!("fault-{index}");
            app.ticket(&id, "Question", "How do I change my plan?").await;
            let detail = app.wait_for(&id, TriageStatus::Triaged).await;
            assert_eq!((detail.calls[0].outcome.as_str(), detail.triage.provider.as_deref()), (expected, Some("groq")), "{fault}");
        }
        let app = TestApp::start(&database, &[("LOCAL_LLM_MODEL", "missing:1b")]).await;
        app.ticket("model", "Question", "How do I change my plan?").await;
        assert_eq!(app.wait_for("model", TriageStatus::Triaged).await.calls[0].outcome, "model_missing");
        let app = TestApp::start(&database, &[]).await;
        app.world.edge.set_host_header(None);
        app.ticket("host", "Question", "How do I change my plan?").await;
        assert_eq!(app.wait_for("host", TriageStatus::Triaged).await.calls[0].outcome, "host_refused");
        let app = TestApp::start(&database, &[]).await;
        app.world.ollama.faults.script("503").unwrap();
        app.ticket("busy", "Question", "How do I change my plan?").await;
        assert_eq!(app.wait_for("busy", TriageStatus::Triaged).await.calls[0].outcome, "busy");
    }
}

on_both! {
    async fn an_answer_that_breaks_the_rules_is_repaired_once_then_the_next_provider_is_asked(database) {
        for (index, fault) in ["bad json", "confidence 1e12", "unknown category", "empty summary", "cut"].into_iter().enumerate() {
            let app = TestApp::start(&database, &[]).await;
            app.world.ollama.faults.script(&format!("{fault} once")).unwrap();
            let id = format!("repair-{index}");
            app.ticket(&id, "Question", "How do I change my plan?").await;
            let detail = app.wait_for(&id, TriageStatus::Triaged).await;
            let calls: Vec<_> = detail.calls.iter().map(|c| (c.provider.as_str(), c.form.as_str(), c.outcome.as_str())).collect();
            assert_eq!(calls, [("local", "first", "bad_answer"), ("local", "repair", "verdict")], "{fault}");

            app.world.ollama.faults.script(&format!("{fault} twice")).unwrap();
            let id = format!("next-{index}");
            app.ticket(&id, "Question", "How do I change my plan?").await;
            let detail = app.wait_for(&id, TriageStatus::Triaged).await;
            assert_eq!((detail.calls.len(), detail.triage.provider.as_deref()), (3, Some("groq")), "{fault}");
            assert!(detail.calls[2].cloud_reason.as_deref().unwrap().ends_with("the local model's answers broke the rules"));
        }
    }
}

on_both! {
    async fn a_ticket_that_no_model_answers_sensibly_is_given_to_a_person(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.ollama.faults.script("unknown category").unwrap();
        app.world.groq.faults.script("unknown category").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        for round in 1..=2 {
            app.world.groq.journal.wait_for_answers(2 * round).await;
            app.advance_at_rest(&database, Duration::from_secs(60)).await;
        }
        let detail = app.wait_for("1", TriageStatus::Failed).await;
        assert_eq!(detail.calls.len(), 12, "three rounds of two providers, asked twice each");
        assert!(app.world.discord.wait_for_ticket("ticket 1").await.title().starts_with("Not triaged:"));

        app.world.ollama.faults.clear();
        let id = TicketId::parse("1").unwrap();
        assert_eq!(app.app.store.retry(&id, app.app.clock.now()).await.unwrap(), Retry::Queued);
        app.advance(Duration::ZERO);
        app.wait_for("1", TriageStatus::Triaged).await;
        let message = app.world.discord.wait_until("the message to be edited", |m| m.iter().find(|m| m.edits == 1).cloned()).await;
        assert_eq!(message.title(), "Question");
    }
}

on_both! {
    async fn groq_steps_down_from_strict_schemas_and_waits_when_told(database) {
        let app = TestApp::start(&database, &[]).await;
        app.world.edge.stop().await;
        app.world.groq.faults.script("no json_schema").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let formats: Vec<_> = app.world.groq.journal.entries_on("chat/completions").iter()
            .map(|e| e.json.as_ref().unwrap()["response_format"].clone()).collect();
        let shapes: Vec<_> = formats.iter().map(|f| (f["type"].as_str().unwrap(), f["json_schema"]["strict"].as_bool())).collect();
        assert_eq!(shapes, [("json_schema", Some(true)), ("json_schema", Some(false)), ("json_object", None)]);

        app.world.groq.faults.clear();
        app.world.groq.faults.script("429 once wait 40s").unwrap();
        app.ticket("2", "Question", "How do I change my plan?").await;
        app.wait_for_triage("2", "to wait", |t| t.status == TriageStatus::Waiting).await;
        app.ticket("3", "Question", "How do I change my plan?").await;
        app.wait_for_triage("3", "to wait without asking", |t| t.status == TriageStatus::Waiting).await;
        assert_eq!(app.detail("3").await.unwrap().calls.len(), 0);
        app.advance(Duration::from_secs(60));
        for id in ["2", "3"] {
            app.wait_for(id, TriageStatus::Triaged).await;
        }
    }
}

on_both! {
    async fn a_disabled_category_never_comes_out(database) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.toml");
        let desk = triage::desk::Desk::BUILT_IN.replace("[[categories]]\nkey = \"billing\"", "[[categories]]\nenabled = false\nkey = \"billing\"");
        assert_ne!(desk, triage::desk::Desk::BUILT_IN);
        std::fs::write(&path, desk).unwrap();
        let app = TestApp::start(&database, &[("TRIAGE_CONFIG", path.to_str().unwrap())]).await;
        app.ticket("1", "Invoice", "The invoice has the wrong VAT number.").await;
        let triage = app.wait_for_triage("1", "to have a verdict", |t| t.verdict.is_some()).await;
        assert_ne!(triage.verdict.unwrap().category, "billing");
        let schema = app.world.ollama.journal.entries_on("/api/chat")[0].json.as_ref().unwrap()["format"].to_string();
        assert!(!schema.contains("\"billing\"") && schema.contains("\"outage\""));
    }
}

on_both! {
    async fn an_unsure_verdict_is_marked_for_review(database) {
        let app = TestApp::start(&database, &[("REVIEW_THRESHOLD", "1")]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::NeedsReview).await;
        let message = app.world.discord.wait_for_ticket("ticket 1").await;
        assert!(message.title().starts_with("Review: "), "{}", message.text());
        assert!(message.text().contains("was not written to HubSpot"), "{}", message.text());
    }
}

on_both! {
    async fn a_failed_second_triage_leaves_the_verdict_standing(database) {
        let app = TestApp::start(&database, &[]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        for faults in [&app.world.ollama.faults, &app.world.groq.faults] {
            faults.script("unknown category").unwrap();
        }
        let id = TicketId::parse("1").unwrap();
        app.app.store.retry(&id, app.app.clock.now()).await.unwrap();
        app.advance(Duration::ZERO);
        for round in 1..=2 {
            app.world.groq.journal.wait_for_answers(2 * round).await;
            app.advance_at_rest(&database, Duration::from_secs(60)).await;
        }
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert!(detail.triage.verdict.is_some() && detail.triage.error.unwrap().starts_with("It failed 3 times"));
        assert_eq!((app.world.discord.messages().len(), app.world.discord.messages()[0].edits), (1, 0));
    }
}

on_both! {
    async fn a_model_that_is_there_but_broken_does_not_use_up_a_tickets_attempts(database) {
        let app = TestApp::start(&database, &[("CLOUD_FALLBACK", "off"), ("LOCAL_LLM_MODEL", "missing:1b")]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for_triage("1", "to wait", |t| t.status == TriageStatus::Waiting).await;
        let due = app.app.store.next_due(Kind::Triage).await.unwrap().unwrap();
        app.advance_at_rest(&database, Duration::from_secs(6)).await;
        app.world.edge.journal.wait_for_on("/api/version", 1).await;
        app.ticket("2", "Question", "How do I change my plan?").await;
        app.wait_for_triage("2", "to be the trial", |t| t.attempts == 1).await;
        assert_eq!(app.detail("1").await.unwrap().triage.attempts, 1, "an answered probe is no working model");
        assert!(due > app.app.clock.now());
    }
}

on_both! {
    async fn what_failed_before_a_restart_comes_forward_when_the_next_ticket_succeeds(database) {
        let app = TestApp::start(&database, &[("CLOUD_FALLBACK", "off")]).await;
        app.world.edge.faults.script("500 once").unwrap();
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for_triage("1", "to wait", |t| t.status == TriageStatus::Waiting && t.attempts == 1).await;
        app.world.discord.faults.script("500 once").unwrap();
        app.ticket("2", "Question", "How do I change my plan?").await;
        app.world.discord.journal.wait_for_answers(1).await;
        database.rested().await;

        let world = app.world.clone();
        app.stop().await;
        let app = TestApp::join(&database, world, &[("CLOUD_FALLBACK", "off")]).await;
        app.ticket("3", "Question", "How do I change my plan?").await;
        for id in ["1", "2", "3"] {
            app.wait_for(id, TriageStatus::Triaged).await;
        }
        assert_eq!(app.world.discord.messages().len(), 3);
    }
}

on_both! {
    async fn a_ticket_that_waits_too_long_is_announced_once(database) {
        let app = TestApp::start(&database, &[("CLOUD_FALLBACK", "off")]).await;
        app.world.edge.stop().await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for_triage("1", "to wait", |t| t.status == TriageStatus::Waiting).await;
        assert!(app.app.store.announce_waiting(app.app.clock.now()).await.unwrap().is_empty(), "too early");
        app.advance_at_rest(&database, TOO_LONG).await;
        assert_eq!(app.app.store.announce_waiting(app.app.clock.now()).await.unwrap(), ["1"]);
        assert!(app.app.store.announce_waiting(app.app.clock.now()).await.unwrap().is_empty(), "once");
        app.advance(Duration::ZERO);
        let waiting = app.world.discord.wait_for_ticket("ticket 1").await;
        assert_eq!(waiting.title(), "Waiting: Question");
        assert!(waiting.text().contains("10 min after it came") && waiting.text().contains("no connection"), "{}", waiting.text());

        app.world.edge.restart().unwrap();
        app.advance_at_rest(&database, Duration::from_secs(61)).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let told = app.world.discord.wait_until("the message to be edited", |m| m.iter().find(|m| m.edits > 0).cloned()).await;
        assert_eq!((told.id, app.world.discord.messages().len()), (waiting.id, 1));
    }
}
