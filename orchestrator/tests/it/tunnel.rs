//! Devices hand their tunnels over.

use orchestrator::config::Access;
use orchestrator::sealed::{Sealer, Unreadable};
use orchestrator::store::TunnelRow;
use orchestrator::tunnels::{self, Unusable};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use triage::time::Timestamp;

use crate::support::devices::{DEVICES, KEY};
use crate::support::{TestApp, until};

/// Another 32 bytes.
const NEW_KEY: &str = "TkVXLUtFWS1PRi1USEUtVEVTVFMtTkVXLUtFWS1URVM=";

/// The only tunnel there is.
async fn stored(app: &TestApp) -> Option<TunnelRow> {
    app.app.store.tunnels().await.unwrap().pop()
}

fn opened(tunnel: &TunnelRow, keys: &str) -> Result<Option<(String, String)>, Unusable> {
    let access = tunnels::open(tunnel, Sealer::parse(keys).as_ref())?;
    let plain = |Access { client_id, client_secret }: Access| {
        (client_id.expose_secret().to_owned(), client_secret.expose_secret().to_owned())
    };
    Ok(access.map(plain))
}

fn credentials(id: &str, secret: &str) -> Option<(String, String)> {
    Some((id.to_owned(), secret.to_owned()))
}

on_both! {
    async fn a_tunnel_that_works_is_taken_and_kept_sealed(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        let mut offer = app.offer();
        offer["expires_at"] = json!("2027-11-23T00:00:00+01:00");
        let (status, taken) = app.call("PUT", "tunnel", &token, &offer).await;
        assert_eq!(status, 200, "{taken}");
        assert_eq!(taken["tunnel"]["url"], json!(app.world.edge.url()));
        assert_eq!(taken["tunnel"]["verified_at"], json!(app.app.clock.now().to_rfc3339()));
        assert_eq!(taken["tunnel"]["expires_at"], "2027-11-22T23:00:00.000Z");
        let called: Vec<String> = app.world.edge.journal.entries().iter().map(|entry| entry.request.path.clone()).collect();
        // A look from outside may follow at once.
        assert_eq!(called[..2], ["/api/version", "/api/show"], "proved by real calls");
        assert_eq!(app.world.ollama.chats(), 0);
        let tunnel = stored(&app).await.unwrap();
        assert_eq!(opened(&tunnel, KEY), Ok(credentials("id.access", "secret-of-the-tests")));
        assert_eq!(opened(&tunnel, NEW_KEY), Err(Unusable::Unreadable(Unreadable::OtherKey)));
        let (_, me) = app.call("GET", "me", &token, &Value::Null).await;
        assert_eq!(me["device"]["tunnel"], taken["tunnel"]);
    }
}

on_both! {
    async fn each_layer_that_refuses_is_named_and_nothing_is_replaced(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        assert_eq!(app.hand_over(&token).await.0, 200);
        let before = stored(&app).await;
        until("the look from outside to be over", async || {
            app.app.store.devices().await.unwrap()[0].receipt.is_some().then_some(())
        })
        .await;
        let edge = &app.world.edge;
        for (fault, code) in [
            ("access refused once", "access_refused"),
            ("login page once", "access_refused"),
            ("1010 once", "access_refused"),
            ("tunnel down once", "tunnel_down"),
            ("origin down once", "origin_down"),
            ("bad json once", "bad_answer"),
            ("down once", "unreachable"),
            ("524 once", "timeout"),
            ("429 once", "rate_limited"),
            ("tunnel down once on /api/show", "tunnel_down"),
        ] {
            edge.faults.script(fault).unwrap();
            refused(&app, &token, app.offer(), code).await;
        }
        let with = |name: &str, value: Value| {
            let mut offer = app.offer();
            offer[name] = value;
            offer
        };
        refused(&app, &token, with("access_client_secret", json!("wrong")), "access_refused").await;
        refused(&app, &token, with("model", json!("llama9")), "model_missing").await;
        refused(&app, &token, with("url", json!(format!("{}/elsewhere", edge.url()))), "path_refused").await;
        refused(&app, &token, with("url", json!("http://127.0.0.1:9")), "unreachable").await;
        app.world.ollama.set_host_check(true);
        edge.set_host_header(None);
        refused(&app, &token, app.offer(), "host_refused").await;
        assert_eq!(stored(&app).await, before, "the old one stays");
    }
}

async fn refused(app: &TestApp, token: &str, offer: Value, code: &str) {
    let (status, answer) = app.call("PUT", "tunnel", token, &offer).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (422, Some(code)), "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.ends_with('.') && !message.contains(".."), "{message}");
}

on_both! {
    async fn what_cannot_be_a_tunnel_is_refused_without_a_call(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        for (name, value, code) in [
            ("url", json!("http://ollama.example.com"), "url_refused"),
            ("url", json!("http://10.0.0.1"), "url_refused"),
            ("url", json!("ftp://127.0.0.1"), "url_refused"),
            ("url", json!("https://user:password@ollama.example.com"), "url_refused"),
            ("url", json!("https://ollama.example.com/?a=b"), "url_refused"),
            ("url", json!("ollama"), "url_refused"),
            ("access_client_id", Value::Null, "credentials_missing"),
            ("access_client_secret", Value::Null, "credentials_missing"),
            ("access_client_secret", json!(" "), "credentials_malformed"),
            ("access_client_secret", json!("two words"), "credentials_malformed"),
            ("access_client_id", json!("id\r\nx-injected: 1"), "credentials_malformed"),
            ("access_client_id", json!("x".repeat(501)), "credentials_malformed"),
            ("model", json!(""), "model_malformed"),
            ("model", json!("llama 3"), "model_malformed"),
            ("expires_at", json!("soon"), "expiry_malformed"),
        ] {
            let mut offer = app.offer();
            offer[name] = value;
            refused(&app, &token, offer, code).await;
        }
        let beyond = json!({ "url": "https://ollama.example.com", "model": "llama3.2:latest" });
        refused(&app, &token, beyond, "credentials_missing").await;
        assert_eq!((app.world.edge.journal.count(), stored(&app).await), (0, None));
    }
}

on_both! {
    async fn without_a_key_credentials_are_not_taken_and_loopback_needs_none(database) {
        let app = TestApp::start(&database, &[DEVICES, &[("SECRETS_KEY", "")]].concat()).await;
        let token = app.pair("a").await.token;
        let (status, answer) = app.hand_over(&token).await;
        assert_eq!((status, &answer["error"]["code"]), (409, &json!("no_secrets_key")), "{answer}");
        assert_eq!((app.world.edge.journal.count(), stored(&app).await), (0, None), "not even tried");
        let local = json!({ "url": app.world.ollama.url(), "model": "llama3.2" });
        let (status, taken) = app.call("PUT", "tunnel", &token, &local).await;
        assert_eq!(status, 200, "{taken}");
        assert_eq!(tunnels::open(&stored(&app).await.unwrap(), None).map(|access| access.is_none()), Ok(true));
    }
}

on_both! {
    async fn new_credentials_replace_the_old_ones_only_when_they_work(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let token = app.pair("a").await.token;
        assert_eq!(app.hand_over(&token).await.0, 200);
        let mut offer = app.offer();
        (offer["access_client_id"], offer["access_client_secret"]) = (json!("new.access"), json!("new-secret"));
        refused(&app, &token, offer.clone(), "access_refused").await;
        assert_eq!(opened(&stored(&app).await.unwrap(), KEY), Ok(credentials("id.access", "secret-of-the-tests")));
        app.world.edge.add_token("new.access", "new-secret");
        assert_eq!(app.call("PUT", "tunnel", &token, &offer).await.0, 200);
        assert_eq!(opened(&stored(&app).await.unwrap(), KEY), Ok(credentials("new.access", "new-secret")));
        app.world.edge.remove_token("id.access");
        assert_eq!(app.call("PUT", "tunnel", &token, &offer).await.0, 200, "the new ones stand alone");
        assert_eq!(app.app.store.tunnels().await.unwrap().len(), 1);
    }
}

on_both! {
    async fn a_start_with_a_new_key_seals_anew(database) {
        let app = TestApp::start(&database, DEVICES).await;
        assert_eq!(app.hand_over(&app.pair("a").await.token).await.0, 200);
        let world = app.world.clone();
        app.stop().await;

        let lost = TestApp::join(&database, world.clone(), &[("SECRETS_KEY", NEW_KEY)]).await;
        tunnels::renew_seals(&lost.app.store, lost.app.config.sealer.as_ref()).await.unwrap();
        let tunnel = stored(&lost).await.unwrap();
        assert!(opened(&tunnel, KEY).is_ok() && opened(&tunnel, NEW_KEY).is_err(), "left as it is");
        lost.stop().await;

        let both = TestApp::join(&database, world, &[("SECRETS_KEY", &format!("{NEW_KEY},{KEY}"))]).await;
        let tunnel = until("it to be sealed anew", async || {
            stored(&both).await.filter(|tunnel| opened(tunnel, NEW_KEY).is_ok())
        })
        .await;
        assert_eq!(opened(&tunnel, NEW_KEY), Ok(credentials("id.access", "secret-of-the-tests")));
        assert!(opened(&tunnel, KEY).is_err(), "the old key is not needed any more");
    }
}

on_both! {
    async fn a_device_that_is_revoked_meanwhile_leaves_no_tunnel(database) {
        let app = TestApp::start(&database, DEVICES).await;
        let paired = app.pair("a").await;
        app.app.store.revoke_device(&paired.device_id, app.app.clock.now()).await.unwrap();
        let late = TunnelRow {
            device_id: paired.device_id,
            url: "https://ollama.example.com".to_owned(),
            model: "llama3.2:latest".to_owned(),
            client_id: None,
            client_secret: None,
            verified_at: Timestamp::from_millis(0),
            expires_at: None,
        };
        assert!(!app.app.store.put_tunnel(&late).await.unwrap());
        assert_eq!(stored(&app).await, None);
    }
}
