//! The settings, as the window names them. They hold no secret.

use std::collections::BTreeSet;
use std::path::PathBuf;

use agent::context::Context;
use agent::settings::{Mode, Settings, Updates};
use agent::socket::Request;
use agent::tunnel::Hostname;
use alerts::notice::Kind;
use alerts::quiet::QuietHours;
use serde::{Deserialize, Serialize};
use tauri::State;
use url::Url;

use super::failure::{Failure, Problem};
use super::programs::tell;
use crate::shell::Shell;

/// What a person sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shown {
    hostname: Option<String>,
    orchestrator: Option<String>,
    model: String,
    start_paused: bool,
    updates: ShownUpdates,
    ollama_address: String,
    ollama_path: Option<PathBuf>,
    cloudflared_path: Option<PathBuf>,
    mode: ShownMode,
    tunnel_config: Option<PathBuf>,
    metrics_port: u16,
    notices_off: BTreeSet<Kind>,
    settle_seconds: u32,
    quiet_hours: Option<ShownHours>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShownMode {
    Token,
    Config,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShownUpdates {
    Off,
    Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ShownHours {
    from: u16,
    until: u16,
}

impl From<Settings> for Shown {
    fn from(settings: Settings) -> Self {
        Self {
            hostname: settings.hostname.map(|name| name.as_str().to_owned()),
            orchestrator: settings.orchestrator.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            model: settings.model,
            start_paused: settings.start_paused,
            updates: match settings.updates {
                Updates::Off => ShownUpdates::Off,
                Updates::Ask => ShownUpdates::Ask,
            },
            ollama_address: settings.ollama_address,
            ollama_path: settings.ollama_path,
            cloudflared_path: settings.cloudflared_path,
            mode: match settings.mode {
                Mode::Token => ShownMode::Token,
                Mode::Config => ShownMode::Config,
            },
            tunnel_config: settings.tunnel_config,
            metrics_port: settings.metrics_port,
            notices_off: settings.notices_off,
            settle_seconds: settings.settle_seconds,
            quiet_hours: settings.quiet_hours.map(|QuietHours { from, until }| ShownHours { from, until }),
        }
    }
}

impl Shown {
    /// What is meant, or everything that cannot be.
    fn read(self) -> Result<Settings, Vec<Problem>> {
        let mut problems = Vec::new();
        let hostname = self.hostname.filter(|name| !name.is_empty()).and_then(|name| {
            let read = Hostname::parse(&name);
            read.map_err(|wrong| {
                problems.push(Problem::new(
                    "hostname",
                    &wrong.to_string(),
                    "Write it like ollama.example.com.",
                ));
            })
            .ok()
        });
        let orchestrator = self.orchestrator.filter(|url| !url.is_empty()).and_then(|url| {
            let what_to_do = "Write it like https://triage.example.com.";
            let read = Url::parse(&url);
            read.map_err(|wrong| problems.push(Problem::new("orchestrator", &wrong.to_string(), what_to_do)))
                .ok()
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Settings {
            hostname,
            orchestrator,
            model: self.model,
            start_paused: self.start_paused,
            updates: match self.updates {
                ShownUpdates::Off => Updates::Off,
                ShownUpdates::Ask => Updates::Ask,
            },
            ollama_address: self.ollama_address,
            ollama_path: self.ollama_path,
            cloudflared_path: self.cloudflared_path,
            mode: match self.mode {
                ShownMode::Token => Mode::Token,
                ShownMode::Config => Mode::Config,
            },
            tunnel_config: self.tunnel_config,
            metrics_port: self.metrics_port,
            notices_off: self.notices_off,
            settle_seconds: self.settle_seconds,
            quiet_hours: self.quiet_hours.map(|ShownHours { from, until }| QuietHours { from, until }),
        })
    }
}

/// What everything that needs the folders begins with.
pub(super) fn context() -> Result<Context, Failure> {
    Context::read().map_err(|problem| {
        Failure::new("wrong_settings", problem.to_string(), "Correct the file, then try again.")
    })
}

#[tauri::command]
pub(super) async fn settings() -> Result<Shown, Failure> {
    off_the_main_thread(|| context().map(|context| context.settings.into())).await
}

#[tauri::command]
pub(super) async fn save_settings(shell: State<'_, Shell>, settings: Shown) -> Result<(), Failure> {
    off_the_main_thread(move || {
        let context = context()?;
        let settings = settings.read().map_err(Failure::settings)?;
        context.write_settings(&settings).map_err(|why| {
            Failure::new("not_saved", why, "Nothing was changed. Correct what is named, then save again.")
        })
    })
    .await?;
    tell(&shell, Request::Reload).await
}

/// Reads and writes files.
async fn off_the_main_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tauri::async_runtime::spawn_blocking(work).await.unwrap_or_else(|_| Err(Failure::no_agent()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_went() {
        let settings = Settings {
            hostname: Hostname::parse("ollama.example.com").ok(),
            orchestrator: Url::parse("https://triage.example.com").ok(),
            updates: Updates::Ask,
            mode: Mode::Config,
            tunnel_config: Some("/etc/tunnel.yml".into()),
            notices_off: [Kind::NewAlert].into(),
            quiet_hours: Some(QuietHours { from: 1320, until: 420 }),
            ..Settings::default()
        };
        let shown = serde_json::to_value(Shown::from(settings.clone())).unwrap();
        assert_eq!(shown["orchestrator"], "https://triage.example.com");
        assert_eq!(
            (&shown["mode"], &shown["notices_off"]),
            (&"config".into(), &serde_json::json!(["new_alert"]))
        );
        assert_eq!(serde_json::from_value::<Shown>(shown).unwrap().read(), Ok(settings));
        let default = Shown::from(Settings::default());
        assert_eq!(default.read(), Ok(Settings::default()));
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once_and_empty_fields_are_none() {
        let mut shown = Shown::from(Settings::default());
        shown.hostname = Some("not a name".to_owned());
        shown.orchestrator = Some("nowhere".to_owned());
        let problems = shown.clone().read().unwrap_err();
        assert_eq!(
            problems.iter().map(|problem| problem.key).collect::<Vec<_>>(),
            ["hostname", "orchestrator"]
        );
        (shown.hostname, shown.orchestrator) = (Some(String::new()), Some(String::new()));
        assert_eq!(shown.read(), Ok(Settings::default()));
    }
}
