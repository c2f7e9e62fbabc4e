//! The window's process: shows it where the tray app says, and ends with it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use agent::environment::Environment;
use agent::logging;
use agent::window::Destination;
use tauri::{AppHandle, Emitter as _, Manager as _, RunEvent};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, stdin, stdout};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::LABEL;
use crate::follow::{self, News};
use crate::opener::SHOWN;
use crate::shell::Shell;
use crate::updates::{self, Source, bundle, daily};
use crate::{commands, platform};

/// Runs it to its end: the window was closed, or whoever started it has gone. It is told its [`bundle`], and whether it is only
/// to [look for a newer version](daily::LOOK).
pub fn run(words: impl Iterator<Item = String>) -> ExitCode {
    let words: Vec<String> = words.collect();
    logging::begin(Environment::read().log.as_deref());
    if !platform::has_display() {
        tracing::error!(event = "no_display", "{}", platform::NO_DISPLAY);
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime of two threads can be built");
    tauri::async_runtime::set(runtime.handle().clone());
    bundle::hear(&words);
    if words.iter().any(|word| word == daily::LOOK) {
        return look(&runtime);
    }
    let app = tauri::Builder::default()
        .manage(Shell::default())
        .invoke_handler(commands::handler())
        .setup(|app| {
            #[cfg(target_os = "macos")]
            app.set_activation_policy(tauri::ActivationPolicy::Accessory);
            tauri::async_runtime::spawn(listen(app.handle().clone()));
            Ok(())
        })
        .build(context());
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

/// Looks for a newer version and says which there is, for the tray app to read.
fn look(runtime: &Runtime) -> ExitCode {
    let Some(source) = Source::built_in() else { return ExitCode::FAILURE };
    let app = match tauri::Builder::default().build(context()) {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(event = "no_app", %error, "newer versions cannot be looked for");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(updates::look(app.handle(), &source)) {
        Ok(found) => daily::say(found.map(|update| update.version).as_deref()),
        Err(problem) => {
            warn!(event = "update_unknown", "{problem}");
            ExitCode::FAILURE
        }
    }
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
        News::Status(status) => commands::tell_window(&app, &status),
        News::Triage(triage) => drop(app.emit_to(LABEL, "triage", triage)),
        News::Lost(_) => drop(app.emit_to(LABEL, "connection", "offline")),
        // The tray app hears it too, and says where to go.
        News::Open(..) => {}
    };
    // It ends with the process.
    follow::follow(&shell.line, hear, CancellationToken::new()).await;
}

/// What it is built with. An agent with folders of its own has a window with folders of its own.
fn context() -> tauri::Context {
    let mut context = built();
    if let Some(home) = Environment::read().agent_home {
        let mut hasher = DefaultHasher::new();
        home.hash(&mut hasher);
        context.config_mut().identifier += &format!(".h{:x}", hasher.finish());
    }
    context
}

#[expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "written by the build, from files that it has checked"
)]
fn built() -> tauri::Context {
    tauri::tauri_build_context!()
}
