//! `tunnel`: set up through Cloudflare's API, looked at from outside, taken back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::Utc;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};

use super::Context;
use super::local::{Local, told};
use super::terminal::{agrees, complain, read_input, say};
use crate::environment::API_TOKEN;
use crate::link::Client;
use crate::secrets::{Entry, Secrets};
use crate::tunnel::api::Api;
use crate::tunnel::setup::{self, Plan, Session, Wanted};
use crate::tunnel::verify::{Credentials, verify};
use crate::tunnel::{Hostname, http};
use crate::tunnel_setup;

/// Longer than the edge itself waits.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make tunnel, DNS record, Access application and service token at Cloudflare; run again, it only mends
    Setup(Setup),
    /// Remove what `setup` made, and put back what it changed
    Undo {
        #[command(flatten)]
        about: About,
        /// Remove the lock even when a record that was there before would lead to the model without it
        #[arg(long)]
        leave_open: bool,
    },
    /// Make a tunnel that is managed on this machine: cloudflared's own login, and a config.yml
    Local(Local),
    /// Say what is wrong with a config.yml
    Check {
        /// The file; that of the settings, or ~/.cloudflared/config.yml, when not given
        file: Option<PathBuf>,
    },
    /// Have a new secret for the service token, and hand it over with no call refused in between
    Rotate(About),
    /// Call the public address with the service token, and without, which must be refused
    Verify {
        /// The public name; that of the settings when not given
        #[arg(long)]
        hostname: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Setup {
    #[command(flatten)]
    about: About,
    /// Only say what would be done
    #[arg(long)]
    plan: bool,
    /// Let a DNS record that leads elsewhere lead to the tunnel
    #[arg(long)]
    overwrite_dns: bool,
    /// Have a new secret for the service token; the old one ends a day later
    #[arg(long)]
    new_secret: bool,
}

#[derive(Debug, Args)]
pub(super) struct About {
    /// The public name, such as ollama.example.com; that of the settings when not given
    #[arg(long)]
    pub(super) hostname: Option<String>,
    /// Do not ask before it is done
    #[arg(long)]
    pub(super) yes: bool,
}

pub(super) async fn run(context: &Context, command: Command) -> ExitCode {
    let done = match command {
        Command::Setup(options) => set_up(context, options).await,
        Command::Undo { about, leave_open } => undo(context, about, leave_open).await,
        Command::Local(options) => super::local::set_up(context, options).await,
        Command::Check { file } => super::local::check(context, file),
        Command::Rotate(about) => super::rotate::rotate(context, about).await,
        Command::Verify { hostname } => look(context, hostname).await,
    };
    match done {
        Ok(code) => code,
        Err(words) => {
            complain(&words);
            ExitCode::FAILURE
        }
    }
}

async fn set_up(context: &Context, options: Setup) -> Result<ExitCode, String> {
    let mut wanted = Wanted::new(hostname(context, options.about.hostname)?);
    wanted.overwrite_dns = options.overwrite_dns;
    wanted.new_secret = options.new_secret;
    let (api, secrets) = (api(context)?, context.open_secrets().await);
    secrets.check().await.map_err(|problem| {
        format!("The tunnel's secrets could not be kept: {problem}.\n{}", problem.what_to_do())
    })?;
    let mut session = session(context, &api, &secrets, &wanted.hostname)?;
    let found = setup::find(&mut session, &wanted).await.map_err(|error| explained(&error))?;
    let plan = setup::plan(&wanted, &found, Utc::now());
    tell(&plan, &wanted);
    if !plan.obstacles.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    if plan.steps.is_empty() || options.plan {
        return Ok(ExitCode::SUCCESS);
    }
    if !agrees("Do this?", options.about.yes) {
        complain("Nothing was done. With --yes it is done without being asked about.");
        return Ok(ExitCode::FAILURE);
    }
    let mut done = |step: &setup::Step| say(&format!("  done: {}", step.sentence(&wanted)));
    setup::run(&mut session, &wanted, &found, &plan, &mut done).await.map_err(|error| explained(&error))?;
    tunnel_setup::api::remember(context, &wanted).map_err(|trouble| told(&trouble))?;
    // Without it nobody is warned in time, and that is all.
    let ends = setup::service_token_end(&mut session, &wanted).await.ok().flatten();
    super::rotate::remember_end(context, ends);
    super::ask::reload(context).await;
    say(
        "The tunnel is set up, and its secrets are in the keychain. Look at it from outside: triage-agent tunnel verify",
    );
    Ok(ExitCode::SUCCESS)
}

fn tell(plan: &Plan, wanted: &Wanted) {
    for note in &plan.notes {
        say(&format!("  note: {note}"));
    }
    for obstacle in &plan.obstacles {
        complain(&format!("  ✕ {obstacle}\n    → {}", obstacle.fix()));
    }
    if plan.steps.is_empty() && plan.obstacles.is_empty() {
        say(&format!("{} is set up as it should be; there is nothing to do.", wanted.hostname.as_str()));
    }
    for (number, step) in plan.steps.iter().enumerate() {
        say(&format!("  {}. {}", number + 1, step.sentence(wanted)));
    }
}

async fn undo(context: &Context, about: About, leave_open: bool) -> Result<ExitCode, String> {
    let wanted = Wanted::new(hostname(context, about.hostname)?);
    let (api, secrets) = (api(context)?, context.open_secrets().await);
    let mut session = session(context, &api, &secrets, &wanted.hostname)?;
    if session.ledger.is_empty() {
        say("Nothing at Cloudflare was made from here; there is nothing to take back.");
        return Ok(ExitCode::SUCCESS);
    }
    if !agrees(&format!("Take everything back that was made for {}?", wanted.hostname.as_str()), about.yes) {
        complain("Nothing was done. With --yes it is done without being asked about.");
        return Ok(ExitCode::FAILURE);
    }
    let mut done = |sentence: &str| say(&format!("  done: {sentence}"));
    setup::undo(&mut session, &wanted, leave_open, &mut done).await.map_err(|error| explained(&error))?;
    super::rotate::remember_end(context, None);
    super::ask::reload(context).await;
    say("Everything that was made from here is taken back.");
    Ok(ExitCode::SUCCESS)
}

async fn look(context: &Context, name: Option<String>) -> Result<ExitCode, String> {
    let address = match name {
        Some(name) => {
            format!("https://{}", Hostname::parse(&name).map_err(|problem| problem.to_string())?.as_str())
        }
        None => context
            .settings
            .public_address(context.environment.public_url.clone())
            .ok_or_else(|| NO_HOSTNAME.to_owned())?,
    };
    let secrets = context.open_secrets().await;
    let secret = async |entry: Entry| {
        let found =
            secrets.get(entry).await.map_err(|problem| format!("{problem}.\n{}", problem.what_to_do()))?;
        found.ok_or_else(|| {
            format!(
                "{} is not set. Run `triage-agent secrets set {}`, or `triage-agent tunnel setup`.",
                entry.name(),
                entry.name()
            )
        })
    };
    let credentials = Credentials {
        client_id: secret(Entry::AccessClientId).await?.expose_secret().to_owned(),
        client_secret: secret(Entry::AccessClientSecret).await?,
    };
    let seen = verify(&http::client(TIMEOUT), &address, &credentials).await;
    for (call, found) in [("with the token", &seen.public_address), ("without it", &seen.access_closed)] {
        say(&format!("{} {address}, {call}: {}", if found.ok() { "●" } else { "✕" }, found.sentence));
        if let Some(fix) = &found.fix {
            say(&format!("  → {fix}"));
        }
    }
    let is_closed = from_outside(context, &secrets).await;
    Ok(if seen.is_ok() && is_closed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has the orchestrator look too, when this machine is paired. Whether nothing was seen open.
async fn from_outside(context: &Context, secrets: &Secrets) -> bool {
    let token = secrets.get(Entry::DeviceToken).await.ok().flatten();
    let Some((url, token)) = context.settings.orchestrator.as_ref().zip(token) else { return true };
    let looked = match Client::new(url, Some(token)) {
        Ok(client) => client.look_from_outside().await,
        Err(error) => Err(error),
    };
    match looked {
        Ok(receipt) => {
            for check in &receipt.checks {
                let sign = match check.refused {
                    Some(true) => "●",
                    Some(false) => "✕",
                    None => "○",
                };
                say(&format!("{sign} from the orchestrator, {}: {}", check.what, check.sentence));
            }
            receipt.checks.iter().all(|check| check.refused != Some(false))
        }
        Err(error) => {
            let words = error.to_string();
            say(&format!("○ The orchestrator has not looked: {}.", words.trim_end_matches('.')));
            true
        }
    }
}

const NO_HOSTNAME: &str =
    "Name the public address: --hostname ollama.example.com, or hostname in the settings.";

pub(super) fn hostname(context: &Context, given: Option<String>) -> Result<Hostname, String> {
    match given {
        Some(name) => Hostname::parse(&name).map_err(|problem| problem.to_string()),
        None => context.settings.hostname.clone().ok_or_else(|| NO_HOSTNAME.to_owned()),
    }
}

pub(super) fn api(context: &Context) -> Result<Api, String> {
    let given = context.environment.api_token.as_ref().map(|token| token.expose_secret().to_owned());
    let token = match given {
        Some(token) => token,
        None => read_input("Paste an API token of Cloudflare (My Profile > API Tokens), then press Enter:")
            .map_err(|problem| format!("Standard input cannot be read: {problem}."))?,
    };
    let token = token.trim();
    if token.is_empty() {
        return Err(format!(
            "No API token: put one into {API_TOKEN}, or give it on standard input. It needs, for the account: Cloudflare Tunnel Edit, \
             Access: Apps and Policies Edit, Access: Service Tokens Edit; for the zone: DNS Edit, Zone Read."
        ));
    }
    tunnel_setup::api::api(context, SecretString::from(token)).map_err(|trouble| told(&trouble))
}

pub(super) fn session<'a>(
    context: &Context,
    api: &'a Api,
    secrets: &'a Secrets,
    hostname: &Hostname,
) -> Result<Session<'a>, String> {
    tunnel_setup::api::session(context, api, secrets, hostname).map_err(|trouble| told(&trouble))
}

pub(super) fn explained(error: &setup::Error) -> String {
    format!("{error}.\n{}\nWhat was done so far is noted; the same command goes on from there.", error.fix())
}
