//! What the tray app costs, and how fast it is: on a desktop of its own, with stand-ins for both programs. Prints a table
//! with each figure beside its bar. Never a test: a busy machine is no fault.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for a person, which has no other caller"
)]
#![expect(dead_code, reason = "the tests use more of it")]

#[path = "../tests/it/app.rs"]
mod app;
#[path = "../tests/it/desktop.rs"]
mod desktop;
#[path = "../tests/it/window/driver.rs"]
mod driver;
#[path = "../tests/it/menu.rs"]
mod menu;

use std::fs;
use std::time::{Duration, Instant};

use app::{App, Machine, until};
use desktop::Desktop;
use menu::TrayItem;
use sims::programs::Program;

/// Starts, and windows, of which the median counts.
const ROUNDS: usize = 5;

/// Settled: what a start needs has been given back, every hop was looked at.
const SETTLES_IN: Duration = Duration::from_secs(20);

/// How long processor time is measured.
const IDLE_FOR: Duration = Duration::from_mins(2);

/// Clock ticks per second in `/proc/PID/stat`, on every Linux since 2.6.
const TICKS: f64 = 100.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("| | median | from – to | bar | |\n|---|---:|---:|---:|---|");

    let mut visible = Vec::new();
    for _ in 1..ROUNDS {
        let (_desktop, _machine, app, item, took) = start().await;
        visible.push(took);
        app.until_running().await;
        app.quit(&item).await;
    }
    let (desktop, _machine, mut app, item, took) = start().await;
    visible.push(took);
    row("start to the icon in the panel", "ms", &visible, 500.0);
    app.until_running().await;

    tokio::time::sleep(SETTLES_IN).await;
    let pss_before = pss(&app.own_processes());
    row("idle, no window: memory (PSS) of the app and its guard", "MiB", &[pss_before], 60.0);
    let (begun, used) = (Instant::now(), seconds_of_processor(&app.own_processes()));
    tokio::time::sleep(IDLE_FOR).await;
    let used = seconds_of_processor(&app.own_processes()) - used;
    row("idle, no window: processor", "%", &[100.0 * used / begun.elapsed().as_secs_f64()], 0.2);

    let (mut mapped, mut painted, mut with_window) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        item.click("Open").await;
        app.until_window(&desktop).await;
        mapped.push(milliseconds(begun));
        until("its page", || desktop.is_window_painted()).await;
        painted.push(milliseconds(begun));
        let pids = app.until_engine().await;
        tokio::time::sleep(SETTLES_IN / 4).await;
        with_window.push(pss(&pids));
        desktop.close_window();
        until("its processes to be gone", || !pids.iter().any(|pid| app::runs(*pid))).await;
    }
    row("click on Open to the window", "ms", &mapped, 1000.0);
    row("click on Open to its page", "ms", &painted, 1000.0);
    row("the window's own memory (PSS), browser engine and all", "MiB", &with_window, f64::INFINITY);
    tokio::time::sleep(SETTLES_IN / 4).await;
    let after = pss(&app.own_processes());
    row(
        "memory (PSS) after the window was closed five times, above before",
        "MiB",
        &[after - pss_before],
        10.0,
    );
    app.quit(&item).await;

    let (mut in_panel, mut in_window) = (Vec::new(), Vec::new());
    broken(&mut in_panel, &mut in_window).await;
    row("kill of cloudflared to the broken hop in icon and menu", "ms", &in_panel, 5000.0);
    row("kill of cloudflared to the broken hop in an open Overview", "ms", &in_window, 5000.0);
}

/// A cloudflared that is killed and does not come back, until the person restarts it.
async fn broken(in_panel: &mut Vec<f64>, in_window: &mut Vec<f64>) {
    let desktop = Desktop::start().await.expect("dbus-daemon, gnome-keyring and xvfb: scripts/tray setup");
    let (engine, mut machine) = (driver::place(), Machine::new(&desktop));
    for (name, value) in driver::environment(engine) {
        machine.set(name, &value);
    }
    let control = machine.control(Program::Cloudflared);
    let mut app = machine.start(&[]);
    let item = desktop.item().await;
    app.until_running().await;
    item.click("Open").await;
    app.until_window(&desktop).await;
    let page = driver::Page::attach(engine).await;
    page.go("Overview").await;
    for _ in 0..ROUNDS {
        app.until_running().await;
        item.until_line("the tunnel", |line| line.starts_with("Tunnel: ") && !line.contains('✕')).await;
        page.until_text("the tunnel", |text| !text.contains("Down")).await;
        let (icon, pid) = (item.icon().await, app.pid_of("cloudflared").await);
        control.set("exit=1").unwrap();
        let killed = Instant::now();
        app::kill(pid);
        let panel = async {
            item.until_line("the broken hop", |line| line.starts_with("Tunnel: ✕")).await;
            item.until_icon("another icon", |path| *path != icon).await;
            milliseconds(killed)
        };
        let window = async {
            page.until_text("the broken hop", |text| text.contains("Down")).await;
            milliseconds(killed)
        };
        let (panel, window) = tokio::join!(panel, window);
        in_panel.push(panel);
        in_window.push(window);
        control.set("").unwrap();
        item.click("Restart tunnel").await;
    }
    page.leave();
    app.quit(&item).await;
}

/// On a desktop where nothing was before.
async fn start() -> (Desktop, Machine, App, TrayItem, f64) {
    let desktop = Desktop::start().await.expect("dbus-daemon, gnome-keyring and xvfb: scripts/tray setup");
    let mut machine = Machine::new(&desktop);
    // As on a person's desktop, where the window has a graphics card.
    machine.set("GDK_GL", "");
    let begun = Instant::now();
    let app = machine.start(&[]);
    let item = desktop.item().await;
    (desktop, machine, app, item, milliseconds(begun))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn row(what: &str, unit: &str, values: &[f64], bar: f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let range = match sorted.as_slice() {
        [first, .., last] => format!("{first:.1} – {last:.1}"),
        _ => String::new(),
    };
    let (bar, reached) = match (bar.is_finite(), median <= bar) {
        (false, _) => (String::new(), ""),
        (true, true) => (format!("≤ {bar}"), "ok"),
        (true, false) => (format!("≤ {bar}"), "**not reached**"),
    };
    println!("| {what} | {median:.2} {unit} | {range} | {bar} | {reached} |");
}

/// In MiB.
fn pss(pids: &[u32]) -> f64 {
    let of = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    };
    pids.iter().map(of).sum()
}

fn seconds_of_processor(pids: &[u32]) -> f64 {
    let of = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // The name is in parentheses and may contain anything.
        let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
        [11, 12].map(|index| fields[index].parse::<f64>().unwrap()).iter().sum::<f64>() / TICKS
    };
    pids.iter().map(of).sum()
}
