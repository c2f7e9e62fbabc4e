//! What both programs do wrong by themselves: ending, flooding, leaving a child behind.

use super::{Changing, Program, cloudflared, complain, ollama, orphan};
use std::io::Write;
use std::time::{Duration, Instant};

/// The code of a crash that names none, as a Go panic's.
const CRASHED: u8 = 2;
const TICK: Duration = Duration::from_millis(2);
/// How often a quiet program looks whether it shall flood.
const IDLE: Duration = Duration::from_millis(20);

/// Starts what runs beside the program's own work.
pub(super) fn begin(program: Program, behaviours: Changing) {
    if is_due(&behaviours) {
        end(program, &behaviours);
    }
    let flooding = behaviours.clone();
    std::thread::spawn(move || flood(program, &flooding));
    tokio::spawn(follow(program, behaviours));
}

fn is_due(behaviours: &Changing) -> bool {
    let now = behaviours.borrow();
    now.exit.is_some() && now.crash_after.is_none()
}

async fn follow(program: Program, mut behaviours: Changing) {
    let mut has_child = false;
    loop {
        let now = behaviours.borrow_and_update().clone();
        if now.orphan && !has_child {
            has_child = true;
            orphan::leave(now.ignore_term);
        }
        let due = now.crash_after.or(now.exit.map(|_| Duration::ZERO));
        let waiting = async {
            match due {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = waiting => end(program, &behaviours),
            changed = behaviours.changed() => if changed.is_err() { return },
        }
    }
}

fn end(program: Program, behaviours: &Changing) -> ! {
    let now = behaviours.borrow().clone();
    if now.bare_last_line {
        complain(match program {
            Program::Ollama => "panic: runtime error: invalid memory address or nil pointer dereference",
            Program::Cloudflared => "error parsing tunnel ID: failed to fetch resource",
        });
    }
    std::process::exit(i32::from(now.exit.unwrap_or(CRASHED)))
}

fn flood(program: Program, behaviours: &Changing) {
    let mut written = 0_u64;
    let mut credit = 0.0_f64;
    let mut since = Instant::now();
    loop {
        std::thread::sleep(if behaviours.borrow().flood > 0 { TICK } else { IDLE });
        let (rate, total) = {
            let now = behaviours.borrow();
            (now.flood, now.flood_lines.unwrap_or(u64::MAX))
        };
        let passed = std::mem::replace(&mut since, Instant::now()).elapsed();
        // A reader that is slow to drain the pipe is not owed more than a tenth of a second.
        credit += rate_per(rate, passed.min(Duration::from_millis(100)));
        let mut lines = String::new();
        while credit >= 1.0 && written < total {
            credit -= 1.0;
            written += 1;
            lines.push_str(&match program {
                Program::Ollama => ollama::flood_line(written),
                Program::Cloudflared => cloudflared::flood_line(written),
            });
            lines.push('\n');
        }
        if !lines.is_empty() && std::io::stderr().lock().write_all(lines.as_bytes()).is_err() {
            return;
        }
    }
}

fn rate_per(rate: u64, time: Duration) -> f64 {
    let rate = u32::try_from(rate).unwrap_or(u32::MAX);
    f64::from(rate) * time.as_secs_f64()
}
