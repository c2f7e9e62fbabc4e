//! The secrets as the agent uses them: from the keychain, and from memory where there is none.

use std::time::Duration;

use secrecy::SecretString;

use super::worker::Worker;
use super::{Entry, Problem, SecretStore, SessionOnly};

/// For how long a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeping {
    /// In the keychain.
    ForGood,
    /// In memory, until the agent ends, because the keychain did not take it.
    ForThisSession(Problem),
}

/// All secrets of this machine. What memory holds comes before what the keychain holds.
pub struct Secrets {
    pub(super) keychain: Worker,
    keeping: Keeping,
    session: SessionOnly,
}

impl Secrets {
    /// Opens the keychain, and goes on with memory alone when it cannot be used: see [`Secrets::keeping`]. A locked
    /// one is asked again each time.
    ///
    /// `patience` is for one answer, which a person may have to allow: after it the keychain counts as locked.
    pub async fn open(store: Box<dyn SecretStore>, patience: Duration) -> Self {
        let keychain = Worker::start(store, patience);
        let usable = keychain.ask(|store| {
            // One that holds something has shown that it can be written to.
            for entry in Entry::ALL {
                if store.get(entry)?.is_some() {
                    return Ok(());
                }
            }
            store.check()
        });
        let keeping = usable.await.map_or_else(Keeping::ForThisSession, |()| Keeping::ForGood);
        Self { keychain, keeping, session: SessionOnly::default() }
    }

    /// How the keychain was when it was opened.
    #[must_use]
    pub const fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// Serves this secret for this run, whatever the keychain holds.
    pub fn lend(&self, entry: Entry, secret: &SecretString) {
        self.session.kept().insert(entry, secret.clone());
    }

    /// The secret, or that there is none.
    ///
    /// # Errors
    /// When the keychain could have it and cannot be asked.
    pub async fn get(&self, entry: Entry) -> Result<Option<SecretString>, Problem> {
        if let Some(lent) = self.session.get(entry)? {
            return Ok(Some(lent));
        }
        let kept = self.keychain.ask(move |store| store.get(entry)).await;
        let was_never_there = matches!(
            self.keeping,
            Keeping::ForThisSession(Problem::NoKeychain { .. } | Problem::SwitchedOff)
        );
        match kept {
            Err(Problem::NoKeychain { .. } | Problem::SwitchedOff) if was_never_there => Ok(None),
            kept => kept,
        }
    }

    /// Keeps the secret in the keychain; in memory when that does not take it.
    pub async fn set(&self, entry: Entry, secret: &SecretString) -> Keeping {
        let kept = secret.clone();
        match self.keychain.ask(move |store| store.set(entry, &kept)).await {
            Ok(()) => {
                self.forget_lent(entry);
                Keeping::ForGood
            }
            Err(problem) => {
                self.lend(entry, secret);
                Keeping::ForThisSession(problem)
            }
        }
    }

    /// Forgets the secret; one that is not there is no error.
    ///
    /// # Errors
    /// When the keychain may still have it. It is forgotten in memory all the same.
    pub async fn delete(&self, entry: Entry) -> Result<(), Problem> {
        self.forget_lent(entry);
        self.keychain.ask(move |store| store.delete(entry)).await
    }

    /// Forgets all secrets.
    ///
    /// # Errors
    /// The first reason why the keychain may still have one; the others are forgotten all the same.
    pub async fn delete_all(&self) -> Result<(), Problem> {
        self.session.kept().clear();
        let delete_all = |store: &dyn SecretStore| {
            Entry::ALL.map(|entry| store.delete(entry)).into_iter().collect::<Result<(), Problem>>()
        };
        self.keychain.ask(delete_all).await
    }

    /// Tries now whether the keychain keeps what it is given.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), Problem> {
        self.keychain.ask(|store| store.check()).await
    }

    pub(super) fn forget_lent(&self, entry: Entry) {
        self.session.kept().remove(&entry);
    }
}
