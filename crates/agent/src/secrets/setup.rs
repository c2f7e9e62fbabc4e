//! Where the set-up of a tunnel puts its secrets.

use secrecy::SecretString;

use super::{Entry, Problem, Secrets};
use crate::tunnel::setup;

impl From<setup::Entry> for Entry {
    fn from(entry: setup::Entry) -> Self {
        match entry {
            setup::Entry::AccessClientId => Self::AccessClientId,
            setup::Entry::AccessClientSecret => Self::AccessClientSecret,
            setup::Entry::TunnelToken => Self::TunnelToken,
        }
    }
}

/// Only the keychain counts: a set-up must find its secrets again after the agent was ended.
impl setup::Secrets for Secrets {
    fn get(&self, entry: setup::Entry) -> Result<Option<SecretString>, setup::SecretsError> {
        let place = Entry::from(entry);
        self.keychain.ask_blocking(move |store| store.get(place)).map_err(|problem| told(entry, &problem))
    }

    fn put(&self, entry: setup::Entry, secret: &SecretString) -> Result<(), setup::SecretsError> {
        let (place, kept) = (Entry::from(entry), secret.clone());
        let keep = self.keychain.ask_blocking(move |store| store.set(place, &kept));
        keep.map_err(|problem| told(entry, &problem))?;
        self.forget_lent(place);
        Ok(())
    }

    fn remove(&self, entry: setup::Entry) -> Result<(), setup::SecretsError> {
        let place = Entry::from(entry);
        self.forget_lent(place);
        self.keychain.ask_blocking(move |store| store.delete(place)).map_err(|problem| told(entry, &problem))
    }
}

fn told(entry: setup::Entry, problem: &Problem) -> setup::SecretsError {
    setup::SecretsError { entry, why: format!("{problem}. {}", problem.what_to_do()) }
}
