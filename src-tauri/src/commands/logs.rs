//! What the programs wrote: asked for, and as it comes while there is a window.

use std::time::Duration;

use agent::children::logs::{Level, Stream};
use agent::evidence::Exchange;
use agent::handle::Handle;
use agent::socket::{Reply, Request};
use serde::Serialize;
use supervise::Kind;
use supervise::health::Layer;
use tauri::{AppHandle, Emitter as _, Manager as _, State};
use tokio_util::sync::CancellationToken;

use super::failure::{Failure, done};
use super::programs::agent;
use crate::shell::Shell;
use crate::window::LABEL;

/// Lines that the window shows of a log.
const LINES: usize = 5_000;

/// Lines that stand below what is known of a hop.
const LAST_LINES: usize = 20;

/// An agent that is gone is looked for again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A line, as the window names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LogLine {
    number: u64,
    at: String,
    stream: Stream,
    level: Option<Level>,
    text: String,
}

/// A new line, or how many were too fast to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum News {
    Line(LogLine),
    Missed(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Message {
    program: Kind,
    news: News,
}

/// What is known of a hop: the last question to it with its answer, and what its program wrote last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Evidence {
    request: Option<String>,
    answer: Option<String>,
    took_ms: Option<u64>,
    checked_at: Option<String>,
    log: Vec<LogLine>,
}

#[tauri::command]
pub(super) async fn logs(shell: State<'_, Shell>, program: Kind) -> Result<Vec<LogLine>, Failure> {
    last(&agent(&shell)?, program, LINES).await
}

#[tauri::command]
pub(super) async fn evidence(shell: State<'_, Shell>, layer: Layer) -> Result<Evidence, Failure> {
    let agent = agent(&shell)?;
    let reply = agent.ask_once(Request::Evidence { layer }).await?;
    let Reply::Evidence { exchange } = reply else {
        done(reply)?;
        return Err(Failure::no_agent());
    };
    let log = match program_behind(layer) {
        Some(program) => last(&agent, program, LAST_LINES).await?,
        None => Vec::new(),
    };
    Ok(match exchange {
        Some(Exchange { request, answer, took_ms, at }) => {
            Evidence { request: Some(request), answer: Some(answer), took_ms, checked_at: Some(at), log }
        }
        None => Evidence { request: None, answer: None, took_ms: None, checked_at: None, log },
    })
}

const fn program_behind(layer: Layer) -> Option<Kind> {
    match layer {
        Layer::OllamaProcess | Layer::OllamaApi | Layer::Model | Layer::OllamaPrivate => Some(Kind::Ollama),
        Layer::CloudflaredProcess | Layer::Edge | Layer::PublicAddress | Layer::AccessClosed => {
            Some(Kind::Cloudflared)
        }
        Layer::Link | Layer::OrchestratorView => None,
    }
}

async fn last(agent: &Handle, program: Kind, lines: usize) -> Result<Vec<LogLine>, Failure> {
    let mut replies = agent.ask(Request::Logs { program: Some(program), lines, follow: false }).await?;
    let mut found = Vec::new();
    while let Some(reply) = replies.recv().await {
        match message(reply) {
            Ok(Message { news: News::Line(line), .. }) => found.push(line),
            Ok(Message { news: News::Missed(_), .. }) => {}
            Err(reply) => done(reply)?,
        }
    }
    Ok(found)
}

/// Shows the window what comes, until it is gone.
pub(crate) async fn follow(app: AppHandle, gone: CancellationToken) {
    let following = async {
        loop {
            if let Some(agent) = app.state::<Shell>().agent() {
                pass_on(&app, &agent).await;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    };
    tokio::select! {
        () = gone.cancelled() => {}
        () = following => {}
    }
}

async fn pass_on(app: &AppHandle, agent: &Handle) {
    let asked = agent.ask(Request::Logs { program: None, lines: 0, follow: true }).await;
    let Ok(mut replies) = asked else { return };
    while let Some(reply) = replies.recv().await {
        if let Ok(message) = message(reply) {
            drop(app.emit_to(LABEL, "log", message));
        }
    }
}

/// What a reply says of a log; the reply itself when it is about something else.
fn message(reply: Reply) -> Result<Message, Reply> {
    match reply {
        Reply::Line { program, number, at, stream, level, text } => {
            Ok(Message { program, news: News::Line(LogLine { number, at, stream, level, text }) })
        }
        Reply::Missed { program, count } => Ok(Message { program, news: News::Missed(count) }),
        reply @ (Reply::Status(_)
        | Reply::Open { .. }
        | Reply::Triage(_)
        | Reply::Evidence { .. }
        | Reply::Secrets { .. }
        | Reply::Tested { .. }
        | Reply::Test { .. }
        | Reply::Answered { .. }
        | Reply::Done { .. }
        | Reply::Failed { .. }) => Err(reply),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_gaps_are_named_as_the_window_reads_them() {
        let line = Reply::Line {
            program: Kind::Ollama,
            number: 7,
            at: "2026-11-23T09:41:00Z".to_owned(),
            stream: Stream::Agent,
            level: None,
            text: "Ollama answers.".to_owned(),
        };
        let json = |reply| serde_json::to_value(message(reply).unwrap()).unwrap();
        assert_eq!(
            json(line),
            serde_json::json!({"program": "ollama", "news": {"line": {
                "number": 7, "at": "2026-11-23T09:41:00Z", "stream": "agent", "level": null, "text": "Ollama answers."
            }}})
        );
        let missed = Reply::Missed { program: Kind::Cloudflared, count: 3 };
        assert_eq!(json(missed), serde_json::json!({"program": "cloudflared", "news": {"missed": 3}}));
        assert!(message(Reply::Done { sentence: String::new() }).is_err());
    }
}
