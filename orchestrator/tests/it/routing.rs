//! Tickets go by what is true of the machines: what they say of themselves, what calls find, how busy they are.

use std::time::Duration;

use link::{Elsewhere, SILENT_AFTER_MS, TriageStatus, Usability};
use orchestrator::queue::wake::News;

use crate::support::fleet::{Pc, SECRETS_KEY, add, hand_over, known, pair, says, troubled};
use crate::support::{TestApp, until};

/// Only devices have machines.
const DEVICES: [(&str, &str); 5] = [
    ("SECRETS_KEY", SECRETS_KEY),
    ("LOCAL_LLM_URL", ""),
    ("CF_ACCESS_CLIENT_ID", ""),
    ("CF_ACCESS_CLIENT_SECRET", ""),
    ("LOCAL_LLM_CONCURRENCY", "1"),
];

const WITHOUT_CLOUD: [(&str, &str); 6] =
    [DEVICES[0], DEVICES[1], DEVICES[2], DEVICES[3], DEVICES[4], ("CLOUD_FALLBACK", "off")];

async fn ask(app: &TestApp, id: &str) {
    app.ticket(id, "Question", "How do I change my plan?").await;
}

on_both! {
    async fn what_a_machine_reports_down_costs_no_call_and_is_used_again_after_one_probe(database) {
        let (app, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        pair(&database, &app.app, "a", &pc).await;
        says(&database, &app.app, "a", Usability::Unusable, "ollama does not run").await;
        // Nobody has told of it: the claim itself looks.
        ask(&app, "1").await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!((detail.triage.provider.as_deref(), detail.calls.len()), (Some("groq"), 1));
        assert_eq!(
            detail.calls[0].cloud_reason.as_deref(),
            Some("CLOUD_FALLBACK=redacted; the local model is known to be unavailable: ollama does not run")
        );
        assert_eq!((pc.calls("/api/chat"), pc.calls("/api/version")), (0, 0));
        assert_eq!(app.app.providers.view_of("a").state, Usability::Unknown);
        assert_eq!(app.app.providers.elsewhere("a"), Elsewhere::Groq);
        let (_, health) = app.get("/health").await;
        assert_eq!(health["dependencies"]["local_llm"]["error"], "ollama does not run");

        says(&database, &app.app, "a", Usability::Usable, "").await;
        app.app.wake.spread(News::Devices);
        until("the probe", async || (pc.calls("/api/version") == 1).then_some(())).await;
        until("the machine to be used again", async || {
            let id = uuid::Uuid::new_v4().simple().to_string();
            ask(&app, &id).await;
            let triage = app.wait_for(&id, TriageStatus::Triaged).await.triage;
            (triage.device_id.as_deref() == Some("a")).then_some(())
        }).await;
        assert_eq!(pc.calls("/api/version"), 1, "one probe was enough");
        assert_eq!(app.app.providers.view_of("a").state, Usability::Usable);
    }
}

on_both! {
    async fn with_the_cloud_off_waiting_tickets_run_as_soon_as_the_machine_is_reported_up(database) {
        let (app, pc) = (TestApp::start(&database, &WITHOUT_CLOUD).await, Pc::start().await);
        pair(&database, &app.app, "a", &pc).await;
        says(&database, &app.app, "a", Usability::Unusable, "the tunnel is down").await;
        for id in ["1", "2", "3"] {
            ask(&app, id).await;
            let waiting = app.wait_for_triage(id, "to wait", |t| t.status == TriageStatus::Waiting).await;
            assert_eq!(waiting.error.as_deref(), Some("local model: the tunnel is down; Groq: not allowed (CLOUD_FALLBACK=off)"));
        }
        assert_eq!(app.app.providers.elsewhere("a"), Elsewhere::Wait);
        assert_eq!(pc.calls("/api/"), pc.calls("/api/p") + pc.calls("/api/delete") + pc.calls("/api/create"), "the look from outside only");
        // The clock stands still: nothing but the report brings them back.
        says(&database, &app.app, "a", Usability::Usable, "").await;
        app.app.wake.spread(News::Devices);
        for id in ["1", "2", "3"] {
            let detail = app.wait_for(id, TriageStatus::Triaged).await;
            assert_eq!((detail.triage.device_id.as_deref(), detail.calls[0].device_id.as_deref()), (Some("a"), Some("a")));
        }
    }
}

on_both! {
    async fn under_load_every_machine_works_and_when_one_fails_the_other_takes_over(database) {
        let (app, one, two) = (TestApp::start(&database, &DEVICES).await, Pc::start().await, Pc::start().await);
        pair(&database, &app.app, "a", &one).await;
        pair(&database, &app.app, "b", &two).await;
        for pc in [&one, &two] {
            pc.ollama.set_delay(Duration::from_millis(30));
        }
        let ids: Vec<String> = (0..12).map(|n| format!("load-{n}")).collect();
        for id in &ids {
            ask(&app, id).await;
        }
        for id in &ids {
            assert_eq!(app.wait_for(id, TriageStatus::Triaged).await.triage.provider.as_deref(), Some("local"));
        }
        let (first, second) = (one.calls("/api/chat"), two.calls("/api/chat"));
        assert!(first >= 3 && second >= 3 && first + second == 12, "{first} and {second}");

        one.edge.faults.script("tunnel down").unwrap();
        let failures = one.calls("/api/chat");
        for n in 0..6 {
            let id = format!("over-{n}");
            ask(&app, &id).await;
            let detail = app.wait_for(&id, TriageStatus::Triaged).await;
            assert_eq!(detail.triage.device_id.as_deref(), Some("b"), "{:?}", detail.calls);
        }
        assert_eq!((one.calls("/api/chat") - failures, app.world.groq.journal.count()), (1, 0), "one failed call told enough");
        assert_eq!(app.app.providers.view_of("a").state, Usability::Unusable);
        assert_eq!(app.app.providers.elsewhere("a"), Elsewhere::AnotherDevice);
        let (_, health) = app.get("/health").await;
        let local = &health["dependencies"]["local_llm"];
        assert_eq!(local["status"], "degraded", "{local}");
        assert!(local["error"].as_str().unwrap().starts_with("PC a: "), "{local}");
    }
}

on_both! {
    async fn whoever_waits_for_a_machine_that_goes_down_is_routed_anew_at_once(database) {
        let (app, one, two) = (TestApp::start(&database, &WITHOUT_CLOUD).await, Pc::start().await, Pc::start().await);
        pair(&database, &app.app, "a", &one).await;
        one.edge.faults.script("slow 2s once on /api/chat").unwrap();
        for n in 0..4 {
            ask(&app, &n.to_string()).await;
        }
        one.edge.journal.wait_for_on("/api/chat", 1).await;
        pair(&database, &app.app, "b", &two).await;
        says(&database, &app.app, "a", Usability::Unusable, "going to sleep").await;
        app.app.wake.spread(News::Devices);
        until("the others to be triaged on the other machine", async || {
            (two.calls("/api/chat") >= 3).then_some(())
        }).await;
        for n in 0..4 {
            app.wait_for(&n.to_string(), TriageStatus::Triaged).await;
        }
        assert_eq!((one.calls("/api/chat"), two.calls("/api/chat")), (1, 3));
    }
}

on_both! {
    async fn credentials_are_replaced_under_load_without_a_failed_call(database) {
        let (app, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        pair(&database, &app.app, "a", &pc).await;
        pc.ollama.set_delay(Duration::from_millis(10));
        pc.edge.add_token("new", "new-secret");
        for n in 0..25 {
            ask(&app, &n.to_string()).await;
        }
        until("some to be triaged with the old token", async || (pc.calls("/api/chat") >= 5).then_some(())).await;
        hand_over(&database, &app.app, "a", &pc, "new").await;
        for n in 25..50 {
            ask(&app, &n.to_string()).await;
        }
        let with = |token: &str| {
            let entries = pc.edge.journal.entries_on("/api/chat");
            entries.iter().filter(|entry| entry.header("cf-access-client-id") == Some(token)).count()
        };
        until("the new token to be used", async || (with("new") >= 3).then_some(())).await;
        // The machine takes one call at a time, so none is under way with the old token.
        pc.edge.remove_token("old");
        for n in 0..50 {
            let detail = app.wait_for(&n.to_string(), TriageStatus::Triaged).await;
            assert_eq!((detail.triage.device_id.as_deref(), detail.calls.len()), (Some("a"), 1), "{:?}", detail.calls);
        }
        assert!(with("old") >= 5 && with("new") >= 3 && with("old") + with("new") == 50);
        assert_eq!(app.world.groq.journal.count(), 0);
    }
}

on_both! {
    async fn a_silent_machine_is_probed_and_judged_by_what_calls_find(database) {
        let (app, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        pair(&database, &app.app, "a", &pc).await;
        says(&database, &app.app, "a", Usability::Unusable, "ollama does not run").await;
        app.app.wake.spread(News::Devices);
        troubled(&app, "a", Some("ollama does not run")).await;
        app.app.clock.advance(Duration::from_millis(SILENT_AFTER_MS - 1));
        app.app.wake.spread(News::Devices);
        ask(&app, "1").await;
        assert_eq!(app.wait_for("1", TriageStatus::Triaged).await.triage.provider.as_deref(), Some("groq"));
        assert_eq!(pc.calls("/api/version"), 0, "its word still counts");

        app.app.clock.advance(Duration::from_millis(1));
        until("the probe", async || (pc.calls("/api/version") == 1).then_some(())).await;
        until("the machine to be used again", async || {
            let id = uuid::Uuid::new_v4().simple().to_string();
            ask(&app, &id).await;
            let triage = app.wait_for(&id, TriageStatus::Triaged).await.triage;
            (triage.device_id.as_deref() == Some("a")).then_some(())
        }).await;
    }
}

on_both! {
    async fn what_a_device_told_another_orchestrator_counts_here(database) {
        let (first, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        let second = TestApp::join(&database, first.world.clone(), &DEVICES).await;
        pair(&database, &first.app, "a", &pc).await;
        known(&second.app, "a").await;
        // Only the database has heard of it.
        says(&database, &first.app, "a", Usability::Unusable, "ollama does not run").await;
        for n in 0..8 {
            let app = if n % 2 == 0 { &first } else { &second };
            ask(app, &n.to_string()).await;
        }
        for n in 0..8 {
            assert_eq!(first.wait_for(&n.to_string(), TriageStatus::Triaged).await.triage.provider.as_deref(), Some("groq"));
        }
        assert_eq!(pc.calls("/api/chat"), 0);
    }
}

on_both! {
    async fn the_environments_tunnel_is_used_beside_devices_and_replaced_by_the_device_behind_it(database) {
        let app = TestApp::start(&database, &[("SECRETS_KEY", SECRETS_KEY)]).await;
        ask(&app, "1").await;
        assert_eq!(app.wait_for("1", TriageStatus::Triaged).await.triage.device_id, None);

        add(&app.app, "a").await;
        database.execute(format!(
            "update devices set heartbeat = '{{\"public_url\":\"{}/\"}}' where id = 'a'", app.world.edge.url()
        )).await;
        says(&database, &app.app, "a", Usability::Unusable, "paused").await;
        app.app.wake.spread(News::Devices);
        until("its word to count", async || {
            app.app.providers.local()[0].trouble.as_deref().filter(|why| *why == "paused").map(drop)
        }).await;
        ask(&app, "2").await;
        assert_eq!(app.wait_for("2", TriageStatus::Triaged).await.triage.provider.as_deref(), Some("groq"));

        let pc = Pc { ollama: app.world.ollama.clone(), edge: app.world.edge.clone() };
        pc.edge.add_token("new", "new-secret");
        says(&database, &app.app, "a", Usability::Usable, "").await;
        hand_over(&database, &app.app, "a", &pc, "new").await;
        known(&app.app, "a").await;
        assert_eq!(app.app.providers.local().len(), 1, "one machine for one address");
        ask(&app, "3").await;
        assert_eq!(app.wait_for("3", TriageStatus::Triaged).await.triage.device_id.as_deref(), Some("a"));
        assert_eq!(app.world.edge.journal.entries_on("/api/chat").last().unwrap().header("cf-access-client-id"), Some("new"));
    }
}
