//! What the desktop does for the window: the browser, the clipboard, the start at login.

use std::path::PathBuf;

use agent::context::Context;
use agent::diagnostics::Collected;
use agent::handle::Handle;
use chrono::Utc;
use tauri::{AppHandle, Manager as _, State};
use url::{Host, Url};

use super::failure::Failure;
use crate::login;
use crate::shell::Shell;

/// Opens an address in the person's browser.
///
/// # Errors
/// When it is no address of a page, or no browser can be started.
pub(crate) fn open_in_browser(url: &str) -> Result<(), String> {
    let url = Url::parse(url).ok().filter(is_page).ok_or("this is no address of a page")?;
    open::that_detached(url.as_str()).map_err(|error| format!("no browser could be started: {error}"))
}

/// Other schemes start programs.
fn is_page(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// Puts what helps whoever helps, without secrets and words of tickets, where the next paste takes it from.
///
/// # Errors
/// When there is no clipboard.
pub(crate) async fn copy_all(app: &AppHandle) -> Result<(), String> {
    let shell = app.state::<Shell>();
    let text = match gather(&shell).await {
        Ok(collected) => collected.text(Utc::now()),
        Err(why) => format!("hubspot-triage: {}\n{why}\n", env!("CARGO_PKG_VERSION")),
    };
    shell.copy(&text).map_err(|error| error.to_string())
}

/// The agent that answers is asked, wherever it runs.
async fn gather(shell: &Shell) -> Result<Collected, String> {
    let context = Context::read().map_err(|problem| problem.to_string())?;
    let agent = shell.agent().unwrap_or_else(|| Handle::There(context.socket()));
    Ok(Collected::gather(&context, &agent).await)
}

#[tauri::command]
pub(super) fn open_url(url: String) -> Result<(), Failure> {
    open_in_browser(&url)
        .map_err(|why| Failure::new("not_opened", format!("The page was not opened: {why}."), url))
}

#[tauri::command]
pub(super) fn starts_at_login(app: AppHandle) -> bool {
    login::is_on(&app)
}

#[tauri::command]
pub(super) fn set_start_at_login(app: AppHandle, on: bool) -> Result<(), Failure> {
    login::switch(&app, on).map_err(|error| {
        let what_to_do = "Set it in the desktop's own settings of what starts at login.";
        Failure::new("not_set", format!("Start at login was not changed: {error}."), what_to_do)
    })
}

#[tauri::command]
pub(super) fn copy_text(shell: State<'_, Shell>, text: &str) -> Result<(), Failure> {
    shell.copy(text).map_err(|error| not_copied(&error.to_string()))
}

#[tauri::command]
pub(super) async fn copy_diagnostics(app: AppHandle) -> Result<(), Failure> {
    copy_all(&app).await.map_err(|why| not_copied(&why))
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
    let collected = gather(&shell).await.map_err(not_saved)?;
    collected.write(&file).map_err(|problem| not_saved(problem.to_string()))?;
    Ok(file)
}

fn not_copied(why: &str) -> Failure {
    let what_to_do = "Select the text and copy it, or run triage-agent diagnostics FILE.";
    Failure::new("not_copied", format!("Nothing was copied: {why}."), what_to_do)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_opened_and_no_program_is_started() {
        for (url, expected) in [
            ("https://app.hubspot.com/contacts/1/record/0-5/2", true),
            ("http://127.0.0.1:3000/", true),
            ("http://[::1]:3000/", true),
            ("http://localhost:3000/", true),
            ("http://example.com/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("ssh://example.com", false),
        ] {
            assert_eq!(is_page(&url.parse().unwrap()), expected, "{url}");
        }
        assert!(open_in_browser("no address").is_err());
    }
}
