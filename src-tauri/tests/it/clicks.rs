//! What comes of a click in the icon's menu, and of none.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use agent::socket::{Reply, Request, ask};
use futures::StreamExt as _;
use sims::notices::Notices;
use zbus::zvariant::OwnedValue;

use crate::app::{self, Machine};
use crate::desktop::Desktop;

/// A line's id, and what is different in it.
type Changed = (i32, HashMap<String, OwnedValue>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_diagnostics_is_always_there_and_puts_them_where_a_paste_takes_them_from() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    machine.settings("[ollama]\naddress = 7\n");
    let app = machine.start(&[]);
    let item = desktop.item().await;
    item.until_line("the problem", |line| line.starts_with('✕')).await;
    item.click("Copy diagnostics").await;
    let copied = |words: &str| {
        let text = desktop.clipboard().unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
    };
    app::until("what is wrong", || copied("ollama.address must be")).await;
    machine.good_settings();
    app.until_running().await;
    item.until_line("the state", |line| line == "Pause").await;
    item.click("Copy diagnostics").await;
    app::until("how everything is", || copied("Ollama is running.")).await;
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_is_left_alone_while_nothing_that_it_shows_is_different() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let app = machine.start(&[]);
    let item = desktop.item().await;
    app.until_running().await;
    for name in ["Tunnel", "Ollama"] {
        let is_known = |line: &str| line.starts_with(name) && !line.contains('○');
        item.until_line(name, is_known).await;
    }

    let mut changes = item.changes().await;
    let mut watching = ask(app.socket(), &Request::Watch).await.unwrap();
    let mut seen = 0;
    while seen < 3 {
        ask(app.socket(), &Request::CheckNow).await.unwrap();
        // What was looked at again may be as it was.
        if let Ok(said) = tokio::time::timeout(Duration::from_millis(100), watching.next()).await {
            seen += usize::from(matches!(said.unwrap(), Some(Reply::Status(_))));
        }
    }
    item.click("Start at login").await;
    let first = changes.next().await.unwrap();
    let (changed, _): (Vec<Changed>, Vec<(i32, Vec<String>)>) =
        first.body().deserialize().unwrap_or_else(|_| panic!("the menu was drawn anew: {first:?}"));
    let is_switch = |(_, properties): &Changed| properties.contains_key("toggle-state");
    assert!(changed.iter().all(is_switch), "a line was written anew: {changed:?}");
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_cannot_be_shown_is_told_of() {
    let Some(desktop) = Desktop::start().await else { return };
    let notices = Notices::start_at(desktop.address()).await;
    let machine = Machine::new(&desktop);
    // The window's program is looked for beside this one.
    let alone = machine.path("alone/hubspot-triage-tray");
    fs::create_dir(alone.parent().unwrap()).unwrap();
    fs::copy(Path::new(app::TRAY), &alone).unwrap();
    let app = machine.start_program(&alone, &[]);
    let item = desktop.item().await;
    item.click("Open").await;
    let told = notices.posted(1).await;
    assert_eq!(told.title, "The window cannot be shown");
    assert!(told.body.starts_with("Its program cannot be started"), "{told:?}");
    assert!(app.log().contains("event=\"window_failed\""), "{}", app.log());
    app.quit(&item).await;
}
