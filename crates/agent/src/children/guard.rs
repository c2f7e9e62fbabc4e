//! A copy of our own program that ends the children when we are killed.
//!
//! It holds the reading end of a pipe from us and is told every process group that comes and goes. The system closes
//! the pipe however we end; then it asks the groups that are left to end, and kills them 1.5 s later. It knows a group
//! by its leader's start time too, so a number that was given to somebody else is left alone.

mod watched;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::Notify;

use super::platform::{self, Group};
use watched::Watched;

/// The argument that makes our own program a guard.
pub const MODE: &str = "guard";

/// Before another guard is started in place of one that has ended.
const PAUSE: Duration = Duration::from_millis(100);
/// Before a start that failed is tried again.
const LONG_PAUSE: Duration = Duration::from_secs(5);

/// The hold on the guard. When the last clone is dropped, what is still watched is ended.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    held: Mutex<Held>,
    /// The guard does not read, or nobody wants it any more.
    broken: Notify,
}

#[derive(Debug, Default)]
struct Held {
    pipe: Option<File>,
    pid: Option<u32>,
    groups: BTreeMap<u32, String>,
    is_closed: bool,
}

impl Guard {
    /// Starts `own_exe guard`. When it ends before us another is started and told everything.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(own_exe: &Path) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let child = shared.launch(own_exe)?;
        tokio::spawn(tend(Arc::clone(&shared), own_exe.to_owned(), child));
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// The guard's process; none between two.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.0.0.held().pid
    }

    /// From here on the group of `leader` ends with us.
    pub(crate) fn watch(&self, leader: u32) {
        let Some(started) = platform::started(leader) else { return };
        let mut held = self.0.0.held();
        let line = watched::come(leader, &started);
        held.groups.insert(leader, started);
        self.0.0.tell(&mut held, &line);
    }

    /// The group of `leader` has ended.
    pub(crate) fn release(&self, leader: u32) {
        let mut held = self.0.0.held();
        if held.groups.remove(&leader).is_some() {
            self.0.0.tell(&mut held, &watched::gone(leader));
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.is_closed = true;
        held.pipe = None;
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, held: &mut Held, line: &str) {
        // The pipe is not closed here: to a guard that lives that would mean that we are dead.
        if held.pipe.as_mut().is_some_and(|pipe| pipe.write_all(line.as_bytes()).is_err()) {
            self.broken.notify_one();
        }
    }

    /// Starts a guard and tells it every group.
    fn launch(&self, own_exe: &Path) -> io::Result<Child> {
        let mut command = Command::new(own_exe);
        command.arg(MODE).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Group::prepare(&mut command);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut held = self.held();
        if held.is_closed {
            return Ok(child);
        }
        held.pipe = Some(File::from(stdin.into_owned_fd()?));
        held.pid = child.id();
        let lines: String =
            held.groups.iter().map(|(leader, started)| watched::come(*leader, started)).collect();
        self.tell(&mut held, &lines);
        Ok(child)
    }
}

/// Waits for the guard's end, again and again.
async fn tend(shared: Arc<Shared>, own_exe: PathBuf, mut child: Child) {
    loop {
        tokio::select! {
            _ = child.wait() => {}
            () = shared.broken.notified() => drop(child.kill().await),
        }
        let mut pause = PAUSE;
        child = loop {
            shared.held().pid = None;
            if shared.held().is_closed {
                return;
            }
            tokio::time::sleep(pause).await;
            match shared.launch(&own_exe) {
                Ok(child) => break child,
                Err(_) => pause = LONG_PAUSE,
            }
        };
    }
}

/// The hidden mode: reads lines until we are gone, then ends what is left. For the first line of `main`.
#[must_use]
pub fn run() -> ExitCode {
    platform::close_inherited();
    let mut watched = Watched::default();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        watched.take(&line);
    }
    watched.end();
    ExitCode::SUCCESS
}
