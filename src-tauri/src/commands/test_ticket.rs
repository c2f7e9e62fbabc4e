//! The test ticket: the agent has it sent and follows it, the window is told hop by hop.

use agent::socket::{Reply, Request};
use agent::test_ticket::TestStep;
use agent::window::Failure;
use tauri::State;
use tauri::ipc::Channel;

use super::failure::done;
use super::programs::agent;
use crate::shell::Shell;

/// Ends when the ticket has arrived or does not get further. A window that is gone ends it at the next step.
#[tauri::command]
pub(super) async fn send_test_ticket(
    shell: State<'_, Shell>,
    progress: Channel<TestStep>,
) -> Result<(), Failure> {
    let mut replies = agent(&shell)?.ask(Request::TestTicket).await?;
    let mut has_ended = false;
    while let Some(reply) = replies.recv().await {
        let Reply::Test { step } = reply else {
            done(reply)?;
            continue;
        };
        has_ended = matches!(step, TestStep::Failed { .. } | TestStep::Done { .. });
        if progress.send(step).is_err() {
            return Ok(());
        }
    }
    if has_ended { Ok(()) } else { Err(Failure::no_agent()) }
}
