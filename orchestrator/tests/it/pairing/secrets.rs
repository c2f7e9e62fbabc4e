//! What is secret is neither in the database nor in the log.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use orchestrator::clock::Clock;
use orchestrator::telemetry;
use serde_json::{Value, json};
use triage::time::Timestamp;

use crate::support::devices::{ADMIN, DEVICES, KEY, healthy};
use crate::support::{Database, TestApp};

on_both! {
    async fn no_secret_is_in_the_database_or_in_the_log(database) {
        look(&database).await;
    }
}

async fn look(database: &Database) {
    let log = Log::open();
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
    let log = log.text();
    let device_id = paired["device_id"].as_str().unwrap();
    for event in ["device_paired", "tunnel_changed"] {
        let is_it = |line: &str| line.contains(event) && line.contains(device_id);
        assert!(log.lines().any(is_it), "{event} is logged");
    }

    let content = database.content().await;
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

/// What this process logs, of whatever test, while somebody listens.
struct Log;

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

impl Log {
    fn open() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let clock = Clock::manual(Timestamp::from_millis(1_795_392_000_000));
            let logger = telemetry::json_to(|| Writer, "info,orchestrator=debug", clock);
            tracing::subscriber::set_global_default(logger).unwrap();
        });
        LISTENERS.fetch_add(1, Ordering::SeqCst);
        Self
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&TEXT.lock().unwrap()).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if LISTENERS.load(Ordering::SeqCst) > 0 {
            TEXT.lock().unwrap().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
