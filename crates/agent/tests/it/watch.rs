//! Whoever watches is told of every change, over the socket as in the agent's own process.

use std::time::Duration;

use agent::handle::Handle;
use agent::socket::{Page, Reply, Request};
use agent::status::Status;
use sims::notices::Notices;
use sims::programs::Program;
use sims::session::Session;
use tokio::sync::mpsc;

use crate::whole::machine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_is_told_at_once_and_of_every_change_and_hears_the_end() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let mut watching = handle.ask(Request::Watch).await.unwrap();
    let first = until(&mut watching, "the first state", |_| true).await;
    assert!(!first.paused);
    assert!(matches!(handle.ask_once(Request::Pause).await, Ok(Reply::Done { .. })));
    until(&mut watching, "the pause", |status| status.paused).await;
    assert!(matches!(handle.ask_once(Request::CheckNow).await, Ok(Reply::Done { .. })));
    let Ok(Reply::Secrets { set }) = handle.ask_once(Request::Secrets).await else { panic!("no names") };
    assert_eq!(set, ["tunnel-token"], "lent by the environment, and only its name is said");
    agent.stop().await;
    while watching.recv().await.is_some() {}
    assert!(handle.ask_once(Request::Status).await.is_err(), "nobody is there any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_a_notice_opens_the_page_that_it_is_about() {
    let Some(session) = Session::start() else { return };
    let desktop = Notices::start_at(session.address()).await;
    let mut machine = machine::with_token();
    machine.set("DBUS_SESSION_BUS_ADDRESS", session.address());
    machine.settings("[notices]\nsettle_seconds = 1\n");
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let mut watching = handle.ask(Request::Watch).await.unwrap();
    agent.until("the tunnel", |status| status["programs"][1]["state"] == "running").await;
    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    let down = desktop.posted(1).await;
    let asked = clicked(&desktop, down.id, "default", &mut watching).await;
    assert_eq!(asked, (Page::Overview, None));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_a_notice_while_paused_shows_that_it_is_paused_and_opens_nothing_else() {
    let Some(session) = Session::start() else { return };
    let desktop = Notices::start_at(session.address()).await;
    let mut machine = machine::with_token();
    machine.set("DBUS_SESSION_BUS_ADDRESS", session.address());
    machine.settings("[notices]\nsettle_seconds = 1\n");
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let mut watching = handle.ask(Request::Watch).await.unwrap();
    agent.until("the tunnel", |status| status["programs"][1]["state"] == "running").await;
    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    let down = desktop.posted(1).await;
    machine.control(Program::Cloudflared).set("").unwrap();
    assert!(matches!(handle.ask_once(Request::Pause).await, Ok(Reply::Done { .. })));
    let paused = until(&mut watching, "the pause", |status| status.programs[1].state == "stopped").await;
    let asked = clicked(&desktop, down.id, "restart", &mut watching).await;
    assert_eq!(asked, (Page::Overview, None));
    let after = agent.until("the same", |_| true).await;
    let (starts, state) = (&after["programs"][1]["starts"], &after["programs"][1]["state"]);
    assert_eq!((starts, state), (&paused.programs[1].starts.into(), &"stopped".into()));
    agent.stop().await;
}

/// Clicks until a page is asked for: the first click may come before anybody listens.
async fn clicked(
    desktop: &Notices,
    notice: u32,
    action: &str,
    watching: &mut mpsc::Receiver<Reply>,
) -> (Page, Option<String>) {
    let mut clicks = tokio::time::interval(Duration::from_millis(100));
    let asked = async {
        loop {
            let reply = tokio::select! {
                reply = watching.recv() => reply.expect("the agent runs"),
                _ = clicks.tick() => {
                    desktop.click(notice, action).await;
                    continue;
                }
            };
            if let Reply::Open { page, ticket_id } = reply {
                return (page, ticket_id);
            }
        }
    };
    tokio::time::timeout(sims::PATIENCE, asked).await.expect("a page is asked for")
}

async fn until(
    watching: &mut mpsc::Receiver<Reply>,
    what: &str,
    is_so: impl Fn(&Status) -> bool,
) -> Box<Status> {
    let hearing = async {
        loop {
            if let Reply::Status(status) = watching.recv().await.expect("the agent runs")
                && is_so(&status)
            {
                return status;
            }
        }
    };
    tokio::time::timeout(sims::PATIENCE, hearing).await.unwrap_or_else(|_| panic!("waited for {what}"))
}
