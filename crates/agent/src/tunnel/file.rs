//! Small files that are there whole or not at all, readable by their owner only.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes the file beside its place and moves it there; missing folders are made.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = folder_of(path);
    std::fs::create_dir_all(&folder)?;
    // The temporary file is made with mode 0600 and keeps it.
    let mut fresh = tempfile::NamedTempFile::new_in(&folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(path).map_err(|problem| problem.error)?;
    Ok(())
}

/// The text of a file; `None` when there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}
