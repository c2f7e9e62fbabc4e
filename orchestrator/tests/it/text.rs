//! Ticket text and secrets stay where they belong.

use std::io::Write;
use std::sync::{Arc, Mutex};

use link::TriageStatus;
use orchestrator::telemetry;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Database, TOKEN, TestApp};

/// One test alone, because a process has one logger.
#[tokio::test(flavor = "current_thread")]
async fn logs_hold_neither_ticket_text_nor_secrets() {
    let database = Database::sqlite();
    let log = Buffer::default();
    let app = TestApp::start(&database, &[]).await;
    let _guard = tracing::subscriber::set_default(telemetry::json_to(log.clone(), "info", app.app.clock.clone()));
    app.world.ollama.faults.script("unknown category twice").unwrap();
    app.world.discord.faults.script("500 once").unwrap();
    app.ticket("1", "Marmalade invoice", "The invoice for marmalade has the wrong VAT number.").await;
    app.wait_for_triage("1", "to be triaged", |t| t.status == TriageStatus::Triaged).await;
    app.post(b"{}".to_vec(), &[("content-type", "application/json"), ("x-webhook-token", "wrong-token")]).await;
    crate::support::until("the message", async || {
        app.advance_at_rest(&database, std::time::Duration::from_secs(60)).await;
        (app.world.discord.messages().len() == 1).then_some(())
    })
    .await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for event in ["webhook_received", "inference_failed", "inference_completed", "delivery_delayed"] {
        assert!(text.contains(&format!("\"event\":\"{event}\"")), "{event} is missing in {text}");
    }
    for secret in ["armalade", TOKEN, "wrong-token", "secret-of-the-tests", sims::groq::KEY, sims::discord::WEBHOOK_TOKEN] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Buffer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
