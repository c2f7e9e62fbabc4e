//! The way to the window: its process is started when somebody wants to see something, and is told where to go through its
//! standard input. What it has to say comes through its standard output. When this process ends, however it does, that input
//! ends, and with it the window.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use agent::window::Destination;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tracing::warn;

use crate::updates::bundle;
use crate::{platform, programs};

/// What the window's process writes when the person can see what was asked for.
pub(crate) const SHOWN: &str = "shown\n";

/// What it writes when the person wants everything to end.
pub(crate) const QUIT: &str = "quit\n";

/// A browser engine on a busy machine takes its time.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);

/// What is heard of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The person wants everything to end.
    Quit,
    /// It cannot be shown; why, without a full stop.
    NotShown(String),
}

type Tell = Arc<dyn Fn(Heard) + Send + Sync>;

/// The way to the window. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Opener(mpsc::UnboundedSender<Destination>);

impl Opener {
    /// The way, and what has to run for it.
    pub(crate) fn new(
        tell: impl Fn(Heard) + Send + Sync + 'static,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (wanted, wishes) = mpsc::unbounded_channel();
        (Self(wanted), serve(wishes, Arc::new(tell)))
    }

    /// Shows the window, there. Can be called from everywhere.
    pub(crate) fn open(&self, destination: Destination) {
        // Whoever does not serve any more is ending.
        drop(self.0.send(destination));
    }
}

async fn serve(mut wishes: mpsc::UnboundedReceiver<Destination>, tell: Tell) {
    let mut window = None;
    while let Some(destination) = wishes.recv().await {
        // One whose window is just being closed does not take it any more, and another one does.
        if let Some(there) = window.take() {
            window = show(there, &destination).await.ok();
        }
        if window.is_none() {
            window = match open(&destination, &tell).await {
                Ok(window) => Some(window),
                Err(error) => {
                    warn!(event = "window_failed", %error, "the window cannot be shown");
                    tell(Heard::NotShown(error.to_string()));
                    None
                }
            };
        }
    }
}

async fn open(destination: &Destination, tell: &Tell) -> io::Result<Window> {
    show(Window::start(Arc::clone(tell))?, destination).await
}

/// The window, if it is there to be seen.
async fn show(mut window: Window, destination: &Destination) -> io::Result<Window> {
    match tokio::time::timeout(SHOWN_WITHIN, window.go(destination)).await {
        Ok(shown) => shown.map(|()| window),
        Err(_) => {
            let why = format!("it did not come within {} s", SHOWN_WITHIN.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, why))
        }
    }
}

struct Window {
    wishes: ChildStdin,
    shown: mpsc::UnboundedReceiver<()>,
}

impl Window {
    fn start(tell: Tell) -> io::Result<Self> {
        let mut command = Command::new(programs::beside(programs::WINDOW)?);
        command.args(bundle::told()).stdin(Stdio::piped()).stdout(Stdio::piped());
        platform::prepare_window(command.as_std_mut());
        let mut process = command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("its program cannot be started ({error})"))
        })?;
        let wishes = process.stdin.take().ok_or_else(ended)?;
        let answers = process.stdout.take().ok_or_else(ended)?;
        let (says, shown) = mpsc::unbounded_channel();
        tokio::spawn(listen(answers, says, tell));
        // It ends by itself; somebody has to take note of it.
        tokio::spawn(async move { process.wait().await });
        Ok(Self { wishes, shown })
    }

    async fn go(&mut self, destination: &Destination) -> io::Result<()> {
        let line = serde_json::to_string(destination)? + "\n";
        self.wishes.write_all(line.as_bytes()).await?;
        self.wishes.flush().await?;
        self.shown.recv().await.ok_or_else(ended)
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "its program ended before it could be seen")
}

/// Hears what the window's process says, until it ends.
async fn listen(answers: ChildStdout, shown: mpsc::UnboundedSender<()>, tell: Tell) {
    let mut lines = BufReader::new(answers).lines();
    // A browser engine may write there too.
    while let Ok(Some(line)) = lines.next_line().await {
        if line == SHOWN.trim_end() {
            // Who has waited too long wants it no more.
            let _ = shown.send(());
        } else if line == QUIT.trim_end() {
            tell(Heard::Quit);
        }
    }
}
