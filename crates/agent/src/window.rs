//! The words between the window and its shell. They are here because the window's own types are written from them, by who knows
//! no browser engine.

mod destination;
mod failure;

use serde::Serialize;
use supervise::Kind;

use crate::children::logs::{Level, Stream};
use crate::evidence::Exchange;
use crate::socket::Reply;

pub use destination::Destination;
pub use failure::Failure;

/// A line of a program's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LogLine {
    /// Counts up.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Where it comes from.
    pub stream: Stream,
    /// How bad it is, where the program says so.
    pub level: Option<Level>,
    /// Its words.
    pub text: String,
}

/// A new line, or how many were too fast to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LogNews {
    /// A new line.
    Line(LogLine),
    /// So many were too fast.
    Missed(u64),
}

/// What the window is told of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LogMessage {
    /// Whose.
    pub program: Kind,
    /// What.
    pub news: LogNews,
}

/// What is known of a hop: the last question to it with its answer, and what its program wrote last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Evidence {
    /// What was asked.
    pub request: Option<String>,
    /// What came back.
    pub answer: Option<String>,
    /// After how long.
    pub took_ms: Option<u64>,
    /// When, RFC 3339.
    pub checked_at: Option<String>,
    /// The last lines of the program behind the hop.
    pub log: Vec<LogLine>,
}

impl Evidence {
    /// Of what was last exchanged, if anything was.
    #[must_use]
    pub fn of(exchange: Option<Exchange>, log: Vec<LogLine>) -> Self {
        match exchange {
            Some(Exchange { request, answer, took_ms, at }) => {
                Self { request: Some(request), answer: Some(answer), took_ms, checked_at: Some(at), log }
            }
            None => Self { request: None, answer: None, took_ms: None, checked_at: None, log },
        }
    }
}

impl TryFrom<Reply> for LogMessage {
    type Error = Reply;

    /// What a reply says of a log; the reply itself when it is about something else.
    fn try_from(reply: Reply) -> Result<Self, Reply> {
        match reply {
            Reply::Line { program, number, at, stream, level, text } => {
                Ok(Self { program, news: LogNews::Line(LogLine { number, at, stream, level, text }) })
            }
            Reply::Missed { program, count } => Ok(Self { program, news: LogNews::Missed(count) }),
            reply @ (Reply::Status(_)
            | Reply::Open { .. }
            | Reply::Triage(_)
            | Reply::Evidence { .. }
            | Reply::Secrets { .. }
            | Reply::Tested { .. }
            | Reply::Test { .. }
            | Reply::Answered { .. }
            | Reply::Done { .. }
            | Reply::Failed { .. }) => Err(reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_gaps_are_named_as_the_window_reads_them() {
        let line = Reply::Line {
            program: Kind::Ollama,
            number: 7,
            at: "2026-11-23T09:41:00Z".to_owned(),
            stream: Stream::Agent,
            level: None,
            text: "Ollama answers.".to_owned(),
        };
        let json = |reply| serde_json::to_value(LogMessage::try_from(reply).unwrap()).unwrap();
        assert_eq!(
            json(line),
            serde_json::json!({"program": "ollama", "news": {"line": {
                "number": 7, "at": "2026-11-23T09:41:00Z", "stream": "agent", "level": null, "text": "Ollama answers."
            }}})
        );
        let missed = Reply::Missed { program: Kind::Cloudflared, count: 3 };
        assert_eq!(json(missed), serde_json::json!({"program": "cloudflared", "news": {"missed": 3}}));
        assert!(LogMessage::try_from(Reply::Done { sentence: String::new() }).is_err());
    }
}
