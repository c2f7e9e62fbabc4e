//! The way to the window: its process is started when somebody wants to see something, and is told where to go through its
//! standard input. When this process ends, however it does, that input ends, and with it the window.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tracing::warn;

use crate::updates::bundle;
use crate::window::Destination;
use crate::{platform, programs};

/// What the window's process writes when the person can see what was asked for.
pub(crate) const SHOWN: &str = "shown\n";

/// A browser engine on a busy machine takes its time.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);

/// The way to the window. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Opener(mpsc::UnboundedSender<Destination>);

impl Opener {
    /// The way, and what has to run for it.
    pub(crate) fn new() -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (wanted, wishes) = mpsc::unbounded_channel();
        (Self(wanted), serve(wishes))
    }

    /// Shows the window, there. Can be called from everywhere.
    pub(crate) fn open(&self, destination: Destination) {
        // Whoever does not serve any more is ending.
        drop(self.0.send(destination));
    }
}

async fn serve(mut wishes: mpsc::UnboundedReceiver<Destination>) {
    let mut window = None;
    while let Some(destination) = wishes.recv().await {
        // One whose window is just being closed does not take it any more, and another one does.
        if let Some(there) = window.take() {
            window = show(there, &destination).await;
        }
        if window.is_none() {
            window = match Window::start() {
                Ok(new) => show(new, &destination).await,
                Err(error) => {
                    warn!(event = "window_failed", %error, "the window cannot be started");
                    None
                }
            };
        }
    }
}

/// The window, if it is there to be seen.
async fn show(mut window: Window, destination: &Destination) -> Option<Window> {
    let shown = tokio::time::timeout(SHOWN_WITHIN, window.go(destination)).await;
    matches!(shown, Ok(Ok(()))).then_some(window)
}

struct Window {
    wishes: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Window {
    fn start() -> io::Result<Self> {
        let mut command = Command::new(programs::beside(programs::WINDOW)?);
        command.args(bundle::told()).stdin(Stdio::piped()).stdout(Stdio::piped());
        platform::prepare_window(command.as_std_mut());
        let mut process = command.spawn()?;
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let wishes = process.stdin.take().ok_or_else(gone)?;
        let answers = BufReader::new(process.stdout.take().ok_or_else(gone)?).lines();
        // It ends by itself; somebody has to take note of it.
        tokio::spawn(async move { process.wait().await });
        Ok(Self { wishes, answers })
    }

    async fn go(&mut self, destination: &Destination) -> io::Result<()> {
        let line = serde_json::to_string(destination)? + "\n";
        self.wishes.write_all(line.as_bytes()).await?;
        self.wishes.flush().await?;
        // A browser engine may write there too.
        while let Some(answer) = self.answers.next_line().await? {
            if answer == SHOWN.trim_end() {
                return Ok(());
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
