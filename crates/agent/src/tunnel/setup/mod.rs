//! Sets a protected tunnel up through Cloudflare's API, and takes it back.
//!
//! [`find()`] looks at what is there, [`plan()`] says what is missing or wrong, [`run()`] does it step by step, [`undo()`] removes
//! what [`run()`] made and puts back what it changed. What was made is noted in a [`Ledger`] before and after each call, so
//! that a set-up that was cut off at any point goes on where it stopped. The order of the steps leaves no moment in which
//! the address is open to the world: the Access application is there before the record that makes the name work.

mod find;
pub mod ingress;
mod ledger;
mod plan;
mod rotate;
mod run;
mod secrets;
mod step;
mod undo;
mod wanted;

pub use find::{Found, find};
pub use ledger::{Ledger, LedgerError, Thing};
pub use plan::{Obstacle, Plan, plan};
pub use rotate::{Rotated, rotate, service_token_end};
pub use run::run;
pub use secrets::{Entry, Secrets, SecretsError};
pub use step::Step;
pub use undo::undo;
pub use wanted::Wanted;

use super::api::{self, Api};

/// What a set-up works with.
pub struct Session<'a> {
    /// Cloudflare.
    pub api: &'a Api,
    /// Where secrets go.
    pub secrets: &'a dyn Secrets,
    /// What was done so far.
    pub ledger: Ledger,
}

/// A set-up stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error("{doing}: {source}")]
    Api {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: api::Error,
    },
    /// No zone of that API token fits the host name.
    #[error("none of the domains of this API token fits; looked for {}", .0.join(" and "))]
    NoZone(Vec<String>),
    /// Something is in the way that only a person can decide about.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Obstacles(Vec<Obstacle>),
    /// The service token in the keychain is none of this account, or there is none.
    #[error("the service token in the keychain is none that this API token can see")]
    NoServiceToken,
    /// The note of what was done cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The keychain did not take or give a secret.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

impl Error {
    fn api(doing: impl Into<String>) -> impl FnOnce(api::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Api { doing, source }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Api { source, .. } => source.fix(),
            Self::NoZone(_) => {
                "Add the domain to Cloudflare, or give the API token Zone › Zone › Read and Zone › DNS › Edit for it."
                    .to_owned()
            }
            Self::Obstacles(obstacles) => {
                obstacles.iter().map(Obstacle::fix).collect::<Vec<_>>().join("\n")
            }
            Self::NoServiceToken => {
                "Run `triage-agent tunnel setup`, or give the secret of your token to `triage-agent secrets set`."
                    .to_owned()
            }
            Self::Ledger(problem) => problem.fix(),
            Self::Secrets(_) => {
                "Unlock the keychain and run the set-up again: it goes on where it stopped.".to_owned()
            }
        }
    }
}
