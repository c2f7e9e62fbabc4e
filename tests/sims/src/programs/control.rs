//! Changing a running stand-in from outside: a file whose list of behaviours it follows while it runs.

use super::{Behaviours, Program, complain, variable};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// How often the file is read.
const LOOK: Duration = Duration::from_millis(10);

/// The hand on a program that runs with `SIM_OLLAMA_CONTROL` or `SIM_CLOUDFLARED_CONTROL` set to this file.
#[derive(Debug, Clone)]
pub struct Control {
    file: PathBuf,
}

impl Control {
    /// Nothing is written until [`set`](Self::set).
    #[must_use]
    pub fn at(file: &Path) -> Self {
        Self { file: file.to_owned() }
    }

    /// Replaces what goes wrong from here on, also for programs started later; empty for nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, behaviours: &str) -> io::Result<()> {
        match std::fs::remove_file(applied(&self.file)) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
            Ok(()) | Err(_) => {}
        }
        let beside = self.file.with_extension("part");
        std::fs::write(&beside, behaviours)?;
        std::fs::rename(beside, &self.file)
    }

    /// The same, and waits until a running program follows it. Not for what ends the program: it may be gone before it
    /// can say so.
    ///
    /// # Errors
    /// When the file cannot be written, or no program took it over within [`crate::PATIENCE`].
    pub async fn apply(&self, behaviours: &str) -> io::Result<()> {
        self.set(behaviours)?;
        let taken_over = async {
            while std::fs::read_to_string(applied(&self.file)).ok().as_deref() != Some(behaviours) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let waited = tokio::time::timeout(crate::PATIENCE, taken_over).await;
        waited.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no running program took the list over"))
    }
}

fn applied(file: &Path) -> PathBuf {
    file.with_extension("applied")
}

/// The behaviours of this process, now and whenever its control file changes.
pub(super) fn watch(program: Program) -> Result<watch::Receiver<Behaviours>, String> {
    let from_start = Behaviours::read(program, &variable(program.variable()).unwrap_or_default())?;
    let Some(file) = variable(program.control_variable()).map(PathBuf::from) else {
        let (sender, receiver) = watch::channel(from_start);
        // Kept for the life of the process, so that waiting for a change never ends.
        std::mem::forget(sender);
        return Ok(receiver);
    };
    let mut known = std::fs::read_to_string(&file).ok();
    let first = match &known {
        Some(text) => Behaviours::read(program, text)?,
        None => from_start.clone(),
    };
    let (sender, receiver) = watch::channel(first);
    std::thread::spawn(move || {
        loop {
            let text = std::fs::read_to_string(&file).ok();
            if text != known {
                match Behaviours::read(program, text.as_deref().unwrap_or_default()) {
                    Ok(_) if text.is_none() => drop(sender.send_replace(from_start.clone())),
                    Ok(read) => drop(sender.send_replace(read)),
                    Err(problem) => complain(&format!("{}: {problem}", program.binary())),
                }
                known = text;
            }
            acknowledge(&file, known.as_deref());
            std::thread::sleep(LOOK);
        }
    });
    Ok(receiver)
}

/// Says beside the file what is followed, unless it says so already.
fn acknowledge(file: &Path, text: Option<&str>) {
    let beside = applied(file);
    let Some(text) = text else { return };
    if std::fs::read_to_string(&beside).ok().as_deref() != Some(text) {
        // A folder that is gone means that nobody waits.
        drop(std::fs::write(beside, text));
    }
}
