//! A named pipe; only its owner and administrators may open it, which is what Windows grants by default.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

/// Where requests come in.
#[derive(Debug)]
pub struct Listener {
    name: String,
    next: Mutex<Option<NamedPipeServer>>,
}

impl Listener {
    /// Opens the pipe of the agent whose socket would be at `path`.
    ///
    /// # Errors
    /// When another agent has it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let name = name(path);
        let first =
            ServerOptions::new().first_pipe_instance(true).reject_remote_clients(true).create(&name)?;
        Ok(Self { name, next: Mutex::new(Some(first)) })
    }

    /// The next connection.
    ///
    /// # Errors
    /// When the system has none to give.
    pub async fn accept(&self) -> io::Result<NamedPipeServer> {
        let waiting = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let server = match waiting {
            Some(server) => server,
            None => ServerOptions::new().reject_remote_clients(true).create(&self.name)?,
        };
        server.connect().await?;
        // There is always one for the next client to find.
        let next = ServerOptions::new().reject_remote_clients(true).create(&self.name)?;
        *self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(next);
        Ok(server)
    }
}

/// Connects to the agent.
///
/// # Errors
/// When no agent listens there.
#[expect(clippy::unused_async, reason = "the same call as on other platforms")]
pub async fn connect(path: &Path) -> io::Result<NamedPipeClient> {
    ClientOptions::new().open(name(path))
}

/// A pipe has no folder: the path's letters and digits name it.
fn name(path: &Path) -> String {
    let plain = path.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!(r"\\.\pipe\hubspot-triage-{plain}")
}
