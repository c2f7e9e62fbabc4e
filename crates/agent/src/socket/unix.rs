//! A Unix socket that only its owner may open.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

/// Where requests come in.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
}

impl Listener {
    /// Opens the socket. Whoever calls holds the lock that goes with it, so what a dead one left there is removed. Its
    /// folder must be its owner's alone: between its birth and the change of its mode the socket is as open as that is.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn open(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self { listener })
    }

    /// The next connection.
    ///
    /// # Errors
    /// When the system has none to give.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

/// Connects to whoever listens there.
///
/// # Errors
/// When nobody does.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}
