//! Every setting that there is: how it is read, and how it is written.

use std::path::{Path, PathBuf};

use alerts::notice::Kind;
use alerts::quiet::QuietHours;
use toml_edit::Value;
use url::Url;

use super::{Mode, Settings, Updates};
use crate::tunnel::{Hostname, is_safe};

/// One setting.
pub(super) struct Key {
    /// `section.name`, or `name`.
    pub(super) name: &'static str,
    /// A line that sets it.
    pub(super) example: &'static str,
    pub(super) read: fn(&mut Settings, &Value, &Path) -> Result<(), Wrong>,
    /// What is written; nothing when it is not set.
    pub(super) value: fn(&Settings) -> Option<Value>,
}

/// What is wrong with a value, and what to do.
pub(super) struct Wrong {
    pub(super) wrong: String,
    pub(super) what_to_do: String,
}

impl Wrong {
    pub(super) fn new(wrong: &str, example: &str) -> Self {
        Self { wrong: wrong.to_owned(), what_to_do: format!("Write it like: {example}.") }
    }
}

/// The switch of a kind of notice.
macro_rules! notice {
    ($kind:expr, $name:literal, $example:literal) => {
        Key {
            name: $name,
            example: $example,
            read: |to, value, _| set_notice(to, $kind, value, $example),
            value: |from| Some((!from.notices_off.contains(&$kind)).into()),
        }
    };
}

/// In the order in which they are written.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "hostname",
        example: "hostname = \"ollama.example.com\"",
        read: |to, value, _| {
            to.hostname = Some(parsed(value, "hostname", |text| Hostname::parse(text).ok())?);
            Ok(())
        },
        value: |from| from.hostname.as_ref().map(|name| name.as_str().into()),
    },
    Key {
        name: "orchestrator",
        example: "orchestrator = \"https://triage.example.com\"",
        read: |to, value, _| {
            to.orchestrator = Some(parsed(value, "orchestrator", safe_url)?);
            Ok(())
        },
        value: |from| from.orchestrator.as_ref().map(|url| url.as_str().trim_end_matches('/').into()),
    },
    Key {
        name: "model",
        example: "model = \"llama3.2:latest\"",
        read: |to, value, _| {
            to.model = parsed(value, "model", one_word)?;
            Ok(())
        },
        value: |from| Some(from.model.as_str().into()),
    },
    Key {
        name: "start_paused",
        example: "start_paused = false",
        read: |to, value, _| {
            to.start_paused = switch(value, "start_paused = false")?;
            Ok(())
        },
        value: |from| Some(from.start_paused.into()),
    },
    Key {
        name: "updates",
        example: "updates = \"off\" or updates = \"ask\"",
        read: |to, value, _| {
            to.updates = parsed(value, "updates", |text| match text {
                "off" => Some(Updates::Off),
                "ask" => Some(Updates::Ask),
                _ => None,
            })?;
            Ok(())
        },
        value: |from| {
            Some(match from.updates {
                Updates::Off => "off".into(),
                Updates::Ask => "ask".into(),
            })
        },
    },
    Key {
        name: "ollama.address",
        example: "address = \"127.0.0.1:11434\"",
        read: |to, value, _| {
            to.ollama_address = parsed(value, "ollama.address", host_and_port)?;
            Ok(())
        },
        value: |from| Some(from.ollama_address.as_str().into()),
    },
    Key {
        name: "ollama.path",
        example: "path = \"/usr/local/bin/ollama\"",
        read: |to, value, home| {
            to.ollama_path = Some(parsed(value, "ollama.path", |text| whole_path(text, home))?);
            Ok(())
        },
        value: |from| path_value(from.ollama_path.as_deref()),
    },
    Key {
        name: "cloudflared.path",
        example: "path = \"/usr/local/bin/cloudflared\"",
        read: |to, value, home| {
            to.cloudflared_path = Some(parsed(value, "cloudflared.path", |text| whole_path(text, home))?);
            Ok(())
        },
        value: |from| path_value(from.cloudflared_path.as_deref()),
    },
    Key {
        name: "cloudflared.mode",
        example: "mode = \"token\" or mode = \"config\"",
        read: |to, value, _| {
            to.mode = parsed(value, "cloudflared.mode", |text| match text {
                "token" => Some(Mode::Token),
                "config" => Some(Mode::Config),
                _ => None,
            })?;
            Ok(())
        },
        value: |from| {
            Some(match from.mode {
                Mode::Token => "token".into(),
                Mode::Config => "config".into(),
            })
        },
    },
    Key {
        name: "cloudflared.config",
        example: "config = \"~/.cloudflared/config.yml\"",
        read: |to, value, home| {
            to.tunnel_config = Some(parsed(value, "cloudflared.config", |text| whole_path(text, home))?);
            Ok(())
        },
        value: |from| path_value(from.tunnel_config.as_deref()),
    },
    Key {
        name: "cloudflared.metrics_port",
        example: "metrics_port = 20241",
        read: |to, value, _| {
            let port = value.as_integer().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
            to.metrics_port =
                port.ok_or_else(|| Wrong::new("must be a port, 1 to 65535", "metrics_port = 20241"))?;
            Ok(())
        },
        value: |from| Some(i64::from(from.metrics_port).into()),
    },
    notice!(Kind::TunnelDown, "notices.tunnel_down", "tunnel_down = true"),
    notice!(Kind::Exposed, "notices.exposed", "exposed = true"),
    notice!(Kind::GaveUp, "notices.gave_up", "gave_up = true"),
    notice!(Kind::NeedsReview, "notices.needs_review", "needs_review = true"),
    notice!(Kind::NewAlert, "notices.new_alert", "new_alert = true"),
    Key {
        name: "notices.settle_seconds",
        example: "settle_seconds = 30",
        read: |to, value, _| {
            let seconds = value.as_integer().and_then(|seconds| u32::try_from(seconds).ok());
            let seconds = seconds.filter(|seconds| (1..=3600).contains(seconds));
            to.settle_seconds = seconds
                .ok_or_else(|| Wrong::new("must be a number of seconds, 1 to 3600", "settle_seconds = 30"))?;
            Ok(())
        },
        value: |from| Some(i64::from(from.settle_seconds).into()),
    },
    Key {
        name: "notices.quiet_hours",
        example: "quiet_hours = \"22:00-07:00\"",
        read: |to, value, _| {
            to.quiet_hours = parsed(value, "notices.quiet_hours", hours)?;
            Ok(())
        },
        value: |from| from.quiet_hours.map(|quiet| spoken(quiet).into()),
    },
];

/// The setting of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether settings stand in a section of that name.
pub(super) fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.split_once('.').is_some_and(|(section, _)| section == name))
}

/// A name that is no setting: the one that was probably meant.
pub(super) fn unknown(name: &str) -> Wrong {
    let wrong = "is no setting".to_owned();
    let last = name.rsplit('.').next().unwrap_or(name);
    if ["token", "secret", "password"].iter().any(|word| last.to_ascii_lowercase().contains(word)) {
        let what_to_do =
            "Secrets do not go into this file: remove the line, and give it to `triage-agent secrets set`.";
        return Wrong { wrong, what_to_do: what_to_do.to_owned() };
    }
    // A setting outside of its section is more likely than a misspelt one.
    let moved = KEYS.iter().find(|key| key.name.rsplit('.').next() == Some(last));
    let sections = KEYS.iter().filter_map(|key| key.name.split_once('.').map(|(section, _)| section));
    let spelt = || {
        let names = KEYS.iter().map(|key| key.name).chain(sections);
        let rated = names.map(|known| (strsim::jaro_winkler(known, name), known));
        let best = rated.max_by(|one, other| one.0.total_cmp(&other.0))?;
        (best.0 > 0.8).then_some(best.1)
    };
    let what_to_do = match moved.map(|key| key.name).or_else(spelt) {
        Some(meant) => format!("Did you mean {meant}?"),
        None => "Remove the line, or check its spelling.".to_owned(),
    };
    Wrong { wrong, what_to_do }
}

/// The text of a value as `parse` takes it.
fn parsed<T>(value: &Value, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Wrong> {
    let example = find(name).map_or("", |key| key.example);
    let Some(text) = value.as_str() else { return Err(Wrong::new("must be a text in quotes", example)) };
    parse(text.trim()).ok_or_else(|| Wrong::new(&format!("cannot be {text:?}"), example))
}

fn switch(value: &Value, example: &str) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::new("must be true or false, without quotes", example))
}

fn set_notice(to: &mut Settings, kind: Kind, value: &Value, example: &str) -> Result<(), Wrong> {
    if switch(value, example)? {
        to.notices_off.remove(&kind);
    } else {
        to.notices_off.insert(kind);
    }
    Ok(())
}

fn safe_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(is_safe).filter(|url| url.query().is_none() && url.username().is_empty())
}

fn one_word(text: &str) -> Option<String> {
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    is_word.then(|| text.to_owned())
}

fn host_and_port(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    let fits = is_port && Url::parse(&format!("http://{text}/")).is_ok_and(|url| url.path() == "/");
    (fits && !host.is_empty() && !host.contains(['/', '@'])).then(|| text.to_owned())
}

/// A path from the root on; `~` is this user's home.
fn whole_path(text: &str, home: &Path) -> Option<PathBuf> {
    let path = text.strip_prefix("~/").map_or_else(|| PathBuf::from(text), |rest| home.join(rest));
    path.is_absolute().then_some(path)
}

fn path_value(path: Option<&Path>) -> Option<Value> {
    path.map(|path| path.to_string_lossy().into_owned().into())
}

/// `22:00-07:00`; empty is none.
fn hours(text: &str) -> Option<Option<QuietHours>> {
    if text.is_empty() {
        return Some(None);
    }
    let (from, until) = text.split_once(['-', '–'])?;
    Some(Some(QuietHours { from: minute(from)?, until: minute(until)? }))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let is_plain =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = (is_plain(hour).then_some(hour)?, is_plain(minute).then_some(minute)?);
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// As it is written.
pub(super) fn spoken(quiet: QuietHours) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", time(quiet.from), time(quiet.until))
}
