//! The configuration file: where it is looked for, and what it says.

use super::flags::{self, Flags};
use super::variable;
use serde_json::Value;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 3] = [".cloudflared", ".cloudflare-warp", "cloudflare-warp"];
const NAMES: [&str; 2] = ["config.yml", "config.yaml"];
/// Keys that are no flags.
const OWN_KEYS: [&str; 5] = ["tunnel", "ingress", "originRequest", "warp-routing", "logDirectory"];
const RULE_KEYS: [&str; 4] = ["hostname", "path", "service", "originRequest"];

/// A configuration file as it was read.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) values: Value,
}

impl File {
    /// The file of `--config`, or the first that is found where the real program looks; none is no error.
    pub(super) fn find(flags: &Flags) -> Result<Option<Self>, String> {
        if let Some(path) = flags.get("config") {
            return Self::read(Path::new(path)).map(Some);
        }
        let home = home();
        let places = FOLDERS.iter().flat_map(|folder| NAMES.map(|name| home.join(folder).join(name)));
        places.into_iter().find(|path| path.is_file()).map(|path| Self::read(&path)).transpose()
    }

    fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|_| {
            format!("Cannot read configuration file {shown}: open {shown}: no such file or directory")
        })?;
        let values: Value = if text.trim().is_empty() {
            Value::Null
        } else {
            serde_saphyr::from_str(&text)
                .map_err(|problem| format!("error parsing YAML in config file at {shown}: yaml: {problem}"))?
        };
        Ok(Self { path: path.to_owned(), values })
    }

    /// A top-level key as text, whatever its type.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let value = &self.values[key];
        let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (!value.is_null()).then(text)
    }

    /// Keys that mean nothing, such as typing errors.
    pub(super) fn unused_keys(&self) -> Vec<String> {
        let keys = |value: &Value| -> Vec<String> {
            value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
        };
        let known = |key: &String| OWN_KEYS.contains(&key.as_str()) || flags::is_flag(key);
        let mut unused: Vec<String> = keys(&self.values).into_iter().filter(|key| !known(key)).collect();
        for rule in self.values["ingress"].as_array().into_iter().flatten() {
            unused.extend(keys(rule).into_iter().filter(|key| !RULE_KEYS.contains(&key.as_str())));
        }
        unused
    }
}

/// The home folder; without one the current folder, as good as any.
pub(super) fn home() -> PathBuf {
    variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from).unwrap_or_default()
}
