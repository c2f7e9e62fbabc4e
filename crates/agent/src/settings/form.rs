//! The settings as the window shows them and sends them back: whatever a person can type fits in, and all that is wrong is
//! told at once, each at its field. PURE.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use alerts::notice::Kind;
use alerts::quiet::QuietHours;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use toml_edit::Value;

use super::keys::{self, Wrong, find};
use super::{Mode, Problem, Settings, Updates};

/// What a person sets, as it was typed. Empty texts are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Settings"))]
pub struct Form {
    /// The public name of the model.
    pub hostname: Option<String>,
    /// The orchestrator's address.
    pub orchestrator: Option<String>,
    /// The model that tickets are triaged with.
    pub model: String,
    /// Start without starting the programs.
    pub start_paused: bool,
    /// Whether newer versions of the app are looked for daily.
    pub updates: Updates,
    /// Where Ollama listens.
    pub ollama_address: String,
    /// The `ollama` program; searched for when not set.
    pub ollama_path: Option<String>,
    /// The `cloudflared` program; searched for when not set.
    pub cloudflared_path: Option<String>,
    /// How the tunnel is told what to do.
    pub mode: Mode,
    /// The `config.yml` of the mode `config`.
    pub tunnel_config: Option<String>,
    /// Where cloudflared tells its state.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub metrics_port: Number,
    /// Kinds of notices that are switched off.
    pub notices_off: BTreeSet<Kind>,
    /// A tunnel that is down, or back, is told of when it has stayed so for so long.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub settle_seconds: Number,
    /// Hours of the local day without notices.
    pub quiet_hours: Option<Hours>,
}

/// Minutes since local midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "QuietHours"))]
pub struct Hours {
    /// The first.
    pub from: u16,
    /// The first that is not quiet.
    pub until: u16,
}

impl From<Settings> for Form {
    fn from(settings: Settings) -> Self {
        let text = |path: Option<PathBuf>| path.map(|path| path.to_string_lossy().into_owned());
        Self {
            hostname: settings.hostname.map(|name| name.as_str().to_owned()),
            orchestrator: settings.orchestrator.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            model: settings.model,
            start_paused: settings.start_paused,
            updates: settings.updates,
            ollama_address: settings.ollama_address,
            ollama_path: text(settings.ollama_path),
            cloudflared_path: text(settings.cloudflared_path),
            mode: settings.mode,
            tunnel_config: text(settings.tunnel_config),
            metrics_port: settings.metrics_port.into(),
            notices_off: settings.notices_off,
            settle_seconds: settings.settle_seconds.into(),
            quiet_hours: settings.quiet_hours.map(|QuietHours { from, until }| Hours { from, until }),
        }
    }
}

impl Form {
    /// What is meant, as the file would be read. `home` stands for `~` at the start of a path.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self, home: &Path) -> Result<Settings, Vec<Problem>> {
        let mut settings = Settings {
            start_paused: self.start_paused,
            updates: self.updates,
            mode: self.mode,
            notices_off: self.notices_off,
            ..Settings::default()
        };
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Value::from);
        let hours = |Hours { from, until }| keys::spoken(QuietHours { from, until }).into();
        let has_no_file = self.tunnel_config.as_ref().is_none_or(String::is_empty);
        let fields = [
            ("hostname", text(self.hostname)),
            ("orchestrator", text(self.orchestrator)),
            ("model", Some(self.model.into())),
            ("ollama.address", Some(self.ollama_address.into())),
            ("ollama.path", text(self.ollama_path)),
            ("cloudflared.path", text(self.cloudflared_path)),
            ("cloudflared.config", text(self.tunnel_config)),
            ("cloudflared.metrics_port", Some(number(&self.metrics_port))),
            ("notices.settle_seconds", Some(number(&self.settle_seconds))),
            ("notices.quiet_hours", self.quiet_hours.map(hours)),
        ];
        let mut problems = Vec::new();
        for (name, value) in fields {
            let Some((key, value)) = find(name).zip(value) else { continue };
            if let Err(Wrong { wrong, .. }) = (key.read)(&mut settings, &value, home) {
                problems.push(problem(name, wrong, format!("Write it like {}.", plain(key.example))));
            }
        }
        if settings.mode == Mode::Config && has_no_file {
            let what_to_do = "Write the path of the tunnel's config.yml, or switch this off.".to_owned();
            problems.push(problem("cloudflared.config", "is missing".to_owned(), what_to_do));
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

fn problem(key: &str, wrong: String, what_to_do: String) -> Problem {
    Problem { line: None, key: key.to_owned(), wrong, what_to_do }
}

/// The file knows whole numbers from others.
fn number(number: &Number) -> Value {
    number.as_i64().map_or_else(|| number.as_f64().unwrap_or(f64::NAN).into(), Value::from)
}

/// The value of a line that sets something, as it is typed into a field.
fn plain(example: &str) -> &str {
    example.split_once(" = ").map_or(example, |(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::tunnel::Hostname;

    const HOME: &str = "/home/me";

    #[test]
    fn settings_come_back_from_the_window_as_they_went() {
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
        let shown = serde_json::to_value(Form::from(settings.clone())).unwrap();
        assert_eq!(shown["orchestrator"], "https://triage.example.com");
        assert_eq!(
            (&shown["mode"], &shown["notices_off"]),
            (&"config".into(), &serde_json::json!(["new_alert"]))
        );
        assert_eq!(shown["metrics_port"], 20241);
        let form: Form = serde_json::from_value(shown).unwrap();
        assert_eq!(form.read(Path::new(HOME)), Ok(settings));
        assert_eq!(Form::from(Settings::default()).read(Path::new(HOME)), Ok(Settings::default()));
    }

    #[test]
    fn everything_wrong_that_can_be_typed_is_named_at_once_with_what_to_write() {
        let typed = serde_json::json!({
            "hostname": "not a name", "orchestrator": "http://triage.example.com", "model": "", "start_paused": false,
            "updates": "off", "ollama_address": "127.0.0.1", "ollama_path": "bin/ollama", "cloudflared_path": "bin",
            "mode": "config", "tunnel_config": null, "metrics_port": 70000, "notices_off": [], "settle_seconds": 1.5,
            "quiet_hours": {"from": 1500, "until": 0},
        });
        let form: Form = serde_json::from_value(typed).unwrap();
        let problems = form.read(Path::new(HOME)).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = [
            "hostname cannot be \"not a name\". Write it like ollama.example.com.",
            "orchestrator cannot be \"http://triage.example.com\". Write it like https://triage.example.com.",
            "model cannot be \"\". Write it like llama3.2:latest.",
            "ollama.address cannot be \"127.0.0.1\". Write it like 127.0.0.1:11434.",
            "ollama.path cannot be \"bin/ollama\". Write it like /usr/local/bin/ollama.",
            "cloudflared.path cannot be \"bin\". Write it like /usr/local/bin/cloudflared.",
            "cloudflared.metrics_port must be a port, 1 to 65535. Write it like 20241.",
            "notices.settle_seconds must be a number of seconds, 1 to 3600. Write it like 30.",
            "notices.quiet_hours cannot be \"25:00-00:00\". Write it like 22:00-07:00.",
            "cloudflared.config is missing. Write the path of the tunnel's config.yml, or switch this off.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn numbers_of_every_kind_are_judged_and_empty_fields_are_none() {
        let with = |port: &str, seconds: &str| {
            let mut form = Form::from(Settings::default());
            form.metrics_port = port.parse().unwrap();
            form.settle_seconds = seconds.parse().unwrap();
            (form.hostname, form.orchestrator) = (Some(String::new()), Some(String::new()));
            form.ollama_path = Some(String::new());
            form.read(Path::new(HOME)).map(|settings| (settings.metrics_port, settings.settle_seconds))
        };
        assert_eq!(with("65535", "3600"), Ok((65535, 3600)));
        for wrong in ["-5", "0", "70000", "1.5", "1e20", "18446744073709551615"] {
            assert_eq!(with(wrong, wrong).unwrap_err().len(), 2, "{wrong}");
        }
    }
}
