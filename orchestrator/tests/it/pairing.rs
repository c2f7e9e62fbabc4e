//! How a machine becomes a device, and stops being one.

mod secrets;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::devices::{ADMIN, DEVICES, healthy, machine};
use crate::support::{TestApp, until};

fn code_of(answer: &Value) -> Option<&str> {
    answer["error"]["code"].as_str()
}

on_both! {
    async fn a_code_pairs_one_machine(database) {
        let app = TestApp::start(&database, &[DEVICES, &[("PUBLIC_URL", "https://triage.example.com")]].concat()).await;
        let code = app.code().await;
        assert_eq!(code.link, format!("hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code={}", code.code));
        let typed = format!(" {} ", code.code.to_lowercase().replace('-', " "));
        let (status, paired) = app.type_code(&typed).await;
        assert_eq!((status, paired["server"]["public_url"].as_str()), (201, Some("https://triage.example.com")), "{paired}");
        let token = paired["token"].as_str().unwrap();
        assert!(token.starts_with("hst_") && token.len() == 47, "256 bits");
        let (status, me) = app.call("GET", "me", token, &Value::Null).await;
        assert_eq!((status, &me["device"]["id"], &me["device"]["name"]), (200, &paired["device_id"], &json!("Anna's Mac")));
        assert_eq!((&me["device"]["silent"], &me["device"]["standing"]["state"]), (&json!(true), &json!("unknown")));

        let outage = json!({"key": "outage", "label": "Outage", "team": "on_call", "enabled": true});
        assert_eq!(me["desk"]["categories"][0], outage, "{me}");
        let training = me["desk"]["categories"].as_array().unwrap().iter().find(|one| one["key"] == "training");
        assert_eq!(training.map(|one| &one["enabled"]), Some(&json!(false)), "older tickets may have it: {me}");
        assert_eq!(me["desk"]["teams"][0], json!({"key": "on_call", "label": "On-call engineer"}));

        let (status, again) = app.type_code(&code.code).await;
        assert_eq!((status, code_of(&again)), (410, Some("used_code")), "{again}");
        let (_, devices) = app.call("GET", "devices", ADMIN, &Value::Null).await;
        assert_eq!(devices["items"].as_array().map(Vec::len), Some(1), "{devices}");
    }
}

on_both! {
    async fn five_wrong_codes_end_every_open_one(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let (one, other) = (app.code().await.code, app.code().await.code);
        // No code at all is no guess at one.
        for typed in ["", "12", "AAAA-AAAA-AAAA", "!!!!-!!!!", "ÄÖÜß-1234"] {
            let (status, answer) = app.type_code(typed).await;
            assert_eq!((status, code_of(&answer)), (401, Some("wrong_code")), "{answer}");
        }
        for guess in 0..4 {
            let (status, answer) = app.type_code(&format!("AAAA-AAA{guess}")).await;
            assert_eq!((status, code_of(&answer)), (401, Some("wrong_code")), "{answer}");
        }
        assert_eq!(app.type_code(&other).await.0, 201, "four are allowed");
        assert_eq!(app.type_code("AAAA-AAA4").await.0, 401);
        let (status, answer) = app.type_code(&one).await;
        assert_eq!((status, code_of(&answer)), (410, Some("too_many_tries")), "{answer}");
        assert_eq!(app.type_code(&app.code().await.code).await.0, 201, "a new one works");
    }
}

on_both! {
    async fn nobody_guesses_faster_than_is_counted(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let code = app.code().await.code;
        until("the code of the start", async || {
            (database.ask("select cast(count(*) as text) from pairing_codes").await == "2").then_some(())
        })
        .await;
        let guesses = (0..40).map(|guess| {
            let (app, client) = (&app, format!("198.51.100.{guess}"));
            let body = json!({ "code": format!("BBBB-{guess:04}"), "device": machine("guesser") });
            async move { app.call_from(&client, "POST", "pair", "", &body).await }
        });
        let answers = futures::future::join_all(guesses).await;
        let judged = answers.iter().filter(|(_, answer)| code_of(answer) == Some("wrong_code")).count();
        assert_eq!(judged, 5, "the others hear that it is over: {answers:?}");
        let tries = database.ask("select cast(max(wrong_tries) as text) from pairing_codes").await;
        assert_eq!((tries.as_str(), app.type_code(&code).await.0), ("5", 410));
    }
}

on_both! {
    async fn of_two_with_the_same_code_one_wins(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let replica = TestApp::join(&database, app.world.clone(), DEVICES).await;
        for _ in 0..5 {
            let code = app.code().await.code;
            let typists = (0..8).map(|n| if n % 2 == 0 { app.type_code(&code) } else { replica.type_code(&code) });
            let answers = futures::future::join_all(typists).await;
            let count = |status| answers.iter().filter(|(s, _)| *s == status).count();
            assert_eq!((count(201), count(410)), (1, 7), "{answers:?}");
        }
        assert_eq!(database.ask("select cast(count(*) as text) from devices").await, "5");
    }
}

on_both! {
    async fn a_code_is_good_for_fifteen_minutes_and_remembered_for_a_day(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let (early, late) = (app.code().await.code, app.code().await.code);
        app.app.clock.advance(Duration::from_secs(15 * 60 - 1));
        assert_eq!(app.type_code(&early).await.0, 201);
        app.app.clock.advance(Duration::from_secs(1));
        let (status, answer) = app.type_code(&late).await;
        assert_eq!((status, code_of(&answer)), (410, Some("expired_code")), "{answer}");
        app.app.clock.advance(Duration::from_secs(24 * 60 * 60 - 1));
        app.code().await;
        assert_eq!(app.type_code(&late).await.0, 410, "still known");
        app.app.clock.advance(Duration::from_secs(2));
        app.code().await;
        assert_eq!(code_of(&app.type_code(&late).await.1), Some("wrong_code"), "forgotten");
    }
}

on_both! {
    async fn whoever_types_wrong_codes_for_too_long_is_not_listened_to_but_the_administration_is(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let (typo, right) = (json!({ "code": "?", "device": machine("a") }), app.code().await.code);
        for _ in 0..30 {
            assert_eq!(app.call_from("198.51.100.1", "POST", "pair", "", &typo).await.0, 401);
        }
        let right = json!({ "code": right, "device": machine("a") });
        let (status, answer) = app.call_from("198.51.100.1", "POST", "pair", "", &right).await;
        assert_eq!((status, code_of(&answer)), (429, Some("too_many_requests")));
        assert_eq!(app.call_from("198.51.100.2", "POST", "pair", "", &right).await.0, 201, "another client");
        assert_eq!(app.call_from("198.51.100.1", "GET", "devices", "guess", &Value::Null).await.0, 429);
        assert_eq!(app.call_from("198.51.100.1", "GET", "devices", ADMIN, &Value::Null).await.0, 200);
    }
}

on_both! {
    async fn a_revoked_device_is_refused_at_once_everywhere(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let replica = TestApp::join(&database, app.world.clone(), DEVICES).await;
        let (by_admin, by_itself) = (app.pair("a").await, app.pair("b").await);
        for paired in [&by_admin, &by_itself] {
            let (status, taken) = app.hand_over(&paired.token).await;
            assert_eq!(status, 200, "{taken}");
            assert_eq!(replica.call("GET", "me", &paired.token, &Value::Null).await.0, 200);
        }
        let path = format!("devices/{}", by_admin.device_id);
        assert_eq!(app.call("DELETE", &path, ADMIN, &Value::Null).await.0, 204);
        let (status, gone) = app.call("DELETE", &path, ADMIN, &Value::Null).await;
        assert_eq!((status, code_of(&gone)), (404, Some("no_such_device")));
        assert_eq!(app.call("DELETE", "me", &by_itself.token, &Value::Null).await.0, 204);
        let beat = serde_json::to_value(healthy()).unwrap();
        for (token, (method, path, body)) in [&by_admin.token, &by_itself.token].into_iter().flat_map(|token| {
            let calls = [("GET", "me", Value::Null), ("DELETE", "me", Value::Null), ("POST", "heartbeat", beat.clone()), ("PUT", "tunnel", app.offer())];
            calls.map(|call| (token, call))
        }) {
            let (status, answer) = replica.call(method, path, token, &body).await;
            assert_eq!((status, code_of(&answer)), (401, Some("unauthorized")), "{method} {path}");
        }
        assert_eq!(database.ask("select cast(count(*) as text) from tunnels").await, "0", "forgotten");
        let (_, devices) = app.call("GET", "devices", ADMIN, &Value::Null).await;
        assert_eq!(devices["items"], json!([]));
    }
}

on_both! {
    async fn only_the_administration_administers(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let closed = TestApp::join(&database, app.world.clone(), &[]).await;
        let device = app.pair("a").await;
        let path = format!("devices/{}", device.device_id);
        for (method, path, body) in [
            ("GET", "devices", Value::Null),
            ("POST", "devices", json!(machine("b"))),
            ("DELETE", path.as_str(), Value::Null),
            ("POST", "pairing-codes", Value::Null),
        ] {
            for (app, token) in [(&app, ""), (&app, "wrong"), (&app, &*device.token), (&closed, ""), (&closed, ADMIN)] {
                let (status, answer) = app.call(method, path, token, &body).await;
                assert_eq!((status, code_of(&answer)), (401, Some("unauthorized")), "{method} {path} {token}");
            }
        }
        assert_eq!(app.call("GET", "me", ADMIN, &Value::Null).await.0, 401, "it is no device");

        let (status, made) = app.call("POST", "devices", ADMIN, &json!(machine("\u{202e}robot\n7"))).await;
        assert_eq!(status, 201, "{made}");
        let (_, me) = app.call("GET", "me", made["token"].as_str().unwrap(), &Value::Null).await;
        assert_eq!(me["device"]["name"], "robot 7");
    }
}

on_both! {
    async fn a_start_without_machines_makes_a_code_and_one_with_machines_does_not(database) {
        let codes = async || database.ask("select cast(count(*) as text) from pairing_codes").await;
        let app = TestApp::start(&database, DEVICES).await;
        until("the code of the start", async || (codes().await == "1").then_some(())).await;
        orchestrator::devices::begin(&app.app).await.unwrap();
        assert_eq!(codes().await, "2", "each start makes its own");
        app.pair("a").await;
        orchestrator::devices::begin(&app.app).await.unwrap();
        assert_eq!(codes().await, "3", "of which one was asked for");
    }
}

on_both! {
    async fn what_is_wrong_with_a_body_is_said(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let (status, answer) = app.call("POST", "pair", "", &json!({ "code": "ABCD-EFGH" })).await;
        assert_eq!((status, code_of(&answer)), (400, Some("bad_request")));
        assert!(answer["error"]["message"].as_str().unwrap().contains("device"), "{answer}");
        let huge = json!({ "code": "ABCD-EFGH", "device": machine(&"x".repeat(65 * 1024)) });
        let (status, answer) = app.call("POST", "pair", "", &huge).await;
        assert_eq!((status, code_of(&answer)), (413, Some("too_large")), "{answer}");
    }
}
