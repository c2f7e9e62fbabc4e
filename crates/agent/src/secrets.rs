//! The secrets of this machine, in the keychain of the operating system: never in files, arguments or logs.
//!
//! - [`SecretStore`] is a place for secrets: the [`Keychain`], or [`SessionOnly`] memory.
//! - [`Secrets`] is what the agent uses. It never blocks for longer than its patience, and goes on without a keychain.
//! - [`read`] understands what a person pastes.

mod held;
mod keychain;
mod pasted;
mod platform;
mod setup;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

pub use held::{Keeping, Secrets};
pub use keychain::{Keychain, Unused};
pub use pasted::{NotASecret, read};

/// Under this name all entries stand in the keychain.
pub const SERVICE: &str = "hubspot-triage";

/// The variable that gives the tunnel's token to one run.
pub const TUNNEL_TOKEN: &str = "TUNNEL_TOKEN";

/// A secret's place in the keychain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// The Access service token's client id.
    AccessClientId,
    /// The Access service token's secret.
    AccessClientSecret,
    /// What cloudflared runs the tunnel with.
    TunnelToken,
    /// What the orchestrator gave this machine when it was paired.
    DeviceToken,
}

impl Entry {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::AccessClientId, Self::AccessClientSecret, Self::TunnelToken, Self::DeviceToken];

    /// Its name in the keychain and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessClientId => "cf-access-client-id",
            Self::AccessClientSecret => "cf-access-client-secret",
            Self::TunnelToken => "tunnel-token",
            Self::DeviceToken => "device-token",
        }
    }

    /// The entry of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entry| entry.name() == name)
    }
}

/// Why the keychain did not do what it was asked. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is none that can be used in this session.
    #[error("there is no keychain that can be used here ({why})")]
    NoKeychain {
        /// What the system said.
        why: String,
    },
    /// A person wants none.
    #[error("the keychain is not used here ({} is off)", crate::environment::KEYCHAIN)]
    SwitchedOff,
    /// It waits for a person, or a person did not let it.
    #[error("the keychain is locked, or waits for a person to allow it")]
    Locked,
    /// It said no.
    #[error("the keychain refused ({why})")]
    Refused {
        /// What it said.
        why: String,
    },
}

impl Problem {
    /// What to do about it, in sentences.
    #[must_use]
    pub const fn what_to_do(&self) -> &'static str {
        match self {
            Self::NoKeychain { .. } => platform::WITHOUT_A_KEYCHAIN,
            Self::SwitchedOff => {
                "Give the secrets again after each start, or TUNNEL_TOKEN in the environment."
            }
            Self::Locked => {
                "Unlock the keychain (log in at the desktop, or answer its question), then try again."
            }
            Self::Refused { .. } => {
                "Open the system's keychain program, remove the entries of hubspot-triage, and set the secrets again."
            }
        }
    }
}

/// A place for secrets. Calls may block until a person has answered a question.
pub trait SecretStore: Send + Sync {
    /// What is kept there; [`None`] also when an unusable keychain hides it: see [`SecretStore::check`].
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn get(&self, entry: Entry) -> Result<Option<SecretString>, Problem>;

    /// Keeps a secret in place of the one before.
    ///
    /// # Errors
    /// When it is not kept.
    fn set(&self, entry: Entry, secret: &SecretString) -> Result<(), Problem>;

    /// Forgets a secret; one that is not there is no error.
    ///
    /// # Errors
    /// When it may still be there.
    fn delete(&self, entry: Entry) -> Result<(), Problem>;

    /// Tries whether it keeps what it is given, by writing, reading and removing something that is no secret.
    ///
    /// # Errors
    /// When it does not.
    fn check(&self) -> Result<(), Problem>;
}

/// Memory: gone when the program ends.
#[derive(Debug, Default)]
pub struct SessionOnly(Mutex<BTreeMap<Entry, SecretString>>);

impl SessionOnly {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<Entry, SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for SessionOnly {
    fn get(&self, entry: Entry) -> Result<Option<SecretString>, Problem> {
        Ok(self.kept().get(&entry).cloned())
    }

    fn set(&self, entry: Entry, secret: &SecretString) -> Result<(), Problem> {
        self.kept().insert(entry, secret.clone());
        Ok(())
    }

    fn delete(&self, entry: Entry) -> Result<(), Problem> {
        self.kept().remove(&entry);
        Ok(())
    }

    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
