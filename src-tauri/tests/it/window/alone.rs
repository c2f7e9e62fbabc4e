//! The window where nothing shows icons: everything that the menu does is in it.

use super::driver::{self, Page};
use crate::app::{App, Machine, runs, until};
use crate::desktop::Desktop;

/// A desktop without a panel, the app, and its window, which comes by itself.
async fn start() -> Option<(Desktop, Machine, App, Page)> {
    if !driver::is_installed() {
        return None;
    }
    let desktop = Desktop::without_panel().await?;
    let (engine, mut machine) = (driver::place(), Machine::new(&desktop));
    for (name, value) in driver::environment(engine) {
        machine.set(name, &value);
    }
    let mut app = machine.start(&[]);
    app.until_running().await;
    app.until_window(&desktop).await;
    let page = Page::attach(engine).await;
    Some((desktop, machine, app, page))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_setting_is_named_at_its_field_and_a_right_one_is_kept() {
    let Some((desktop, machine, app, page)) = start().await else { return };
    let kept = machine.settings_text();
    page.go("Settings").await;
    for (label, text) in [
        ("Model", "two words"),
        ("Orchestrator", "http://triage.example.com"),
        ("Ollama listens at", "127.0.0.1"),
        ("ollama", "bin/ollama"),
        ("Wait before telling", "1.5"),
        ("Port for cloudflared's state", "70000"),
    ] {
        page.write(label, text).await;
    }
    page.press("Save").await;
    for said in [
        "The settings were not saved. Correct what is marked, then save again.",
        "It cannot be \"two words\". Write it like llama3.2:latest.",
        "It cannot be \"http://triage.example.com\". Write it like https://triage.example.com.",
        "It cannot be \"127.0.0.1\". Write it like 127.0.0.1:11434.",
        "Write it like /usr/local/bin/ollama.",
        "It must be a number of seconds, 1 to 3600. Write it like 30.",
        "It must be a port, 1 to 65535. Write it like 20241.",
    ] {
        page.until(said).await;
    }
    desktop.shoot("settings-wrong");
    let marked = page.run("return document.querySelectorAll('[aria-invalid=true]').length", vec![]).await;
    assert_eq!(marked, 6);
    assert_eq!(machine.settings_text(), kept, "nothing was changed");
    page.press("Undo").await;
    page.write("Wait before telling", "45").await;
    page.press("Save").await;
    page.until("Saved.").await;
    assert!(machine.settings_text().contains("settle_seconds = 45"), "{}", machine.settings_text());
    page.leave();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quit_in_the_window_ends_everything() {
    let Some((_desktop, _machine, mut app, page)) = start().await else { return };
    let mut pids = app.until_engine().await;
    pids.extend(app.own_processes());
    pids.extend([app.pid_of("ollama").await, app.pid_of("cloudflared").await]);
    page.go("Overview").await;
    page.choose("Quit").await;
    app.until_ended(0).await;
    until("nothing to be left", || !pids.iter().any(|pid| runs(*pid))).await;
    assert!(!app.log().contains("panicked"), "{}", app.log());
}
