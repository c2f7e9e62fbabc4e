//! What devices and the orchestrator tell each other every 15 seconds.

use std::time::Duration;

use link::{Heartbeat, HeartbeatAnswer, LayerHealth, LayerReport, Standing, TriageStatus, Usability};
use orchestrator::queue::wake::News;
use serde_json::{Value, json};

use crate::support::devices::{ADMIN, DEVICES, healthy};
use crate::support::{Database, TestApp, until};

async fn beat(app: &TestApp, token: &str, said: &Heartbeat) -> HeartbeatAnswer {
    let (status, answer) = app.call("POST", "heartbeat", token, &serde_json::to_value(said).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    serde_json::from_value(answer).unwrap()
}

async fn device(app: &TestApp, token: &str) -> Value {
    app.call("GET", "me", token, &Value::Null).await.1["device"].take()
}

on_both! {
    async fn a_heartbeat_is_kept_and_answered(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        let standing = Standing { state: Usability::Unusable, why: Some("the tunnel has no connection".to_owned()) };
        let answer = beat(&app, &token, &Heartbeat { standing, ..healthy() }).await;
        assert_eq!(answer.next_in_ms, 15_000);
        assert_eq!((answer.view, answer.tunnel, answer.receipt), (Standing::default(), None, None));
        assert_eq!(answer.time, app.app.clock.now().to_rfc3339(), "whatever the device's clock says");
        let seen = device(&app, &token).await;
        assert_eq!(seen["standing"], json!({ "state": "unusable", "why": "the tunnel has no connection" }));
        assert_eq!((&seen["version"], &seen["silent"]), (&json!("0.2.0"), &json!(false)));
        assert_eq!(seen["last_seen_at"], json!(answer.time));

        assert_eq!(app.hand_over(&token).await.0, 200);
        let answer = beat(&app, &token, &healthy()).await;
        assert_eq!(answer.tunnel.map(|tunnel| tunnel.url), Some(app.world.edge.url()));
    }
}

on_both! {
    async fn a_device_that_is_not_heard_of_for_45_seconds_is_silent(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        beat(&app, &token, &healthy()).await;
        app.app.clock.advance(Duration::from_millis(44_999));
        assert_eq!(device(&app, &token).await["silent"], false);
        app.app.clock.advance(Duration::from_millis(1));
        assert_eq!(device(&app, &token).await["silent"], true);
        beat(&app, &token, &healthy()).await;
        assert_eq!(device(&app, &token).await["silent"], false);
    }
}

on_both! {
    async fn the_answer_says_what_becomes_of_tickets_meanwhile(database) {
        let only = [DEVICES, &[("LOCAL_LLM_URL", ""), ("CF_ACCESS_CLIENT_ID", ""), ("CF_ACCESS_CLIENT_SECRET", "")]].concat();
        let app = TestApp::start(&database, &only).await;
        let off = [&only[..], &[("CLOUD_FALLBACK", "off")]].concat();
        let alone = TestApp::join(&database, app.world.clone(), &off).await;
        let (one, other) = (app.pair("one").await.token, app.pair("other").await.token);
        let elsewhere = async |app: &TestApp| json!(beat(app, &one, &healthy()).await.elsewhere);
        assert_eq!((elsewhere(&app).await, elsewhere(&alone).await), (json!("groq"), json!("wait")));
        beat(&app, &other, &healthy()).await;
        assert_eq!(elsewhere(&app).await, "groq", "it has no tunnel");
        assert_eq!(app.hand_over(&other).await.0, 200);
        assert_eq!((elsewhere(&app).await, elsewhere(&alone).await), (json!("another_device"), json!("another_device")));
        let standing = Standing { state: Usability::Unusable, why: None };
        beat(&app, &other, &Heartbeat { standing, ..healthy() }).await;
        assert_eq!(elsewhere(&app).await, "groq", "it cannot either");
        beat(&app, &other, &healthy()).await;
        until("a probe to find that it can again", async || (elsewhere(&app).await == "another_device").then_some(())).await;
    }
}

on_both! {
    async fn the_answer_says_how_the_model_looks_from_here(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        let said = Heartbeat { public_url: Some(format!("{}/", app.world.edge.url())), ..healthy() };
        let answer = beat(&app, &token, &said).await;
        assert_eq!((answer.view.state, answer.layers), (Usability::Unknown, vec![]), "nobody has tried");
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let answer = beat(&app, &token, &said).await;
        assert_eq!((answer.view.state, answer.layers[0].health), (Usability::Usable, LayerHealth::Ok));
        app.world.edge.faults.script("tunnel down").unwrap();
        app.ticket("2", "Question", "How do I change my plan?").await;
        app.wait_for("2", TriageStatus::Triaged).await;
        let answer = beat(&app, &token, &said).await;
        assert_eq!(answer.view.state, Usability::Unusable);
        assert!(answer.view.why.as_ref().unwrap().contains("tunnel"), "{:?}", answer.view);
        let seen = (answer.layers[0].layer.as_str(), answer.layers[0].health);
        assert_eq!(seen, ("public_address", LayerHealth::Fail));
        let other = Heartbeat { public_url: Some("https://ollama.example.com".to_owned()), ..healthy() };
        assert_eq!(beat(&app, &token, &other).await.view, Standing::default(), "another address");
    }
}

/// On SQLite, where news come from nowhere else.
#[tokio::test]
async fn only_news_are_told() {
    let database = Database::sqlite();
    let app = TestApp::start(&database, DEVICES).await;
    let paired = app.pair("a").await;
    let mut news = app.app.wake.follow(News::Devices);
    let mut told = async |said: &Heartbeat, why: &str, expected: bool| {
        beat(&app, &paired.token, said).await;
        assert_eq!(news.has_changed().unwrap(), expected, "{why}");
        news.mark_unchanged();
    };
    let unusable = |why: &str| Heartbeat {
        standing: Standing { state: Usability::Unusable, why: Some(why.to_owned()) },
        ..healthy()
    };
    told(&healthy(), "the first one", true).await;
    told(&healthy(), "the same again", false).await;
    told(&unusable("one reason"), "another standing", true).await;
    told(&unusable("another reason"), "the same standing", false).await;
    let moved = Heartbeat { public_url: Some("https://a.example".to_owned()), ..unusable("one reason") };
    told(&moved, "another address", true).await;
    told(&moved, "the same address", false).await;
    app.app.clock.advance(Duration::from_secs(45));
    told(&moved, "it was silent", true).await;
    app.hand_over(&paired.token).await;
    assert!(news.has_changed().unwrap(), "another tunnel");
    news.mark_unchanged();
    app.call("DELETE", "me", &paired.token, &Value::Null).await;
    assert!(news.has_changed().unwrap(), "unpaired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_reach_other_replicas() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let app = TestApp::start(&database, DEVICES).await;
    let replica = TestApp::join(&database, app.world.clone(), DEVICES).await;
    let news = replica.app.wake.follow(News::Devices);
    let token = app.pair("a").await.token;
    until("the replica to hear of it", async || {
        // Its ear may still be connecting.
        app.app.clock.advance(Duration::from_secs(45));
        beat(&app, &token, &healthy()).await;
        news.has_changed().unwrap().then_some(())
    })
    .await;
}

on_both! {
    async fn a_talkative_machine_is_cut_short(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        let layer = LayerReport { layer: "edge".to_owned(), health: LayerHealth::Ok, sentence: "s".repeat(900), latency_ms: Some(1) };
        beat(&app, &token, &Heartbeat { layers: vec![layer.clone(); 60], ..healthy() }).await;
        let kept = database.ask("select heartbeat from devices").await;
        let kept: Heartbeat = serde_json::from_str(&kept).unwrap();
        assert_eq!((kept.layers.len(), kept.layers[0].sentence.len()), (32, 500));
        let endless = Heartbeat { layers: vec![layer; 80], ..healthy() };
        let (status, answer) = app.call("POST", "heartbeat", &token, &serde_json::to_value(endless).unwrap()).await;
        assert_eq!((status, &answer["error"]["code"]), (413, &json!("too_large")));
        assert_eq!(app.call("GET", "devices", ADMIN, &Value::Null).await.0, 200);
    }
}
