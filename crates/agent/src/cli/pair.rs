//! `pair` and `unpair`: this machine becomes a device of an orchestrator, and ceases to be one.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use supervise::health::{Health, Layer};
use tokio::time::{Instant, sleep};
use url::Url;

use super::Context;
use super::ask::current;
use super::terminal::{complain, read_input, say};
use crate::link::Invitation;
use crate::pairing::{self, Done, shown};

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
    let url = invitation.url.clone();
    let runs = pairing::runs(context).await;
    tell(&pairing::pair(context, invitation, options.name).await?);
    if runs {
        wait_for_heartbeat(context, &url).await;
    } else {
        say(NOT_RUNNING);
    }
    Ok(())
}

fn tell(done: &Done) {
    done.warnings.iter().for_each(|warning| complain(warning));
    done.sentences.iter().for_each(|sentence| say(sentence));
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
    invited.map_err(|problem| format!("Pairing failed: {problem}."))
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
    pairing::unpair(context, options.all).await.map(|done| tell(&done))
}
