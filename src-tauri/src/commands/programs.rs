//! How everything is, and what the programs are to do.

use agent::handle::Handle;
use agent::socket::{Reply, Request};
use agent::status::Status;
use agent::window::Failure;
use supervise::Kind;
use tauri::State;

use super::failure::done;
use crate::shell::Shell;

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
