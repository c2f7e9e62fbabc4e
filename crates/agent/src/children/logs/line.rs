//! From the bytes of a line to words for people.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use supervise::Kind;

use super::flood::Raw;
use super::mask::Mask;

/// How bad a line is, in the program's own opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "LogLevel"))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// All is well.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
    /// The program ends over it.
    Fatal,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) level: Option<Level>,
    pub(super) text: String,
}

/// Reads a line of `kind`; its text is at most `most` bytes and a mark for what was cut off.
pub(super) fn read(kind: Kind, raw: &Raw, mask: &Mask, most: usize) -> Read {
    let lossy = String::from_utf8_lossy(&raw.bytes).into_owned();
    let text = if raw.is_cut { mask.apply_to_cut(lossy) } else { mask.apply(lossy) };
    let read = match kind {
        Kind::Cloudflared => cloudflared(&text),
        Kind::Ollama => None,
    };
    let Read { level, text } = read.unwrap_or_else(|| Read { level: named_level(&text), text });
    // Where a secret was escaped, or cut in two by control characters, it is whole only here.
    let mut text = mask.apply(clean(&text));
    if raw.is_cut || text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    Read { level, text }
}

/// cloudflared's JSON lines: the message, then the other fields. Its last words before an end are often no JSON.
fn cloudflared(text: &str) -> Option<Read> {
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut words = fields.get("message")?.as_str()?.to_owned();
    for (name, value) in
        fields.iter().filter(|(name, _)| !["level", "message", "time"].contains(&name.as_str()))
    {
        match value {
            Value::String(value) => words.push_str(&format!(" {name}={value}")),
            Value::Number(_) | Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => {
                words.push_str(&format!(" {name}={value}"));
            }
        }
    }
    Some(Read { level: fields.get("level").and_then(Value::as_str).and_then(level), text: words })
}

/// The level in a line such as `time=… level=INFO source=… msg=…`.
fn named_level(text: &str) -> Option<Level> {
    level(text.split_once("level=")?.1.split_whitespace().next()?)
}

fn level(word: &str) -> Option<Level> {
    Some(match word.to_ascii_lowercase().as_str() {
        "debug" | "trace" => Level::Debug,
        "info" => Level::Info,
        "warn" | "warning" => Level::Warn,
        "error" => Level::Error,
        "fatal" | "panic" => Level::Fatal,
        _ => return None,
    })
}

/// Without control characters, the colours and cursor moves of terminals among them; a tab becomes a space.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' if letters.next_if_eq(&'[').is_some() => {
                // Parameters until a final character (ECMA-48, control sequences).
                while letters.next().is_some_and(|letter| !('@'..='~').contains(&letter)) {}
            }
            '\t' => clean.push(' '),
            _ if letter.is_control() || is_direction(letter) => {}
            _ => clean.push(letter),
        }
    }
    clean
}

/// Marks that turn the direction of what follows, and so show words in an order in which they are not.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::children::logs::Stream;
    use chrono::DateTime;

    fn lines(kind: Kind, bytes: &[u8], is_cut: bool) -> Read {
        let raw = Raw { at: DateTime::UNIX_EPOCH, stream: Stream::Err, bytes: bytes.to_vec(), is_cut };
        let mut mask = Mask::default();
        mask.add(vec!["top/secret+word=".into()]);
        read(kind, &raw, &mask, 40)
    }

    #[test]
    fn json_of_cloudflared_becomes_words() {
        let line =
            br#"{"connIndex":0,"error":"dial: refused","level":"error","message":"No edge","time":"2026"}"#;
        let read = lines(Kind::Cloudflared, line, false);
        assert_eq!(
            read,
            Read { level: Some(Level::Error), text: "No edge connIndex=0 error=dial: refused".into() }
        );
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for line in ["Provided Tunnel token is not valid.", "{\"level\":", "[1]", "{\"message\":5}", ""] {
            let read = lines(Kind::Cloudflared, line.as_bytes(), false);
            assert_eq!(read, Read { level: None, text: line.into() });
        }
    }

    #[test]
    fn ollama_names_its_level_in_the_line() {
        let read = lines(Kind::Ollama, b"time=1 level=WARN msg=x", false);
        assert_eq!(read, Read { level: Some(Level::Warn), text: "time=1 level=WARN msg=x".into() });
    }

    #[test]
    fn control_characters_and_broken_text_do_no_harm() {
        let read = lines(Kind::Ollama, b"\x1b[31mred\x1b[0m\ttab\x07 \xff\xfe \xe2\x80\xaeabc\r", false);
        assert_eq!(read.text, "red tab \u{fffd}\u{fffd} abc");
    }

    #[test]
    fn secrets_are_masked_also_when_escaped_or_hidden_in_colours() {
        for line in [
            r#"{"message":"token top/secret+word="}"#,
            r#"{"message":"token top\/secret\u002bword="}"#,
            "token top/\u{1b}[1msecret+word=",
        ] {
            assert_eq!(lines(Kind::Cloudflared, line.as_bytes(), false).text, "token [secret]");
        }
    }

    #[test]
    fn long_lines_end_in_a_mark() {
        let read = lines(Kind::Ollama, "ä".repeat(30).as_bytes(), false);
        assert_eq!(read.text, format!("{}…", "ä".repeat(20)));
        let read = lines(Kind::Ollama, &[b'x'; 40], true);
        assert_eq!(read.text, format!("{}…", "x".repeat(40 - "top/secret+word=".len())));
    }
}
