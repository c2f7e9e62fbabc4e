//! What diagnostics are made of, gathered: the same for the zip and for the text.

use std::path::Path;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};
use supervise::Kind;

use super::{Error, Mask, Parts, write};
use crate::cli::table::{self, Look};
use crate::context::Context;
use crate::handle::Handle;
use crate::secrets::Entry;
use crate::socket::{Reply, Request};
use crate::status::Status;

/// Lines of each program in the zip.
const LINES: usize = 1_000;

/// Lines of each program in the text.
const LAST_LINES: usize = 20;

/// Everything that diagnostics tell, not masked yet and without words of tickets.
pub struct Collected {
    versions: Vec<(String, String)>,
    settings: String,
    status: Option<Status>,
    logs: Vec<(String, Vec<String>)>,
    secrets: Vec<SecretString>,
}

impl Collected {
    /// Gathers what the agent tells; when none runs, what can be known without one.
    pub async fn gather(context: &Context, agent: &Handle) -> Self {
        let mut status = match agent.ask_once(Request::Status).await {
            Ok(Reply::Status(status)) => Some(*status),
            Ok(_) | Err(_) => None,
        };
        status.iter_mut().for_each(Status::forget_words_of_tickets);
        let mut secrets = Vec::new();
        let kept = context.open_secrets().await;
        for entry in Entry::ALL {
            // One that cannot be read cannot be looked for either; what looks like one is masked all the same.
            secrets.extend(kept.get(entry).await.ok().flatten());
        }
        let mut logs = Vec::new();
        for kind in [Kind::Ollama, Kind::Cloudflared] {
            logs.push((kind.to_string(), lines(agent, kind).await));
        }
        let running = if status.is_some() { "running" } else { "not running" };
        let versions = [
            ("hubspot-triage", env!("CARGO_PKG_VERSION").to_owned()),
            ("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
            ("agent", running.to_owned()),
        ];
        let settings = std::fs::read_to_string(context.paths.settings_file()).unwrap_or_default();
        Self {
            versions: versions.map(|(name, version)| (name.to_owned(), version)).into(),
            settings,
            status,
            logs,
            secrets,
        }
    }

    /// Writes the zip, for its owner only.
    ///
    /// # Errors
    /// When something has that name, or it cannot be written; then nothing is left behind.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let history = |status: &Status| {
            status
                .layers
                .iter()
                .map(|layer| json!({ "layer": layer.layer, "history": layer.history }))
                .collect()
        };
        let parts = Parts {
            versions: &self.versions,
            settings: &self.settings,
            status: &json!(self.status),
            history: &self.status.as_ref().map_or(Value::Null, history),
            logs: &self.logs,
            secrets: &self.secrets,
        };
        write(path, &parts)
    }

    /// The same as a text for whoever helps: the last lines of each log only, and no history.
    #[must_use]
    pub fn text(&self, now: DateTime<Utc>) -> String {
        let mut text = String::new();
        for (name, version) in &self.versions {
            text.push_str(&format!("{name}: {version}\n"));
        }
        text.push('\n');
        match &self.status {
            Some(status) => text.push_str(&table::detailed(status, Look { colour: false, now })),
            None => text.push_str("No agent answers.\n"),
        }
        text.push_str(&format!("\nSettings\n{}\n", indented(self.settings.lines())));
        for (program, said) in &self.logs {
            let last = said.iter().skip(said.len().saturating_sub(LAST_LINES));
            text.push_str(&format!("\nLog of {program}\n{}\n", indented(last.map(String::as_str))));
        }
        let mask = Mask::new(&self.secrets);
        text.lines().map(|line| mask.line(line) + "\n").collect()
    }
}

fn indented<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    if lines.is_empty() { "  (nothing)".to_owned() } else { lines.join("\n") }
}

async fn lines(agent: &Handle, kind: Kind) -> Vec<String> {
    let request = Request::Logs { program: Some(kind), lines: LINES, follow: false };
    let Ok(mut answer) = agent.ask(request).await else { return Vec::new() };
    let mut lines = Vec::new();
    while let Some(reply) = answer.recv().await {
        if let Reply::Line { at, text, .. } = reply {
            lines.push(format!("{at} {text}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "cfast_0123456789abcdefghijklmnopqrstuvwxyzABCD01234567";

    fn collected() -> Collected {
        let mut status = table::tests::sample();
        status.notes = vec![format!("The token is {SECRET}.")];
        Collected {
            versions: vec![("hubspot-triage".to_owned(), "0.1.0".to_owned())],
            settings: "model = \"llama3.2\" # kept word\n".to_owned(),
            status: Some(status),
            logs: vec![
                ("Ollama".to_owned(), (1..=30).map(|number| format!("line {number:02}")).collect()),
                ("cloudflared".to_owned(), vec![format!("--token {SECRET} kept word")]),
            ],
            secrets: vec![SecretString::from("kept word")],
        }
    }

    #[test]
    fn the_text_tells_what_is_needed_for_help_and_no_secret() {
        let text = collected().text("2026-11-23T00:00:00Z".parse().unwrap());
        for part in [
            "hubspot-triage: 0.1.0\n",
            "✕ Down",
            "cloudflared has no connection to Cloudflare. (3 ms, since 2026-11-22 23:55 UTC, for 5 min)",
            "Ollama is running. (since 2026-11-22 23:55 UTC, for 5 min)",
            "cloudflared: not ready, process 43, started 3 times",
            "\nSettings\n  model = \"llama3.2\" # ***\n",
            "\nLog of Ollama\n  line 11\n",
            "  line 30\n",
        ] {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let wanted = part.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(&wanted), "{part}\n{text}");
        }
        for other in ["kept word", SECRET, "line 10"] {
            assert!(!text.contains(other), "{other}\n{text}");
        }
    }

    #[test]
    fn without_an_agent_the_rest_is_told() {
        let mut collected = collected();
        (collected.status, collected.logs) = (None, vec![("Ollama".to_owned(), Vec::new())]);
        let text = collected.text("2026-11-23T00:00:00Z".parse().unwrap());
        assert!(text.contains("No agent answers.") && text.contains("Log of Ollama\n  (nothing)"), "{text}");
    }
}
