//! Commands that the running agent answers.

use std::process::ExitCode;

use supervise::Kind;

use super::terminal::{complain, look, say};
use super::{Context, table};
use crate::socket::{Reply, Request, ask};
use crate::status::Status;

/// What is said when nobody answers.
pub(super) const NOT_RUNNING: &str =
    "The agent is not running. Start it: triage-agent run, or for good: triage-agent service install.";

/// The running agent's status; `None` when no agent runs.
pub(super) async fn current(context: &Context) -> Option<Status> {
    let mut answer = ask(&context.socket(), &Request::Status).await.ok()?;
    match answer.next().await {
        Ok(Some(Reply::Status(status))) => Some(*status),
        Ok(_) | Err(_) => None,
    }
}

pub(super) async fn status(context: &Context, json: bool) -> ExitCode {
    let Some(status) = current(context).await else {
        complain(NOT_RUNNING);
        return ExitCode::FAILURE;
    };
    if json {
        match serde_json::to_string_pretty(&status) {
            Ok(text) => say(&text),
            Err(problem) => complain(&problem.to_string()),
        }
    } else {
        say(&table::status(&status, look()));
    }
    ExitCode::SUCCESS
}

pub(super) async fn restart(context: &Context, program: Kind) -> ExitCode {
    tell(context, &Request::Restart { program }).await
}

pub(super) async fn pause(context: &Context) -> ExitCode {
    tell(context, &Request::Pause).await
}

pub(super) async fn resume(context: &Context) -> ExitCode {
    tell(context, &Request::Resume).await
}

pub(super) async fn logs(context: &Context, program: Option<Kind>, lines: usize, follow: bool) -> ExitCode {
    tell(context, &Request::Logs { program, lines, follow }).await
}

/// Has the running agent read its settings and secrets again, when there is one.
pub(super) async fn reload(context: &Context) {
    if let Ok(mut answer) = ask(&context.socket(), &Request::Reload).await
        && let Ok(Some(reply @ Reply::Failed { .. })) = answer.next().await
    {
        show(&reply);
    }
}

/// Asks and shows every line of the answer.
pub(super) async fn tell(context: &Context, request: &Request) -> ExitCode {
    let Ok(mut answer) = ask(&context.socket(), request).await else {
        complain(NOT_RUNNING);
        return ExitCode::FAILURE;
    };
    let mut is_well = true;
    loop {
        match answer.next().await {
            Ok(Some(reply)) => is_well &= show(&reply),
            Ok(None) => break,
            Err(problem) => {
                complain(&format!("The agent's answer broke off: {problem}."));
                is_well = false;
                break;
            }
        }
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(reply: &Reply) -> bool {
    match reply {
        Reply::Status(status) => say(&table::status(status, look())),
        Reply::Line { program, at, text, .. } => say(&format!("{at} {program}: {text}")),
        Reply::Missed { program, count } => {
            say(&format!("{program}: {count} lines came too fast to be shown"))
        }
        // For windows.
        Reply::Open { .. }
        | Reply::Triage(_)
        | Reply::Evidence { .. }
        | Reply::Secrets { .. }
        | Reply::Tested { .. }
        | Reply::Test { .. }
        | Reply::Answered { .. } => {}
        Reply::Done { sentence } => say(sentence),
        Reply::Failed { why, what_to_do } => {
            complain(&format!("{why}\n{what_to_do}"));
            return false;
        }
    }
    true
}
