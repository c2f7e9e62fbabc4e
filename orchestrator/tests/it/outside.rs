//! The look from outside at a device's public address, and its receipt.

use std::time::Duration;

use link::Receipt;
use serde_json::Value;

use crate::support::fleet::{Pc, SECRETS_KEY, add, hand_over, pair};
use crate::support::{Database, TestApp, until};

const DEVICES: [(&str, &str); 4] = [
    ("SECRETS_KEY", SECRETS_KEY),
    ("LOCAL_LLM_URL", ""),
    ("CF_ACCESS_CLIENT_ID", ""),
    ("CF_ACCESS_CLIENT_SECRET", ""),
];

async fn receipt(app: &TestApp) -> Receipt {
    until("a receipt", async || {
        let devices = app.app.store.devices().await.unwrap();
        serde_json::from_str(devices[0].receipt.as_deref()?).unwrap()
    })
    .await
}

async fn forget(database: &Database) {
    database.execute("update devices set receipt = null".to_owned()).await;
}

async fn request(app: &TestApp, token: &str) -> (u16, Value) {
    let url = format!("{}/api/v1/me/outside-check", app.url);
    let answer = sims::http_client().post(url).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

on_both! {
    async fn a_new_tunnel_is_looked_at_at_once_and_then_daily_once_however_many_orchestrators(database) {
        let (app, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        pc.edge.set_path_allow_list(true);
        let other = TestApp::join(&database, app.world.clone(), &DEVICES).await;
        pair(&database, &app.app, "a", &pc).await;
        let seen = receipt(&app).await;
        assert!(seen.closed, "{seen:#?}");
        let whats: Vec<_> = seen.checks.iter().map(|check| check.what.as_str()).collect();
        assert_eq!(whats, ["without_token", "wrong_token", "/api/pull", "/api/delete", "/api/create", "/api/push", "/debug/pprof"]);
        let methods: Vec<_> = ["pull", "delete", "create", "push", "pprof"].iter()
            .map(|path| pc.edge.journal.entries_on(path)[0].method.clone()).collect();
        assert_eq!(methods, ["POST", "DELETE", "POST", "POST", "GET"]);
        assert!(pc.ollama.journal.entries().is_empty(), "nothing reached Ollama");

        forget(&database).await;
        for orchestrator in [&app, &other] {
            orchestrator.app.clock.advance(Duration::from_secs(24 * 3600 + 1));
        }
        receipt(&app).await;
        assert_eq!(pc.edge.journal.entries_on("/api/pull").len(), 2, "of two orchestrators one looked");
    }
}

on_both! {
    async fn open_doors_are_named_and_an_unreachable_one_is_neither_open_nor_closed(database) {
        let (app, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        pc.edge.set_protected(false);
        pair(&database, &app.app, "a", &pc).await;
        let seen = receipt(&app).await;
        assert!(!seen.closed && seen.checks.iter().all(|check| check.refused == Some(false)), "{seen:#?}");
        assert!(pc.ollama.journal.entries_on("/api/pull").iter().all(|entry| entry.body == "{}"), "no body names a model");

        pc.edge.set_protected(true);
        app.app.clock.advance(Duration::from_secs(11));
        let (status, body) = request(&app, "a").await;
        let seen: Receipt = serde_json::from_value(body).unwrap();
        let refused: Vec<_> = seen.checks.iter().map(|check| check.refused.unwrap()).collect();
        assert_eq!((status, refused), (200, vec![true, true, false, false, false, false, false]), "{seen:#?}");

        pc.edge.stop().await;
        app.app.clock.advance(Duration::from_secs(11));
        let (_, body) = request(&app, "a").await;
        let seen: Receipt = serde_json::from_value(body).unwrap();
        assert!(!seen.closed && seen.checks.iter().all(|check| check.refused.is_none()), "{seen:#?}");
    }
}

on_both! {
    async fn a_device_may_ask_for_a_look_of_its_own_tunnel_now_and_then(database) {
        let (app, pc) = (TestApp::start(&database, &DEVICES).await, Pc::start().await);
        let (status, _) = request(&app, "nobody").await;
        assert_eq!(status, 401);
        add(&app.app, "a").await;
        let (status, body) = request(&app, "a").await;
        assert_eq!((status, body["error"]["code"].as_str()), (409, Some("no_tunnel")));
        hand_over(&database, &app.app, "a", &pc, "old").await;
        receipt(&app).await;
        let (status, body) = request(&app, "a").await;
        assert_eq!((status, body["error"]["code"].as_str()), (429, Some("too_soon")));
        app.app.clock.advance(Duration::from_secs(11));
        assert_eq!(request(&app, "a").await.0, 200);
    }
}
