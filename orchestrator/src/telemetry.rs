//! Logs: one JSON object a line with the names that operators search for, or text for people.

use std::{fmt, io};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::config::Log;

/// Name of this service in every line.
pub const SERVICE: &str = "hubspot-triage";

/// Installs the process's logger. Further calls change nothing, so that tests may all call it.
pub fn install(log: &Log, clock: Clock) {
    // A line that cannot be written (a full disk, a reader that has gone) must not end the process, as the complaint
    // about it would: it goes to the same place, and panics.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&log.level))
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // An error means that a logger is installed already.
    let _ = if log.json {
        tracing::subscriber::set_global_default(builder.event_format(JsonLines { clock }).finish())
    } else {
        tracing::subscriber::set_global_default(
            builder.with_ansi(log.colour).with_target(false).compact().finish(),
        )
    };
}

/// A subscriber that writes JSON lines to `writer`, for looking at what is logged.
pub fn json_to<W>(writer: W, level: &str, clock: Clock) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_writer(writer)
        .event_format(JsonLines { clock })
        .finish()
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}

struct JsonLines {
    clock: Clock,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line { writer: writer.by_ref(), begun: false, result: Ok(()) };
        line.put("level", level_name(*event.metadata().level()));
        line.put("time", &self.clock.now().to_rfc3339());
        line.put("service", SERVICE);
        line.put("version", env!("CARGO_PKG_VERSION"));
        event.record(&mut line);
        line.result?;
        writeln!(writer, "}}")
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The beginning of a JSON object, written field by field.
struct Line<'a> {
    writer: Writer<'a>,
    begun: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.result = self.result.and_then(|()| self.try_put(name, value));
    }

    fn try_put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> fmt::Result {
        self.writer.write_char(if self.begun { ',' } else { '{' })?;
        self.begun = true;
        let mut json = Bytes(self.writer.by_ref());
        serde_json::to_writer(&mut json, name).map_err(|_| fmt::Error)?;
        json.0.write_char(':')?;
        serde_json::to_writer(json, value).map_err(|_| fmt::Error)
    }
}

/// A writer of text for whoever writes bytes, which are whole characters.
struct Bytes<'a>(Writer<'a>);

impl io::Write for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use triage::time::Timestamp;

    #[test]
    fn a_line_has_the_names_operators_search_for() {
        let written = Buffer::default();
        let clock = Clock::manual(Timestamp::from_millis(1_795_392_000_123));
        tracing::subscriber::with_default(json_to(written.clone(), "info", clock), || {
            tracing::info!(event = "webhook_received", ticket_id = %"4711", latency_ms = 3.25, "accepted");
            tracing::debug!("not at this level");
        });
        let expected = format!(
            "{{\"level\":\"info\",\"time\":\"2026-11-23T00:00:00.123Z\",\"service\":\"hubspot-triage\",\"version\":\"{}\",\
             \"message\":\"accepted\",\"event\":\"webhook_received\",\"ticket_id\":\"4711\",\"latency_ms\":3.25}}\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(String::from_utf8(written.0.lock().unwrap().clone()).unwrap(), expected);
    }

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Buffer {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }
}
