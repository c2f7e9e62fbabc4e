//! Setting the tunnel up, step by step, in one of three ways.

use std::sync::{Mutex, PoisonError};

use agent::context::Context;
use agent::handle::Handle;
use agent::tunnel_setup::{self, Step};
use agent::window::Failure;
use secrecy::SecretString;
use serde::Deserialize;
use tauri::State;
use tauri::ipc::Channel;

use super::programs::agent;
use super::settings::context;
use crate::shell::Shell;

/// How the tunnel is to be made.
#[derive(Debug, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub(super) enum Wanted {
    /// It is there, and this is its token.
    Token { hostname: String, token: SecretString },
    /// With cloudflared's own login; the person says whether the address has its lock.
    Login { hostname: String, is_locked: bool },
    /// Everything, with an API token of Cloudflare.
    Api { hostname: String, api_token: SecretString },
}

#[tauri::command]
pub(super) async fn set_up_tunnel(
    shell: State<'_, Shell>,
    request: Wanted,
    progress: Channel<Vec<Step>>,
) -> Result<(), Failure> {
    let (agent, context, cancelled) = (agent(&shell)?, context()?, shell.begin_tunnel());
    let last = Mutex::new(Vec::new());
    let tell = |steps: &[Step]| {
        *last.lock().unwrap_or_else(PoisonError::into_inner) = steps.to_vec();
        // A window that is gone does not end the work.
        drop(progress.send(steps.to_vec()));
    };
    tokio::select! {
        ended = work(&context, &agent, request, tell) => ended,
        () = cancelled.cancelled() => {
            let mut steps = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Step::break_off(&mut steps);
            drop(progress.send(steps));
            let what_to_do = "What was done stays; another go goes on from there.";
            Err(Failure::new("cancelled", "The set-up of the tunnel was cancelled.", what_to_do))
        }
    }
}

async fn work(
    context: &Context,
    agent: &Handle,
    request: Wanted,
    mut tell: impl FnMut(&[Step]) + Send,
) -> Result<(), Failure> {
    match request {
        Wanted::Token { hostname, token } => {
            tunnel_setup::by_token(context, agent, &hostname, &token, &mut tell).await?;
        }
        Wanted::Login { hostname, is_locked } => {
            tunnel_setup::by_login(context, agent, &hostname, is_locked, &mut tell).await?;
        }
        Wanted::Api { hostname, api_token } => {
            let secrets = context.open_secrets().await;
            secrets.check().await.map_err(|problem| {
                let headline = format!("The tunnel's secrets could not be kept: {problem}.");
                Failure::new("no_keychain", headline, problem.what_to_do())
            })?;
            tunnel_setup::by_api(context, agent, &secrets, &hostname, api_token, &mut tell).await?;
        }
    }
    Ok(())
}

#[tauri::command]
pub(super) fn cancel_tunnel(shell: State<'_, Shell>) {
    shell.cancel_tunnel();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_window_asks_for_is_understood_and_no_secret_is_shown() {
        for (text, way) in [
            (r#"{"way":"token","hostname":"a.example.com","token":"planted"}"#, "Token"),
            (r#"{"way":"login","hostname":"a.example.com","is_locked":true}"#, "Login"),
            (r#"{"way":"api","hostname":"a.example.com","api_token":"planted"}"#, "Api"),
        ] {
            let wanted: Wanted = serde_json::from_str(text).unwrap();
            let shown = format!("{wanted:?}");
            assert!(shown.starts_with(way) && !shown.contains("planted"), "{shown}");
        }
    }
}
