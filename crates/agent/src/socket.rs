//! How the command line speaks to the running agent: one request per connection on a local socket that only its owner may
//! open, answered by lines of JSON.
//!
//! There is no TCP port, so no web page and no other user can ask anything.

use std::io;
use std::path::Path;

use link::Triage;
use serde::{Deserialize, Serialize};
use supervise::Kind;
use supervise::health::Layer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use crate::children::logs::{Level, Stream};
use crate::evidence::Exchange;
use crate::link::Question;
use crate::status::Status;
use crate::test_ticket::TestStep;

#[cfg(unix)]
#[path = "socket/unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "socket/windows.rs"]
mod platform;

pub use platform::{Listener, connect};

/// The longest request: a secret is far shorter.
const LONGEST_REQUEST: u64 = 64 * 1024;

/// Answers waiting for a slow reader; past it the controller does not wait, lines are left out.
pub(crate) const WAITING: usize = 256;

/// What is asked of the running agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// How everything is.
    Status,
    /// Start a program afresh, or again after it was given up.
    Restart {
        /// Which.
        program: Kind,
    },
    /// Triage no ticket here.
    Pause,
    /// Triage tickets here again.
    Resume,
    /// What a program wrote.
    Logs {
        /// Which; `None`: both.
        program: Option<Kind>,
        /// The last so many lines of each.
        lines: usize,
        /// And whatever it writes from now on.
        follow: bool,
    },
    /// Keep a secret for as long as the agent runs, where there is no keychain.
    Secret {
        /// Name of the entry.
        entry: String,
        /// Its value; empty: none.
        value: String,
    },
    /// The settings or secrets are others than before.
    Reload,
    /// Look at every hop now, out of turn.
    CheckNow,
    /// What was last asked at a hop, and what came back.
    Evidence {
        /// Which.
        layer: Layer,
    },
    /// Which secrets there are.
    Secrets,
    /// Try the keychain, and call the public address with the service token and without it.
    TestSecrets,
    /// Ask the orchestrator, as this device.
    Orchestrator {
        /// What.
        question: Question,
    },
    /// Have a test ticket sent, and follow it to its Discord message. Whoever stops listening has it go its way unseen.
    TestTicket,
    /// How everything is, now and whenever it is different, and what a person wants to see. Without end.
    Watch,
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Reply {
    /// How everything is.
    Status(Box<Status>),
    /// A line that a program wrote.
    Line {
        /// Which program.
        program: Kind,
        /// Counts up.
        number: u64,
        /// When, RFC 3339.
        at: String,
        /// Where it comes from.
        stream: Stream,
        /// How bad it is, where the program says so.
        level: Option<Level>,
        /// The line.
        text: String,
    },
    /// Lines that came too fast for whoever reads them.
    Missed {
        /// Of which program.
        program: Kind,
        /// How many.
        count: u64,
    },
    /// What was last asked at a hop; nothing when nothing was.
    Evidence {
        /// Without a secret and without a word of a ticket.
        exchange: Option<Exchange>,
    },
    /// The names of the secrets that are set; none of their values.
    Secrets {
        /// As in the keychain.
        set: Vec<String>,
    },
    /// What a test found, line by line.
    Tested {
        /// In the order in which it was looked.
        checks: Vec<Check>,
    },
    /// News of the test ticket.
    Test {
        /// What.
        step: TestStep,
    },
    /// What the orchestrator answered.
    Answered {
        /// Its JSON.
        value: serde_json::Value,
    },
    /// A ticket is new, or stands elsewhere than before.
    Triage(Box<Triage>),
    /// A person has clicked on a notice and wants to see this.
    Open {
        /// Where in the window.
        page: Page,
        /// The ticket there.
        ticket_id: Option<String>,
    },
    /// It is done, or under way.
    Done {
        /// What, in a sentence.
        sentence: String,
    },
    /// It cannot be done.
    Failed {
        /// Why, in a sentence.
        why: String,
        /// What to do about it.
        what_to_do: String,
    },
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "CheckResult"))]
pub struct Check {
    /// In a few words.
    pub what: String,
    /// It is as it should be.
    pub ok: bool,
    /// What was found.
    pub sentence: String,
    /// The one thing to do about it.
    pub what_to_do: Option<String>,
    /// How long it took, in milliseconds, when something was asked.
    pub latency_ms: Option<u64>,
}

/// A page of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "PageName"))]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// The chain of hops.
    Overview,
    /// The tickets.
    Tickets,
    /// Pairing, model, tunnel.
    Setup,
    /// What a person sets, and newer versions.
    Settings,
}

/// A request, and where its answer goes; the answer ends when the sender is dropped.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub request: Request,
    /// Where the lines go.
    pub replies: mpsc::Sender<Reply>,
}

/// Takes requests until it is dropped, and passes them on.
pub async fn serve(listener: Listener, asked: mpsc::Sender<Asked>) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                tokio::spawn(answer(stream, asked.clone()));
            }
            Err(error) => {
                tracing::warn!(event = "socket_failed", %error, "cannot take a request");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite, asked: mpsc::Sender<Asked>) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut line = String::new();
    let mut reader = BufReader::new(reader).take(LONGEST_REQUEST);
    if reader.read_line(&mut line).await.is_err() {
        return;
    }
    let (replies, mut answers) = mpsc::channel(WAITING);
    match serde_json::from_str(&line) {
        Ok(request) => {
            if asked.send(Asked { request, replies }).await.is_err() {
                return;
            }
        }
        Err(_) => {
            let why = "The agent does not understand this request.".to_owned();
            let what_to_do = "Use the triage-agent of the same version, or restart the agent.".to_owned();
            drop(replies.try_send(Reply::Failed { why, what_to_do }));
            drop(replies);
        }
    }
    loop {
        let reply = tokio::select! {
            reply = answers.recv() => reply,
            // It may not be answered for long: nobody works for somebody who has left.
            () = has_left(&mut reader) => return,
        };
        let Some(reply) = reply else { return };
        let Ok(mut line) = serde_json::to_vec(&reply) else { return };
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() {
            return;
        }
    }
}

/// Completes when the other side has closed the connection.
async fn has_left(reader: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0; 64];
    while reader.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}

/// A question to the running agent, and the lines of its answer.
#[derive(Debug)]
pub struct Answer<R> {
    lines: tokio::io::Lines<BufReader<R>>,
}

/// Asks the agent whose socket is at `path`.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] or [`io::ErrorKind::ConnectionRefused`] when no agent runs.
pub async fn ask(path: &Path, request: &Request) -> io::Result<Answer<impl AsyncRead + Unpin + use<>>> {
    let (reader, mut writer) = tokio::io::split(connect(path).await?);
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    Ok(Answer { lines: BufReader::new(reader).lines() })
}

impl<R: AsyncRead + Unpin> Answer<R> {
    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks or the line is not understood.
    pub async fn next(&mut self) -> io::Result<Option<Reply>> {
        let Some(line) = self.lines.next_line().await? else { return Ok(None) };
        Ok(Some(serde_json::from_str(&line)?))
    }
}
