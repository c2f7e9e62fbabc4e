//! The window's process: shows it where the tray app says, and ends with it.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use agent::environment::Environment;
use agent::logging;
use tauri::{AppHandle, Emitter as _, Manager as _, RunEvent};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, stdin, stdout};
use tracing::{debug, warn};

use super::{Destination, LABEL};
use crate::follow::{self, News};
use crate::opener::SHOWN;
use crate::shell::Shell;
use crate::view::Seen;
use crate::{commands, login, platform};

/// Runs it to its end: the window was closed, or whoever started it has gone.
pub fn run() -> ExitCode {
    logging::begin(Environment::read().log.as_deref());
    if !platform::has_display() {
        tracing::error!(event = "no_display", "{}", platform::NO_DISPLAY);
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime of two threads can be built");
    tauri::async_runtime::set(runtime.handle().clone());
    let app = tauri::Builder::default()
        .plugin(login::plugin())
        .manage(Shell::default())
        .invoke_handler(commands::handler())
        .setup(|app| {
            #[cfg(target_os = "macos")]
            app.set_activation_policy(tauri::ActivationPolicy::Accessory);
            tauri::async_runtime::spawn(listen(app.handle().clone()));
            Ok(())
        })
        .build(crate::context());
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(event = "no_app", %error, "the window cannot be shown");
            return ExitCode::FAILURE;
        }
    };
    let begun = AtomicBool::new(false);
    let code = app.run_return(move |app, event| {
        // A window made before the main loop runs would wait for it for ever.
        if matches!(event, RunEvent::Ready) && !begun.swap(true, Ordering::Relaxed) {
            tauri::async_runtime::spawn(obey(app.clone()));
        }
        if let RunEvent::ExitRequested { api, code: None, .. } = event
            && app.state::<Shell>().is_working()
        {
            api.prevent_exit();
            tauri::async_runtime::spawn(finish(app.clone()));
        }
    });
    // Somebody still reads the standard input, and nothing can end that but its end.
    runtime.shutdown_background();
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// A download goes on without its window, which may come back meanwhile.
async fn finish(app: AppHandle) {
    app.state::<Shell>().until_idle().await;
    if app.webview_windows().is_empty() {
        app.exit(0);
    }
}

/// Goes where each line says, and answers when the person can see it.
async fn obey(app: AppHandle) {
    let (mut lines, mut answers) = (BufReader::new(stdin()).lines(), stdout());
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(destination) = serde_json::from_str::<Destination>(&line) else {
            warn!(event = "not_understood", "what the tray app wants is not understood");
            continue;
        };
        if let Err(error) = super::open(&app, &destination).await {
            warn!(event = "window_failed", %error, "the window cannot be shown");
            break;
        }
        if answers.write_all(SHOWN.as_bytes()).await.is_err() || answers.flush().await.is_err() {
            break;
        }
    }
    debug!("nobody wants anything of the window any more");
    app.exit(0);
}

/// Passes on what the agent says, to pages that are there.
async fn listen(app: AppHandle) {
    let shell = app.state::<Shell>();
    let hear = |news| match news {
        News::Status(status) => {
            commands::tell_window(&app, &status);
            *shell.seen() = Seen::Status(status);
        }
        News::Triage(triage) => drop(app.emit_to(LABEL, "triage", triage)),
        News::Lost(why) => {
            drop(app.emit_to(LABEL, "connection", "offline"));
            *shell.seen() = Seen::Lost(why);
        }
        // The tray app hears it too, and says where to go.
        News::Open(..) => {}
    };
    follow::follow(&shell.line, hear, shell.stop.clone()).await;
}
