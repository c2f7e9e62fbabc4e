//! The commands of the binary, and how they speak to the terminal.

mod card;
pub(crate) mod message;
#[cfg(target_os = "linux")]
pub(crate) mod panel;
pub(crate) mod send;
pub(crate) mod serve;
mod width;

use std::io::{IsTerminal, Write};
use std::time::Duration;

/// One line on standard output; a closed pipe is no reason to stop serving.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// One line on standard error.
pub(crate) fn complain(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "sims: {line}"));
}

/// Colour only for people: on a terminal and without NO_COLOR.
fn has_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn duration(text: &str) -> Result<Duration, String> {
    sims::duration(text).ok_or_else(|| format!("\"{text}\" is no duration such as 200ms, 4s or 2m"))
}
