//! `tunnel local` and `tunnel check`: a tunnel that is managed on this machine, by cloudflared's own login and a
//! `config.yml`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::Args;
use supervise::Kind;
use supervise::install;

use super::Context;
use super::terminal::{agrees, complain, say};
use crate::children::find::{Found, find};
use crate::settings::Mode;
use crate::tunnel::Hostname;
use crate::tunnel::cloudflared::{Cloudflared, Problem};
use crate::tunnel::config::{self, Expected, Settings, Severity, WriteConfig, WritePlan, Written};

/// What is set up on this machine.
#[derive(Debug, Args)]
pub(super) struct Local {
    /// The public name, such as ollama.example.com; that of the settings when not given
    #[arg(long)]
    hostname: Option<String>,
    /// The tunnel's name at Cloudflare
    #[arg(long, default_value = "ollama-tunnel")]
    name: String,
    /// Let a DNS record that leads elsewhere lead to the tunnel
    #[arg(long)]
    overwrite_dns: bool,
    /// Only say what would be done
    #[arg(long)]
    plan: bool,
    /// Do not ask: the name has an Access application with a Service Auth policy, and a config.yml may be replaced
    #[arg(long)]
    yes: bool,
}

/// The lock that this way does not make.
const LOCK: &str = "Without a lock anybody could use the model as soon as the name works. Make it first, in Cloudflare's dashboard under \
     Zero Trust > Access: a service token, and an application for the name with a policy of the action Service Auth that includes the token.";

pub(super) async fn set_up(context: &Context, options: Local) -> Result<ExitCode, String> {
    let hostname = super::tunnel::hostname(context, options.hostname)?;
    let file = config_file(context);
    let steps = [
        "Log in to Cloudflare with the browser, unless that was done before".to_owned(),
        format!("Create the tunnel \"{}\", unless it is there", options.name),
        format!("Write {}; a different one is shown and kept as a copy", file.display()),
        format!("Lead {} to the tunnel", hostname.as_str()),
    ];
    for (number, step) in steps.iter().enumerate() {
        say(&format!("  {}. {step}", number + 1));
    }
    if options.plan {
        return Ok(ExitCode::SUCCESS);
    }
    complain(LOCK);
    if !agrees(&format!("Does {} have that lock?", hostname.as_str()), options.yes) {
        complain("Nothing was done. `triage-agent tunnel setup` makes the lock too.");
        return Ok(ExitCode::FAILURE);
    }
    let cloudflared = program(context)?;
    let (id, credentials) =
        tunnel(context, &cloudflared, &options.name).await.map_err(|problem| explained(&problem))?;
    let text = config::build(&Settings {
        tunnel_id: id.clone(),
        credentials_file: credentials.display().to_string(),
        metrics: crate::children::cloudflared::metrics_address(context.settings.metrics_port).to_string(),
        hostname: hostname.clone(),
        access: None,
    });
    if !write(&file, &text, options.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    for warning in cloudflared.validate(&file).await.map_err(|problem| explained(&problem))? {
        say(&format!("  cloudflared warns: {warning}"));
    }
    cloudflared
        .route_dns(&id, &hostname, options.overwrite_dns)
        .await
        .map_err(|problem| explained(&problem))?;
    say(&format!("  done: {} leads to the tunnel", hostname.as_str()));
    remember(context, hostname, file)?;
    super::ask::reload(context).await;
    say("The tunnel is set up. Look at it from outside: triage-agent tunnel verify");
    Ok(ExitCode::SUCCESS)
}

/// Says what is wrong with the `config.yml`.
pub(super) fn check(context: &Context, file: Option<PathBuf>) -> Result<ExitCode, String> {
    let file = file.unwrap_or_else(|| config_file(context));
    let hostname = super::tunnel::hostname(context, None)?;
    let text = config::read(&file).map_err(|problem| problem.to_string())?;
    let Some(text) = text else { return Err(format!("There is no {}.", file.display())) };
    let findings = config::check(&text, &Expected { hostname, tunnel_id: None });
    for finding in &findings {
        let mark = match finding.severity() {
            Severity::Warning => "◐",
            Severity::Error => "✕",
        };
        say(&format!("{mark} {}\n  → {}", finding.sentence, finding.fix()));
    }
    if findings.is_empty() {
        say(&format!("● {} is as it should be.", file.display()));
    }
    let is_wrong = findings.iter().any(|finding| finding.severity() == Severity::Error);
    Ok(if is_wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The tunnel of that name, and where its credentials are; made when it is not there.
async fn tunnel(
    context: &Context,
    cloudflared: &Cloudflared,
    name: &str,
) -> Result<(String, PathBuf), Problem> {
    let tunnels = match cloudflared.list().await {
        Err(Problem::NotLoggedIn) => {
            let mut show =
                |address: &str| say(&format!("Open this page and choose the domain:\n  {address}"));
            let certificate = cloudflared.login(&mut show).await?;
            say(&format!("  done: logged in, as {} says", certificate.display()));
            cloudflared.list().await?
        }
        tunnels => tunnels?,
    };
    let usual = |id: &str| context.environment.home.join(".cloudflared").join(format!("{id}.json"));
    if let Some(there) = tunnels.into_iter().find(|tunnel| tunnel.name == name) {
        return Ok((there.id.clone(), usual(&there.id)));
    }
    let created = cloudflared.create(name).await?;
    say(&format!("  done: the tunnel \"{name}\" is there"));
    let credentials = created.credentials_file.unwrap_or_else(|| usual(&created.id));
    Ok((created.id, credentials))
}

/// `false` when the person did not agree.
fn write(file: &Path, text: &str, yes: bool) -> Result<bool, String> {
    let existing = config::read(file).map_err(|problem| problem.to_string())?;
    match config::plan_writing(existing.as_deref(), text) {
        WritePlan::Unchanged => {
            say(&format!("  {} is as it should be", file.display()));
            return Ok(true);
        }
        WritePlan::New => {}
        WritePlan::Differs { diff } => {
            say(&format!("{} is there already, and would change:\n{diff}", file.display()));
            if !agrees("Replace it? The old one is kept as a copy.", yes) {
                complain("It was left as it is, and so was everything after it.");
                return Ok(false);
            }
        }
    }
    let written = config::write(file, text, WriteConfig { confirm: true }, Utc::now())
        .map_err(|problem| problem.to_string())?;
    match written {
        Written::Replaced { backup } => {
            say(&format!("  done: {} is written, the old one is {}", file.display(), backup.display()))
        }
        Written::New | Written::Unchanged => say(&format!("  done: {} is written", file.display())),
    }
    Ok(true)
}

fn remember(context: &Context, hostname: Hostname, file: PathBuf) -> Result<(), String> {
    let mut settings = context.settings.clone();
    settings.hostname = Some(hostname);
    settings.mode = Mode::Config;
    settings.tunnel_config = Some(file);
    context.write_settings(&settings)
}

fn config_file(context: &Context) -> PathBuf {
    let usual = || context.environment.home.join(".cloudflared/config.yml");
    context.settings.tunnel_config.clone().unwrap_or_else(usual)
}

fn program(context: &Context) -> Result<Cloudflared, String> {
    match find(Kind::Cloudflared, &context.environment.places(context.settings.cloudflared_path.clone())) {
        Found::Installed(path) => Ok(Cloudflared::new(path)),
        Found::NotInstalled => {
            let command = install::command(Kind::Cloudflared, crate::controller::platform());
            Err(format!("cloudflared is not installed. Install it: {command}."))
        }
    }
}

fn explained(problem: &Problem) -> String {
    format!("{problem}.\n{}\nThe same command goes on from there.", problem.fix())
}
