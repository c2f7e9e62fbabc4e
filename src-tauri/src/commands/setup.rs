//! Setting this machine up: pairing, and the model's download.

use agent::link::{Invitation, NoInvitation};
use agent::ollama_api::{OllamaApi, Progress};
use agent::pairing;
use agent::socket::Request;
use agent::tunnel::http;
use agent::window::Failure;
use std::time::Duration;
use tauri::State;
use tauri::ipc::Channel;

use super::programs::tell;
use super::settings::context;
use crate::shell::Shell;

/// A download of a large model over a slow connection.
const DOWNLOAD_WITHIN: Duration = Duration::from_hours(24);

#[tauri::command]
pub(super) async fn pair(url: String, code: String) -> Result<(), Failure> {
    accept(Invitation::new(&url, &code)).await
}

#[tauri::command]
pub(super) async fn pair_by_link(link: String) -> Result<(), Failure> {
    accept(Invitation::from_link(&link)).await
}

async fn accept(invitation: Result<Invitation, NoInvitation>) -> Result<(), Failure> {
    let invitation = invitation
        .map_err(|problem| Failure::new("no_invitation", format!("{problem}."), "Copy it again, whole."))?;
    let paired = pairing::pair(&context()?, invitation, None).await;
    paired.map(drop).map_err(|words| match words.split_once(". ") {
        // The orchestrator knows best what to do next.
        Some((why, what_to_do)) => Failure::new("not_paired", format!("{why}."), what_to_do),
        None => Failure::new("not_paired", words, "Get a new code with `orchestrator pair`."),
    })
}

#[tauri::command]
pub(super) async fn unpair() -> Result<(), Failure> {
    let done = pairing::unpair(&context()?, false).await;
    done.map(drop)
        .map_err(|why| Failure::new("not_told", why, "This machine has forgotten the orchestrator."))
}

#[tauri::command]
pub(super) async fn pull_model(
    shell: State<'_, Shell>,
    model: String,
    progress: Channel<Progress>,
) -> Result<(), Failure> {
    let address = format!("http://{}", context()?.settings.ollama_address);
    let cancelled = shell.begin_pull();
    tokio::select! {
        pulled = pull(&address, &model, &progress) => pulled?,
        () = cancelled.cancelled() => {
            return Err(Failure::new("cancelled", "The download was cancelled.", "Another one goes on where it stopped."));
        }
    }
    tell(&shell, Request::CheckNow).await
}

async fn pull(address: &str, model: &str, progress: &Channel<Progress>) -> Result<(), Failure> {
    let failed = |problem: &dyn std::fmt::Display| {
        let headline = format!("{model} cannot be downloaded: {problem}.");
        Failure::new(
            "not_pulled",
            headline,
            "Check that Ollama runs, then try again: it goes on where it stopped.",
        )
    };
    let api = OllamaApi::new(http::client(DOWNLOAD_WITHIN), address);
    let mut pulling = api.pull(model).await.map_err(|problem| failed(&problem))?;
    while let Some(step) = pulling.next().await {
        let step = step.map_err(|problem| failed(&problem))?;
        // A window that is gone does not end a download.
        drop(progress.send(step));
    }
    Ok(())
}

#[tauri::command]
pub(super) fn cancel_pull(shell: State<'_, Shell>) {
    shell.cancel_pull();
}
