//! What everything that a person starts begins with: the environment, the folders, the settings.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::environment::Environment;
use crate::paths::{NoPlace, Paths};
use crate::secrets::{Entry, Keychain, SecretStore, Secrets, Unused, read};
use crate::settings::{self, ReadError, Settings};

/// How long the keychain may take, which may be waiting for a person.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was found.
#[derive(Debug, Clone)]
pub struct Context {
    /// What the environment says.
    pub environment: Environment,
    /// Where the agent keeps what it writes.
    pub paths: Paths,
    /// What the person set.
    pub settings: Settings,
}

/// There is nothing to begin with.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// No place for the folders.
    #[error("error: {0}")]
    NoPlace(NoPlace),
    /// The settings are wrong.
    #[error("{0}")]
    Settings(ReadError),
}

impl Context {
    /// Reads it.
    ///
    /// # Errors
    /// When there is no place for the agent's folders, or the settings are wrong; the sentence names all that is.
    pub fn read() -> Result<Self, Unready> {
        let environment = Environment::read();
        let paths = Paths::find(environment.agent_home.clone()).map_err(Unready::NoPlace)?;
        let settings =
            settings::read(&paths.settings_file(), &environment.home).map_err(Unready::Settings)?;
        Ok(Self { environment, paths, settings })
    }

    /// Where the running agent is asked.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.paths.runtime.join("agent.sock")
    }

    /// Writes other settings; what is not theirs in the file stays.
    ///
    /// # Errors
    /// In sentences, with everything that is wrong.
    pub fn write_settings(&self, settings: &Settings) -> Result<(), String> {
        self.paths.create().map_err(|problem| format!("The agent's folders cannot be made: {problem}."))?;
        settings::write(&self.paths.settings_file(), settings, &self.environment.home).map_err(|problem| {
            let cause = problem.source().map(|cause| format!(". {cause}")).unwrap_or_default();
            format!("The settings cannot be written: {problem}{cause}")
        })
    }

    /// The secrets as they are kept here, with what the environment lends this run.
    pub async fn open_secrets(&self) -> Secrets {
        let store: Box<dyn SecretStore> =
            if self.environment.without_keychain { Box::new(Unused) } else { Box::new(Keychain) };
        let secrets = Secrets::open(store, PATIENCE).await;
        if let Some(token) = &self.environment.tunnel_token
            && let Ok(token) = read(Entry::TunnelToken, token.expose_secret())
        {
            secrets.lend(Entry::TunnelToken, &token);
        }
        secrets
    }
}
