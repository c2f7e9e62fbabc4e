//! What the programs wrote: asked for, and as it comes while there is a window.

use std::time::Duration;

use agent::handle::Handle;
use agent::socket::{Reply, Request};
use agent::window::{Evidence, Failure, LogLine, LogMessage, LogNews};
use supervise::Kind;
use supervise::health::Layer;
use tauri::{AppHandle, Emitter as _, Manager as _, State};
use tokio_util::sync::CancellationToken;

use super::failure::done;
use super::programs::agent;
use crate::shell::Shell;
use crate::window::LABEL;

/// Lines that the window shows of a log.
const LINES: usize = 5_000;

/// Lines that stand below what is known of a hop.
const LAST_LINES: usize = 20;

/// An agent that is gone is looked for again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

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
    Ok(Evidence::of(exchange, log))
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
        match LogMessage::try_from(reply) {
            Ok(LogMessage { news: LogNews::Line(line), .. }) => found.push(line),
            Ok(LogMessage { news: LogNews::Missed(_), .. }) => {}
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
        if let Ok(message) = LogMessage::try_from(reply) {
            drop(app.emit_to(LABEL, "log", message));
        }
    }
}
