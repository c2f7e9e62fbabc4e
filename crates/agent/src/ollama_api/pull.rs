//! A download under way.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use reqwest::Response;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::Error;

/// The client ends a download after this long; 40 GB in a day is a connection on which nobody waits for it.
pub(super) const LONGEST: Duration = Duration::from_hours(24);
/// Checking the digest of a large layer says nothing for minutes.
const SILENT_FOR: Duration = Duration::from_mins(10);
/// The speed is that of this much of the past.
const SPEED_OVER: Duration = Duration::from_secs(5);
/// A line is some hundred bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// How far a download is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "PullProgress"))]
pub struct Progress {
    /// What Ollama is doing, in its words; `success` at the end.
    pub status: String,
    /// So much is here, over all layers heard of.
    pub completed_bytes: u64,
    /// So much there is, over all layers heard of; 0 before the first. Grows when a layer begins.
    pub total_bytes: u64,
    /// Of the last seconds; `None` until two lines were far enough apart.
    pub bytes_per_second: Option<u64>,
}

/// A download under way. Dropping it cancels.
#[derive(Debug)]
pub struct Pulling {
    model: String,
    response: Response,
    received: Vec<u8>,
    tally: Tally,
    is_over: bool,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    status: String,
    digest: Option<String>,
    #[serde(default)]
    total: u64,
    #[serde(default)]
    completed: u64,
    error: Option<String>,
}

impl Pulling {
    pub(super) fn new(model: &str, response: Response) -> Self {
        Self {
            model: model.to_owned(),
            response,
            received: Vec::new(),
            tally: Tally::default(),
            is_over: false,
        }
    }

    /// The next news; `None` after `success`, and after an error.
    ///
    /// # Errors
    /// What Ollama says went wrong, or how its answer ended. What is there is kept: a new download goes on from it.
    ///
    /// Cancel safe: a call that was dropped loses no news.
    pub async fn next(&mut self) -> Option<Result<Progress, Error>> {
        if self.is_over {
            return None;
        }
        let news = self.read().await;
        self.is_over = news.as_ref().map_or(true, |progress| progress.status == "success");
        Some(news)
    }

    async fn read(&mut self) -> Result<Progress, Error> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                if line.trim_ascii().is_empty() {
                    continue;
                }
                let line: Line = serde_json::from_slice(&line)?;
                if let Some(words) = &line.error {
                    return Err(Error::said(200, words, &self.model));
                }
                return Ok(self.tally.note(line, Instant::now()));
            }
            if self.received.len() > LONGEST_LINE {
                return Err(Error::BadAnswer { words: "a line without an end".to_owned() });
            }
            let chunk = timeout(SILENT_FOR, self.response.chunk()).await.map_err(|_| Error::TimedOut)??;
            match chunk {
                Some(chunk) => self.received.extend_from_slice(&chunk),
                None => return Err(Error::Unreachable { words: "the answer ended early".to_owned() }),
            }
        }
    }
}

/// Sums over layers, and what the speed is told from.
#[derive(Debug, Default)]
struct Tally {
    /// Completed and total bytes of each layer, by digest.
    layers: BTreeMap<String, (u64, u64)>,
    /// When how much was there. What an earlier download left counts from the first line on, so it is no speed.
    past: VecDeque<(Instant, u64)>,
}

impl Tally {
    fn note(&mut self, line: Line, now: Instant) -> Progress {
        if let Some(digest) = line.digest {
            self.layers.insert(digest, (line.completed, line.total));
        }
        let sum = |of: fn(&(u64, u64)) -> u64| self.layers.values().map(of).fold(0, u64::saturating_add);
        let (completed_bytes, total_bytes) = (sum(|layer| layer.0), sum(|layer| layer.1));
        let bytes_per_second = self.speed(completed_bytes, now);
        Progress { status: line.status, completed_bytes, total_bytes, bytes_per_second }
    }

    fn speed(&mut self, completed_bytes: u64, now: Instant) -> Option<u64> {
        if completed_bytes > 0 || !self.past.is_empty() {
            self.past.push_back((now, completed_bytes));
        }
        // The oldest that is kept is the newest that is old enough.
        while self.past.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= SPEED_OVER) {
            self.past.pop_front();
        }
        let (at, before) = *self.past.front()?;
        let millis = now.duration_since(at).as_millis();
        let gained = u128::from(completed_bytes.saturating_sub(before));
        u64::try_from((gained * 1000).checked_div(millis)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        serde_json::from_str(text).unwrap()
    }

    fn at(tally: &mut Tally, now: Instant, digest: &str, completed: u64, total: u64) -> Progress {
        let text = format!(
            r#"{{"status":"pulling {digest}","digest":"{digest}","completed":{completed},"total":{total}}}"#
        );
        tally.note(line(&text), now)
    }

    #[tokio::test(start_paused = true)]
    async fn progress_is_over_all_layers_and_speed_over_the_last_seconds() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        let seconds = |seconds| start + Duration::from_secs(seconds);
        let first = tally.note(line(r#"{"status":"pulling manifest"}"#), start);
        assert_eq!((first.total_bytes, first.bytes_per_second), (0, None));
        // 500 bytes were there from an earlier download.
        assert_eq!(at(&mut tally, start, "a", 500, 10_000).bytes_per_second, None);
        assert_eq!(at(&mut tally, seconds(2), "a", 700, 10_000).bytes_per_second, Some(100));
        let slower = at(&mut tally, seconds(10), "a", 780, 10_000);
        assert_eq!(slower.bytes_per_second, Some(10), "only since the line before");
        let second = at(&mut tally, seconds(11), "b", 0, 2_000);
        assert_eq!((second.completed_bytes, second.total_bytes), (780, 12_000));
    }
}
