//! `pair` and `unpair`: this machine becomes a device of an orchestrator, and ceases to be one.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use link::{DeviceInfo, PairRequest, Paired};
use secrecy::{ExposeSecret as _, SecretString};
use supervise::health::{Health, Layer};
use tokio::time::{Instant, sleep};
use url::Url;

use super::ask::{current, reload};
use super::keep::tell_agent;
use super::terminal::{complain, read_input, say};
use super::{Context, tunnel};
use crate::link::{Client, Error, Invitation};
use crate::secrets::{Entry, Keeping, Problem, Secrets};
use crate::tunnel::expiry;

/// The running agent is given so long for its first heartbeat.
const HEARTBEAT_WITHIN: Duration = Duration::from_secs(20);

/// How often it is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct Pair {
    /// The orchestrator's address, or the whole link that `orchestrator pair` prints
    address: String,
    /// The code; `-` or nothing takes it from standard input
    code: Option<String>,
    /// What this machine is called there; its host name when not given
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Unpair {
    /// Forget the secrets of the tunnel too
    #[arg(long)]
    all: bool,
}

pub(super) async fn pair(context: &Context, options: Pair) -> ExitCode {
    finish(try_pair(context, options).await)
}

pub(super) async fn unpair(context: &Context, options: Unpair) -> ExitCode {
    finish(try_unpair(context, options).await)
}

fn finish(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            complain(&words);
            ExitCode::FAILURE
        }
    }
}

async fn try_pair(context: &Context, options: Pair) -> Result<(), String> {
    let invitation = invitation(&options)?;
    let secrets = context.open_secrets().await;
    let runs = current(context).await.is_some();
    // Before the code is used up.
    if let (Err(problem), false) = (secrets.check().await, runs) {
        return Err(format!(
            "This machine is not paired: its token could not be kept, because {problem}. {}\nOr start the agent first: it keeps the \
             token until it ends.",
            problem.what_to_do()
        ));
    }
    let stranger = client(&invitation.url, None)?;
    let request = PairRequest { code: invitation.code, device: device(context, options.name) };
    let paired = stranger.pair(&request).await.map_err(|error| refusal(&error))?;
    let former = former(context, &secrets).await;
    keep(context, &secrets, &invitation.url, &paired).await?;
    reload(context).await;
    if let Some(former) = former {
        // The old device is only tidied up; whoever administers it can do that too.
        drop(former.unpair().await);
    }
    let address = shown(&invitation.url);
    say(&format!("This machine is paired with the orchestrator {} at {address}.", paired.server.version));
    if runs {
        wait_for_heartbeat(context, &invitation.url).await
    } else {
        say(NOT_RUNNING)
    }
    Ok(())
}

const NOT_RUNNING: &str = "The agent is not running; once it does, the orchestrator hears from it: triage-agent run, or for good: \
                           triage-agent service install.";

fn invitation(options: &Pair) -> Result<Invitation, String> {
    let invited = match options.code.as_deref() {
        None if Invitation::is_link(&options.address) => Invitation::from_link(&options.address),
        None | Some("-") => {
            let code = read_input("Type the code that `orchestrator pair` prints, then press Enter:")
                .map_err(|problem| format!("Standard input cannot be read: {problem}."))?;
            Invitation::new(&options.address, &code)
        }
        Some(code) => Invitation::new(&options.address, code),
    };
    invited.map_err(|problem| format!("This machine is not paired: {problem}."))
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
async fn keep(context: &Context, secrets: &Secrets, url: &Url, paired: &Paired) -> Result<(), String> {
    let token = SecretString::from(paired.token.clone());
    let mut settings = context.settings.clone();
    settings.orchestrator = Some(url.clone());
    let kept = match tunnel::write_settings(context, &settings) {
        Ok(()) => keep_token(context, secrets, &token).await.map_err(|problem| {
            format!("the token cannot be kept, because {problem}. {}", problem.what_to_do())
        }),
        Err(words) => Err(words),
    };
    let Err(words) = kept else { return Ok(()) };
    // A device that nobody has the token of would stay silent for ever.
    let undone = [
        tunnel::write_settings(context, &context.settings).is_ok(),
        client(url, Some(token))?.unpair().await.is_ok(),
    ];
    let rest = if undone == [true, true] { "" } else { " Remove the device at the orchestrator too." };
    Err(format!("This machine is not paired: {words}{rest}"))
}

/// In the keychain, else by the running agent.
async fn keep_token(context: &Context, secrets: &Secrets, token: &SecretString) -> Result<(), Problem> {
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
            complain(&format!(
                "The token is kept until the agent ends, because {problem}. {}",
                problem.what_to_do()
            ));
            Ok(())
        }
    }
}

async fn wait_for_heartbeat(context: &Context, url: &Url) {
    let address = shown(url);
    let begun = Instant::now();
    let mut sentence = "The agent does not answer.".to_owned();
    while begun.elapsed() < HEARTBEAT_WITHIN {
        if let Some(status) = current(context).await {
            let link = status.layers.iter().find(|state| state.layer == Layer::Link);
            let heard = status.orchestrator.as_ref().filter(|orchestrator| orchestrator.url == address);
            let is_heard = heard.is_some_and(|orchestrator| orchestrator.heard_at.is_some());
            if is_heard && link.is_some_and(|state| state.health == Health::Ok) {
                return say("The orchestrator has heard from the agent: everything is linked.");
            }
            sentence = link.map_or(sentence, |state| state.sentence.clone());
        }
        sleep(ASK_EVERY).await;
    }
    complain(&format!(
        "The orchestrator has not taken a heartbeat so far. {sentence} See triage-agent doctor."
    ));
}

async fn try_unpair(context: &Context, options: Unpair) -> Result<(), String> {
    let secrets = context.open_secrets().await;
    let token = secrets.get(Entry::DeviceToken).await.ok().flatten();
    let told = match (&context.settings.orchestrator, token) {
        (Some(url), Some(token)) => Some((shown(url), client(url, Some(token))?.unpair().await)),
        (None, _) | (_, None) => None,
    };
    let entries = if options.all { &Entry::ALL[..] } else { &[Entry::DeviceToken] };
    let mut kept = None;
    for entry in entries {
        kept = kept.or(secrets.delete(*entry).await.err());
        tell_agent(context, *entry, "").await;
    }
    if context.settings.orchestrator.is_some() {
        let mut settings = context.settings.clone();
        settings.orchestrator = None;
        tunnel::write_settings(context, &settings)?;
    }
    if options.all {
        // A date that stays behind does no harm.
        drop(expiry::keep(&context.paths.state, None));
    }
    reload(context).await;
    if let Some(problem) = kept {
        return Err(format!("A secret may still be kept: {problem}.\n{}", problem.what_to_do()));
    }
    say(goodbye(told.as_ref().map(|(_, done)| done), options.all));
    match told {
        Some((address, Err(error))) if error != Error::NotPaired => Err(format!(
            "The orchestrator at {address} has not been told: {error}.\nRevoke the device there: orchestrator devices revoke."
        )),
        Some(_) | None => Ok(()),
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
    format!("This machine is not paired: {}.", words.trim_end_matches('.'))
}

fn shown(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
