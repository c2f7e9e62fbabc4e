//! What the programs print: read whatever the flood, cut to a bounded size, kept in memory and in rotated files.
//!
//! A line is cleaned of control characters and of the secrets that the program was given. When more lines come within
//! a second than are kept, the first ones and the last ones of that second stay, and one line says how many are missing.

mod drain;
mod file;
mod flood;
mod line;
mod mask;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use supervise::Kind;
use tokio::sync::broadcast;
use tokio::time::Instant;

pub use line::Level;

pub(super) use drain::drain;

use file::RotatedFile;
use flood::{Flood, Passed, Raw};
use mask::Mask;

/// A follower may be so many lines behind before it misses some.
const FOLLOW_LAG: usize = 512;

/// How much is kept of one program's lines.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Lines in memory.
    pub lines: usize,
    /// Bytes of text in memory.
    pub bytes: usize,
    /// Bytes of one line; the rest is cut off.
    pub line_bytes: usize,
    /// Lines kept from the beginning of every second.
    pub lines_per_second: usize,
    /// Lines kept from the end of a second in which there were more.
    pub last_lines: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Files, the current one included.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lines: 5000,
            bytes: 1024 * 1024,
            line_bytes: 4096,
            lines_per_second: 500,
            last_lines: 50,
            file_bytes: 2 * 1024 * 1024,
            files: 5,
        }
    }
}

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "LogStream"))]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// The program's standard output.
    Out,
    /// The program's standard error.
    Err,
    /// This agent, about the program.
    Agent,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Counts up; a gap never means that a line is missing.
    pub number: u64,
    /// When it was read.
    pub at: DateTime<Utc>,
    /// Where it comes from.
    pub stream: Stream,
    /// How bad it is, where the program says so.
    pub level: Option<Level>,
    /// The words.
    pub text: String,
}

/// What a follower gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The next line.
    Line(Arc<Line>),
    /// So many lines were too fast for it.
    Missed(u64),
}

/// The lines of one program as they come.
#[derive(Debug)]
pub struct Follow(broadcast::Receiver<Arc<Line>>);

impl Follow {
    /// The next line; none when the log is gone.
    pub async fn next(&mut self) -> Option<Followed> {
        match self.0.recv().await {
            Ok(line) => Some(Followed::Line(line)),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Followed::Missed(count)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// The log of one program over all its runs.
#[derive(Debug, Clone)]
pub struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    kind: Kind,
    limits: Limits,
    now: fn() -> DateTime<Utc>,
    kept: Mutex<Kept>,
    followers: broadcast::Sender<Arc<Line>>,
}

#[derive(Debug)]
struct Kept {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    next: u64,
    /// The number of the run's first line.
    run_start: u64,
    dropped: u64,
    flood: Flood,
    mask: Mask,
    file: Option<RotatedFile>,
}

impl Log {
    /// The log of `kind` with files in `folder`, and the clock for its lines. Without a folder that can be written
    /// to it lives in memory, and says so.
    #[must_use]
    pub fn open(kind: Kind, folder: &Path, limits: Limits, now: fn() -> DateTime<Utc>) -> Self {
        let file = RotatedFile::open(folder, kind, &limits);
        let problem = file.as_ref().err().map(ToString::to_string);
        let kept = Kept {
            lines: VecDeque::new(),
            bytes: 0,
            next: 0,
            run_start: 0,
            dropped: 0,
            flood: Flood::new(limits.lines_per_second, limits.last_lines),
            mask: Mask::default(),
            file: file.ok(),
        };
        let (followers, _) = broadcast::channel(FOLLOW_LAG);
        let log = Self(Arc::new(Shared { kind, limits, now, kept: Mutex::new(kept), followers }));
        if let Some(problem) = problem {
            log.note(&format!("The log file cannot be written: {problem}. Lines are kept in memory only."));
        }
        log
    }

    /// The last `count` lines, oldest first.
    #[must_use]
    pub fn tail(&self, count: usize) -> Vec<Arc<Line>> {
        let kept = self.kept();
        kept.lines.iter().skip(kept.lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Every line from here on.
    #[must_use]
    pub fn follow(&self) -> Follow {
        Follow(self.0.followers.subscribe())
    }

    /// How many lines were left out for coming too fast.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.kept().dropped
    }

    /// Adds a line of our own about the program.
    pub fn note(&self, text: &str) {
        let (at, mut kept) = ((self.0.now)(), self.kept());
        self.add(&mut kept, at, Stream::Agent, None, text.to_owned());
        kept.flush();
    }

    /// A run begins that was given these secrets.
    pub(super) fn begin(&self, secrets: Vec<SecretString>) {
        let mut kept = self.kept();
        kept.mask.add(secrets);
        kept.run_start = kept.next;
    }

    /// The last words of the run, oldest first.
    pub(super) fn last_words(&self, count: usize) -> Vec<String> {
        self.settle(|flood, pass| flood.end(pass));
        let kept = self.kept();
        let of_run = |line: &&Arc<Line>| line.number >= kept.run_start && line.stream != Stream::Agent;
        let mut words: Vec<String> =
            kept.lines.iter().rev().filter(of_run).take(count).map(|line| line.text.clone()).collect();
        words.reverse();
        words
    }

    /// Takes lines of the program that were read at once.
    fn take(&self, lines: impl IntoIterator<Item = Raw>, at: Instant) {
        let lines: Vec<Raw> = lines.into_iter().collect();
        self.settle(|flood, pass| lines.into_iter().for_each(|line| flood.take(line, at, pass)));
    }

    /// When lines that are held back are due.
    fn due(&self) -> Option<Instant> {
        self.kept().flood.due()
    }

    fn settle(&self, act: impl FnOnce(&mut Flood, &mut dyn FnMut(Passed))) {
        let mut kept = self.kept();
        let mut passed = Vec::new();
        act(&mut kept.flood, &mut |one| passed.push(one));
        for one in passed {
            match one {
                Passed::Line(raw) => {
                    let read = line::read(self.0.kind, &raw, &kept.mask, self.0.limits.line_bytes);
                    self.add(&mut kept, raw.at, raw.stream, read.level, read.text);
                }
                Passed::Dropped(count) => {
                    kept.dropped += count;
                    let text = format!("{} lines dropped", with_commas(count));
                    self.add(&mut kept, (self.0.now)(), Stream::Agent, None, text);
                }
            }
        }
        kept.flush();
    }

    fn add(&self, kept: &mut Kept, at: DateTime<Utc>, stream: Stream, level: Option<Level>, text: String) {
        let line = Arc::new(Line { number: kept.next, at, stream, level, text });
        kept.next += 1;
        kept.bytes += line.text.len();
        if let Some(file) = &mut kept.file {
            file.write(&line);
        }
        // Without a follower nobody is sent anything.
        drop(self.0.followers.send(Arc::clone(&line)));
        kept.lines.push_back(line);
        while kept.lines.len() > self.0.limits.lines || kept.bytes > self.0.limits.bytes {
            let Some(oldest) = kept.lines.pop_front() else { return };
            kept.bytes -= oldest.text.len();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn flush(&mut self) {
        if let Some(file) = &mut self.file {
            file.flush();
        }
    }
}

fn with_commas(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
