//! A server in front of the model that repeats what it was sent: its words stay in the table of attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use link::TriageStatus;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Database, Log, TestApp};

const WORDS: &str = "hedgehogs under the porch";

#[tokio::test]
async fn words_of_a_ticket_that_come_back_as_an_error_are_told_nowhere_sqlite() {
    nowhere_but_in_attempts(Database::sqlite()).await;
}

#[tokio::test]
async fn words_of_a_ticket_that_come_back_as_an_error_are_told_nowhere_postgres() {
    match Database::postgres().await {
        Some(database) => nowhere_but_in_attempts(database).await,
        None => eprintln!("skipped: TEST_DATABASE_URL is not set"),
    }
}

/// In a runtime of one thread, whose log is read.
async fn nowhere_but_in_attempts(database: Database) {
    let (log, _logging) = Log::of_this_thread();
    let echo = Echo::start().await;
    let settings = [("LOCAL_LLM_URL", echo.url.as_str()), ("CLOUD_FALLBACK", "off")];
    let app = TestApp::start(&database, &settings).await;
    let mut told = String::new();
    for (id, status) in [("1", 500), ("2", 200), ("3", 400)] {
        echo.status.store(status, Ordering::Relaxed);
        app.ticket(id, "Question", &format!("There are {WORDS}.")).await;
        let triage = app.wait_for_triage(id, "to have been asked about", |t| {
            t.attempts == 1 && t.status == TriageStatus::Waiting
        });
        told += &format!("{:?} {}", triage.await, app.get("/health").await.1);
    }
    for attempts in 2..=3 {
        app.advance_at_rest(&database, Duration::from_secs(600)).await;
        app.wait_for_triage("3", "to be asked about again", |t| t.attempts == attempts).await;
    }
    app.wait_for("3", TriageStatus::Failed).await;
    told += &format!("{:?}", app.world.discord.messages());
    for sql in [
        "select coalesce(string_agg(note, ' '), '') from jobs",
        "select coalesce(string_agg(error, ' '), '') from tickets",
        "select string_agg(detail, ' ') from changes",
    ] {
        told += &database.ask(sql).await;
    }
    let logged = log.text();
    assert!(
        told.contains("Ollama refuses the request (400)") && logged.contains("Ollama failed (500)"),
        "{told} {logged}"
    );
    assert!(!told.contains(WORDS), "{told}");
    assert!(!logged.contains(WORDS), "{logged}");
    let kept = database.ask("select string_agg(error, ' ') from attempts").await;
    for said in ["Ollama failed (500): ", "Ollama failed (200): ", "Ollama refuses the request (400): "] {
        assert!(kept.contains(&format!("{said}no idea what to do with {WORDS}")), "{kept}");
    }
}

/// Answers whatever it is asked with an error that repeats the ticket's words.
struct Echo {
    url: String,
    status: Arc<AtomicU16>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(500));
        let answers = Arc::clone(&status);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let _ = answer(client, answers.load(Ordering::Relaxed)).await;
            }
        });
        Self { url, status }
    }
}

async fn answer(mut client: TcpStream, status: u16) -> std::io::Result<()> {
    let (mut request, mut piece) = (String::new(), [0; 4096]);
    // What a chat ends with; others are over with their head.
    while !(request.ends_with("}") || request.starts_with("GET") && request.ends_with("\r\n\r\n")) {
        let length = client.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        request.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    let words = if request.contains(WORDS) { WORDS } else { "that" };
    let body = format!("{{\"error\":\"no idea what to do with {words}\"}}");
    let head = format!("HTTP/1.1 {status} Sorry\r\ncontent-type: application/json\r\nconnection: close");
    client.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await
}
