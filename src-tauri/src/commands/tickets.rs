//! Tickets and figures: the agent asks the orchestrator, as this device.

use agent::link::{Question, TriageQuery};
use agent::socket::{Reply, Request};
use agent::window::Failure;
use link::CorrectionRequest;
use serde_json::Value;
use tauri::State;

use super::failure::done;
use super::programs::agent;
use crate::shell::Shell;

async fn ask(shell: &Shell, question: Question) -> Result<Value, Failure> {
    let reply = agent(shell)?.ask_once(Request::Orchestrator { question }).await?;
    let Reply::Answered { value } = reply else {
        done(reply)?;
        return Err(Failure::no_agent());
    };
    Ok(value)
}

#[tauri::command]
pub(super) async fn list_triages(shell: State<'_, Shell>, query: TriageQuery) -> Result<Value, Failure> {
    ask(&shell, Question::Triages(query)).await
}

#[tauri::command]
pub(super) async fn show_triage(shell: State<'_, Shell>, ticket_id: String) -> Result<Value, Failure> {
    ask(&shell, Question::Triage { ticket_id }).await
}

#[tauri::command]
pub(super) async fn retry_triage(shell: State<'_, Shell>, ticket_id: String) -> Result<(), Failure> {
    ask(&shell, Question::Retry { ticket_id }).await.map(drop)
}

#[tauri::command]
pub(super) async fn correct_triage(
    shell: State<'_, Shell>,
    ticket_id: String,
    correction: CorrectionRequest,
) -> Result<(), Failure> {
    ask(&shell, Question::Correct { ticket_id, correction }).await.map(drop)
}

#[tauri::command]
pub(super) async fn stats(shell: State<'_, Shell>, window: String) -> Result<Value, Failure> {
    ask(&shell, Question::Stats { window }).await
}
