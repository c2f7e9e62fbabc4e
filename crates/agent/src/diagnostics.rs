//! A zip, or a text, that a person can send to somebody who helps: what is set, how it is, and what was said last, without
//! secrets, addresses of people, or anything of a ticket.

mod collected;
mod mask;

use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub use collected::Collected;
pub use mask::Mask;

/// What goes into the zip. All of it is masked on the way.
pub struct Parts<'a> {
    /// Programs and systems with their versions.
    pub versions: &'a [(String, String)],
    /// The text of `config.toml`.
    pub settings: &'a str,
    /// What `status --json` says.
    pub status: &'a Value,
    /// The last day of each layer.
    pub history: &'a Value,
    /// A program's name and its last lines, oldest first.
    pub logs: &'a [(String, Vec<String>)],
    /// What is kept on this machine and must not be found in the zip.
    pub secrets: &'a [SecretString],
}

/// The zip was not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something has that name.
    #[error("{} is there already; choose another name, or remove it first", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("{} cannot be written", .path.display())]
    Io {
        /// The zip.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes the zip, for its owner only.
///
/// # Errors
/// When something has that name, or it cannot be written; then nothing is left behind.
pub fn write(path: &Path, parts: &Parts<'_>) -> Result<(), Error> {
    let io = |source: io::Error| Error::Io { path: path.to_owned(), source };
    let bytes = zip(parts).map_err(io)?;
    let mut file = create(path).map_err(|source| {
        let is_there = source.kind() == io::ErrorKind::AlreadyExists;
        if is_there { Error::Exists(path.to_owned()) } else { io(source) }
    })?;
    let written = file.write_all(&bytes).and_then(|()| file.sync_all());
    written.map_err(|source| {
        drop(std::fs::remove_file(path));
        io(source)
    })
}

fn zip(parts: &Parts<'_>) -> io::Result<Vec<u8>> {
    let mask = Mask::new(parts.secrets);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, text: String| {
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(0o600))?;
        zip.write_all(text.as_bytes())
    };
    let lines =
        |lines: &mut dyn Iterator<Item = &str>| lines.map(|line| mask.line(line) + "\n").collect::<String>();
    let versions: Vec<String> =
        parts.versions.iter().map(|(name, version)| format!("{name}: {version}")).collect();
    add("versions.txt", lines(&mut versions.iter().map(String::as_str)))?;
    add("config.toml", lines(&mut parts.settings.lines()))?;
    add("status.json", format!("{:#}\n", mask.json(parts.status)))?;
    add("history.json", format!("{:#}\n", mask.json(parts.history)))?;
    for (program, said) in parts.logs {
        add(&format!("logs/{program}.txt"), lines(&mut said.iter().map(String::as_str)))?;
    }
    Ok(zip.finish()?.into_inner())
}

fn create(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
