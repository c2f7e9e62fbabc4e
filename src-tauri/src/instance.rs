//! One tray app for a person's agent: another start hands over what it was started with, and ends.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use agent::socket::{Listener, connect};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tracing::warn;

/// Between the lock and the socket of the first lies a moment.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// A pairing link is far shorter.
const LONGEST: u64 = 16 * 1024;

/// What the first answers when it has heard.
const HEARD: &str = "heard\n";

/// The place of the first, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct First {
    listener: Listener,
    /// Held until the process ends, however it does.
    _lock: File,
}

/// Takes the place in that folder; `None` when another has it and has heard these words.
///
/// # Errors
/// When the folder cannot be written to, or who has the place does not answer.
pub(crate) async fn enter(folder: &Path, words: &[String]) -> io::Result<Option<First>> {
    let lock = File::create(folder.join("tray.lock"))?;
    let socket = folder.join("tray.sock");
    match lock.try_lock() {
        Ok(()) => Ok(Some(First { listener: Listener::open(&socket)?, _lock: lock })),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
        Err(std::fs::TryLockError::WouldBlock) => {
            let handing_over = tokio::time::timeout(ANSWERS_WITHIN, hand_over(&socket, words));
            handing_over.await.map_err(|_| io::ErrorKind::TimedOut)??;
            Ok(None)
        }
    }
}

async fn hand_over(socket: &Path, words: &[String]) -> io::Result<()> {
    let stream = loop {
        match connect(socket).await {
            Ok(stream) => break stream,
            Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
        }
    };
    let mut stream = BufReader::new(stream);
    stream.write_all((serde_json::to_string(words)? + "\n").as_bytes()).await?;
    stream.flush().await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    if answer == HEARD { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

impl First {
    /// Passes on what other starts were started with.
    pub(crate) async fn listen(self, tell: impl Fn(Vec<String>)) {
        loop {
            match self.listener.accept().await {
                Ok(stream) => match tokio::time::timeout(ANSWERS_WITHIN, hear(stream)).await {
                    Ok(Ok(words)) => tell(words),
                    Ok(Err(_)) | Err(_) => warn!(event = "not_understood", "another start is not understood"),
                },
                Err(error) => {
                    warn!(event = "socket_failed", %error, "other starts cannot be heard");
                    tokio::time::sleep(ANSWERS_WITHIN).await;
                }
            }
        }
    }
}

async fn hear(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Vec<String>> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(LONGEST)).read_line(&mut line).await?;
    let words = serde_json::from_str(&line)?;
    stream.write_all(HEARD.as_bytes()).await?;
    stream.flush().await?;
    Ok(words)
}

#[cfg(test)]
mod tests;
