//! Writes a `config.yml`: what was there is shown and kept, never lost.

use crate::tunnel::file;
use chrono::{DateTime, Utc};
use similar::TextDiff;
use std::io;
use std::path::{Path, PathBuf};

/// What writing would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WritePlan {
    /// The file is as it should be.
    Unchanged,
    /// There is no file.
    New,
    /// The file is different.
    Differs {
        /// What would change, as a unified diff.
        diff: String,
    },
}

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteConfig {
    /// Whether a person saw the difference and agreed to it.
    pub confirm: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Nothing: the file is as it should be.
    Unchanged,
    /// The file was made.
    New,
    /// The file was replaced.
    Replaced {
        /// Where the old one is.
        backup: PathBuf,
    },
}

/// It was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A different file is there, and nobody agreed to replace it.
    #[error("{} is there and different", .path.display())]
    NotConfirmed {
        /// The file.
        path: PathBuf,
        /// What would change, as a unified diff.
        diff: String,
    },
    /// The file or its folder cannot be read or written.
    #[error("{} cannot be read or written", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What writing would do to what is there. PURE.
#[must_use]
pub fn plan_writing(existing: Option<&str>, wanted: &str) -> WritePlan {
    match existing {
        None => WritePlan::New,
        Some(existing) if existing == wanted => WritePlan::Unchanged,
        Some(existing) => {
            let diff = TextDiff::from_lines(existing, wanted);
            let diff = diff.unified_diff().header("config.yml", "config.yml (new)").to_string();
            WritePlan::Differs { diff }
        }
    }
}

/// The text of the file; nothing when there is none.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(path: &Path) -> Result<Option<String>, WriteError> {
    file::read(path).map_err(|source| WriteError::Io { path: path.to_owned(), source })
}

/// Writes the file whole, for its owner only. A different file is replaced only when that is confirmed, and is kept
/// beside it under a name with the time.
///
/// # Errors
/// [`WriteError::NotConfirmed`] with the difference; else when files cannot be read or written.
pub fn write(path: &Path, text: &str, how: WriteConfig, now: DateTime<Utc>) -> Result<Written, WriteError> {
    let io = |source| WriteError::Io { path: path.to_owned(), source };
    let existing = read(path)?;
    match plan_writing(existing.as_deref(), text) {
        WritePlan::Unchanged => Ok(Written::Unchanged),
        WritePlan::New => {
            file::write(path, text).map_err(io)?;
            Ok(Written::New)
        }
        WritePlan::Differs { diff } if !how.confirm => {
            Err(WriteError::NotConfirmed { path: path.to_owned(), diff })
        }
        WritePlan::Differs { .. } => {
            let backup = back_up(path, existing.as_deref().unwrap_or_default(), now).map_err(io)?;
            file::write(path, text).map_err(io)?;
            Ok(Written::Replaced { backup })
        }
    }
}

/// Keeps the text under a free name: `config.yml.2026-11-23T13-05-00Z.bak`.
fn back_up(path: &Path, text: &str, now: DateTime<Utc>) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stamp = now.format("%Y-%m-%dT%H-%M-%SZ");
    let names = (0..100).map(|number| match number {
        0 => format!("{name}.{stamp}.bak"),
        _ => format!("{name}.{stamp}-{number}.bak"),
    });
    let free = names.map(|name| path.with_file_name(name)).find(|path| !path.exists());
    let backup = free.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
    file::write(&backup, text)?;
    Ok(backup)
}
