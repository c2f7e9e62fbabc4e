//! The `config.yml` of a tunnel that is managed on this machine: built, checked, written without losing what was there.
//!
//! Source of keys and their defaults: cloudflared's `config/configuration.go` and `ingress/`, release 2026.8.2.

mod check;
mod finding;
mod write;

pub use check::{Expected, check};
pub use finding::{Finding, Problem, Severity};
pub use write::{WriteConfig, WriteError, WritePlan, Written, plan_writing, read, write};

use super::{ALLOWED_PATHS, HOST_HEADER, Hostname, OLLAMA};

/// Where cloudflared says how it is, unless it is told otherwise.
pub const METRICS: &str = "127.0.0.1:20241";

/// What a `config.yml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The tunnel's id.
    pub tunnel_id: String,
    /// The `<id>.json` that `cloudflared tunnel create` wrote.
    pub credentials_file: String,
    /// The address that cloudflared says on how it is.
    pub metrics: String,
    /// The public name.
    pub hostname: Hostname,
    /// With it cloudflared itself checks what Access signed: a second lock, should the application be removed by mistake.
    pub access: Option<AccessCheck>,
}

/// How cloudflared checks Access' signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessCheck {
    /// The Zero Trust team's name: `acme` of `acme.cloudflareaccess.com`.
    pub team: String,
    /// The application's audience tag.
    pub audience: String,
}

/// The text of the file.
#[must_use]
pub fn build(settings: &Settings) -> String {
    let Settings { tunnel_id, credentials_file, metrics, hostname, access } = settings;
    let access = access.as_ref().map_or_else(String::new, |AccessCheck { team, audience }| {
        let (team, audience) = (scalar(team), scalar(audience));
        format!(
            "      access:\n        required: true\n        teamName: {team}\n        audTag:\n          - {audience}\n"
        )
    });
    format!(
        "tunnel: {tunnel}\n\
         credentials-file: {credentials}\n\
         metrics: {metrics}\n\
         no-autoupdate: true\n\
         \n\
         ingress:\n\
         \x20 - hostname: {hostname}\n\
         \x20   path: {ALLOWED_PATHS}\n\
         \x20   service: {OLLAMA}\n\
         \x20   originRequest:\n\
         \x20     httpHostHeader: {HOST_HEADER}\n\
         \x20     connectTimeout: 10s\n\
         {access}\
         \x20 - service: http_status:404\n",
        tunnel = scalar(tunnel_id),
        credentials = scalar(credentials_file),
        metrics = scalar(metrics),
    )
}

/// A value as YAML takes it for text: plain where nothing in it can be taken for anything else.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

#[cfg(test)]
mod tests;
