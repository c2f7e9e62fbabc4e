//! With cloudflared's own login: a tunnel that is managed on this machine, by a `config.yml`.

use std::path::{Path, PathBuf};

use chrono::Utc;
use supervise::{Kind, install};

use super::steps::{Tell, Told};
use super::{CONNECT, Trouble, connect, hostname, save};
use crate::children::cloudflared::metrics_address;
use crate::children::find::{Found, find};
use crate::context::Context;
use crate::handle::Handle;
use crate::settings::Mode;
use crate::tunnel::Hostname;
use crate::tunnel::cloudflared::{Cloudflared, Problem};
use crate::tunnel::config::{self, Settings, WriteConfig, Written};

/// The lock that this way does not make.
pub const LOCK: &str = "Without a lock anybody could use the model as soon as the name works. Make it first, in Cloudflare's dashboard under \
     Zero Trust > Access: a service token, and an application for the name with a policy of the action Service Auth that includes the token.";

/// The tunnel's name at Cloudflare, unless a person wants another.
pub const NAME: &str = "ollama-tunnel";

const STEPS: [&str; 5] =
    ["Log in to Cloudflare", "Create the tunnel", "Write its rules", "Lead the address to it", CONNECT];

/// Logs in, makes the tunnel, and leads the name to it. A DNS record that leads elsewhere is left alone: that is an
/// error; another `config.yml` is kept as a copy. `is_locked`: the person says that the name has its lock.
///
/// # Errors
/// The first step that failed; those before it stay done, and another go goes on from there.
pub async fn by_login(
    context: &Context,
    agent: &Handle,
    name: &str,
    is_locked: bool,
    tell: Tell<'_>,
) -> Result<(), Trouble> {
    if !is_locked {
        return Err(Trouble::new("not_locked", "This way does not make the lock of the address.", LOCK));
    }
    let mut told = Told::begin(&STEPS, tell);
    let ended = work(context, agent, name, &mut told).await;
    told.end(ended)
}

async fn work(context: &Context, agent: &Handle, name: &str, told: &mut Told<'_>) -> Result<(), Trouble> {
    let (hostname, cloudflared) = (hostname(name)?, program(context)?);
    log_in(&cloudflared, &mut |page| told.open(page)).await.map_err(explained)?;
    told.done("");
    let tunnel = tunnel(context, &cloudflared, NAME).await.map_err(explained)?;
    told.done(if tunnel.is_new { "" } else { "It is there already." });
    let file = config_file(context);
    let text = rules(context, &tunnel, &hostname);
    let written =
        config::write(&file, &text, WriteConfig { confirm: true }, Utc::now()).map_err(|problem| {
            Trouble::new("not_written", format!("{problem}."), "Correct what is named, then try again.")
        })?;
    let warnings = cloudflared.validate(&file).await.map_err(explained)?;
    told.done(&wrote(&file, written, &warnings));
    cloudflared.route_dns(&tunnel.id, &hostname, false).await.map_err(explained)?;
    told.done("");
    remember(context, hostname, file)?;
    connect(agent, told).await
}

/// Logs in unless that was done before; `show` gets the page that the person has to open.
///
/// # Errors
/// See [`Problem`].
pub async fn log_in(cloudflared: &Cloudflared, show: &mut (dyn FnMut(&str) + Send)) -> Result<(), Problem> {
    match cloudflared.list().await {
        Err(Problem::NotLoggedIn) => cloudflared.login(show).await.map(drop),
        listed => listed.map(drop),
    }
}

/// A tunnel that is managed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// It was not there before.
    pub is_new: bool,
    credentials: PathBuf,
}

/// The tunnel of that name, made when it is not there.
///
/// # Errors
/// See [`Problem`].
pub async fn tunnel(context: &Context, cloudflared: &Cloudflared, name: &str) -> Result<Made, Problem> {
    let usual = |id: &str| context.environment.home.join(".cloudflared").join(format!("{id}.json"));
    if let Some(there) = cloudflared.list().await?.into_iter().find(|tunnel| tunnel.name == name) {
        return Ok(Made { credentials: usual(&there.id), id: there.id, is_new: false });
    }
    let created = cloudflared.create(name).await?;
    let credentials = created.credentials_file.unwrap_or_else(|| usual(&created.id));
    Ok(Made { id: created.id, is_new: true, credentials })
}

/// The text of the tunnel's `config.yml`.
#[must_use]
pub fn rules(context: &Context, tunnel: &Made, hostname: &Hostname) -> String {
    config::build(&Settings {
        tunnel_id: tunnel.id.clone(),
        credentials_file: tunnel.credentials.display().to_string(),
        metrics: metrics_address(context.settings.metrics_port).to_string(),
        hostname: hostname.clone(),
        access: None,
    })
}

/// The settings name the address and the file from now on.
///
/// # Errors
/// When they cannot be written.
pub fn remember(context: &Context, hostname: Hostname, file: PathBuf) -> Result<(), Trouble> {
    let mut settings = context.settings.clone();
    settings.hostname = Some(hostname);
    settings.mode = Mode::Config;
    settings.tunnel_config = Some(file);
    save(context, &settings)
}

/// Where the tunnel's `config.yml` is.
#[must_use]
pub fn config_file(context: &Context) -> PathBuf {
    let usual = || context.environment.home.join(".cloudflared/config.yml");
    context.settings.tunnel_config.clone().unwrap_or_else(usual)
}

/// The program.
///
/// # Errors
/// When it is not installed, with the command that installs it.
pub fn program(context: &Context) -> Result<Cloudflared, Trouble> {
    match find(Kind::Cloudflared, &context.environment.places(context.settings.cloudflared_path.clone())) {
        Found::Installed(path) => Ok(Cloudflared::new(path)),
        Found::NotInstalled => {
            let command = install::command(Kind::Cloudflared, crate::controller::platform());
            let what_to_do = format!("Install it: {command}.");
            Err(Trouble::new("not_installed", "cloudflared is not installed.", what_to_do))
        }
    }
}

fn explained(problem: Problem) -> Trouble {
    let what_to_do = format!("{} Another go goes on from there.", problem.fix());
    Trouble::new("not_set_up", format!("{problem}."), what_to_do)
}

fn wrote(file: &Path, written: Written, warnings: &[String]) -> String {
    let file = file.display();
    let written = match written {
        Written::Replaced { backup } => format!("{file} is written; the old one is {}.", backup.display()),
        Written::New => format!("{file} is written."),
        Written::Unchanged => format!("{file} is as it should be."),
    };
    let warnings = warnings.iter().map(|warning| format!("cloudflared warns: {warning}"));
    [written].into_iter().chain(warnings).collect::<Vec<_>>().join(" ")
}
