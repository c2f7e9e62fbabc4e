//! The lines the server writes: Go's slog text, and the web framework's access lines among them.

use crate::clock;
use chrono::SecondsFormat;

pub(super) fn line(level: &str, source: &str, rest: &str) -> String {
    let time = crate::now().to_rfc3339_opts(SecondsFormat::Millis, false);
    format!("time={time} level={level} source={source} {rest}")
}

pub(super) fn access(status: u16, method: &str, path: &str) -> String {
    let time = crate::now().format("%Y/%m/%d - %H:%M:%S");
    let micros = clock::scatter() % 900 + 100;
    format!("[GIN] {time} | {status} | {micros:>10}.4µs |       127.0.0.1 | {method:<8} \"{path}\"")
}
