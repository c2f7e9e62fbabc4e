//! The settings, as the window names them. They hold no secret.

use agent::context::Context;
use agent::settings::form::Form;
use agent::socket::Request;
use agent::window::Failure;
use tauri::State;

use super::programs::tell;
use crate::shell::Shell;

/// What everything that needs the folders begins with.
pub(super) fn context() -> Result<Context, Failure> {
    Context::read().map_err(|problem| {
        Failure::new("wrong_settings", problem.to_string(), "Correct the file, then try again.")
    })
}

#[tauri::command]
pub(super) async fn settings() -> Result<Form, Failure> {
    off_the_main_thread(|| context().map(|context| context.settings.into())).await
}

#[tauri::command]
pub(super) async fn save_settings(shell: State<'_, Shell>, settings: Form) -> Result<(), Failure> {
    off_the_main_thread(move || {
        let context = context()?;
        let settings = settings.read(&context.environment.home).map_err(Failure::settings)?;
        context
            .write_settings(&settings)
            .map_err(|why| Failure::new("not_saved", why, "Nothing was changed. Mend it, then save again."))
    })
    .await?;
    tell(&shell, Request::Reload).await
}

/// Reads and writes files.
async fn off_the_main_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tauri::async_runtime::spawn_blocking(work).await.unwrap_or_else(|_| Err(Failure::no_agent()))
}
