//! Stub servers for everything outside, in a thread of their own: the wire of Ollama, Groq, Discord and HubSpot's API
//! with prepared answers after a fixed delay, and a note of when each ticket came by. They check nothing; the tests'
//! stand-ins do that.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::clock::now_ns;
use crate::http::{Message, read_message};
use crate::ticket::{marked, named};

/// The stub servers, on one port; they end with this process.
pub(crate) struct Stub {
    /// Where they listen.
    pub port: u16,
    shared: Arc<Shared>,
}

/// What has come by since it was last forgotten; times in nanoseconds of [`now_ns`].
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// When the local model was asked about a ticket for the first time.
    pub asked: HashMap<u64, u64>,
    /// When Groq was asked about a ticket for the first time.
    pub groq: HashMap<u64, u64>,
    /// When Discord had a ticket's message for the first time.
    pub told: HashMap<u64, u64>,
    /// Messages about a ticket that had one.
    pub told_again: u64,
    /// When the local model was asked at all, in order; also when it is out of reach behind the edge.
    pub questions: Vec<u64>,
    /// The body of the last question to the local model.
    pub question: Vec<u8>,
}

/// How the local model behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalModel {
    /// It answers after so long.
    Answers(Duration),
    /// Its tunnel is down: Cloudflare's edge answers 530.
    TunnelDown,
}

const TUNNEL_DOWN: u64 = u64::MAX;

struct Shared {
    /// Milliseconds, or [`TUNNEL_DOWN`].
    model: AtomicU64,
    journal: Mutex<Journal>,
    messages: AtomicU64,
    answers: Answers,
}

impl Stub {
    /// Starts them on a free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            model: AtomicU64::new(0),
            journal: Mutex::default(),
            messages: AtomicU64::new(1_400_000_000_000_000_000),
            answers: Answers::new(),
        });
        let serving = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("stubs".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                while let Ok((stream, _)) = listener.accept().await {
                    let shared = Arc::clone(&serving);
                    // Whoever hangs up in the middle of a request is gone.
                    tokio::spawn(async move { serve(stream, &shared).await.ok() });
                }
            });
        })?;
        Ok(Self { port, shared })
    }

    /// How the local model behaves from now on.
    pub(crate) fn set_model(&self, model: LocalModel) {
        let value = match model {
            LocalModel::Answers(delay) => u64::try_from(delay.as_millis()).unwrap_or(TUNNEL_DOWN - 1),
            LocalModel::TunnelDown => TUNNEL_DOWN,
        };
        self.shared.model.store(value, Ordering::Relaxed);
    }

    /// What has come by.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.shared.journal()
    }

    /// Forgets what has come by.
    pub(crate) fn forget(&self) {
        *self.journal() = Journal::default();
    }

    /// Waits until the journal has something.
    pub(crate) async fn wait(
        &self,
        what: &str,
        patience: Duration,
        has: impl Fn(&Journal) -> bool,
    ) -> Result<()> {
        let mut look = tokio::time::interval(Duration::from_millis(2));
        let waiting = async {
            while !has(&self.journal()) {
                look.tick().await;
            }
        };
        if tokio::time::timeout(patience, waiting).await.is_err() {
            let journal = self.journal();
            let (asked, told) = (journal.asked.len(), journal.told.len());
            bail!("waited in vain for {what} (asked about {asked} tickets, told of {told})");
        }
        Ok(())
    }
}

impl Shared {
    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a request, and how long to wait before it.
    fn answer(&self, line: &[u8], body: &[u8]) -> (Arc<[u8]>, Duration) {
        let at_once = |answer: &Arc<[u8]>| (Arc::clone(answer), Duration::ZERO);
        let mut words = line.split(|byte| *byte == b' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if path.starts_with(b"/api/chat") {
            return self.chat(body);
        }
        if path.starts_with(b"/api/v10/webhooks/") {
            if method == b"POST"
                && let Some(number) = named(body)
            {
                let mut journal = self.journal();
                if journal.told.contains_key(&number) {
                    journal.told_again += 1;
                }
                journal.told.entry(number).or_insert_with(now_ns);
            }
            return (self.answers.message(self.messages.fetch_add(1, Ordering::Relaxed)), Duration::ZERO);
        }
        if path.starts_with(b"/openai/v1/chat/completions") {
            if let Some(number) = marked(body) {
                self.journal().groq.entry(number).or_insert_with(now_ns);
            }
            return at_once(&self.answers.completion);
        }
        let is_down = self.model.load(Ordering::Relaxed) == TUNNEL_DOWN;
        match path {
            b"/api/version" | b"/api/tags" if is_down => at_once(&self.answers.tunnel_down),
            b"/api/version" => at_once(&self.answers.version),
            b"/api/tags" => at_once(&self.answers.tags),
            b"/openai/v1/models" => at_once(&self.answers.models),
            // HubSpot's API, so slow that reading a ticket's text takes no part in what is measured.
            _ => (Arc::clone(&self.answers.unavailable), Duration::from_secs(9)),
        }
    }

    fn chat(&self, body: &[u8]) -> (Arc<[u8]>, Duration) {
        let now = now_ns();
        let mut journal = self.journal();
        journal.questions.push(now);
        let delay = self.model.load(Ordering::Relaxed);
        if delay == TUNNEL_DOWN {
            return (Arc::clone(&self.answers.tunnel_down), Duration::ZERO);
        }
        if let Some(number) = marked(body) {
            journal.asked.entry(number).or_insert(now);
        }
        journal.question.clear();
        journal.question.extend_from_slice(body);
        (Arc::clone(&self.answers.chat), Duration::from_millis(delay))
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    while let Some(Message { body, end }) = read_message(&mut stream, &mut buffer).await? {
        let line = buffer.iter().position(|byte| *byte == b'\r').context("a request has a first line")?;
        let (answer, delay) = shared.answer(&buffer[..line], &buffer[body..end]);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        stream.write_all(&answer).await?;
        buffer.drain(..end);
    }
    Ok(())
}

/// Whole answers, made once.
struct Answers {
    chat: Arc<[u8]>,
    version: Arc<[u8]>,
    tags: Arc<[u8]>,
    completion: Arc<[u8]>,
    models: Arc<[u8]>,
    tunnel_down: Arc<[u8]>,
    unavailable: Arc<[u8]>,
}

impl Answers {
    fn new() -> Self {
        let verdict = json!({ "language": "en", "sentiment": "negative", "category": "outage", "priority": "high",
            "summary": "Since this morning nobody in the office can open the planning board: the page stays white after the login, \
                in two browsers and on another computer. Three people wait for their jobs.",
            "reason": "Nobody of the office can work.", "confidence": 0.87 })
        .to_string();
        let model = "llama3.2:latest";
        let chat = json!({ "model": model, "created_at": "2026-11-23T09:30:00.123456789Z",
            "message": { "role": "assistant", "content": verdict }, "done": true, "done_reason": "stop",
            "total_duration": 50_400_000, "load_duration": 60_000, "prompt_eval_count": 1100, "prompt_eval_duration": 10_000_000,
            "eval_count": 90, "eval_duration": 40_000_000 });
        let completion = json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1_795_392_000, "model": "openai/gpt-oss-20b",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": verdict }, "logprobs": null, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 1100, "completion_tokens": 90, "total_tokens": 1190 },
            "system_fingerprint": "fp_0123456789", "x_groq": { "id": "req_1" } });
        let tags = json!({ "models": [{ "name": model, "model": model, "size": 2_019_393_189_u64,
            "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72" }] });
        let models = json!({ "object": "list", "data": [{ "id": "openai/gpt-oss-20b", "object": "model", "active": true }] });
        let page = "<!doctype html><title>Cloudflare Tunnel error</title><p>error code: 1033</p>";
        Self {
            chat: answer("200 OK", "application/json", &chat.to_string()),
            version: answer("200 OK", "application/json", r#"{"version":"0.14.0"}"#),
            tags: answer("200 OK", "application/json", &tags.to_string()),
            completion: answer("200 OK", "application/json", &completion.to_string()),
            models: answer("200 OK", "application/json", &models.to_string()),
            tunnel_down: answer("530 ", "text/html; charset=UTF-8", page),
            unavailable: answer("503 Service Unavailable", "application/json", r#"{"status":"error"}"#),
        }
    }

    /// Discord's answer to a message, with `wait=true`; its limits are never reached.
    fn message(&self, id: u64) -> Arc<[u8]> {
        let headers = "application/json\r\nX-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\nX-RateLimit-Reset-After: 1.000\r\n\
            X-RateLimit-Bucket: 0123456789abcdef";
        let body = format!(
            r#"{{"id":"{id}","type":0,"channel_id":"1300000000000000000","webhook_id":"1310000000000000000","content":"","embeds":[],"timestamp":"2026-11-23T09:30:00.123000+00:00"}}"#
        );
        answer("200 OK", headers, &body)
    }
}

fn answer(status: &str, content_type: &str, body: &str) -> Arc<[u8]> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body.as_bytes()].concat().into()
}
