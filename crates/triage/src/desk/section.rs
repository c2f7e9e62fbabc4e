//! Taking the settings out of one table of the file, each with the problem there may be with it.

use std::collections::HashSet;

use toml::{Table, Value};

use super::phrase;
use crate::ticket::Priority;

/// The longest key, in characters.
pub(super) const MAX_KEY: usize = 40;

/// A table of the file while it is read: what is taken from it is known, what is left at the end is a problem.
pub(super) struct Section<'p> {
    place: String,
    fields: Table,
    known: Vec<&'static str>,
    problems: &'p mut Vec<String>,
}

impl<'p> Section<'p> {
    pub(super) fn new(place: String, fields: Table, problems: &'p mut Vec<String>) -> Self {
        Self { place, fields, known: Vec::new(), problems }
    }

    /// One of several tables of a kind, named by its own name where it has one.
    pub(super) fn numbered(
        kind: &str,
        name: &str,
        index: usize,
        fields: Table,
        problems: &'p mut Vec<String>,
    ) -> Self {
        let own = fields.get(name).and_then(Value::as_str).map(|own| format!("{:?}", shown(own)));
        let place = format!("[[{kind}]] {}", own.unwrap_or(format!("number {}", index + 1)));
        Self::new(place, fields, problems)
    }

    pub(super) fn problem(&mut self, what: &str) {
        self.problems.push(format!("{}: {what}", self.place));
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.fields.remove(key)
    }

    pub(super) fn table(&mut self, key: &'static str) -> Table {
        match self.take(key) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(_) => {
                self.problem(&format!(
                    "{key} must be a table; write a line [{key}] and its settings below it"
                ));
                Table::new()
            }
        }
    }

    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Table> {
        let value = self.take(key).unwrap_or(Value::Array(Vec::new()));
        let tables =
            list_of(value).and_then(|items| items.into_iter().map(table_of).collect::<Option<Vec<_>>>());
        if tables.is_none() {
            self.problem(&format!("{key} must be a list of tables; write a line [[{key}]] before each"));
        }
        tables.unwrap_or_default()
    }

    /// A text without white space around it; `None` when it is absent or a problem.
    pub(super) fn text(&mut self, key: &'static str, max_chars: usize) -> Option<String> {
        let Some(text) = self.take(key)?.as_str().map(|text| text.trim().to_owned()) else {
            self.problem(&format!("{key} must be a text in quotes"));
            return None;
        };
        if text.chars().count() > max_chars {
            self.problem(&format!("{key} is too long; write at most {max_chars} characters"));
            return None;
        }
        Some(text)
    }

    /// A text on one line; empty when it was a problem.
    pub(super) fn required_text(&mut self, key: &'static str, max_chars: usize, example: &str) -> String {
        let count = self.problems.len();
        let text = self.text(key, max_chars).map(|text| collapsed(&text)).unwrap_or_default();
        if text.is_empty() && self.problems.len() == count {
            self.problem(&format!("{key} is missing; write for example {example}"));
        }
        text
    }

    pub(super) fn key(&mut self, used: &mut HashSet<String>) -> String {
        let key = self.required_text("key", 200, "key = \"billing\"");
        if key.is_empty() {
            return key;
        }
        if !is_key(&key) {
            self.problem("the key must begin with a letter a-z and go on with a-z, 0-9 or _, 40 at most");
        } else if !used.insert(key.clone()) {
            self.problem("the key is used twice; give each one a key of its own");
        }
        key
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let value = self.take(key).unwrap_or(Value::Boolean(default));
        if value.as_bool().is_none() {
            self.problem(&format!("{key} must be true or false, without quotes"));
        }
        value.as_bool().unwrap_or(default)
    }

    /// A list of texts, each on one line; `None` when it is absent or a problem.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        let texts = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(collapsed)));
        let texts = texts.and_then(Iterator::collect::<Option<Vec<_>>>);
        if texts.is_none() {
            self.problem(&format!("{key} must be a list of texts in quotes, such as [\"one\", \"another\"]"));
        }
        texts
    }

    pub(super) fn phrases(&mut self) -> Vec<String> {
        let count = self.problems.len();
        let phrases = self.texts("any_of").unwrap_or_default();
        if phrases.is_empty() && self.problems.len() == count {
            self.problem("any_of is missing; write at least one phrase, such as any_of = [\"site is down\"]");
        }
        for (index, phrase) in phrases.iter().enumerate() {
            if let Some(problem) = phrase::problem_with(phrase) {
                self.problem(&format!("any_of, phrase {} ({:?}) {problem}", index + 1, shown(phrase)));
            }
        }
        phrases
    }

    pub(super) fn at_least(&mut self) -> Priority {
        let name = self.take("at_least");
        let priority = name.as_ref().and_then(Value::as_str).and_then(Priority::parse);
        match priority {
            Some(priority @ (Priority::Medium | Priority::High | Priority::Urgent)) => priority,
            Some(Priority::Low) => {
                self.problem(
                    "at_least = \"low\" would change nothing; write \"medium\", \"high\" or \"urgent\"",
                );
                Priority::Low
            }
            None => {
                self.problem("at_least must be \"medium\", \"high\" or \"urgent\"");
                Priority::Low
            }
        }
    }

    /// Whatever nobody took is a misspelling.
    pub(super) fn finish(self) {
        let known = self.known.join(", ");
        for key in self.fields.keys() {
            let key = shown(key);
            self.problems.push(format!("{}: {key:?} is no setting here; there is: {known}", self.place));
        }
    }
}

fn list_of(value: Value) -> Option<Vec<Value>> {
    let Value::Array(items) = value else {
        return None;
    };
    Some(items)
}

fn table_of(value: Value) -> Option<Table> {
    let Value::Table(table) = value else {
        return None;
    };
    Some(table)
}

fn is_key(text: &str) -> bool {
    text.len() <= MAX_KEY
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The text on one line.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of what somebody wrote, for a message.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
