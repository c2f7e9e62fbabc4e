//! With the token of a tunnel that was made in Cloudflare's dashboard.

use secrecy::{ExposeSecret as _, SecretString};

use super::steps::{Tell, Told};
use super::{CONNECT, Trouble, connect, hostname, save};
use crate::context::Context;
use crate::handle::Handle;
use crate::secrets::{Entry, read};
use crate::settings::Mode;
use crate::socket::{Reply, Request};

/// Runs it.
///
/// # Errors
/// The first step that failed; those before it stay done.
pub async fn by_token(
    context: &Context,
    agent: &Handle,
    name: &str,
    token: &SecretString,
    tell: Tell<'_>,
) -> Result<(), Trouble> {
    let steps = ["Write the address into the settings", "Keep the token in the keychain", CONNECT];
    let mut told = Told::begin(&steps, tell);
    let ended = work(context, agent, name, token, &mut told).await;
    told.end(ended)
}

async fn work(
    context: &Context,
    agent: &Handle,
    name: &str,
    token: &SecretString,
    told: &mut Told<'_>,
) -> Result<(), Trouble> {
    // Both are looked at before anything is changed.
    let (hostname, token) = (hostname(name)?, readable(token)?);
    let mut settings = context.settings.clone();
    (settings.hostname, settings.mode) = (Some(hostname), Mode::Token);
    save(context, &settings)?;
    told.done("");
    let (entry, value) = (Entry::TunnelToken.name().to_owned(), token.expose_secret().to_owned());
    // The agent also keeps it where there is no keychain.
    match agent.ask_once(Request::Secret { entry, value }).await.map_err(|_| Trouble::no_agent())? {
        Reply::Failed { why, what_to_do } => return Err(Trouble::new("refused", why, what_to_do)),
        Reply::Done { sentence } => told.done(&sentence),
        Reply::Status(_)
        | Reply::Line { .. }
        | Reply::Missed { .. }
        | Reply::Evidence { .. }
        | Reply::Secrets { .. }
        | Reply::Tested { .. }
        | Reply::Answered { .. }
        | Reply::Test { .. }
        | Reply::Triage(_)
        | Reply::Open { .. } => told.done(""),
    }
    connect(agent, told).await
}

fn readable(token: &SecretString) -> Result<SecretString, Trouble> {
    read(Entry::TunnelToken, token.expose_secret()).map_err(|problem| {
        let what_to_do = "Copy the token, or the whole command that Cloudflare shows with it.";
        Trouble::new("not_a_secret", format!("{problem}."), what_to_do)
    })
}
