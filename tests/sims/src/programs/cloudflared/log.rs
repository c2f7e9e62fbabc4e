//! The log on standard error: JSON lines or text, with the fields in the order of their names.

use super::complain;
use chrono::SecondsFormat;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const LEVELS: [&str; 5] = ["debug", "info", "warn", "error", "fatal"];

/// A field beside level, message and time.
pub(super) type Field = (&'static str, Value);

/// Where lines go and which.
#[derive(Debug, Clone)]
pub(super) struct Log {
    is_json: bool,
    least: usize,
}

impl Log {
    /// `level` as in `--loglevel`, `info` when unknown.
    pub(super) fn new(output: Option<&str>, level: Option<&str>) -> Self {
        let place = LEVELS.iter().position(|known| Some(*known) == level);
        Self { is_json: output == Some("json"), least: place.unwrap_or(1) }
    }

    pub(super) fn info(&self, message: &str, fields: &[Field]) {
        self.write("info", message, fields);
    }

    pub(super) fn warn(&self, message: &str, fields: &[Field]) {
        self.write("warn", message, fields);
    }

    pub(super) fn error(&self, message: &str, fields: &[Field]) {
        self.write("error", message, fields);
    }

    fn write(&self, level: &str, message: &str, fields: &[Field]) {
        if LEVELS.iter().position(|known| *known == level) < Some(self.least) {
            return;
        }
        complain(&if self.is_json { json(level, message, fields) } else { text(level, message, fields) });
    }
}

pub(super) fn time() -> String {
    crate::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn json(level: &str, message: &str, fields: &[Field]) -> String {
    let mut all: BTreeMap<&str, Value> = fields.iter().map(|(key, value)| (*key, value.clone())).collect();
    all.extend([("level", level.into()), ("message", message.into()), ("time", time().into())]);
    let all: Map<String, Value> = all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Value::Object(all).to_string()
}

fn text(level: &str, message: &str, fields: &[Field]) -> String {
    let short = match level {
        "debug" => "DBG",
        "info" => "INF",
        "warn" => "WRN",
        "fatal" => "FTL",
        _ => "ERR",
    };
    let mut fields: Vec<&Field> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| *key);
    let fields: String = fields.iter().map(|(key, value)| format!(" {key}={}", bare(value))).collect();
    format!("{} {short} {message}{fields}", time())
}

/// Quotes only where a space asks for them.
fn bare(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.contains(' ') => text.to_owned(),
        Some(_) | None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_look_like_the_real_ones() {
        let fields =
            [("tunnelID", "1111".into()), ("connIndex", 0.into()), ("error", "dial tcp: refused".into())];
        let line = json("info", "Starting tunnel", &fields);
        assert!(line.starts_with(r#"{"connIndex":0,"error":"dial tcp: refused","level":"info","message":"Starting tunnel","time":"2"#), "{line}");
        assert!(line.ends_with(r#"Z","tunnelID":"1111"}"#), "{line}");
        let line = text("error", "Serve tunnel error", &fields);
        assert!(
            line.ends_with(r#"Z ERR Serve tunnel error connIndex=0 error="dial tcp: refused" tunnelID=1111"#),
            "{line}"
        );
    }
}
