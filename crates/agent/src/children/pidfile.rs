//! A note of every program that runs as our child, so that one which outlived us is recognised at the next start.
//!
//! The number alone says nothing, for numbers are given again: a process is ours when its start time is the noted one
//! too.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use supervise::Kind;

use super::platform::{self, Group};

/// The notes, one file a program.
#[derive(Debug, Clone)]
pub struct PidFiles {
    folder: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    pid: u32,
    started: String,
}

/// A program of ours that outlived the agent which started it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// Its process id; it leads a group of that number.
    pub pid: u32,
    started: String,
}

impl PidFiles {
    /// In that folder, which is made when the first note is.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Notes a program that was started.
    ///
    /// # Errors
    /// When it is gone already, or the file cannot be written.
    pub fn record(&self, kind: Kind, pid: u32) -> io::Result<()> {
        let started = platform::started(pid).ok_or(io::ErrorKind::NotFound)?;
        platform::private_folder(&self.folder)?;
        std::fs::write(self.file(kind), serde_json::to_string(&Note { pid, started })?)
    }

    /// Takes the note of a program that has ended away; one of another process stays.
    pub fn forget(&self, kind: Kind, pid: u32) {
        if self.note(kind).is_some_and(|note| note.pid == pid) {
            // What stays is not taken for a process that runs.
            drop(std::fs::remove_file(self.file(kind)));
        }
    }

    /// The program that was noted last, if it still runs.
    #[must_use]
    pub fn own_survivor(&self, kind: Kind) -> Option<Survivor> {
        let Note { pid, started } = self.note(kind)?;
        let survivor = Survivor { pid, started };
        survivor.is_running().then_some(survivor)
    }

    fn note(&self, kind: Kind) -> Option<Note> {
        serde_json::from_str(&std::fs::read_to_string(self.file(kind)).ok()?).ok()
    }

    fn file(&self, kind: Kind) -> PathBuf {
        self.folder.join(match kind {
            Kind::Ollama => "ollama.pid",
            Kind::Cloudflared => "cloudflared.pid",
        })
    }
}

impl Survivor {
    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        platform::started(self.pid).as_ref() == Some(&self.started)
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.each(Group::terminate);
    }

    /// Ends it and everything it started.
    pub fn kill(&self) {
        self.each(Group::kill);
    }

    fn each(&self, act: fn(&Group)) {
        if let Some(group) = Group::led_by(self.pid).filter(|_| self.is_running()) {
            act(&group);
        }
    }
}
