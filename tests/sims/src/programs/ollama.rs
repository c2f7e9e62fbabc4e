//! The program `ollama`: `serve`, `pull`, `list`, `ps`, `--version`, with the documented messages and exit codes.

mod client;
mod host;
mod log;

use super::{Behaviours, Changing, Program, complain, say, signals::Signals, variable};
use crate::faults::{Fault, Kind};
use crate::ollama::Ollama;
use host::Host;
use std::net::SocketAddr;
use std::process::ExitCode;

const VERSION: &str = "0.33.0";

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    super::run(Program::Ollama, |arguments, behaviours| async move {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match *words.as_slice() {
            ["-v" | "--version"] => client::version().await,
            ["serve" | "start"] => serve(behaviours).await,
            ["pull", model] => client::pull(model).await,
            ["list" | "ls"] => client::list("/api/tags").await,
            ["ps"] => client::list("/api/ps").await,
            ["pull"] => fail("Error: accepts 1 arg(s), received 0"),
            [] => {
                say("Usage:\n  ollama [flags]\n  ollama [command]");
                0
            }
            [unknown, ..] => fail(&format!("Error: unknown command \"{unknown}\" for \"ollama\"")),
        }
    })
}

fn fail(line: &str) -> u8 {
    complain(line);
    1
}

pub(super) fn flood_line(number: u64) -> String {
    log::line("WARN", "server.go:612", &format!("msg=\"llama runner retries\" attempt={number}"))
}

async fn serve(behaviours: Changing) -> u8 {
    if variable("HOME").is_none() && cfg!(unix) {
        complain("panic: $HOME is not defined\n\ngoroutine 1 [running]:\nmain.main()");
        return 2;
    }
    let mut signals = Signals::catch();
    let host = Host::from_environment();
    complain(&log::line(
        "INFO",
        "routes.go:1712",
        &format!("msg=\"server config\" env=\"map[OLLAMA_HOST:{host}]\""),
    ));
    complain(&log::line("INFO", "images.go:477", "msg=\"total blobs: 6\""));
    complain(&log::line("INFO", "images.go:484", "msg=\"total unused blobs removed: 0\""));
    let ollama = tokio::select! {
        opened = open(&host, behaviours.clone()) => match opened {
            Ok(ollama) => ollama,
            Err(problem) => return fail(&format!("Error: {problem}")),
        },
        () = ended(&mut signals, behaviours.clone()) => return 0,
    };
    let listening = format!("msg=\"Listening on {} (version {VERSION})\"", ollama.address());
    complain(&log::line("INFO", "routes.go:1800", &listening));
    let compute = "msg=\"inference compute\" id=cpu library=cpu compute=\"\" name=cpu total=\"15.5 GiB\"";
    complain(&log::line("INFO", "types.go:60", compute));
    tokio::select! {
        () = follow(&ollama, behaviours.clone()) => {}
        () = access_lines(&ollama) => {}
        () = ended(&mut signals, behaviours) => {}
    }
    ollama.stop().await;
    0
}

async fn open(host: &Host, mut behaviours: Changing) -> Result<Ollama, String> {
    let is_over = |now: &Behaviours| now.slow_ready.is_zero();
    let delay = behaviours.borrow().slow_ready;
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        _ = behaviours.wait_for(is_over) => {}
    }
    let address = host.resolve().await?;
    let taken = |address: SocketAddr| format!("listen tcp {address}: bind: address already in use");
    let now = behaviours.borrow().clone();
    if now.port_taken {
        return Err(taken(address));
    }
    let ollama = Ollama::start_on(address).await.map_err(|problem| {
        let is_taken = problem.kind() == std::io::ErrorKind::AddrInUse;
        if is_taken { taken(address) } else { format!("listen tcp {address}: {problem}") }
    })?;
    ollama.set_version(VERSION);
    ollama.set_host_check(address.ip().is_loopback());
    ollama.journal.keep_last(1000);
    if now.no_models {
        ollama.set_models(&[]);
    }
    Ok(ollama)
}

/// Applies what may change while it runs.
async fn follow(ollama: &Ollama, mut behaviours: Changing) {
    let mut hangs = false;
    loop {
        let now = behaviours.borrow_and_update().clone();
        if now.hang != hangs {
            hangs = now.hang;
            if hangs {
                ollama.faults.add(Fault { on: Some("/".to_owned()), ..Fault::new(Kind::Hang) });
            } else {
                ollama.faults.clear();
            }
        }
        ollama.set_pull_step(now.pull_step);
        ollama.set_delay(now.think);
        if behaviours.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// One line per answered request, as the web framework inside prints them.
async fn access_lines(ollama: &Ollama) {
    let mut known = 0;
    loop {
        ollama.journal.wait_for_news(known).await;
        let answered = ollama.journal.answered();
        let entries = ollama.journal.entries();
        let newest = entries.iter().filter(|entry| entry.status.is_some()).rev();
        let mut fresh: Vec<_> = newest.take(answered.saturating_sub(known)).collect();
        fresh.reverse();
        for entry in fresh {
            complain(&log::access(entry.status.unwrap_or_default(), &entry.method, &entry.path));
        }
        known = answered;
    }
}

/// Returns when a signal asks for the end and the behaviours allow it.
async fn ended(signals: &mut Signals, behaviours: Changing) {
    loop {
        signals.next().await;
        if !behaviours.borrow().ignore_term {
            return;
        }
    }
}
