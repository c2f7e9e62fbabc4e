//! Newer versions, as the window asks for them. Every process can look for them by itself.

use agent::socket::{Reply, Request};
use agent::window::Failure;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use super::programs::agent;
use crate::shell::Shell;
use crate::updates::{self, Problem, Source, may};

/// What is known without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Copy {
    version: String,
    /// Why this copy does not look for newer versions.
    obstacle: Option<&'static str>,
}

/// A newer version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Newer {
    version: String,
    notes: Option<String>,
}

/// How far its download is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fetched {
    completed_bytes: usize,
    total_bytes: Option<u64>,
}

#[tauri::command]
pub(super) fn updates(app: AppHandle) -> Copy {
    Copy { version: app.package_info().version.to_string(), obstacle: updates::obstacle() }
}

#[tauri::command]
pub(super) async fn check_for_update(app: AppHandle) -> Result<Option<Newer>, Failure> {
    let found = updates::look(&app, &source()?).await.map_err(failed)?;
    Ok(found.map(|update| Newer { version: update.version, notes: update.body }))
}

/// Installs that version and no other: the person was asked about it.
#[tauri::command]
pub(super) async fn install_update(
    app: AppHandle,
    shell: State<'_, Shell>,
    version: String,
    progress: Channel<Fetched>,
) -> Result<(), Failure> {
    rests(&shell).await?;
    let found = updates::look(&app, &source()?).await.map_err(failed)?;
    let update = found.filter(|update| update.version == version).ok_or_else(|| {
        let headline = format!("Version {version} is not offered any more.");
        Failure::new("other_version", headline, "Look again for what is offered now.")
    })?;
    let told = |completed_bytes, total_bytes| {
        // A window that is gone does not end it.
        drop(progress.send(Fetched { completed_bytes, total_bytes }));
    };
    let bytes = updates::fetch(&update, told).await.map_err(failed)?;
    // Much may have begun meanwhile.
    rests(&shell).await?;
    updates::install(&update, &bytes).map_err(failed)
}

fn source() -> Result<Source, Failure> {
    let refused =
        |why: &str| Failure::new("no_updates", why, "Get the newer version where you got this one.");
    match (updates::obstacle(), Source::built_in()) {
        (None, Some(source)) => Ok(source),
        (obstacle, _) => Err(refused(obstacle.unwrap_or_default())),
    }
}

/// Whether nothing is under way that would be lost.
async fn rests(shell: &Shell) -> Result<(), Failure> {
    let status = match agent(shell) {
        Ok(agent) => agent.ask_once(Request::Status).await.ok(),
        Err(_) => None,
    };
    let status = match &status {
        Some(Reply::Status(status)) => Some(status.as_ref()),
        Some(_) | None => None,
    };
    may::may_install(status, shell.is_working()).map_err(|busy| {
        Failure::new("busy", format!("{busy} Nothing was installed."), "Try again in a moment.")
    })
}

fn failed(problem: Problem) -> Failure {
    let (code, what_to_do) = match problem {
        Problem::Insecure => ("insecure", "Tell whoever built this copy."),
        Problem::Unreachable(_) => ("not_known", "Check the connection, then try again."),
        Problem::NotForThisSystem => ("not_for_this_system", "Get it where you got this copy."),
        Problem::WrongSignature(_) => {
            ("wrong_signature", "This copy goes on as it is. Tell whoever offers the newer one.")
        }
        Problem::NotInstalled(_) => {
            ("not_installed", "This copy goes on as it is. Install the newer one by hand.")
        }
    };
    Failure::new(code, problem.to_string(), what_to_do)
}
