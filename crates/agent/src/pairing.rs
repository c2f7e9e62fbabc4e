//! This machine becomes a device of an orchestrator, and ceases to be one: for the command line and for the window.

use std::path::PathBuf;

use link::{DeviceInfo, PairRequest, Paired};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::context::Context;
use crate::handle::Handle;
use crate::link::{Client, Error, Invitation};
use crate::secrets::{Entry, Keeping, Problem, Secrets};
use crate::socket::{Reply, Request};
use crate::tunnel::expiry;

/// It is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// What is.
    pub sentences: Vec<String>,
    /// What the person should know besides.
    pub warnings: Vec<String>,
}

/// Becomes a device. The code works once.
///
/// # Errors
/// In sentences; nothing is kept then.
pub async fn pair(context: &Context, invitation: Invitation, name: Option<String>) -> Result<Done, String> {
    let mut done = Done::default();
    let secrets = context.open_secrets().await;
    // Before the code is used up.
    if let (Err(problem), false) = (secrets.check().await, runs(context).await) {
        return Err(format!(
            "Pairing failed: the token could not be kept, because {problem}. {}\nOr start the agent first: it keeps the \
             token until it ends.",
            problem.what_to_do()
        ));
    }
    let stranger = client(&invitation.url, None)?;
    let request = PairRequest { code: invitation.code, device: device(context, name) };
    let paired = stranger.pair(&request).await.map_err(|error| refusal(&error))?;
    let former = former(context, &secrets).await;
    keep(context, &secrets, &invitation.url, &paired, &mut done).await?;
    reload(context, &mut done).await;
    if let Some(former) = former {
        // The old device is only tidied up; whoever administers it can do that too.
        drop(former.unpair().await);
    }
    let address = shown(&invitation.url);
    done.sentences.push(format!(
        "This machine is paired with the orchestrator {} at {address}.",
        paired.server.version
    ));
    Ok(done)
}

/// Whether an agent runs.
pub async fn runs(context: &Context) -> bool {
    agent(context).ask_once(Request::Status).await.is_ok()
}

fn agent(context: &Context) -> Handle {
    let socket: PathBuf = context.socket();
    Handle::There(socket)
}

async fn reload(context: &Context, done: &mut Done) {
    if let Ok(Reply::Failed { why, what_to_do }) = agent(context).ask_once(Request::Reload).await {
        done.warnings.push(format!("{why}\n{what_to_do}"));
    }
}

/// Whether a running agent has taken it.
async fn tell_agent(context: &Context, entry: Entry, value: &str) -> bool {
    let request = Request::Secret { entry: entry.name().to_owned(), value: value.to_owned() };
    matches!(agent(context).ask_once(request).await, Ok(Reply::Done { .. }))
}

/// Is no device any more; with `all` the secrets of the tunnel are forgotten too.
///
/// # Errors
/// In sentences; what can be forgotten is forgotten all the same.
pub async fn unpair(context: &Context, all: bool) -> Result<Done, String> {
    let mut done = Done::default();
    let secrets = context.open_secrets().await;
    let token = secrets.get(Entry::DeviceToken).await.ok().flatten();
    let told = match (&context.settings.orchestrator, token) {
        (Some(url), Some(token)) => Some((shown(url), client(url, Some(token))?.unpair().await)),
        (None, _) | (_, None) => None,
    };
    let entries = if all { &Entry::ALL[..] } else { &[Entry::DeviceToken] };
    let mut kept = None;
    for entry in entries {
        kept = kept.or(secrets.delete(*entry).await.err());
        tell_agent(context, *entry, "").await;
    }
    if context.settings.orchestrator.is_some() {
        let mut settings = context.settings.clone();
        settings.orchestrator = None;
        context.write_settings(&settings)?;
    }
    if all {
        // A date that stays behind does no harm.
        drop(expiry::keep(&context.paths.state, None));
    }
    reload(context, &mut done).await;
    if let Some(problem) = kept {
        return Err(format!("A secret may still be kept: {problem}.\n{}", problem.what_to_do()));
    }
    done.sentences.push(goodbye(told.as_ref().map(|(_, told)| told), all).to_owned());
    match told {
        Some((address, Err(error))) if error != Error::NotPaired => Err(format!(
            "The orchestrator at {address} has not been told: {error}.\nRevoke the device there: orchestrator devices revoke."
        )),
        Some(_) | None => Ok(done),
    }
}

fn device(context: &Context, name: Option<String>) -> DeviceInfo {
    let name = name.or_else(|| context.environment.host_name.clone());
    DeviceInfo {
        name: name.unwrap_or_else(|| "A machine without a name".to_owned()),
        platform: std::env::consts::OS.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A client for the device that this machine was so far.
async fn former(context: &Context, secrets: &Secrets) -> Option<Client> {
    let token = secrets.get(Entry::DeviceToken).await.ok().flatten()?;
    client(context.settings.orchestrator.as_ref()?, Some(token)).ok()
}

/// Keeps the address and the token, both or none.
async fn keep(
    context: &Context,
    secrets: &Secrets,
    url: &Url,
    paired: &Paired,
    done: &mut Done,
) -> Result<(), String> {
    let token = SecretString::from(paired.token.clone());
    let mut settings = context.settings.clone();
    settings.orchestrator = Some(url.clone());
    let kept = match context.write_settings(&settings) {
        Ok(()) => keep_token(context, secrets, &token, done).await.map_err(|problem| {
            format!("the token cannot be kept, because {problem}. {}", problem.what_to_do())
        }),
        Err(words) => Err(words),
    };
    let Err(words) = kept else { return Ok(()) };
    // A device that nobody has the token of would stay silent for ever.
    let undone =
        [context.write_settings(&context.settings).is_ok(), client(url, Some(token))?.unpair().await.is_ok()];
    let rest = if undone == [true, true] { "" } else { " Remove the device at the orchestrator too." };
    Err(format!("Pairing failed: {words}{rest}"))
}

/// In the keychain, else by the running agent.
async fn keep_token(
    context: &Context,
    secrets: &Secrets,
    token: &SecretString,
    done: &mut Done,
) -> Result<(), Problem> {
    match secrets.set(Entry::DeviceToken, token).await {
        Keeping::ForGood => {
            // What the agent was lent before would come first.
            tell_agent(context, Entry::DeviceToken, token.expose_secret()).await;
            Ok(())
        }
        Keeping::ForThisSession(problem) => {
            if !tell_agent(context, Entry::DeviceToken, token.expose_secret()).await {
                return Err(problem);
            }
            done.warnings.push(format!(
                "The token is kept until the agent ends, because {problem}. {}",
                problem.what_to_do()
            ));
            Ok(())
        }
    }
}

const fn goodbye(told: Option<&Result<(), Error>>, is_all: bool) -> &'static str {
    match (is_all, told) {
        (true, _) => "All secrets of this machine are forgotten.",
        (false, Some(Ok(()))) => "This machine is not paired any more; the orchestrator knows it.",
        (false, Some(Err(_))) => "This machine has forgotten the orchestrator.",
        (false, None) => "This machine is not paired.",
    }
}

fn client(url: &Url, token: Option<SecretString>) -> Result<Client, String> {
    Client::new(url, token).map_err(|error| refusal(&error))
}

fn refusal(error: &Error) -> String {
    let words = error.to_string();
    format!("Pairing failed: {}.", words.trim_end_matches('.'))
}

/// As it is shown and compared.
pub(crate) fn shown(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
