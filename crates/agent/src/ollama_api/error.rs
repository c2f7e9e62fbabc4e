//! Why Ollama did not do what it was asked.

use serde::Deserialize;

use crate::tunnel::http::{Cause, cause};

/// A call to Ollama that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing listens there, or the connection was cut.
    #[error("Ollama cannot be reached: {words}")]
    Unreachable {
        /// The system's words.
        words: String,
    },
    /// It listens and says nothing.
    #[error("Ollama does not answer in time")]
    TimedOut,
    /// The model is not on the disk, or there is none of that name to download.
    #[error("there is no model {model}")]
    NoSuchModel {
        /// Its name.
        model: String,
    },
    /// It refused, in its own words.
    #[error("Ollama refused with status {status}: {words}")]
    Refused {
        /// The status; 200 when it refused after it had begun to answer.
        status: u16,
        /// Its words; empty when it said nothing.
        words: String,
    },
    /// Something answered that is not Ollama, or an Ollama of another kind.
    #[error("the answer is not one of Ollama: {words}")]
    BadAnswer {
        /// What is wrong with it.
        words: String,
    },
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Error {
    /// Reads a refusal. Ollama's own 404 is JSON; that of other servers, or of an unknown path, is not.
    pub(super) fn refused(status: u16, body: &str, model: &str) -> Self {
        let Ok(Refusal { error: words }) = serde_json::from_str(body) else {
            return Self::Refused { status, words: String::new() };
        };
        Self::said(status, &words, model)
    }

    /// Reads the words of a refusal.
    pub(super) fn said(status: u16, words: &str, model: &str) -> Self {
        let has_no_manifest = words.contains("manifest") && words.contains("file does not exist");
        if status == 404 || has_no_manifest {
            return Self::NoSuchModel { model: model.to_owned() };
        }
        Self::Refused { status, words: words.to_owned() }
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        let (cause, words) = cause(&error);
        match cause {
            Cause::Timeout => Self::TimedOut,
            Cause::Dns | Cause::Tls | Cause::Connection => Self::Unreachable { words },
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::BadAnswer { words: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_by_status_and_words() {
        let none = || Error::NoSuchModel { model: "x".to_owned() };
        let refused = |status, words: &str| Error::Refused { status, words: words.to_owned() };
        for (status, body, error) in [
            (404, r#"{"error":"model 'x' not found"}"#, none()),
            (404, "404 page not found", refused(404, "")),
            (500, r#"{"error":"pull model manifest: file does not exist"}"#, none()),
            (200, r#"{"error":"pull model manifest: file does not exist"}"#, none()),
            (500, r#"{"error":"no space left on device"}"#, refused(500, "no space left on device")),
            (403, "", refused(403, "")),
        ] {
            assert_eq!(Error::refused(status, body, "x"), error, "{status} {body}");
        }
    }
}
