//! `secrets`.

use std::process::ExitCode;

use clap::Subcommand;
use secrecy::ExposeSecret;

use super::terminal::{complain, read_input, say};
use super::{Context, ask};
use crate::secrets::{Entry, Keeping, read};
use crate::socket::{Request, ask as ask_agent};

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keep a secret that comes on standard input: `triage-agent secrets set tunnel-token < file`
    Set {
        /// cf-access-client-id, cf-access-client-secret, tunnel-token or device-token
        name: String,
    },
    /// Forget a secret
    Forget {
        /// Which
        name: String,
    },
    /// Try the keychain, and show which secrets are there
    Check,
}

pub(super) async fn run(context: &Context, command: Command) -> ExitCode {
    match command {
        Command::Set { name } => set(context, &name).await,
        Command::Forget { name } => forget(context, &name).await,
        Command::Check => check(context).await,
    }
}

async fn set(context: &Context, name: &str) -> ExitCode {
    let Some(entry) = known(name) else { return ExitCode::FAILURE };
    let text = match read_input(&format!("Paste {name}, then press Enter:")) {
        Ok(text) => text,
        Err(problem) => {
            complain(&format!("Standard input cannot be read: {problem}."));
            return ExitCode::FAILURE;
        }
    };
    let secret = match read(entry, &text) {
        Ok(secret) => secret,
        Err(problem) => {
            complain(&problem.to_string());
            return ExitCode::FAILURE;
        }
    };
    let secrets = context.open_secrets().await;
    forget_end(context, entry);
    match secrets.set(entry, &secret).await {
        Keeping::ForGood => {
            say(&format!("{name} is in the keychain."));
            ask::reload(context).await;
            ExitCode::SUCCESS
        }
        // The running agent can keep it for as long as it runs.
        Keeping::ForThisSession(problem) => {
            if tell_agent(context, entry, secret.expose_secret()).await {
                say(&format!("{name} is kept until the agent ends, because {problem}."));
                complain(problem.what_to_do());
                return ExitCode::SUCCESS;
            }
            complain(&format!("{name} is not kept: {problem}.\n{}", problem.what_to_do()));
            ExitCode::FAILURE
        }
    }
}

async fn forget(context: &Context, name: &str) -> ExitCode {
    let Some(entry) = known(name) else { return ExitCode::FAILURE };
    let forgotten = context.open_secrets().await.delete(entry).await;
    forget_end(context, entry);
    tell_agent(context, entry, "").await;
    match forgotten {
        Ok(()) => {
            say(&format!("{name} is forgotten."));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            complain(&format!("{name} may still be kept: {problem}.\n{}", problem.what_to_do()));
            ExitCode::FAILURE
        }
    }
}

async fn check(context: &Context) -> ExitCode {
    let secrets = context.open_secrets().await;
    let tried = secrets.check().await;
    match &tried {
        Ok(()) => say("● The keychain keeps what it is given."),
        Err(problem) => say(&format!("✕ Secrets cannot be kept: {problem}.\n  → {}", problem.what_to_do())),
    }
    for entry in Entry::ALL {
        match secrets.get(entry).await {
            Ok(Some(_)) => say(&format!("● {} is there", entry.name())),
            Ok(None) => say(&format!("○ {} is not set", entry.name())),
            Err(problem) => say(&format!("✕ {} cannot be read: {problem}", entry.name())),
        }
    }
    if tried.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// When the service token ends is not known of one that a person puts in its place.
fn forget_end(context: &Context, entry: Entry) {
    match entry {
        Entry::AccessClientId | Entry::AccessClientSecret => super::rotate::remember_end(context, None),
        Entry::TunnelToken | Entry::DeviceToken => {}
    }
}

fn known(name: &str) -> Option<Entry> {
    let entry = Entry::find(name);
    if entry.is_none() {
        let names: Vec<_> = Entry::ALL.iter().map(|entry| entry.name()).collect();
        complain(&format!("There is no secret named {name}. There are: {}.", names.join(", ")));
    }
    entry
}

/// Whether a running agent has taken it.
pub(super) async fn tell_agent(context: &Context, entry: Entry, value: &str) -> bool {
    let request = Request::Secret { entry: entry.name().to_owned(), value: value.to_owned() };
    match ask_agent(&context.socket(), &request).await {
        Ok(mut answer) => matches!(answer.next().await, Ok(Some(crate::socket::Reply::Done { .. }))),
        Err(_) => false,
    }
}
