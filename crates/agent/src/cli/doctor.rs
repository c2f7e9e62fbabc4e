//! `doctor`: what is wrong and what to do about it, whether or not the agent runs.

use std::process::ExitCode;

use link::Me;
use serde_json::json;
use supervise::Kind;
use supervise::health::Health;
use supervise::install;

use super::ask::{NOT_RUNNING, current};
use super::terminal::{look, say};
use super::{Context, table};
use crate::children::find::{Found, find};
use crate::link::{Client, Error};
use crate::secrets::{Entry, Secrets};

/// Something that was looked at without the agent.
struct Look {
    health: Health,
    sentence: String,
    fix: Option<String>,
}

pub(super) async fn run(context: &Context, json: bool) -> ExitCode {
    let looks = looks(context).await;
    let status = current(context).await;
    let is_flawed = |health: Health| matches!(health, Health::Warn | Health::Fail);
    let flawed = looks.iter().any(|look| is_flawed(look.health))
        || status.as_ref().is_none_or(|status| status.layers.iter().any(|layer| is_flawed(layer.health)));
    if json {
        let looks: Vec<_> = looks
            .iter()
            .map(|look| json!({ "health": look.health, "sentence": look.sentence, "fix": look.fix }))
            .collect();
        say(&json!({ "running": status.is_some(), "looks": looks, "status": status }).to_string());
    } else {
        let text: String = looks
            .iter()
            .map(|found| table::finding(found.health, &found.sentence, found.fix.as_deref(), look()))
            .collect();
        say(&text);
        match &status {
            Some(status) => say(&format!("\n{}", table::findings(status, look()))),
            None => say(&table::finding(Health::Fail, NOT_RUNNING, None, look())),
        }
    }
    if flawed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn looks(context: &Context) -> Vec<Look> {
    let mut looks = vec![Look::ok(format!("The settings are {}.", settings(context)))];
    for kind in [Kind::Ollama, Kind::Cloudflared] {
        looks.push(installed(context, kind));
    }
    let secrets = context.open_secrets().await;
    looks.push(match secrets.check().await {
        Ok(()) => Look::ok("The keychain keeps what it is given.".to_owned()),
        Err(problem) => Look {
            health: Health::Warn,
            sentence: format!("Secrets cannot be kept: {problem}."),
            fix: Some(problem.what_to_do().to_owned()),
        },
    });
    looks.extend(paired(context, &secrets).await);
    for entry in [Entry::AccessClientId, Entry::AccessClientSecret] {
        if let Ok(None) = secrets.get(entry).await {
            looks.push(Look {
                health: Health::Warn,
                sentence: format!(
                    "{} is not set, so nobody can see from here whether the address works.",
                    entry.name()
                ),
                fix: Some(format!(
                    "Run `triage-agent tunnel setup`, or `triage-agent secrets set {}`.",
                    entry.name()
                )),
            });
        }
    }
    looks
}

/// Whether the orchestrator knows this machine, asked without the agent. Of one that is not paired the layers tell.
async fn paired(context: &Context, secrets: &Secrets) -> Option<Look> {
    let token = secrets.get(Entry::DeviceToken).await.ok().flatten()?;
    let url = context.settings.orchestrator.as_ref()?;
    let me = match Client::new(url, Some(token)) {
        Ok(client) => client.me().await,
        Err(error) => Err(error),
    };
    Some(match me {
        Ok(Me { device, server, .. }) => Look::ok(format!(
            "The orchestrator {} at {} knows this machine as \"{}\".",
            server.version,
            url.as_str().trim_end_matches('/'),
            device.name
        )),
        Err(error) => {
            let words = error.to_string();
            let fix = match error {
                Error::NotPaired => "Pair this machine again: triage-agent pair.",
                Error::UnsafeAddress
                | Error::Unreachable(_)
                | Error::Refused { .. }
                | Error::NoOrchestrator(_) => {
                    "Check the orchestrator, its address in the settings and this machine's internet connection."
                }
            };
            Look {
                health: Health::Fail,
                sentence: format!("The device token does not work: {}.", words.trim_end_matches('.')),
                fix: Some(fix.to_owned()),
            }
        }
    })
}

fn settings(context: &Context) -> String {
    let file = context.paths.settings_file();
    if file.exists() {
        format!("fine ({})", file.display())
    } else {
        format!("the defaults; there is no {}", file.display())
    }
}

fn installed(context: &Context, kind: Kind) -> Look {
    let path = match kind {
        Kind::Ollama => context.settings.ollama_path.clone(),
        Kind::Cloudflared => context.settings.cloudflared_path.clone(),
    };
    let places = context.environment.places(path);
    match find(kind, &places) {
        Found::Installed(path) => Look::ok(format!("{kind} is {}.", path.display())),
        Found::NotInstalled => Look {
            health: Health::Fail,
            sentence: format!("{kind} is not installed."),
            fix: Some(format!("Install it: {}.", install::command(kind, crate::controller::platform()))),
        },
    }
}

impl Look {
    fn ok(sentence: String) -> Self {
        Self { health: Health::Ok, sentence, fix: None }
    }
}
