//! Keeps the agent running: started at login or boot, and again after it fell over. It in turn keeps Ollama and the
//! tunnel, so neither needs a service of its own.

#[cfg_attr(target_os = "linux", path = "service/systemd.rs")]
#[cfg_attr(target_os = "macos", path = "service/launchd.rs")]
#[cfg_attr(windows, path = "service/task.rs")]
mod system;
mod text;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};
use similar::TextDiff;

use crate::tunnel::config::{self, WriteConfig, WriteError, Written};
use crate::tunnel::file;

pub use text::{launchd_plist, systemd_unit, task_xml};

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The `triage-agent` program.
    pub program: PathBuf,
    /// The folder that [`crate::paths::HOME`] names, when it does.
    pub home: Option<PathBuf>,
}

/// The place where the system looks for it, and the program that it is told with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file that describes the service.
    pub file: PathBuf,
    /// `systemctl`, `launchctl` or `schtasks`.
    pub tool: PathBuf,
}

/// What installing would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The file that would be written.
    pub file: PathBuf,
    /// What would be in it.
    pub text: String,
    /// What would change in a file that is there, as a unified diff; empty when nothing would.
    pub diff: Option<String>,
    /// The commands that would follow.
    pub commands: Vec<String>,
}

/// How the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There is none.
    NotInstalled,
    /// A file of that name is there and was not made by this program.
    NotOurs,
    /// It is installed and does not run.
    Stopped,
    /// It is installed and runs.
    Running,
}

/// It could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The path of the program or the folder cannot be written into the file.
    #[error("{} holds signs that a service's file cannot; move it to a plainer path", .0.display())]
    Path(PathBuf),
    /// There is no home folder.
    #[error("the home folder of this user is not known; set HOME")]
    NoHome,
    /// The file is there and was not made by this program.
    #[error("{} was not made by this program, so it is left alone; remove it by hand", .0.display())]
    NotOurs(PathBuf),
    /// The file cannot be read or written.
    #[error("the service's file was not written")]
    File(#[source] WriteError),
    /// The file cannot be removed.
    #[error("the service's file was not removed")]
    Remove(#[source] io::Error),
    /// Nobody is there to be told.
    #[error("the system's service manager does not answer ({why}). {what_to_do}")]
    Unreachable {
        /// What it said.
        why: String,
        /// What to do.
        what_to_do: &'static str,
    },
    /// It was told and refused.
    #[error("`{command}` failed ({why})")]
    Refused {
        /// The command.
        command: String,
        /// What it said.
        why: String,
    },
}

/// In every file that this program makes.
const MARK: &str = "Made by triage-agent service install.";

/// Where it goes for this user.
///
/// # Errors
/// When the home folder is not known.
pub fn place() -> Result<Place, Problem> {
    system::place().ok_or(Problem::NoHome)
}

/// What installing would do, without doing it.
///
/// # Errors
/// When it cannot be said in the system's words, or the file cannot be read.
pub fn plan(place: &Place, agent: &Agent) -> Result<Plan, Problem> {
    let text = system::text(agent)?;
    let existing = config::read(&place.file).map_err(Problem::File)?;
    let diff = existing.map(|existing| {
        let diff = TextDiff::from_lines(existing.as_str(), text.as_str());
        diff.unified_diff().header("as it is", "as it would be").to_string()
    });
    let commands = system::enable(place).iter().map(|words| spoken(place, words)).collect();
    Ok(Plan { file: place.file.clone(), text, diff, commands })
}

/// Writes the file, and has the agent started now and at each login. A different file is kept beside it. Safe to run
/// again.
///
/// # Errors
/// When the file cannot be written, or the service manager does not do it; the file stays then.
pub fn install(place: &Place, agent: &Agent, now: DateTime<Utc>) -> Result<Written, Problem> {
    let text = system::text(agent)?;
    let written =
        config::write(&place.file, &text, WriteConfig { confirm: true }, now).map_err(Problem::File)?;
    for words in system::enable(place) {
        tell(place, &words)?;
    }
    Ok(written)
}

/// Ends the agent and removes what [`install`] made. Whether there was something.
///
/// # Errors
/// When the file is somebody else's, or the service manager does not do it.
pub fn uninstall(place: &Place) -> Result<bool, Problem> {
    match ours(&place.file)? {
        None => return Ok(false),
        Some(false) => return Err(Problem::NotOurs(place.file.clone())),
        Some(true) => {}
    }
    for words in system::disable(place) {
        tell(place, &words)?;
    }
    std::fs::remove_file(&place.file).map_err(Problem::Remove)?;
    for words in system::forget() {
        tell(place, &words)?;
    }
    Ok(true)
}

/// How the service is.
///
/// # Errors
/// When the file cannot be read, or the service manager cannot be asked.
pub fn status(place: &Place) -> Result<Status, Problem> {
    match ours(&place.file)? {
        None => return Ok(Status::NotInstalled),
        Some(false) => return Ok(Status::NotOurs),
        Some(true) => {}
    }
    match tell(place, &system::is_running()) {
        Ok(()) => Ok(Status::Running),
        Err(Problem::Refused { .. }) => Ok(Status::Stopped),
        Err(problem) => Err(problem),
    }
}

/// What a person should know after installing.
#[must_use]
pub const fn hint() -> &'static str {
    system::HINT
}

/// Whether the file that is there was made by this program.
fn ours(path: &Path) -> Result<Option<bool>, Problem> {
    let text =
        file::read(path).map_err(|source| Problem::File(WriteError::Io { path: path.to_owned(), source }))?;
    Ok(text.map(|text| text.contains(MARK)))
}

fn tell(place: &Place, words: &[String]) -> Result<(), Problem> {
    let unreachable = |why| Problem::Unreachable { why, what_to_do: system::UNREACHABLE };
    let output = Command::new(&place.tool).args(words).output();
    let output = output.map_err(|error| unreachable(format!("{}: {error}", place.tool.display())))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if system::is_unreachable(&why) {
        return Err(unreachable(why));
    }
    Err(Problem::Refused { command: spoken(place, words), why })
}

fn spoken(place: &Place, words: &[String]) -> String {
    format!("{} {}", place.tool.display(), words.join(" "))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
