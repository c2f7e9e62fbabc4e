//! The log on the disk: a current file and a few older ones, each of a bounded size.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use supervise::Kind;

use super::line::Level;
use super::{Limits, Line, Stream};
use crate::children::platform;

/// `NAME.log`, and `NAME.1.log`, `NAME.2.log` … from the newest to the oldest.
#[derive(Debug)]
pub(super) struct RotatedFile {
    folder: PathBuf,
    name: &'static str,
    max_bytes: u64,
    files: usize,
    current: BufWriter<File>,
    bytes: u64,
}

impl RotatedFile {
    /// Goes on with the current file of an earlier run.
    pub(super) fn open(folder: &Path, kind: Kind, limits: &Limits) -> io::Result<Self> {
        platform::private_folder(folder)?;
        let name = match kind {
            Kind::Ollama => "ollama",
            Kind::Cloudflared => "cloudflared",
        };
        let current = append(&path(folder, name, 0))?;
        let bytes = current.metadata()?.len();
        Ok(Self {
            folder: folder.to_owned(),
            name,
            max_bytes: limits.file_bytes,
            files: limits.files,
            current: BufWriter::new(current),
            bytes,
        })
    }

    /// Adds a line. On a full disk it is lost here and kept in memory.
    pub(super) fn write(&mut self, line: &Line) {
        let text = words(line);
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if self.bytes > 0 && self.bytes.saturating_add(size) > self.max_bytes && self.rotate().is_err() {
            return;
        }
        if self.current.write_all(text.as_bytes()).is_ok() {
            self.bytes += size;
        }
    }

    /// Hands what was added to the system.
    pub(super) fn flush(&mut self) {
        // The next flush tries again.
        drop(self.current.flush());
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.flush();
        for age in (1..self.files).rev() {
            match std::fs::rename(path(&self.folder, self.name, age - 1), path(&self.folder, self.name, age))
            {
                Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
                Ok(()) | Err(_) => {}
            }
        }
        let fresh = append(&path(&self.folder, self.name, 0))?;
        // With one file there is nothing to move it to.
        fresh.set_len(0)?;
        // What could not be written to the old one is not written to the new one either.
        let (_, _) = std::mem::replace(&mut self.current, BufWriter::new(fresh)).into_parts();
        self.bytes = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    platform::private_file().append(true).create(true).open(path)
}

fn path(folder: &Path, name: &str, age: usize) -> PathBuf {
    folder.join(if age == 0 { format!("{name}.log") } else { format!("{name}.{age}.log") })
}

fn words(line: &Line) -> String {
    let stream = match line.stream {
        Stream::Out => "out",
        Stream::Err => "err",
        Stream::Agent => "agent",
    };
    let level = match line.level {
        Some(Level::Debug) => "debug ",
        Some(Level::Info) => "info ",
        Some(Level::Warn) => "warn ",
        Some(Level::Error) => "error ",
        Some(Level::Fatal) => "fatal ",
        None => "",
    };
    let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{at} {stream} {level}{}\n", line.text)
}
