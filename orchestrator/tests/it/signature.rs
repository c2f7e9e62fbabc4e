//! Webhooks that HubSpot signed.

use serde_json::{Value, json};
use triage::time::Timestamp;

use crate::support::{Database, TOKEN, TestApp, World};

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
        app.app.clock.advance(std::time::Duration::from_millis(300_001));
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

async fn post(app: &TestApp, body: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let (status, answer) = app.post(body.as_bytes().to_vec(), headers).await;
    (status, answer["accepted"].clone())
}
