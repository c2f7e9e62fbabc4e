//! The built tray app on a desktop of its own: a bus, a display, a panel that shows icons, and the stand-ins for Ollama
//! and cloudflared. Linux only, where a desktop can be had without one.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]

mod app;
mod clicks;
mod desktop;
mod menu;
mod updates;
mod window;

use std::process::Command;

use app::{Machine, runs};
use desktop::Desktop;
use sims::programs::Program;

const LINK: &str = "hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code=ABCD-EFGH";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tray_tells_of_a_broken_tunnel_and_restarts_it_from_its_menu() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let app = machine.start(&[]);
    let item = desktop.item().await;
    app.until_running().await;
    item.until_line("the tunnel's line", |line| line.starts_with("Tunnel: ") && !line.contains('✕')).await;
    let (icon, pid) = (item.icon().await, app.pid_of("cloudflared").await);
    let before = desktop::ink(&icon);

    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    app::kill(pid);
    let broken = item.until_line("the broken tunnel", |line| line.starts_with("Tunnel: ✕")).await;
    assert!(broken.len() > "Tunnel: ✕ ".len(), "{broken}");
    item.until_line("the first line", |line| line.starts_with("✕ Down: ")).await;
    let other = item.until_icon("another icon", |path| *path != icon).await;
    assert_ne!(desktop::ink(&other), before, "the icon has another colour");

    machine.control(Program::Cloudflared).set("").unwrap();
    item.click("Restart tunnel").await;
    item.until_line("the tunnel again", |line| line.starts_with("Tunnel: ") && !line.contains('✕')).await;
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pause_closes_the_tunnel_resume_opens_it_and_quit_leaves_nothing_behind() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let app = machine.start(&[]);
    let item = desktop.item().await;
    app.until_running().await;
    item.click("Pause").await;
    item.until_line("the pause", |line| line.starts_with("‖ Paused: ")).await;
    item.until_line("the way back", |line| line == "Resume").await;
    assert!(!item.lines().await.contains(&"Restart tunnel".to_owned()));
    item.click("Resume").await;
    app.until_running().await;
    item.until_line("the way to pause", |line| line == "Pause").await;
    let pids = [app.pid_of("ollama").await, app.pid_of("cloudflared").await];
    assert!(pids.iter().all(|pid| runs(*pid)));
    app.quit(&item).await;
    assert!(!pids.iter().any(|pid| runs(*pid)), "what the app started has ended with it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tray_app_that_is_killed_leaves_no_program_behind() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let mut app = machine.start(&["--open"]);
    app.until_running().await;
    app.until_window(&desktop).await;
    let mut pids = app.until_engine().await;
    pids.extend([app.pid_of("ollama").await, app.pid_of("cloudflared").await]);
    app.kill();
    app::until("all of them to be gone", || !pids.iter().any(|pid| runs(*pid))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_is_closed_leaves_no_process_and_comes_back() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let mut app = machine.start(&[]);
    let item = desktop.item().await;
    for _ in 0..2 {
        item.click("Open").await;
        app.until_window(&desktop).await;
        app::until("its page", || desktop.is_window_painted()).await;
        let pids = app.until_engine().await;
        desktop.close_window();
        app::until("its processes to be gone", || !pids.iter().any(|pid| runs(*pid))).await;
        assert!(app.own_processes().iter().all(|pid| runs(*pid)), "the app and its guard stay");
    }
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_hands_its_link_to_the_first_whose_window_opens() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let mut app = machine.start(&[]);
    desktop.item().await;
    app.until_answering().await;
    assert_eq!(desktop.windows(), 0, "no window before it is wanted");
    let mut second = machine.start(&[LINK]);
    second.until_ended(0).await;
    app.until_logged("is_invited=true").await;
    app.until_window(&desktop).await;
    assert!(!app.log().contains("ABCD-EFGH"), "the code is in no log");
    desktop.close_window();
    app::until("the window to be gone", || desktop.windows() == 0).await;
    let item = desktop.item().await;
    item.click("Open").await;
    app.until_window(&desktop).await;
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_runs_already_is_followed_and_outlives_the_tray() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let agent = machine.start_agent();
    agent.until_running().await;
    let pid = agent.pid_of("ollama").await;
    let tray = machine.start(&[]);
    let item = desktop.item().await;
    item.until_line("the agent's state", |line| line == "Ollama: ● works" || line == "Pause").await;
    tray.quit(&item).await;
    assert!(runs(pid) && agent.pid_of("ollama").await == pid, "the agent goes on");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_somebody_who_shows_icons_it_says_so_and_the_window_opens() {
    let Some(desktop) = Desktop::without_panel().await else { return };
    let machine = Machine::new(&desktop);
    let mut app = machine.start(&[]);
    app.until_logged("This desktop shows no icons").await;
    app.until_window(&desktop).await;
    app.until_running().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_are_told_in_the_menu_until_they_are_mended() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    machine.settings("[ollama]\naddress = 7\n");
    let app = machine.start(&[]);
    let item = desktop.item().await;
    item.until_line("the problem", |line| line.starts_with('✕') && line.contains("config.toml")).await;
    machine.good_settings();
    app.until_running().await;
    item.until_line("the state", |line| line == "Pause").await;
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_at_login_is_switched_on_and_off_in_the_menu() {
    let Some(desktop) = Desktop::start().await else { return };
    let machine = Machine::new(&desktop);
    let app = machine.start(&[]);
    let item = desktop.item().await;
    let file = machine.path("home/.config/autostart/hubspot-triage.desktop");
    item.click("Start at login").await;
    app::until("the file", || file.exists()).await;
    item.until_checked("Start at login", true).await;
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(app::TRAY) && text.contains("--at-login"), "{text}");
    item.click("Start at login").await;
    app::until("the file to be gone", || !file.exists()).await;
    item.until_checked("Start at login", false).await;
    app.quit(&item).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_library_that_draws_icons_it_says_which_and_the_window_opens() {
    let Some(desktop) = Desktop::start().await else { return };
    let mut machine = Machine::new(&desktop);
    // The loader stops at a file of that name that it cannot use.
    let folder = machine.path("broken");
    std::fs::create_dir(&folder).unwrap();
    for name in ["libayatana-appindicator3.so.1", "libappindicator3.so.1"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    machine.set("LD_LIBRARY_PATH", folder.to_str().unwrap());
    let mut app = machine.start(&[]);
    app.until_logged("libayatana-appindicator3-1").await;
    app.until_window(&desktop).await;
    assert!(!app.log().contains("panicked"), "{}", app.log());
    app.stop().await;
}

#[test]
fn without_a_display_it_says_what_to_run_instead() {
    let told = Command::new(app::TRAY)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("triage-agent run") && !said.contains("panicked"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_session_bus_it_opens_the_window_and_ends_when_asked() {
    let Some(desktop) = Desktop::start().await else { return };
    let mut machine = Machine::new(&desktop);
    machine.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    let mut app = machine.start(&[]);
    app.until_window(&desktop).await;
    app.until_running().await;
    app.stop().await;
}
