//! The only agent in a user's folders: whoever holds its lock and its socket, with a window or without one.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::context::Context;
use crate::controller::{self, Ends, Means};
use crate::handle::Handle;
use crate::notices::DesktopNotices;
use crate::socket::{self, Asked, Listener};

/// Questions that wait for the loop.
const WAITING: usize = 64;

/// Clicks that wait for the loop.
const CLICKS: usize = 16;

/// The place of the only agent; free again when it is dropped.
#[derive(Debug)]
pub struct Seat {
    context: Context,
    guard_program: PathBuf,
    listener: Listener,
    asked: mpsc::Sender<Asked>,
    questions: mpsc::Receiver<Asked>,
    /// Held until the process ends, however it does.
    _lock: File,
}

/// The agent cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum NoSeat {
    /// Another one does.
    #[error("The agent is running already: see triage-agent status. Its programs are not started twice.")]
    Taken,
    /// A folder cannot be made.
    #[error("error: the agent's folders cannot be made: {0}")]
    Folders(io::Error),
    /// A file cannot be made.
    #[error("error: {}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: io::Error,
    },
}

impl Seat {
    /// Takes it.
    ///
    /// # Errors
    /// When another agent has it, or what is needed for it cannot be made.
    pub fn take(context: Context) -> Result<Self, NoSeat> {
        context.paths.create().map_err(NoSeat::Folders)?;
        let path = context.paths.runtime.join("agent.lock");
        let lock = File::create(&path).map_err(|problem| NoSeat::File { path, problem })?;
        lock.try_lock().map_err(|_| NoSeat::Taken)?;
        let path = context.socket();
        let opened = Listener::open(&path).and_then(|listener| Ok((listener, guard_program()?)));
        let (listener, guard_program) = opened.map_err(|problem| NoSeat::File { path, problem })?;
        let (asked, questions) = mpsc::channel(WAITING);
        Ok(Self { context, guard_program, listener, asked, questions, _lock: lock })
    }

    /// How to speak with the agent that will sit here. Questions wait until it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::Here(self.asked.clone())
    }

    /// Runs the agent until `stop`; returns when what it started has ended.
    pub async fn run(self, stop: CancellationToken) {
        let secrets = Arc::new(self.context.open_secrets().await);
        let (clicked, clicks) = mpsc::channel(CLICKS);
        let notifier = Box::new(DesktopNotices::start(clicked));
        let serving = tokio::spawn(socket::serve(self.listener, self.asked));
        info!(event = "started", version = env!("CARGO_PKG_VERSION"), "the agent runs");
        let Context { environment, paths, settings } = self.context;
        let means = Means { environment, paths, settings, secrets, guard_program: self.guard_program };
        controller::run(means, Ends { notifier, clicks, questions: self.questions }, stop).await;
        serving.abort();
        info!(event = "stopped", "what the agent started has ended");
    }
}

/// Who guards: the agent's own program where it lies beside this one, because it is the smallest; otherwise this one.
fn guard_program() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let agent = own.with_file_name(format!("triage-agent{}", std::env::consts::EXE_SUFFIX));
    Ok(if agent.is_file() { agent } else { own })
}
