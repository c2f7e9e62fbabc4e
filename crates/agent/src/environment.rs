//! What the environment says: read here and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::children::find::Places;
use crate::{paths, secrets};

/// The variable with an API token of Cloudflare.
pub const API_TOKEN: &str = "CLOUDFLARE_API_TOKEN";

/// The variable with another address of Cloudflare's API, for trying things out.
pub const API_URL: &str = "CLOUDFLARE_API_URL";

/// The variable with another public address, on this machine alone, for trying things out.
pub const PUBLIC_URL: &str = "TRIAGE_AGENT_PUBLIC_URL";

/// The variable that says how much is logged: `info`, `debug`, or as `tracing` has it.
pub const LOG: &str = "TRIAGE_AGENT_LOG";

/// The variable that, when it is `off`, leaves the keychain alone, for trying things out.
pub const KEYCHAIN: &str = "TRIAGE_AGENT_KEYCHAIN";

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The folder for everything of the agent, instead of the platform's.
    pub agent_home: Option<OsString>,
    /// This user's home.
    pub home: PathBuf,
    /// Where programs are looked for.
    pub path: Option<OsString>,
    /// The tunnel's token, for one run.
    pub tunnel_token: Option<SecretString>,
    /// An API token of Cloudflare.
    pub api_token: Option<SecretString>,
    /// Another address of its API.
    pub api_url: Option<String>,
    /// Another public address, on this machine alone.
    pub public_url: Option<String>,
    /// The keychain is neither asked nor told anything.
    pub without_keychain: bool,
    /// How much is logged.
    pub log: Option<String>,
    /// This machine's name.
    pub host_name: Option<String>,
}

impl Environment {
    /// Where a program is looked for; `settings` has the last word.
    #[must_use]
    pub fn places(&self, settings: Option<PathBuf>) -> Places {
        Places { settings, path: self.path.clone(), home: Some(self.home.clone()) }
    }

    /// Reads it.
    #[must_use]
    pub fn read() -> Self {
        Self {
            agent_home: std::env::var_os(paths::HOME),
            home: std::env::home_dir().unwrap_or_default(),
            path: std::env::var_os("PATH"),
            tunnel_token: text(secrets::TUNNEL_TOKEN).map(SecretString::from),
            api_token: text(API_TOKEN).map(SecretString::from),
            api_url: text(API_URL),
            public_url: text(PUBLIC_URL),
            without_keychain: text(KEYCHAIN).is_some_and(|value| value == "off"),
            log: text(LOG),
            host_name: host_name(),
        }
    }
}

/// An empty variable is none.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(windows)]
fn host_name() -> Option<String> {
    text("COMPUTERNAME")
}
