//! `diagnostics`: a zip for whoever helps.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use supervise::Kind;

use super::Context;
use super::ask::current;
use super::terminal::{complain, say};
use crate::diagnostics::{Parts, write};
use crate::secrets::Entry;
use crate::socket::{Reply, Request, ask};
use crate::status::Status;

/// Of each program.
const LINES: usize = 1_000;

pub(super) async fn run(context: &Context, file: &Path) -> ExitCode {
    let mut status = current(context).await;
    status.iter_mut().for_each(Status::forget_words_of_tickets);
    let mut kept = Vec::new();
    let secrets = context.open_secrets().await;
    for entry in Entry::ALL {
        // One that cannot be read cannot be looked for either; what looks like one is masked all the same.
        kept.extend(secrets.get(entry).await.ok().flatten());
    }
    let versions = [
        ("triage-agent".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("system".to_owned(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("agent".to_owned(), if status.is_some() { "running".to_owned() } else { "not running".to_owned() }),
    ];
    let settings = std::fs::read_to_string(context.paths.settings_file()).unwrap_or_default();
    let history = status.as_ref().map_or(Value::Null, |status| {
        status.layers.iter().map(|layer| json!({ "layer": layer.layer, "history": layer.history })).collect()
    });
    let mut logs = Vec::new();
    for kind in [Kind::Ollama, Kind::Cloudflared] {
        logs.push((kind.to_string(), lines(context, kind).await));
    }
    let parts = Parts {
        versions: &versions,
        settings: &settings,
        status: &json!(status),
        history: &history,
        logs: &logs,
        secrets: &kept,
    };
    match write(file, &parts) {
        Ok(()) => {
            say(&format!("{} is written. Look into it before you send it.", file.display()));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            use std::error::Error as _;
            let cause = problem.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            complain(&format!("{problem}{cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn lines(context: &Context, kind: Kind) -> Vec<String> {
    let request = Request::Logs { program: Some(kind), lines: LINES, follow: false };
    let Ok(mut answer) = ask(&context.socket(), &request).await else { return Vec::new() };
    let mut lines = Vec::new();
    while let Ok(Some(reply)) = answer.next().await {
        if let Reply::Line { at, text, .. } = reply {
            lines.push(format!("{at} {text}"));
        }
    }
    lines
}
