//! What a stand-in program does wrong, as people write it: `crash-after=2s,exit=3`, parts joined by commas or lines.

use super::Program;
use crate::fault_text::duration;
use std::time::Duration;

const BOTH: &str = "crash-after=TIME (code 2, or that of exit), exit=CODE, bare-last-line (before such an end), \
    ignore-term, slow-ready=TIME, port-taken, flood=LINES_PER_SECOND, flood-lines=TOTAL, orphan, hang";
const OLLAMA: &str = "no-models, pull-step=TIME, think=TIME";
const CLOUDFLARED: &str =
    "connections=0..4, stale-ready, refuse-registration, no-network, login-waits (until it is taken away)";

/// What goes wrong; nothing by default.
///
/// | part | program | |
/// |---|---|---|
/// | `crash-after=2s` | both | ends that long after it was told, with code 2 or that of `exit` |
/// | `exit=3` | both | ends with that code, at once unless `crash-after` says when |
/// | `bare-last-line` | both | prints a last line that is no log line before such an end |
/// | `ignore-term` | both | SIGTERM and SIGINT do nothing |
/// | `slow-ready=5s` | both | `ollama` opens its port, `cloudflared` connects that much later |
/// | `port-taken` | both | behaves as if someone else had its port |
/// | `flood=100000` | both | so many log lines a second on standard error; `flood-lines=N` ends it after N |
/// | `orphan` | both | starts a child in its process group that outlives it, as `llama-server` does |
/// | `hang` | both | HTTP accepts and never answers |
/// | `no-models` | ollama | nothing is installed |
/// | `pull-step=50ms` | ollama | the pause between two lines of a pull |
/// | `think=1200ms` | ollama | how long a chat takes |
/// | `connections=2` | cloudflared | never more connections than that |
/// | `stale-ready` | cloudflared | holds no connection but says 200 and 4 |
/// | `refuse-registration` | cloudflared | the edge refuses it for good; it stays up with `/ready` 503 |
/// | `no-network` | cloudflared | no DNS at the start: exit 1 |
/// | `login-waits` | cloudflared | nobody clicks in the browser until this is taken away |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behaviours {
    pub(super) crash_after: Option<Duration>,
    pub(super) exit: Option<u8>,
    pub(super) bare_last_line: bool,
    pub(super) ignore_term: bool,
    pub(super) slow_ready: Duration,
    pub(super) port_taken: bool,
    pub(super) flood: u64,
    pub(super) flood_lines: Option<u64>,
    pub(super) orphan: bool,
    pub(super) hang: bool,
    pub(super) no_models: bool,
    pub(super) pull_step: Duration,
    pub(super) think: Duration,
    pub(super) connections: Option<usize>,
    pub(super) stale_ready: bool,
    pub(super) refuse_registration: bool,
    pub(super) no_network: bool,
    pub(super) login_waits: bool,
}

impl Behaviours {
    /// Reads a list; an empty one is no misbehaviour.
    ///
    /// # Errors
    /// When a part is not understood by that program; the error lists what is.
    pub fn read(program: Program, text: &str) -> Result<Self, String> {
        let mut read = Self::default();
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let taken = read.take_common(name, value).or_else(|| match program {
                Program::Ollama => read.take_ollama(name, value),
                Program::Cloudflared => read.take_cloudflared(name, value),
            });
            taken.ok_or_else(|| complaint(program, part))?;
        }
        Ok(read)
    }

    fn take_common(&mut self, name: &str, value: &str) -> Option<()> {
        match (name, value) {
            ("crash-after", time) => self.crash_after = Some(duration(time)?),
            ("exit", code) => self.exit = Some(code.parse().ok()?),
            ("slow-ready", time) => self.slow_ready = duration(time)?,
            ("flood", rate) => self.flood = rate.parse().ok()?,
            ("flood-lines", total) => self.flood_lines = Some(total.parse().ok()?),
            ("bare-last-line", "") => self.bare_last_line = true,
            ("ignore-term", "") => self.ignore_term = true,
            ("port-taken", "") => self.port_taken = true,
            ("orphan", "") => self.orphan = true,
            ("hang", "") => self.hang = true,
            _ => return None,
        }
        Some(())
    }

    fn take_ollama(&mut self, name: &str, value: &str) -> Option<()> {
        match (name, value) {
            ("no-models", "") => self.no_models = true,
            ("pull-step", time) => self.pull_step = duration(time)?,
            ("think", time) => self.think = duration(time)?,
            _ => return None,
        }
        Some(())
    }

    fn take_cloudflared(&mut self, name: &str, value: &str) -> Option<()> {
        match (name, value) {
            ("connections", count) => {
                self.connections = Some(count.parse().ok().filter(|count| *count <= 4)?);
            }
            ("stale-ready", "") => self.stale_ready = true,
            ("refuse-registration", "") => self.refuse_registration = true,
            ("no-network", "") => self.no_network = true,
            ("login-waits", "") => self.login_waits = true,
            _ => return None,
        }
        Some(())
    }
}

fn complaint(program: Program, part: &str) -> String {
    let own = match program {
        Program::Ollama => OLLAMA,
        Program::Cloudflared => CLOUDFLARED,
    };
    format!("\"{part}\" is no behaviour of {}. Understood: {BOTH}, {own}", program.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_part_by_part() {
        let read =
            Behaviours::read(Program::Cloudflared, "crash-after=2s, exit=3\nignore-term,connections=2")
                .unwrap();
        let wanted = Behaviours {
            crash_after: Some(Duration::from_secs(2)),
            exit: Some(3),
            ignore_term: true,
            connections: Some(2),
            ..Behaviours::default()
        };
        assert_eq!(read, wanted);
        assert_eq!(Behaviours::read(Program::Ollama, " ,\n"), Ok(Behaviours::default()));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (program, text) in [
            (Program::Ollama, "stale-ready"),
            (Program::Cloudflared, "no-models"),
            (Program::Cloudflared, "connections=5"),
            (Program::Ollama, "exit=256"),
            (Program::Ollama, "hang=yes"),
            (Program::Ollama, "crash-after=soon"),
        ] {
            let problem = Behaviours::read(program, &format!("orphan,{text}")).unwrap_err();
            assert!(problem.starts_with(&format!("\"{text}\"")), "{problem}");
        }
    }
}
