//! When the service token ends. Cloudflare says it when the token is made or changed; it is no secret, so it is kept in a
//! small file.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::file;

fn path(state_folder: &Path) -> PathBuf {
    state_folder.join("access-token-ends")
}

/// When it ends, if that is known.
#[must_use]
pub fn read(state_folder: &Path) -> Option<DateTime<Utc>> {
    file::read(&path(state_folder)).ok()??.trim().parse().ok()
}

/// Keeps when it ends; `None` forgets it, since the token is another one.
///
/// # Errors
/// When the file cannot be written or removed.
pub fn keep(state_folder: &Path, ends: Option<DateTime<Utc>>) -> io::Result<()> {
    let path = path(state_folder);
    if let Some(ends) = ends {
        return file::write(&path, &ends.to_rfc3339());
    }
    match std::fs::remove_file(&path) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let ends: DateTime<Utc> = "2027-11-23T00:00:00Z".parse().unwrap();
        assert_eq!(read(folder.path()), None);
        keep(folder.path(), Some(ends)).unwrap();
        assert_eq!(read(folder.path()), Some(ends));
        for _ in 0..2 {
            keep(folder.path(), None).unwrap();
            assert_eq!(read(folder.path()), None);
        }
        std::fs::write(path(folder.path()), "tomorrow").unwrap();
        assert_eq!(read(folder.path()), None);
    }
}
