//! How everything is, and what the programs are to do.

use agent::handle::Handle;
use agent::socket::{Reply, Request};
use agent::status::Status;
use serde::Serialize;
use supervise::Kind;
use tauri::State;

use super::failure::{Failure, done};
use crate::shell::Shell;

/// Lines that the window shows of a log.
const LINES: usize = 5_000;

pub(super) fn agent(shell: &Shell) -> Result<Handle, Failure> {
    shell.agent().ok_or_else(Failure::no_agent)
}

pub(super) async fn tell(shell: &Shell, request: Request) -> Result<(), Failure> {
    done(agent(shell)?.ask_once(request).await?)
}

#[tauri::command]
pub(super) async fn status(shell: State<'_, Shell>) -> Result<Box<Status>, Failure> {
    let reply = agent(&shell)?.ask_once(Request::Status).await?;
    let Reply::Status(status) = reply else {
        done(reply)?;
        return Err(Failure::no_agent());
    };
    Ok(status)
}

#[tauri::command]
pub(super) async fn pause(shell: State<'_, Shell>) -> Result<(), Failure> {
    tell(&shell, Request::Pause).await
}

#[tauri::command]
pub(super) async fn resume(shell: State<'_, Shell>) -> Result<(), Failure> {
    tell(&shell, Request::Resume).await
}

#[tauri::command]
pub(super) async fn restart_program(shell: State<'_, Shell>, program: Kind) -> Result<(), Failure> {
    tell(&shell, Request::Restart { program }).await
}

/// The agent knows by itself whether the program was given up.
#[tauri::command]
pub(super) async fn retry_program(shell: State<'_, Shell>, program: Kind) -> Result<(), Failure> {
    tell(&shell, Request::Restart { program }).await
}

#[tauri::command]
pub(super) async fn check_now(shell: State<'_, Shell>) -> Result<(), Failure> {
    tell(&shell, Request::CheckNow).await
}

/// A line of a log, as the window names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LogLine {
    number: usize,
    at: String,
    stream: &'static str,
    level: Option<&'static str>,
    text: String,
}

#[tauri::command]
pub(super) async fn logs(shell: State<'_, Shell>, program: Kind) -> Result<Vec<LogLine>, Failure> {
    let request = Request::Logs { program: Some(program), lines: LINES, follow: false };
    let mut replies = agent(&shell)?.ask(request).await?;
    let mut lines = Vec::new();
    while let Some(reply) = replies.recv().await {
        match reply {
            Reply::Line { at, text, .. } => {
                lines.push(LogLine { number: lines.len() + 1, at, stream: "out", level: None, text });
            }
            Reply::Failed { why, what_to_do } => return Err(Failure::new("refused", why, what_to_do)),
            Reply::Missed { .. }
            | Reply::Status(_)
            | Reply::Open { .. }
            | Reply::Secrets { .. }
            | Reply::Tested { .. }
            | Reply::Answered { .. }
            | Reply::Done { .. } => {}
        }
    }
    Ok(lines)
}
