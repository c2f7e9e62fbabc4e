//! Whoever speaks with the agent, in its own process or over its socket: the same requests and answers either way.

use std::io;
use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::socket::{self, Asked, Reply, Request};

/// Where the agent is.
#[derive(Debug, Clone)]
pub enum Handle {
    /// In this process.
    Here(mpsc::Sender<Asked>),
    /// Behind the socket at that path.
    There(PathBuf),
}

impl Handle {
    /// Asks; the answer's lines come one by one and end when the agent has no more to say, or is gone.
    ///
    /// # Errors
    /// When no agent runs there.
    pub async fn ask(&self, request: Request) -> io::Result<mpsc::Receiver<Reply>> {
        let (replies, answer) = mpsc::channel(socket::WAITING);
        match self {
            Self::Here(asked) => {
                let sent = asked.send(Asked { request, replies }).await;
                sent.map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
            }
            Self::There(path) => {
                let mut lines = socket::ask(path, &request).await?;
                tokio::spawn(async move {
                    loop {
                        let next = tokio::select! {
                            next = lines.next() => next,
                            () = replies.closed() => return,
                        };
                        let Ok(Some(reply)) = next else { return };
                        if replies.send(reply).await.is_err() {
                            return;
                        }
                    }
                });
            }
        }
        Ok(answer)
    }

    /// Asks what has one answer.
    ///
    /// # Errors
    /// When no agent runs there, or it ends before it has answered.
    pub async fn ask_once(&self, request: Request) -> io::Result<Reply> {
        let answer = self.ask(request).await?.recv().await;
        answer.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }
}
