//! One line per start of a stand-in program, so that tests count starts and look for secrets in arguments.

use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// One start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// `ollama` or `cloudflared`; with `-orphan` for the child it left behind.
    pub program: String,
    /// Its process id.
    pub pid: u32,
    /// The process that started it; 0 where the system does not tell.
    pub parent: u32,
    /// Its process group; 0 where there are none.
    pub group: i32,
    /// What it was called as and with.
    pub argv: Vec<String>,
    /// The names of all variables it was given, sorted; never their values.
    pub environment: Vec<String>,
}

/// All starts noted in a file so far; none when there is no such file yet.
#[must_use]
pub fn read(file: &Path) -> Vec<Start> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Adds this process to the file that `SIM_STARTS` names, if it names one.
pub(super) fn note(program: &str) {
    let Some(file) = super::variable("SIM_STARTS") else { return };
    let mut environment: Vec<String> =
        std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    environment.sort();
    let start = Start {
        program: program.to_owned(),
        pid: std::process::id(),
        parent: parent(),
        group: group(),
        argv: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
        environment,
    };
    let line = serde_json::to_string(&start).expect("strings and numbers");
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(&file);
    if let Err(problem) = opened.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())) {
        super::complain(&format!("cannot note the start in {file}: {problem}"));
    }
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

#[cfg(unix)]
fn group() -> i32 {
    rustix::process::getpgrp().as_raw_nonzero().get()
}

#[cfg(not(unix))]
fn group() -> i32 {
    0
}
