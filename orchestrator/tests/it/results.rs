//! Lists, single tickets, corrections and figures, as paired devices get them.

use std::collections::BTreeSet;
use std::time::Duration;

use link::{Stats, TriageDetail, TriagePage, TriageStatus};
use orchestrator::store::Store;
use serde_json::{Value, json};
use triage::time::Timestamp;

use crate::support::{Device, TestApp};

async fn page(app: &TestApp, device: &Device, query: &str) -> TriagePage {
    let (status, page) = device.get(app, &format!("/triages{query}")).await;
    assert_eq!(status, 200, "{page}");
    serde_json::from_value(page).unwrap()
}

fn ids(page: &TriagePage) -> Vec<&str> {
    page.items.iter().map(|triage| triage.ticket_id.as_str()).collect()
}

on_both! {
    async fn a_list_is_read_page_by_page_while_new_tickets_arrive(database) {
        let app = TestApp::start(&database, &[("LOCAL_LLM_URL", "")]).await;
        let device = Device::of(&app).await;
        for id in 0..25 {
            // Some arrive in the same millisecond: the id decides.
            if id % 3 == 0 {
                app.app.clock.advance(Duration::from_millis(1));
            }
            app.ticket(&(1000 + id).to_string(), "Hello", "How are you?").await;
        }
        let (mut seen, mut before, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = page(&app, &device, &format!("?limit=7{before}")).await;
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            pages += 1;
            app.app.clock.advance(Duration::from_millis(1));
            app.ticket(&(2000 + pages).to_string(), "Another", "Meanwhile").await;
            match page.next {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        let expected: Vec<String> = (1000..1025).rev().map(|id: i32| id.to_string()).collect();
        assert_eq!((pages, seen), (4, expected));
    }
}

on_both! {
    async fn a_list_is_filtered_by_state_provider_and_words_that_mean_nothing_else(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        app.ticket("11", "Invoice 100% wrong", "I was billed twice.").await;
        app.ticket("12", "Cannot LOG_IN", "The password is refused.").await;
        app.ticket("13", "Where is my parcel", "Nothing came.").await;
        for id in ["11", "12", "13"] {
            app.wait_for_triage(id, "to have a verdict", |triage| triage.verdict.is_some()).await;
        }
        let table = [
            ("", vec!["11", "12", "13"]),
            ("?q=", vec!["11", "12", "13"]),
            ("?q=%25", vec!["11"]),
            ("?q=100%25%20WRONG", vec!["11"]),
            ("?q=_", vec!["12"]),
            ("?q=log_in", vec!["12"]),
            ("?q=13", vec!["13"]),
            ("?q=%5C", vec![]),
            ("?provider=local&q=parcel", vec!["13"]),
            ("?provider=groq", vec![]),
            ("?status=failed", vec![]),
        ];
        for (query, expected) in table {
            let page = page(&app, &device, query).await;
            let found: BTreeSet<&str> = ids(&page).into_iter().collect();
            assert_eq!(found, expected.into_iter().collect(), "{query}");
            assert_eq!(page.next, None, "{query}");
        }
        let triaged = page(&app, &device, "?status=triaged").await;
        let review = page(&app, &device, "?status=needs_review").await;
        assert_eq!(triaged.items.len() + review.items.len(), 3);
        assert!(triaged.items.iter().all(|triage| triage.status == TriageStatus::Triaged));
        let summary = &page(&app, &device, "?q=13").await.items[0].verdict.clone().unwrap().summary;
        let word = summary.split_whitespace().max_by_key(|word| word.len()).unwrap().to_uppercase();
        let found = page(&app, &device, &format!("?q={word}")).await;
        assert!(ids(&found).contains(&"13"), "{word} of {summary}");
    }
}

on_both! {
    async fn wrong_parameters_are_refused_with_what_is_allowed(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        let table = [
            ("/triages?limit=0", "1 to 200"),
            ("/triages?limit=201", "1 to 200"),
            ("/triages?before=x", "next"),
            ("/triages?status=done", "needs_review"),
            ("/triages?provider=openai", "local or groq"),
            ("/triages?state=failed", "limit, before, status, provider, q"),
            ("/stats?window=1y", "15m to 30d"),
            ("/stats?window=14m", "15m to 30d"),
            ("/events?after=-1", "id of an event"),
            ("/events?after=1000000", "no event 1000000"),
        ];
        for (path, part) in table {
            let (status, answer) = device.get(&app, path).await;
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(status == 400 && message.contains(part), "{path}: {status} {answer}");
        }
        for (path, what) in [("/triages/404", "404"), ("/triages/404/retry", "404")] {
            let (status, answer) = if path.ends_with("retry") { device.post(&app, path).await } else { device.get(&app, path).await };
            assert_eq!((status, &answer["error"]["code"]), (404, &json!("not_found")), "{what}");
        }
    }
}

on_both! {
    async fn nobody_but_a_paired_device_is_answered(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        assert_eq!(device.get(&app, "/triages").await.0, 200);
        app.app.store.revoke_device(&device.id, app.app.clock.now()).await.unwrap();
        for path in ["/triages", "/triages/1", "/stats", "/events", "/alerts"] {
            assert_eq!(device.get(&app, path).await.0, 401, "{path}");
            assert_eq!(app.get(&format!("/api/v1{path}")).await.0, 401, "{path}");
        }
    }
}

on_both! {
    async fn a_ticket_is_shown_retried_and_corrected(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_PORTAL_ID", "20260001")]).await;
        let device = Device::of(&app).await;
        app.ticket("21", "Invoice wrong", "I was billed twice.").await;
        app.wait_for_triage("21", "to have a verdict", |triage| triage.verdict.is_some() && triage.deliveries[0].status == "delivered").await;
        let (status, detail) = device.get(&app, "/triages/21").await;
        let detail: TriageDetail = serde_json::from_value(detail).unwrap();
        assert_eq!((status, detail.events.len(), detail.calls.len(), detail.triage.deliveries.len()), (200, 1, 1, 1));

        let url = "https://app.hubspot.com/contacts/20260001/record/0-5/21";
        assert_eq!(detail.triage.url.as_deref(), Some(url), "although the webhook did not name its account");

        let correct = async |body: Value| device.put(&app, "/triages/21/correction", &body).await;
        let (status, answer) = correct(json!({ "category": "weather" })).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(status == 422 && message.contains("billing"), "{answer}");
        assert_eq!(correct(json!({})).await.0, 422);
        assert_eq!(correct(json!({ "colour": "red" })).await.0, 400);
        assert_eq!(correct(json!({ "priority": "low" })).await.0, 200);
        let (status, answer) = correct(json!({ "category": "account", "note": " see above " })).await;
        let correction = &answer["correction"];
        assert_eq!((status, &correction["category"], &correction["note"]), (200, &json!("account"), &json!("see above")));
        assert_eq!((&correction["priority"], &correction["device_name"], &correction["device_id"]), (&Value::Null, &json!("studio"), &json!(device.id)));
        assert_eq!(page(&app, &device, "").await.items[0].correction.as_ref().unwrap().note.as_deref(), Some("see above"));
        assert_eq!(database.ask("select cast(count(*) as text) from changes where kind = 'corrected'").await, "2");

        let (status, answer) = device.post(&app, "/triages/21/retry").await;
        assert_eq!(status, 202, "{answer}");
        let retried = app.wait_for_triage("21", "to be triaged again", |triage| triage.attempts == 2 && triage.status != TriageStatus::Triaging).await;
        assert!(retried.correction.is_some(), "what a person said stays");
    }
}

on_both! {
    async fn what_cannot_be_corrected_or_retried_now_says_why(database) {
        let app = TestApp::start(&database, &[("LOCAL_LLM_TIMEOUT", "20s")]).await;
        let device = Device::of(&app).await;
        app.world.ollama.faults.script("hang once").unwrap();
        app.ticket("31", "Invoice wrong", "I was billed twice.").await;
        app.wait_for_triage("31", "to be triaged", |triage| triage.status == TriageStatus::Triaging).await;
        let (status, answer) = device.post(&app, "/triages/31/retry").await;
        assert_eq!((status, &answer["error"]["code"]), (409, &json!("running")));
        let (status, answer) = device.put(&app, "/triages/31/correction", &json!({ "priority": "low" })).await;
        assert_eq!((status, &answer["error"]["code"]), (409, &json!("no_verdict")));
        let (status, answer) = device.put(&app, "/triages/32/correction", &json!({ "priority": "low" })).await;
        assert_eq!((status, &answer["error"]["code"]), (404, &json!("not_found")));
    }
}

const ROWS: [&str; 4] = [
    "insert into tickets (ticket_id, contacts, status, triage_id, received_at, updated_at) values
        ('1', '[]', 'triaged', 'a', 1000, 1000), ('2', '[]', 'needs_review', 'b', 2000, 2000), ('3', '[]', 'failed', null, 3000, 3000),
        ('4', '[]', 'queued', null, 4000, 4000), ('5', '[]', 'triaged', 'e', 5000, 5000), ('6', '[]', 'failed', null, 10, 10)",
    "insert into triages (id, ticket_id, status, category, priority, sentiment, language, summary, reason, confidence, team, provider,
        model, prompt_version, redacted, omitted_chars, latency_ms, triaged_at) values
        ('a', '1', 'triaged', 'billing', 'low', 'neutral', 'en', 's', 'r', 0.9, 't', 'local', 'm', 'p', 0, 0, 100, 1500),
        ('b', '2', 'needs_review', 'billing', 'low', 'neutral', 'en', 's', 'r', 0.2, 't', 'local', 'm', 'p', 0, 0, 300, 2500),
        ('e', '5', 'triaged', 'bug', 'low', 'neutral', 'en', 's', 'r', 0.9, 't', 'groq', 'm', 'p', 0, 0, 200, 5500),
        ('old', '6', 'triaged', 'bug', 'low', 'neutral', 'en', 's', 'r', 0.9, 't', 'groq', 'm', 'p', 0, 0, 9000, 20)",
    "insert into attempts (id, ticket_id, provider, form, model, prompt_version, sent_to, redacted, omitted_chars, started_at, outcome) values
        ('1', '1', 'local', 'first', 'm', 'p', 'h', '{}', 0, 1400, 'verdict'), ('2', '2', 'local', 'first', 'm', 'p', 'h', '{}', 0, 2400, 'verdict'),
        ('3', '3', 'local', 'first', 'm', 'p', 'h', '{}', 0, 3400, 'timeout'), ('4', '5', 'groq', 'first', 'm', 'p', 'h', '{}', 0, 5400, 'verdict'),
        ('5', '4', 'local', 'first', 'm', 'p', 'h', '{}', 0, 5400, 'started'), ('6', '6', 'local', 'first', 'm', 'p', 'h', '{}', 0, 10, 'timeout')",
    "insert into deliveries (ticket_id, target, status, created_at, updated_at, delivered_at) values
        ('1', 'discord', 'delivered', 1500, 9000, 1600), ('2', 'discord', 'pending', 2500, 9000, 2900), ('5', 'discord', 'pending', 5500, 5500, null),
        ('1', 'hubspot', 'delivered', 1500, 9000, 9000), ('6', 'discord', 'delivered', 20, 20, 20)",
];

on_both! {
    async fn figures_are_what_one_counts_by_hand(database) {
        let store = Store::open(&database.url, 4).await.unwrap();
        store.migrate().await.unwrap();
        let empty = store.stats(Duration::from_secs(900), Timestamp::from_millis(900_500)).await.unwrap();
        assert_eq!((empty.received, empty.success_rate, empty.local_share, empty.latency_ms.p50), (0, None, None, None));
        for rows in ROWS {
            database.run(rows).await;
        }
        database.run("insert into jobs (kind, ticket_id, state, visible_at, reason, created_at) values ('triage', '4', 'ready', 1, 'created', 1), ('discord', '5', 'ready', 1, 'verdict', 1)").await;
        // Of two about the same verdict the newest counts; one that leaves the category as it was agrees.
        database.run("insert into corrections (id, ticket_id, triage_id, category, priority, note, device_id, at) values
            ('1', '1', 'a', 'bug', null, null, 'd', 6000), ('2', '1', 'a', null, 'high', null, 'd', 7000), ('3', '2', 'b', 'bug', null, null, 'd', 6000)").await;
        let stats = store.stats(Duration::from_secs(900), Timestamp::from_millis(900_500)).await.unwrap();
        let expected: Stats = serde_json::from_value(json!({
            "window_seconds": 900, "received": 5, "triaged": 3, "needs_review": 1, "failed": 1, "open": 1,
            "success_rate": 0.75, "local_share": 2.0 / 3.0,
            "latency_ms": { "p50": 200, "p95": 300 }, "to_discord_ms": { "p50": 600, "p95": 900 },
            "categories": [
                { "category": "billing", "count": 2, "judged": 2, "agreement": 0.5 },
                { "category": "bug", "count": 1, "judged": 0, "agreement": null },
            ],
        })).unwrap();
        assert_eq!(stats, expected);
    }
}

on_both! {
    async fn a_percentile_is_the_nearest_rank(database) {
        let store = Store::open(&database.url, 4).await.unwrap();
        store.migrate().await.unwrap();
        database.run("insert into triages (id, ticket_id, status, category, priority, sentiment, language, summary, reason, confidence, team,
                provider, model, prompt_version, redacted, omitted_chars, latency_ms, triaged_at)
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 99)
            select 'v' || i, 't' || i, 'triaged', 'c', 'low', 'neutral', 'en', 's', 'r', 0.9, 't', 'local', 'm', 'p', 0, 0, i * 10, 1000 from n").await;
        let stats = store.stats(Duration::from_secs(900), Timestamp::from_millis(900_500)).await.unwrap();
        assert_eq!((stats.latency_ms.p50, stats.latency_ms.p95), (Some(500), Some(950)));
    }
}
