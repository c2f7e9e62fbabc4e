//! The operating system's keychain. It is opened for each call: waiting costs nothing, and one that was started again
//! is no trouble.

use keyring_core::Error;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Entry, Problem, SERVICE, SecretStore, platform};

/// The keychain of the user who runs this program.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keychain;

/// What [`SecretStore::check`] writes.
const CHECK: &str = "write-check";

impl SecretStore for Keychain {
    fn get(&self, entry: Entry) -> Result<Option<SecretString>, Problem> {
        match open(entry.name())?.get_password() {
            Ok(secret) => Ok(Some(secret.into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(explain(&error)),
        }
    }

    fn set(&self, entry: Entry, secret: &SecretString) -> Result<(), Problem> {
        set(entry.name(), secret.expose_secret())
    }

    fn delete(&self, entry: Entry) -> Result<(), Problem> {
        delete(&open(entry.name())?)
    }

    fn check(&self) -> Result<(), Problem> {
        // A keychain that cannot be used answers a read as if nothing were kept: only a write tells.
        set(CHECK, "ok")?;
        let entry = open(CHECK)?;
        let read = entry.get_password().map_err(|error| explain(&error))?;
        delete(&entry)?;
        if read == "ok" {
            return Ok(());
        }
        Err(Problem::Refused { why: "it gave back something else than it was given".to_owned() })
    }
}

/// A keychain that is left alone, as [`crate::environment::KEYCHAIN`] says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unused;

impl SecretStore for Unused {
    fn get(&self, _: Entry) -> Result<Option<SecretString>, Problem> {
        Err(Problem::SwitchedOff)
    }

    fn set(&self, _: Entry, _: &SecretString) -> Result<(), Problem> {
        Err(Problem::SwitchedOff)
    }

    fn delete(&self, _: Entry) -> Result<(), Problem> {
        Err(Problem::SwitchedOff)
    }

    fn check(&self) -> Result<(), Problem> {
        Err(Problem::SwitchedOff)
    }
}

fn open(name: &str) -> Result<keyring_core::Entry, Problem> {
    let store = platform::open().map_err(|error| Problem::NoKeychain { why: error.to_string() })?;
    store.build(SERVICE, name, None).map_err(|error| explain(&error))
}

fn set(name: &str, secret: &str) -> Result<(), Problem> {
    let entry = open(name)?;
    match entry.set_password(secret) {
        Err(Error::Ambiguous(_)) => {
            delete(&entry)?;
            entry.set_password(secret).map_err(|error| explain(&error))
        }
        done => done.map_err(|error| explain(&error)),
    }
}

/// Also when it is there several times, as another program may have left it.
fn delete(entry: &keyring_core::Entry) -> Result<(), Problem> {
    let entries = match entry.delete_credential() {
        Err(Error::Ambiguous(entries)) => entries,
        Ok(()) | Err(Error::NoEntry) => return Ok(()),
        Err(error) => return Err(explain(&error)),
    };
    for entry in entries {
        match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => {}
            Err(error) => return Err(explain(&error)),
        }
    }
    Ok(())
}

/// Display only: Debug of some errors holds what was read.
fn explain(error: &Error) -> Problem {
    if let Some(problem) = platform::explain(error) {
        return problem;
    }
    if matches!(error, Error::NoStorageAccess(_)) {
        return Problem::Locked;
    }
    if matches!(error, Error::NoDefaultStore | Error::NotSupportedByStore(_)) {
        return Problem::NoKeychain { why: error.to_string() };
    }
    let why = if let Error::Ambiguous(entries) = error {
        format!("the entry is there {} times", entries.len())
    } else if matches!(error, Error::BadDataFormat(..)) {
        "what it keeps cannot be read".to_owned()
    } else {
        error.to_string()
    };
    Problem::Refused { why }
}
