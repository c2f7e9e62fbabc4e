//! The agent's status as text for a terminal. PURE.

mod linked;
mod test_ticket;

use chrono::{DateTime, Utc};
use supervise::health::Health;
use supervise::health::overall::Overall;

use crate::status::{LayerStatus, ModelStatus, ProgramStatus, Status};

pub use test_ticket::test_step;

/// Columns that a sentence is broken at.
const WIDTH: usize = 100;

/// What a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Colours may be used.
    pub colour: bool,
    /// For ages.
    pub now: DateTime<Utc>,
}

/// Everything: the word, the sentence, one row for each hop and program.
pub fn status(status: &Status, look: Look) -> String {
    all(status, look, since)
}

/// The same, also saying since when each hop is as it is: for whoever was not there.
pub fn detailed(status: &Status, look: Look) -> String {
    all(status, look, since_when)
}

fn all(status: &Status, look: Look, since: Since) -> String {
    let mut text = headline(status, look);
    let title = status.layers.iter().map(|layer| layer.title.chars().count()).max().unwrap_or(0);
    for layer in &status.layers {
        text.push_str(&row(layer, title, look, since));
    }
    text.push('\n');
    for program in &status.programs {
        text.push_str(&about(program));
    }
    status.models.iter().for_each(|model| text.push_str(&in_memory(model)));
    text.push_str(&linked::about(status, look));
    text.push_str(&linked::alerts(status, look));
    for note in &status.notes {
        text.push_str(&paragraph("  ", "  ", note));
    }
    text.push_str(&linked::recent(status));
    text
}

/// What is wrong, each with what to do about it; nothing else.
pub fn findings(status: &Status, look: Look) -> String {
    let mut text = headline(status, look);
    let flawed = |layer: &&LayerStatus| layer.because.is_none() && layer.health != Health::Ok;
    let mut found = status.layers.iter().filter(flawed).peekable();
    if found.peek().is_none() {
        text.push_str("  Every hop is as it should be.\n");
    }
    for layer in found {
        let sentence = format!("{}: {}", layer.title, layer.sentence);
        text.push_str(&finding(layer.health, &sentence, layer.fix.as_deref(), look));
    }
    text
}

/// One thing that was looked at, and what to do about it.
pub fn finding(health: Health, sentence: &str, fix: Option<&str>, look: Look) -> String {
    let mut text = paragraph(&format!("  {} ", mark(health, look)), "    ", sentence);
    if let Some(fix) = fix {
        text.push_str(&paragraph("    → ", "      ", fix));
    }
    text
}

fn headline(status: &Status, look: Look) -> String {
    let (sign, colour) = match status.overall {
        Overall::Healthy => ("●", GREEN),
        Overall::Degraded => ("◐", YELLOW),
        Overall::Down => ("✕", RED),
        Overall::Starting => ("○", GREY),
        Overall::Paused => ("‖", GREY),
    };
    let word = paint(&format!("{sign} {}", status.overall), colour, look);
    format!("{word}\n{}\n", paragraph("  ", "  ", &status.sentence))
}

/// What is said of a hop's age.
type Since = fn(&LayerStatus, Look) -> Option<String>;

fn row(layer: &LayerStatus, width: usize, look: Look, since: Since) -> String {
    let pad = " ".repeat(width.saturating_sub(layer.title.chars().count()));
    let lead = format!("  {} {}{pad}  ", mark(layer.health, look), layer.title);
    let details = [layer.latency_ms.map(|millis| format!("{millis} ms")), since(layer, look)];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    paragraph(&lead, &" ".repeat(width + 6), &format!("{}{details}", layer.sentence))
}

/// How long a fault has lasted.
fn since(layer: &LayerStatus, look: Look) -> Option<String> {
    let since: DateTime<Utc> = layer.since.parse().ok()?;
    let is_fault = matches!(layer.health, Health::Warn | Health::Fail);
    is_fault.then(|| format!("for {}", age((look.now - since).num_seconds())))
}

/// Since when a hop is as it is, and how long that is.
fn since_when(layer: &LayerStatus, look: Look) -> Option<String> {
    let since: DateTime<Utc> = layer.since.parse().ok()?;
    let lasting = age((look.now - since).num_seconds());
    Some(format!("since {}, for {lasting}", since.format("%Y-%m-%d %H:%M UTC")))
}

fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn about(program: &ProgramStatus) -> String {
    let process = program.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    let starts = match program.starts {
        0 => String::new(),
        1 => ", started once".to_owned(),
        starts => format!(", started {starts} times"),
    };
    let dropped = match program.dropped {
        0 => String::new(),
        dropped => format!(", {dropped} of {} log lines not kept", program.lines),
    };
    format!("  {}: {}{process}{starts}{dropped}\n", program.program, program.state)
}

fn in_memory(model: &ModelStatus) -> String {
    let place = match model.gpu_percent {
        Some(100) => " of the graphics card".to_owned(),
        Some(0) => ", computed by the processor alone".to_owned(),
        Some(percent) => format!(", {percent} % of it on the graphics card, the rest is slow"),
        None => String::new(),
    };
    let tenths = model.size_bytes / 100_000_000;
    format!("  {}: {}.{} GB in memory{place}\n", model.name, tenths / 10, tenths % 10)
}

const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const GREY: &str = "90";

fn mark(health: Health, look: Look) -> String {
    match health {
        Health::Ok => paint("●", GREEN, look),
        Health::Warn => paint("◐", YELLOW, look),
        Health::Fail => paint("✕", RED, look),
        Health::Unknown => paint("○", GREY, look),
    }
}

fn paint(text: &str, colour: &str, look: Look) -> String {
    if look.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Words behind a lead, broken so that they stay beside it.
fn paragraph(lead: &str, indent: &str, words: &str) -> String {
    let mut text = lead.to_owned();
    let mut column = indent.chars().count();
    let mut is_first = true;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if !is_first && column + 1 + length > WIDTH {
            text.push('\n');
            text.push_str(indent);
            column = indent.chars().count();
        } else if !is_first {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
        is_first = false;
    }
    text.push('\n');
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use supervise::Kind;
    use supervise::health::Layer;

    use super::*;

    #[test]
    fn the_state_is_said_first_and_a_fault_with_its_age() {
        let text = status(&sample(), look(false));
        assert_eq!(
            text,
            "✕ Down\n  Cloudflare cannot reach this machine. New tickets go to Groq.\n\n  \
             ● Ollama                    Ollama is running.\n  \
             ✕ Connection to Cloudflare  cloudflared has no connection to Cloudflare. (3 ms, for 5 min)\n\n  \
             Ollama: running, process 42, started once\n  \
             cloudflared: not ready, process 43, started 3 times, 900 of 1000 log lines not kept\n  \
             llama3.2:latest: 3.2 GB in memory of the graphics card\n"
        );
    }

    #[test]
    fn what_is_wrong_comes_with_what_to_do() {
        let text = findings(&sample(), look(false));
        assert!(
            text.contains("✕ Connection to Cloudflare: cloudflared has no connection to Cloudflare."),
            "{text}"
        );
        assert!(text.contains("    → Restart the tunnel."), "{text}");
        assert!(!text.contains("Ollama is running"), "{text}");
    }

    #[test]
    fn colours_only_placethey_are_wanted() {
        assert!(!status(&sample(), look(false)).contains('\x1b'));
        assert!(status(&sample(), look(true)).contains("\x1b[31m✕ Down\x1b[0m"));
    }

    #[test]
    fn long_sentences_are_broken_and_stay_in_their_column() {
        let text = paragraph("  ● ", "    ", &"word ".repeat(60));
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("    word")), "{text}");
    }

    fn look(colour: bool) -> Look {
        Look { colour, now: DateTime::from_timestamp(1_795_392_000, 0).unwrap() }
    }

    pub(crate) fn sample() -> Status {
        let layer = |layer: Layer, health, sentence: &str, fix: Option<&str>, latency_ms| LayerStatus {
            layer,
            title: layer.to_string(),
            health,
            sentence: sentence.to_owned(),
            fix: fix.map(str::to_owned),
            because: None,
            since: "2026-11-22T23:55:00Z".to_owned(),
            latency_ms,
            history: Vec::new(),
        };
        let program = |program, state: &str, pid, starts, lines, dropped| ProgramStatus {
            program,
            state: state.to_owned(),
            pid: Some(pid),
            starts,
            lines,
            dropped,
        };
        let sentence = "cloudflared has no connection to Cloudflare.";
        Status {
            version: "0.1.0".to_owned(),
            started_at: "2026-11-22T20:00:00Z".to_owned(),
            overall: Overall::Down,
            sentence: "Cloudflare cannot reach this machine. New tickets go to Groq.".to_owned(),
            layer: Some(Layer::Edge),
            paused: false,
            layers: vec![
                layer(Layer::OllamaProcess, Health::Ok, "Ollama is running.", None, None),
                layer(Layer::Edge, Health::Fail, sentence, Some("Restart the tunnel."), Some(3)),
            ],
            programs: vec![
                program(Kind::Ollama, "running", 42, 1, 10, 0),
                program(Kind::Cloudflared, "not ready", 43, 3, 1000, 900),
            ],
            models: vec![ModelStatus {
                name: "llama3.2:latest".to_owned(),
                size_bytes: 3_240_000_000,
                gpu_percent: Some(100),
            }],
            orchestrator: None,
            recent: Vec::new(),
            alerts: link::Alerts::default(),
            desk: None,
            access_ends_at: None,
            notes: Vec::new(),
        }
    }
}
