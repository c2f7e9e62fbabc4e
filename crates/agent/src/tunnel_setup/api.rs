//! With an API token of Cloudflare: tunnel, address and its lock are made and mended.

use std::path::PathBuf;

use chrono::Utc;
use secrecy::SecretString;

use super::steps::{Tell, Told};
use super::{CONNECT, Trouble, connect, hostname, save};
use crate::context::Context;
use crate::handle::Handle;
use crate::settings::Mode;
use crate::tunnel::api::{Api, BASE};
use crate::tunnel::setup::{self, Ledger, Plan, Secrets, Session, Wanted};
use crate::tunnel::{Hostname, expiry};

/// Makes what is missing and mends what is wrong. A DNS record that leads elsewhere is left alone: that is an error.
///
/// # Errors
/// The first step that failed; what was done is noted, and the next go goes on from there.
pub async fn by_api(
    context: &Context,
    agent: &Handle,
    secrets: &dyn Secrets,
    name: &str,
    token: SecretString,
    tell: Tell<'_>,
) -> Result<(), Trouble> {
    let mut told = Told::begin(&["Look at what is there", CONNECT], tell);
    let ended = async {
        let wanted = Wanted::new(hostname(name)?);
        let api = api(context, token)?;
        let mut session = session(context, &api, secrets, &wanted.hostname)?;
        make(&mut session, &wanted, &mut told).await?;
        remember(context, &wanted)?;
        // Without it nobody is warned in time, and that is all.
        let ends = setup::service_token_end(&mut session, &wanted).await.ok().flatten();
        drop(expiry::keep(&context.paths.state, ends));
        connect(agent, &mut told).await
    };
    let ended = ended.await;
    told.end(ended)
}

async fn make(session: &mut Session<'_>, wanted: &Wanted, told: &mut Told<'_>) -> Result<(), Trouble> {
    let found = setup::find(session, wanted).await.map_err(|error| explained(&error))?;
    let plan = setup::plan(wanted, &found, Utc::now());
    told.insert(plan.steps.iter().map(|step| step.sentence(wanted)));
    if plan.obstacles.is_empty() {
        told.done(&summary(&plan));
    }
    let mut done = |_: &setup::Step| told.done("");
    setup::run(session, wanted, &found, &plan, &mut done).await.map_err(|error| explained(&error))
}

fn summary(plan: &Plan) -> String {
    let nothing = plan.steps.is_empty().then(|| "Everything is as it should be.".to_owned());
    plan.notes.iter().cloned().chain(nothing).collect::<Vec<_>>().join(" ")
}

fn explained(error: &setup::Error) -> Trouble {
    let what_to_do = format!("{} What was done so far is noted; another go goes on from there.", error.fix());
    Trouble::new("not_set_up", format!("{error}."), what_to_do)
}

/// Cloudflare's API, as that token opens it.
///
/// # Errors
/// When the token is none, or the address is not one that it may be sent to.
pub fn api(context: &Context, token: SecretString) -> Result<Api, Trouble> {
    let base = context.environment.api_url.as_deref().unwrap_or(BASE);
    Api::new(base, token).map_err(|error| Trouble::new("no_api", format!("{error}."), error.fix()))
}

/// What a set-up for that name works with, and what was done of it before.
///
/// # Errors
/// When the agent's folders, or the note of what was done, cannot be used.
pub fn session<'a>(
    context: &Context,
    api: &'a Api,
    secrets: &'a dyn Secrets,
    hostname: &Hostname,
) -> Result<Session<'a>, Trouble> {
    let made = context.paths.create();
    made.map_err(|problem| {
        let headline = format!("The agent's folders cannot be made: {problem}.");
        Trouble::new("no_folders", headline, "Correct what is named, then try again.")
    })?;
    let ledger: PathBuf = context.paths.state.join("tunnel-setup.json");
    let ledger = Ledger::open(&ledger, hostname)
        .map_err(|error| Trouble::new("no_note", format!("{error}."), error.fix()))?;
    Ok(Session { api, secrets, ledger })
}

/// The settings name the address from now on.
///
/// # Errors
/// When they cannot be written.
pub fn remember(context: &Context, wanted: &Wanted) -> Result<(), Trouble> {
    let mut settings = context.settings.clone();
    settings.hostname = Some(wanted.hostname.clone());
    settings.mode = Mode::Token;
    save(context, &settings)
}
