//! `tunnel local` and `tunnel check`: a tunnel that is managed on this machine, by cloudflared's own login and a
//! `config.yml`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::Context;
use super::terminal::{agrees, complain, say};
use crate::tunnel::cloudflared::Problem;
use crate::tunnel::config::{self, Expected, Severity, WriteConfig, WritePlan, Written};
use crate::tunnel_setup::{Trouble, login};

/// What is set up on this machine.
#[derive(Debug, Args)]
pub(super) struct Local {
    /// The public name, such as ollama.example.com; that of the settings when not given
    #[arg(long)]
    hostname: Option<String>,
    /// The tunnel's name at Cloudflare
    #[arg(long, default_value = login::NAME)]
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

pub(super) async fn set_up(context: &Context, options: Local) -> Result<ExitCode, String> {
    let hostname = super::tunnel::hostname(context, options.hostname)?;
    let file = login::config_file(context);
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
    complain(login::LOCK);
    if !agrees(&format!("Does {} have that lock?", hostname.as_str()), options.yes) {
        complain("Nothing was done. `triage-agent tunnel setup` makes the lock too.");
        return Ok(ExitCode::FAILURE);
    }
    let cloudflared = login::program(context).map_err(|trouble| told(&trouble))?;
    let mut show = |page: &str| say(&format!("Open this page and choose the domain:\n  {page}"));
    login::log_in(&cloudflared, &mut show).await.map_err(|problem| explained(&problem))?;
    let tunnel =
        login::tunnel(context, &cloudflared, &options.name).await.map_err(|problem| explained(&problem))?;
    if tunnel.is_new {
        say(&format!("  done: the tunnel \"{}\" is there", options.name));
    }
    if !write(&file, &login::rules(context, &tunnel, &hostname), options.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    for warning in cloudflared.validate(&file).await.map_err(|problem| explained(&problem))? {
        say(&format!("  cloudflared warns: {warning}"));
    }
    cloudflared
        .route_dns(&tunnel.id, &hostname, options.overwrite_dns)
        .await
        .map_err(|problem| explained(&problem))?;
    say(&format!("  done: {} leads to the tunnel", hostname.as_str()));
    login::remember(context, hostname, file).map_err(|trouble| told(&trouble))?;
    super::ask::reload(context).await;
    say("The tunnel is set up. Look at it from outside: triage-agent tunnel verify");
    Ok(ExitCode::SUCCESS)
}

/// Says what is wrong with the `config.yml`.
pub(super) fn check(context: &Context, file: Option<PathBuf>) -> Result<ExitCode, String> {
    let file = file.unwrap_or_else(|| login::config_file(context));
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

fn explained(problem: &Problem) -> String {
    format!("{problem}.\n{}\nThe same command goes on from there.", problem.fix())
}

pub(super) fn told(trouble: &Trouble) -> String {
    format!("{}\n{}", trouble.headline, trouble.what_to_do)
}
