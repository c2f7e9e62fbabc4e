//! Words to the person and from the person.

use std::io::{IsTerminal, Read, Write};

use chrono::Utc;

use super::table::Look;

/// A line on standard output; a closed pipe is no reason to fail.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()));
}

/// A line on standard error.
pub(super) fn complain(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", text.trim_end_matches('\n')));
}

/// A line on a terminal that takes the place of the one before; the empty one takes it away. Nothing elsewhere.
pub(super) fn progress(line: &str) {
    let mut out = std::io::stderr().lock();
    if out.is_terminal() {
        drop(write!(out, "\r\x1b[K{line}").and_then(|()| out.flush()));
    }
}

/// Colour only for people: on a terminal and without NO_COLOR.
pub(super) fn look() -> Look {
    let colour =
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Look { colour, now: Utc::now() }
}

/// What comes on standard input, to its end; on a terminal after a hint, to the end of the line, unseen by nobody but
/// the person.
pub(super) fn read_input(hint: &str) -> std::io::Result<String> {
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        complain(hint);
        std::io::stdin().read_line(&mut text)?;
    } else {
        std::io::stdin().take(64 * 1024).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Whether the person agrees; without a terminal only `assume` counts.
pub(super) fn agrees(question: &str, assume: bool) -> bool {
    if assume {
        return true;
    }
    if !std::io::stdin().is_terminal() {
        return false;
    }
    complain(&format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
