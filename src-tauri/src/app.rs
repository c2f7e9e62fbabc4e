//! The app that stays: the icon, its menu and the agent, from its start to its end.

use std::process::ExitCode;

use agent::context::Context;
use agent::environment::Environment;
use agent::socket::{Page, Reply, Request};
use agent::{logging, signals};
use tauri::{App, AppHandle, Manager as _, RunEvent};
use tracing::{info, warn};

use crate::arguments::Arguments;
use crate::follow::{self, News};
use crate::opener::Opener;
use crate::shell::Shell;
use crate::view::Seen;
use crate::view::menu::Act;
use crate::window::Destination;
use crate::{commands, login, platform, tray, updates};

/// Runs it to its end.
pub fn run() -> ExitCode {
    platform::spare_memory();
    logging::begin(Environment::read().log.as_deref());
    if !platform::has_display() {
        tracing::error!(event = "no_display", "{}", platform::NO_DISPLAY);
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime of two threads can be built");
    tauri::async_runtime::set(runtime.handle().clone());
    let app = tauri::Builder::default()
        // First: a second start must not get further than this.
        .plugin(tauri_plugin_single_instance::init(|app, words, _| {
            arrive(app, Arguments::read(words.into_iter().skip(1)));
        }))
        .plugin(login::plugin())
        .manage(Shell::default())
        .setup(|app| {
            begin(app);
            Ok(())
        })
        .build(crate::context());
    match app {
        Ok(app) => u8::try_from(app.run_return(on_event)).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            tracing::error!(event = "no_app", %error, "the tray app cannot be started");
            ExitCode::FAILURE
        }
    }
}

fn begin(app: &mut App) {
    #[cfg(target_os = "macos")]
    app.set_activation_policy(tauri::ActivationPolicy::Accessory);
    let app = app.handle();
    let (opener, serving) = Opener::new();
    app.manage(opener);
    tauri::async_runtime::spawn(serving);
    put_up_tray(app);
    let following = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = following.state::<Shell>();
        follow::keep(&shell.line, |news| hear(&following, news), shell.stop.clone()).await;
        following.exit(0);
    });
    tauri::async_runtime::spawn(updates::keep_looking(app.clone()));
    tauri::async_runtime::spawn(signals::stop_on_signal(app.state::<Shell>().stop.clone()));
}

/// The first window, when one is wanted. Made before the main loop runs, it would wait for it for ever.
fn greet(app: &AppHandle) {
    let arguments = Arguments::read(std::env::args().skip(1));
    if arguments.open || arguments.pair_link.is_some() {
        return arrive(app, arguments);
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let has_tray = app.state::<Shell>().drawn().is_some();
        let is_shown = has_tray && platform::has_tray_host().await;
        if has_tray && !is_shown {
            warn!(event = "no_tray_host", "{}", platform::NO_TRAY_HOST);
        }
        // At login the panel may come later than this app.
        if arguments.at_login {
            return;
        }
        if is_new() {
            open(&app, Destination::page(Page::Setup, None));
        } else if !is_shown {
            open(&app, Destination::default());
        }
    });
}

/// Whether nobody has set anything up so far.
fn is_new() -> bool {
    let context = Context::read();
    context
        .is_ok_and(|context| context.settings.orchestrator.is_none() && context.settings.hostname.is_none())
}

fn put_up_tray(app: &AppHandle) {
    if !platform::has_indicator() {
        return warn!(event = "no_indicator", "{}", platform::NO_INDICATOR);
    }
    // Without a folder of one's own the icon lies where every user can write.
    let folder = Context::read().map(|context| {
        drop(context.paths.create());
        context.paths.runtime
    });
    if let Err(error) = tray::put_up(app, &folder.unwrap_or_else(|_| std::env::temp_dir())) {
        warn!(event = "no_tray", %error, "the icon cannot be shown");
    }
}

/// What a start, or another start, asks for.
fn arrive(app: &AppHandle, arguments: Arguments) {
    info!(event = "asked", is_invited = arguments.pair_link.is_some(), "the window is asked for");
    let destination = arguments.pair_link.map_or_else(Destination::default, Destination::pair);
    open(app, destination);
}

fn hear(app: &AppHandle, news: News) {
    let shell = app.state::<Shell>();
    match news {
        News::Status(status) => *shell.seen() = Seen::Status(status),
        News::Lost(why) => *shell.seen() = Seen::Lost(why),
        News::Open(page, ticket_id) => return open(app, Destination::page(page, ticket_id)),
        // The window hears it too.
        News::Triage(_) => return,
    }
    tray::redraw(app);
}

fn open(app: &AppHandle, destination: Destination) {
    app.state::<Opener>().open(destination);
}

/// Does what a line of the menu says.
pub(crate) fn act(app: &AppHandle, act: Act) {
    match act {
        Act::Ticket(ticket_id) => open_ticket(app, ticket_id),
        Act::Open => open(app, Destination::default()),
        Act::Update => open(app, Destination::page(Page::Settings, None)),
        Act::Pause => ask(app, Request::Pause),
        Act::Resume => ask(app, Request::Resume),
        Act::Restart(program) => ask(app, Request::Restart { program }),
        Act::CopyDiagnostics => {
            let app = app.clone();
            let copying = async move { note("the diagnostics", commands::copy_all(&app).await) };
            drop(tauri::async_runtime::spawn(copying));
        }
        Act::StartAtLogin => {
            note("start at login", login::switch(app, !login::is_on(app)));
            tray::redraw(app);
        }
        Act::Quit => app.state::<Shell>().stop.cancel(),
    }
}

/// In HubSpot; where its address is not known, in the window.
fn open_ticket(app: &AppHandle, ticket_id: String) {
    let url = match &*app.state::<Shell>().seen() {
        Seen::Status(status) => {
            let ticket = status.recent.iter().find(|ticket| ticket.ticket_id == ticket_id);
            ticket.and_then(|ticket| ticket.url.clone())
        }
        Seen::Nothing | Seen::Lost(_) => None,
    };
    match url {
        Some(url) => note("the ticket", commands::open_in_browser(&url)),
        None => open(app, Destination::page(Page::Tickets, Some(ticket_id))),
    }
}

fn ask(app: &AppHandle, request: Request) {
    let Some(agent) = app.state::<Shell>().agent() else { return };
    tauri::async_runtime::spawn(async move {
        match agent.ask_once(request).await {
            Ok(Reply::Failed { why, what_to_do }) => warn!(event = "refused", "{why} {what_to_do}"),
            Ok(_) => {}
            Err(error) => warn!(event = "not_asked", %error, "the agent does not answer"),
        }
    });
}

fn note<E: std::fmt::Display>(what: &str, done: Result<(), E>) {
    if let Err(error) = done {
        warn!(event = "menu_failed", %error, "{what}: it did not work");
    }
}

fn on_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Ready = event {
        greet(app);
    }
    // Elsewhere a link is an argument of another start.
    #[cfg(target_os = "macos")]
    if let RunEvent::Opened { urls } = &event {
        return arrive(app, Arguments::read(urls.iter().map(ToString::to_string)));
    }
    // Without a window the app goes on; only Quit, which says a code, ends it.
    if let RunEvent::ExitRequested { api, code: None, .. } = event {
        api.prevent_exit();
    }
}
