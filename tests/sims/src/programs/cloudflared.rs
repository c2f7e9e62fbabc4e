//! The program `cloudflared`: named tunnels run from a configuration file or by token, their set-up, and the metrics
//! server, with the documented lines, messages and exit codes.

mod account;
mod connections;
mod credentials;
mod file;
mod flags;
mod line;
mod log;
mod metrics;
mod rules;
mod run;
mod setup;

use super::{Changing, Program, complain, say, variable};
use flags::{Flags, Unknown};
use std::collections::VecDeque;
use std::process::ExitCode;

const VERSION: &str = "2026.8.2";
/// `cli.Exit(…, -1)` of the real program.
const USAGE: u8 = 255;

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    super::run(Program::Cloudflared, |arguments, behaviours| async move {
        match dispatch(arguments.into(), behaviours).await {
            Ok(code) => code,
            Err(Unknown(flag)) => {
                say(&flags::help(&flag));
                0
            }
        }
    })
}

/// What an edge that refuses connections makes it print without a pause; told apart by the event's number.
pub(super) fn flood_line(number: u64) -> String {
    // Put together by hand: a JSON value per line is too slow for a flood.
    let error = "DialContext error: dial tcp 127.0.0.1:39997: connect: connection refused";
    let time = log::time();
    format!(
        "{{\"connIndex\":0,\"error\":\"{error}\",\"event\":{number},\"ip\":\"127.0.0.1\",\"level\":\"error\",\
         \"message\":\"Serve tunnel error\",\"time\":\"{time}\"}}"
    )
}

/// One failed command: its last line, bare, and 1.
fn fail(line: &str) -> u8 {
    complain(line);
    1
}

fn usage(line: &str, command: &str) -> u8 {
    complain(&format!("{line}\nSee 'cloudflared {command} --help'."));
    USAGE
}

async fn dispatch(mut words: VecDeque<String>, behaviours: Changing) -> Result<u8, Unknown> {
    let mut global = Flags::take(&mut words, flags::TUNNEL)?;
    if global.has("version") || words.front().is_some_and(|word| word == "version") {
        say(&format!("cloudflared version {VERSION} (built 2026-08-20T10:00:00Z)"));
        return Ok(0);
    }
    match words.pop_front().as_deref() {
        Some("tunnel") => {}
        Some(unknown) => {
            say(&flags::help(unknown));
            return Ok(0);
        }
        None => return Ok(fail("unable to find config file")),
    }
    global.add(Flags::take(&mut words, flags::TUNNEL)?);
    let Some(command) = words.pop_front() else {
        let line = "You did not specify any valid additional argument to the cloudflared tunnel command.";
        return Ok(usage(line, "tunnel"));
    };
    tunnel(&command, &global, words, behaviours).await
}

async fn tunnel(
    command: &str,
    global: &Flags,
    mut words: VecDeque<String>,
    behaviours: Changing,
) -> Result<u8, Unknown> {
    if command == "ingress" {
        let (which, own) = (words.pop_front().unwrap_or_default(), Flags::take(&mut words, &[])?);
        return Ok(rules::perform(&which, &global.clone().with(own), words.front().map(String::as_str)));
    }
    if command == "route" && words.pop_front().as_deref() != Some("dns") {
        return Ok(usage(
            "not a recognized route type. Supported route types are dns, lb and ip",
            "tunnel route",
        ));
    }
    let own = Flags::take(&mut words, flags::of(command))?.inherit(global, "origincert");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match (command, words.as_slice()) {
        ("run", words) => run::run(global, &own, words.first().copied(), behaviours).await,
        ("ready", _) => metrics::ask_ready(global).await,
        ("login", _) => setup::login(&own, behaviours).await,
        ("create", [name]) => setup::create(name, &own),
        ("create", _) => usage(
            "\"cloudflared tunnel create\" requires exactly 1 argument, the name of tunnel to create.",
            "tunnel create",
        ),
        ("route", [tunnel, host]) => setup::route(tunnel, host, &own),
        ("route", words) => {
            usage(&format!("Expected 3 arguments, got {}", words.len() + 1), "tunnel route dns")
        }
        ("list", _) => setup::list(&own).await,
        ("info", [name]) => setup::info(name, &own).await,
        ("token", [name]) => setup::token(name, &own),
        ("delete", [name]) => setup::delete(name, &own).await,
        ("cleanup", [name]) => setup::cleanup(name, &own).await,
        ("info" | "token" | "delete" | "cleanup", _) => {
            let line = format!(
                "\"cloudflared tunnel {command}\" requires exactly 1 argument, the ID or name of the tunnel."
            );
            usage(&line, &format!("tunnel {command}"))
        }
        (unknown, _) => {
            say(&flags::help(unknown));
            0
        }
    })
}
