//! Webhooks that HubSpot signed.

use std::time::Duration;

use link::TriageStatus;
use orchestrator::queue::Kind;
use serde_json::{Value, json};
use sims::hubspot::Ticket;
use triage::signature::{Request, sign};
use triage::time::Timestamp;

use crate::support::{Database, TOKEN, TestApp, World, until};

const SECRET: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const BODY: &str = r#"[{"eventId":4101,"subscriptionId":880001,"portalId":20260001,"appId":7700001,"occurredAt":1795392000123,"subscriptionType":"object.creation","attemptNumber":0,"objectId":31415926535,"changeSource":"CRM_UI","sourceId":"userId:5550001","changeFlag":"NEW","objectTypeId":"0-5"}]"#;
const JSON: (&str, &str) = ("content-type", "application/json");
const V3: (&str, &str) = ("x-hubspot-signature-v3", "Lb4Z3BsId9QDtvsX8CkYMht+eKKyD3GRegGC+TFGtFw=");
const AT: (&str, &str) = ("x-hubspot-request-timestamp", "1795392000500");
const V1: (&str, &str) =
    ("x-hubspot-signature", "3301666ec3732639ebd3942ec60db17d6c9c6ed46ca7332639c632f124ef84c2");
const IS_V1: (&str, &str) = ("x-hubspot-signature-version", "v1");

on_both! {
    async fn a_signature_over_the_public_address_opens_the_door(database) {
        let app = start(&database, &[("HUBSPOT_WEBHOOK_TOKEN", "")]).await;
        assert_eq!(post(&app, BODY, &[JSON, V3, AT]).await, (202, json!(1)));
        assert_eq!(post(&app, &BODY.replace("4101", "4102"), &[JSON, V3, AT]).await.0, 401);
        assert_eq!(post(&app, BODY, &[JSON, V3]).await.0, 401, "no timestamp");
        assert_eq!(post(&app, BODY, &[JSON, AT]).await.0, 401, "no signature");
        assert_eq!(post(&app, BODY, &[JSON, V3, V3, AT]).await.0, 401, "two signatures");
        assert_eq!(post(&app, BODY, &[JSON, V1, IS_V1]).await.0, 401, "v1 is not allowed");
        assert_eq!(post(&app, BODY, &[JSON, ("authorization", "Bearer ")]).await.0, 401, "no token is configured");
        app.app.clock.advance(Duration::from_millis(300_001));
        assert_eq!(post(&app, BODY, &[JSON, V3, AT]).await.0, 401, "a replay");
    }
}

on_both! {
    async fn v1_and_old_secrets_and_tokens_open_it_while_they_are_allowed(database) {
        let app = start(&database, &[
            ("HUBSPOT_ALLOW_V1", "true"), ("HUBSPOT_CLIENT_SECRET", "the-new-one"), ("HUBSPOT_CLIENT_SECRET_PREVIOUS", SECRET),
            ("HUBSPOT_WEBHOOK_TOKEN", "the-new-token"), ("HUBSPOT_WEBHOOK_TOKEN_PREVIOUS", TOKEN),
        ]).await;
        for headers in [vec![JSON, V3, AT], vec![JSON, V1, IS_V1], vec![JSON, V1], vec![JSON, ("x-webhook-token", TOKEN)]] {
            assert_eq!(post(&app, BODY, &headers).await.0, 202, "{headers:?}");
        }
        let wrong_v3 = ("x-hubspot-signature-v3", "bm8=");
        assert_eq!(post(&app, BODY, &[JSON, wrong_v3, AT, V1, IS_V1, ("x-webhook-token", TOKEN)]).await.0, 401, "v3 alone decides");
    }
}

on_both! {
    async fn a_signature_from_further_ahead_than_a_minute_is_refused(database) {
        let app = start(&database, &[]).await;
        assert_eq!(post_signed(&app, 60_001).await.0, 401, "from the future");
        assert_eq!(post_signed(&app, 60_000).await, (202, json!(1)));
    }
}

on_both! {
    async fn a_signed_delivery_that_is_replayed_in_its_time_changes_nothing(database) {
        let app = start(&database, &[]).await;
        app.world.hubspot.add_ticket(Ticket::new(31_415_926_535, "Invoice", "The invoice of May is missing."));
        assert_eq!(post(&app, BODY, &[JSON, V3, AT]).await, (202, json!(1)));
        app.wait_for("31415926535", TriageStatus::Triaged).await;
        let before = everything(&app, &database).await;
        app.app.clock.advance(Duration::from_millis(299_000));
        let (status, answer) = app.post(BODY.as_bytes().to_vec(), &[JSON, V3, AT]).await;
        assert_eq!((status, answer), (202, json!({ "accepted": 0, "duplicates": 1, "ignored": 0 })));
        assert_eq!(everything(&app, &database).await, before);
    }
}

/// What is known of tickets, what is to be done, and whom it was told, when there is nothing left to do.
async fn everything(app: &TestApp, database: &Database) -> (String, String, usize, usize) {
    until("nothing to be left to do", async || {
        let mut due = 0;
        for kind in Kind::ALL {
            due += usize::from(app.app.store.next_due(kind).await.unwrap().is_some());
        }
        (due == 0).then_some(())
    })
    .await;
    let rows = database.ask("select cast((select count(*) from webhook_events) as text) || ' ' || cast((select count(*) from triages) as text) || ' ' || cast((select count(*) from changes where kind not like 'alert%') as text)").await;
    let detail = app.detail("31415926535").await.unwrap();
    let detail = serde_json::to_string(&detail).unwrap();
    let edits = app.world.discord.messages().iter().map(|message| message.edits as usize + 1).sum();
    (rows, detail, edits, app.world.ollama.chats())
}

async fn start(database: &Database, edit: &[(&str, &str)]) -> TestApp {
    let mut settings = vec![("PUBLIC_URL", "https://triage.example.com/"), ("HUBSPOT_CLIENT_SECRET", SECRET)];
    settings.extend(edit);
    TestApp::join_at(
        database,
        World::start().await,
        &settings,
        Some(Timestamp::from_millis(1_795_392_000_600)),
    )
    .await
}

/// Sends what HubSpot would have signed so many milliseconds from now.
async fn post_signed(app: &TestApp, ahead_ms: i64) -> (u16, Value) {
    let at = (app.app.clock.now().as_millis() + ahead_ms).to_string();
    let url = "https://triage.example.com/webhooks/hubspot";
    let signature = sign(Request { method: "POST", url, body: BODY.as_bytes() }, &at, SECRET);
    let headers = [JSON, ("x-hubspot-signature-v3", &signature), ("x-hubspot-request-timestamp", &at)];
    post(app, BODY, &headers).await
}

async fn post(app: &TestApp, body: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let (status, answer) = app.post(body.as_bytes().to_vec(), headers).await;
    (status, answer["accepted"].clone())
}
