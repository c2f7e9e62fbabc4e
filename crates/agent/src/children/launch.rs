//! How one program is started. Secrets go by the environment or a file that only its owner can read; never by
//! arguments, which every process on the machine can see.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use supervise::Kind;

use super::platform;

/// A start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Which program.
    pub kind: Kind,
    /// Its file.
    pub program: PathBuf,
    /// Its arguments, without the program itself and without any secret.
    pub args: Vec<OsString>,
    /// Variables that are set over those of our own environment.
    pub env: Vec<(String, Value)>,
    /// Variables of our own environment that it does not get.
    pub env_remove: Vec<String>,
    /// A file that is there until the program is ready or has ended.
    pub private_file: Option<PrivateFile>,
}

/// A variable's value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Everybody may see it.
    Plain(String),
    /// Masked in the logs.
    Secret(SecretString),
}

/// A file with mode 0600 in a folder with mode 0700.
#[derive(Debug, Clone)]
pub struct PrivateFile {
    /// Where; the folder belongs to us.
    pub path: PathBuf,
    /// What is in it; masked in the logs.
    pub content: SecretString,
}

impl Value {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }
}

impl Launch {
    /// Everything that must not show up in a log.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let in_environment = self.env.iter().filter_map(|(_, value)| match value {
            Value::Plain(_) => None,
            Value::Secret(secret) => Some(secret.clone()),
        });
        in_environment.chain(self.private_file.iter().map(|file| file.content.clone())).collect()
    }
}

/// A private file that is on the disk until this is dropped.
#[derive(Debug)]
pub(super) struct Placed(PathBuf);

impl PrivateFile {
    pub(super) fn place(&self) -> io::Result<Placed> {
        if let Some(folder) = self.path.parent() {
            platform::private_folder(folder)?;
        }
        // One that was left behind may be open to others, and is not written into.
        match std::fs::remove_file(&self.path) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
            Ok(()) | Err(_) => {}
        }
        let mut file = platform::private_file().write(true).create_new(true).open(&self.path)?;
        let placed = Placed(self.path.clone());
        file.write_all(self.content.expose_secret().as_bytes())?;
        Ok(placed)
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // Gone already is as good.
        drop(std::fs::remove_file(&self.0));
    }
}
