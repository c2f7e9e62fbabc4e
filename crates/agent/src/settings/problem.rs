//! What is wrong with a `config.toml`, as a person is told.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use serde::Serialize;

/// Something wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "SettingProblem"))]
pub struct Problem {
    /// The line of the file, counted from 1.
    #[serde(skip)]
    pub line: Option<usize>,
    /// The setting: `ollama.address`; empty when the file is no TOML.
    pub key: String,
    /// What is wrong with it.
    pub wrong: String,
    /// What to do about it, in a sentence.
    pub what_to_do: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        write!(f, "{}. {}", self.wrong, self.what_to_do)
    }
}

impl Problem {
    pub(super) fn syntax(error: &toml_edit::TomlError, text: &str) -> Self {
        let found = Found {
            span: error.span(),
            key: String::new(),
            wrong: error.message().trim().replace('\n', ", "),
            what_to_do: "Write it like: name = \"value\".".to_owned(),
        };
        found.at(text)
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is there and cannot be read.
    #[error("{} cannot be read", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What it says cannot be used.
    #[error("{} has {}:{}", .path.display(), number_of(.problems), list_of(.problems))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
}

fn number_of(problems: &[Problem]) -> String {
    if problems.len() == 1 { "a problem".to_owned() } else { format!("{} problems", problems.len()) }
}

fn list_of(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n- {problem}")).collect()
}

/// A problem and where in the text it is, in bytes.
pub(super) struct Found {
    pub(super) span: Option<Range<usize>>,
    pub(super) key: String,
    pub(super) wrong: String,
    pub(super) what_to_do: String,
}

impl Found {
    pub(super) fn at(self, text: &str) -> Problem {
        let before = self.span.and_then(|span| text.as_bytes().get(..span.start));
        let line = before.map(|before| before.iter().filter(|byte| **byte == b'\n').count() + 1);
        Problem { line, key: self.key, wrong: self.wrong, what_to_do: self.what_to_do }
    }
}
