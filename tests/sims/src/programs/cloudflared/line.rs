//! One connection's line to the edge: how it is opened, what comes over it, why it ends.

use super::variable;
use crate::edge::tunnels::{CONNECT, Hello};
use serde_json::Value;
use std::time::Duration;

/// Why a connection is not there.
pub(super) enum Lost {
    Unreachable(String),
    Refused(String),
    ByEdge,
    /// The behaviours want fewer.
    Unwanted,
}

/// The stream of the edge's words.
pub(super) struct Line {
    answer: reqwest::Response,
    rest: Vec<u8>,
}

impl Line {
    pub(super) async fn open(client: &reqwest::Client, edge: &str, hello: &Hello) -> Result<Self, Lost> {
        let call = client.post(format!("{edge}{CONNECT}")).json(hello).send().await;
        let answer =
            call.map_err(|problem| Lost::Unreachable(format!("DialContext error: dial tcp: {problem}")))?;
        if !answer.status().is_success() {
            let body: Value = answer.json().await.unwrap_or_default();
            return Err(Lost::Refused(body["error"].as_str().unwrap_or("Unauthorized").to_owned()));
        }
        Ok(Self { answer, rest: Vec::new() })
    }

    /// The next word; none when the connection has ended. What came in part stays when this is dropped.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return serde_json::from_slice(&line).ok();
            }
            self.rest.extend_from_slice(&self.answer.chunk().await.ok()??);
        }
    }
}

/// A wait of the real program, as much shorter as `SIM_PACE` says.
pub(super) fn paced(time: Duration) -> Duration {
    let pace = variable("SIM_PACE").and_then(|pace| pace.parse().ok()).filter(|pace: &f64| *pace > 0.0);
    time.div_f64(pace.unwrap_or(1.0))
}
