//! What is secret is neither in the database nor in the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use orchestrator::clock::Clock;
use orchestrator::telemetry;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;
use triage::time::Timestamp;

use crate::support::devices::{ADMIN, DEVICES, KEY, healthy};
use crate::support::{Database, TestApp, until};

/// One thread, so that its own logger hears everything.
#[tokio::test]
async fn on_sqlite() {
    look(&Database::sqlite()).await;
}

#[tokio::test]
async fn on_postgres() {
    match Database::postgres().await {
        Some(database) => look(&database).await,
        None => eprintln!("skipped: TEST_DATABASE_URL is not set"),
    }
}

async fn look(database: &Database) {
    let log = Log::default();
    let clock = Clock::manual(Timestamp::from_millis(1_795_392_000_000));
    let _logger =
        tracing::subscriber::set_default(telemetry::json_to(log.clone(), "debug,sqlx=trace", clock));
    let app = TestApp::start(database, DEVICES).await;
    let (code, unused) = (app.code().await.code, app.code().await.code);
    let (_, paired) = app.type_code(&code).await;
    let token = paired["token"].as_str().unwrap();
    assert_eq!(app.hand_over(token).await.0, 200);
    let mut wrong = app.offer();
    wrong["access_client_secret"] = json!("another-secret-of-the-tests");
    assert_eq!(app.call("PUT", "tunnel", token, &wrong).await.0, 422);
    wrong["access_client_secret"] = json!("broken secret of the tests");
    assert_eq!(app.call("PUT", "tunnel", token, &wrong).await.0, 422);
    app.type_code(&code).await;
    let (_, answer) = app.call("POST", "heartbeat", token, &serde_json::to_value(healthy()).unwrap()).await;
    let (_, devices) = app.call("GET", "devices", ADMIN, &Value::Null).await;
    until("the events to be logged", async || {
        ["device_paired", "tunnel_changed", "pairing_code"]
            .iter()
            .all(|event| log.text().contains(event))
            .then_some(())
    })
    .await;

    let (content, log) = (database.content().await, log.text());
    assert!(
        content.contains("Anna's Mac") && content.contains("llama3.2:latest"),
        "the content is all there"
    );
    let places = [("database", content), ("log", log), ("answers", format!("{answer}{devices}"))];
    let bare = |code: &str| code.replace('-', "");
    for secret in [
        token,
        token.trim_start_matches("hst_"),
        &code,
        &bare(&code),
        &unused,
        &bare(&unused),
        "secret-of-the-tests",
        "secret of the tests",
        "id.access",
        KEY,
        ADMIN,
    ] {
        for (place, text) in &places {
            assert!(!text.contains(secret), "{secret} is in the {place}");
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
