//! What the desktop does for the window: the browser, the clipboard, the start at login.

use std::io::Write as _;
use std::path::PathBuf;

use agent::window::Failure;
use chrono::Utc;
use tauri::{AppHandle, Manager as _, State};

use crate::opener::QUIT;
use crate::shell::Shell;
use crate::{desktop, login};

#[tauri::command]
pub(super) fn open_url(url: String) -> Result<(), Failure> {
    desktop::open_in_browser(&url)
        .map_err(|why| Failure::new("not_opened", format!("The page was not opened: {why}."), url))
}

#[tauri::command]
pub(super) fn starts_at_login() -> bool {
    login::is_on()
}

#[tauri::command]
pub(super) fn set_start_at_login(on: bool) -> Result<(), Failure> {
    login::switch(on).map_err(|error| {
        let what_to_do = "Set it in the desktop's own settings of what starts at login.";
        Failure::new("not_set", format!("Start at login was not changed: {error}."), what_to_do)
    })
}

#[tauri::command]
pub(super) fn copy_text(shell: State<'_, Shell>, text: String) -> Result<(), Failure> {
    shell.copy(text).map_err(|error| not_copied(&error.to_string()))
}

#[tauri::command]
pub(super) async fn copy_diagnostics(shell: State<'_, Shell>) -> Result<(), Failure> {
    let text = desktop::diagnostics(shell.agent()).await;
    shell.copy(text).map_err(|error| not_copied(&error.to_string()))
}

/// Writes the zip among the person's downloads; where it is.
#[tauri::command]
pub(super) async fn save_diagnostics(app: AppHandle, shell: State<'_, Shell>) -> Result<PathBuf, Failure> {
    let not_saved = |why: String| {
        let what_to_do = "Copy them instead, or run triage-agent diagnostics FILE.";
        Failure::new("not_saved", format!("The diagnostics were not saved: {why}."), what_to_do)
    };
    let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
    let folder = folder.map_err(|problem| not_saved(problem.to_string()))?;
    let file = folder.join(format!("hubspot-triage-{}.zip", Utc::now().format("%Y%m%d-%H%M%S")));
    let collected = desktop::gather(shell.agent()).await.map_err(not_saved)?;
    collected.write(&file).map_err(|problem| not_saved(problem.to_string()))?;
    Ok(file)
}

/// Everything is to end: the tray app is told, which ends what runs, and this process with it.
#[tauri::command]
pub(super) fn quit() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(QUIT.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        let what_to_do = "Choose Quit in the menu of the panel's icon.";
        Failure::new("not_told", format!("The app was not told to quit: {error}."), what_to_do)
    })
}

fn not_copied(why: &str) -> Failure {
    let what_to_do = "Select the text and copy it, or run triage-agent diagnostics FILE.";
    Failure::new("not_copied", format!("Nothing was copied: {why}."), what_to_do)
}
