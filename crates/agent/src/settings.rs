//! `config.toml`: what a person sets, never a secret. No file is the same as an empty one: everything has a default.
//!
//! - [`read`] and [`parse`] tell every problem at once, each with its line and what to do.
//! - [`write()`] changes the lines that change, and leaves comments and order alone.
//! - [`form`] is what the window shows and sends back, judged by the same rules.

pub mod form;
mod keys;
mod problem;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alerts::notice::Kind;
use alerts::quiet::QuietHours;
use alerts::rule::Rules;
use serde::{Deserialize, Serialize};
use toml_edit::{Document, TableLike};
use url::Url;

use crate::tunnel::{Hostname, file};
use problem::Found;

pub use problem::{Problem, ReadError};
pub use write::{WriteError, write};

/// How the tunnel is told what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "TunnelMode"))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Its token is in the keychain, its rules are at Cloudflare.
    Token,
    /// A `config.yml` on this machine.
    Config,
}

/// Whether newer versions of the tray app are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Updates {
    /// Only when a person asks.
    Off,
    /// Daily; the person is asked before anything is installed.
    Ask,
}

/// What a person sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The public name of the model: what the tunnel serves.
    pub hostname: Option<Hostname>,
    /// The orchestrator's address.
    pub orchestrator: Option<Url>,
    /// The model that tickets are triaged with.
    pub model: String,
    /// Start without starting the programs.
    pub start_paused: bool,
    /// Whether newer versions of the tray app are looked for.
    pub updates: Updates,
    /// Where Ollama listens: host and port.
    pub ollama_address: String,
    /// The `ollama` program; searched for when not set.
    pub ollama_path: Option<PathBuf>,
    /// The `cloudflared` program; searched for when not set.
    pub cloudflared_path: Option<PathBuf>,
    /// How the tunnel is told what to do.
    pub mode: Mode,
    /// The `config.yml` of [`Mode::Config`].
    pub tunnel_config: Option<PathBuf>,
    /// Where cloudflared tells its state, on this machine only.
    pub metrics_port: u16,
    /// Kinds of notices that are switched off.
    pub notices_off: BTreeSet<Kind>,
    /// A tunnel that is down, or back, is told of when it has stayed so for so long.
    pub settle_seconds: u32,
    /// Hours of the local day without notices.
    pub quiet_hours: Option<QuietHours>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: None,
            orchestrator: None,
            model: "llama3.2:latest".to_owned(),
            start_paused: false,
            updates: Updates::Off,
            ollama_address: "127.0.0.1:11434".to_owned(),
            ollama_path: None,
            cloudflared_path: None,
            mode: Mode::Token,
            tunnel_config: None,
            metrics_port: 20241,
            notices_off: BTreeSet::new(),
            settle_seconds: 30,
            quiet_hours: None,
        }
    }
}

impl Settings {
    /// Where the model can be called from outside: the hostname, or `instead` when that is an address of this machine.
    #[must_use]
    pub fn public_address(&self, instead: Option<String>) -> Option<String> {
        let here = ["http://127.0.0.1:", "http://[::1]:"];
        let instead = instead.filter(|address| here.iter().any(|start| address.starts_with(start)));
        instead.or_else(|| self.hostname.as_ref().map(|name| format!("https://{}", name.as_str())))
    }

    /// What deserves a notice.
    #[must_use]
    pub fn rules(&self) -> Rules {
        let settle = Duration::from_secs(u64::from(self.settle_seconds));
        Rules {
            off: self.notices_off.clone(),
            quiet: self.quiet_hours,
            tunnel_settles: settle,
            calm: settle,
            click: settle * 2,
            ..Rules::default()
        }
    }
}

/// Reads the file; defaults when there is none. `home` stands for `~` at the start of a path.
///
/// # Errors
/// When the file is there and cannot be read, or with everything that is wrong in it.
pub fn read(path: &Path, home: &Path) -> Result<Settings, ReadError> {
    let text = file::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    parse(&text.unwrap_or_default(), home)
        .map_err(|problems| ReadError::Wrong { path: path.to_owned(), problems })
}

/// Reads the text of the file. PURE.
///
/// # Errors
/// Everything that is wrong with it, in the order of the lines.
pub fn parse(text: &str, home: &Path) -> Result<Settings, Vec<Problem>> {
    let document = Document::parse(text).map_err(|error| vec![Problem::syntax(&error, text)])?;
    let mut settings = Settings::default();
    let mut found = Vec::new();
    read_table(document.as_table(), "", home, &mut settings, &mut found);
    if settings.mode == Mode::Config && settings.tunnel_config.is_none() {
        let span =
            document.get("cloudflared").and_then(|table| table.get("mode")).and_then(|mode| mode.span());
        found.push(Found {
            span,
            key: "cloudflared.config".to_owned(),
            wrong: "is missing, and the mode is \"config\"".to_owned(),
            what_to_do: "Set it to the path of the tunnel's config.yml, or set mode = \"token\".".to_owned(),
        });
    }
    if found.is_empty() {
        return Ok(settings);
    }
    found.sort_by_key(|found| found.span.as_ref().map(|span| span.start));
    Err(found.into_iter().map(|found| found.at(text)).collect())
}

/// Reads what stands under `prefix`: empty, or a section's name and a dot.
fn read_table(
    table: &dyn TableLike,
    prefix: &str,
    home: &Path,
    settings: &mut Settings,
    found: &mut Vec<Found>,
) {
    for (name, item) in table.iter() {
        let key = format!("{prefix}{name}");
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        let problem = if let Some(key) = keys::find(&key) {
            item.as_value().map_or_else(
                || Err(keys::Wrong::new("must be one value, not a section", key.example)),
                |value| (key.read)(settings, value, home),
            )
        } else if let (true, Some(inner)) =
            (prefix.is_empty() && keys::is_section(name), item.as_table_like())
        {
            read_table(inner, &format!("{name}."), home, settings, found);
            Ok(())
        } else {
            Err(keys::unknown(&key))
        };
        if let Err(keys::Wrong { wrong, what_to_do }) = problem {
            found.push(Found { span, key, wrong, what_to_do });
        }
    }
}

#[cfg(test)]
mod tests;
