//! Running a tunnel that was made in Cloudflare's dashboard: its host name and its token, until it is connected.

use agent::handle::Handle;
use agent::secrets::{Entry, read};
use agent::settings::Mode;
use agent::socket::{Reply, Request};
use agent::tunnel::Hostname;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use supervise::health::{Health, Layer};
use tauri::State;
use tauri::ipc::Channel;

use super::failure::{Failure, done};
use super::programs::agent;
use super::settings::context;
use crate::shell::Shell;

/// cloudflared tries for a while before it is connected.
const CONNECTED_WITHIN: Duration = Duration::from_mins(2);

/// How the tunnel is to be made.
#[derive(Debug, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub(super) enum Wanted {
    /// It is there, and this is its token.
    Token {
        hostname: String,
        token: SecretString,
    },
    Login {
        hostname: String,
    },
    Api {
        hostname: String,
    },
}

/// A step, as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    step: &'static str,
    state: Progress,
    sentence: &'static str,
    open_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    Waiting,
    Running,
    Done,
    Failed,
}

const STEPS: [(&str, &str); 3] = [
    ("hostname", "The host name is written into the settings."),
    ("token", "The token goes into the keychain."),
    ("connected", "cloudflared connects to Cloudflare."),
];

/// How it stands when so many steps are done.
fn steps(done: usize, current: Progress) -> Vec<Step> {
    let step = |(index, (step, sentence)): (usize, &(&'static str, &'static str))| {
        let state = match index.cmp(&done) {
            std::cmp::Ordering::Less => Progress::Done,
            std::cmp::Ordering::Equal => current,
            std::cmp::Ordering::Greater => Progress::Waiting,
        };
        Step { step, state, sentence, open_url: None }
    };
    STEPS.iter().enumerate().map(step).collect()
}

#[tauri::command]
pub(super) async fn set_up_tunnel(
    shell: State<'_, Shell>,
    request: Wanted,
    progress: Channel<Vec<Step>>,
) -> Result<(), Failure> {
    let (hostname, token) = match request {
        Wanted::Token { hostname, token } => (hostname, token),
        Wanted::Login { hostname } => return Err(in_a_terminal("local", &hostname)),
        Wanted::Api { hostname } => return Err(in_a_terminal("setup", &hostname)),
    };
    let (agent, cancelled) = (agent(&shell)?, shell.begin_tunnel());
    let mut at = 0;
    let work = async {
        tell(&progress, at, Progress::Running);
        save(&hostname)?;
        at = 1;
        tell(&progress, at, Progress::Running);
        keep(&agent, &token).await?;
        at = 2;
        tell(&progress, at, Progress::Running);
        connected(&agent).await
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = cancelled.cancelled() => Err(Failure::new(
            "cancelled", "Nobody waits for the tunnel any more.", "What was saved stays; cloudflared goes on trying.",
        )),
    };
    match &ended {
        Ok(()) => tell(&progress, STEPS.len(), Progress::Done),
        Err(_) => tell(&progress, at, Progress::Failed),
    }
    ended
}

#[tauri::command]
pub(super) fn cancel_tunnel(shell: State<'_, Shell>) {
    shell.cancel_tunnel();
}

fn tell(progress: &Channel<Vec<Step>>, done: usize, current: Progress) {
    // A window that is gone does not end the work.
    drop(progress.send(steps(done, current)));
}

fn in_a_terminal(way: &str, hostname: &str) -> Failure {
    let what_to_do = format!(
        "Run triage-agent tunnel {way} --hostname {hostname}: it says first what it makes, and asks."
    );
    Failure::new("in_a_terminal", "What is made at Cloudflare is made in a terminal.", what_to_do)
}

fn save(hostname: &str) -> Result<(), Failure> {
    let context = context()?;
    let hostname = Hostname::parse(hostname).map_err(|problem| {
        Failure::new("wrong_hostname", format!("{problem}."), "Write it like ollama.example.com.")
    })?;
    let mut settings = context.settings.clone();
    (settings.hostname, settings.mode) = (Some(hostname), Mode::Token);
    let saved = context.write_settings(&settings);
    saved.map_err(|why| Failure::new("not_saved", why, "Correct what is named, then try again."))
}

/// The agent reads its settings again with it.
async fn keep(agent: &Handle, token: &SecretString) -> Result<(), Failure> {
    let token = read(Entry::TunnelToken, token.expose_secret()).map_err(|problem| {
        let what_to_do = "Copy the token, or the whole command that Cloudflare shows with it.";
        Failure::new("not_a_secret", format!("{problem}."), what_to_do)
    })?;
    let (entry, value) = (Entry::TunnelToken.name().to_owned(), token.expose_secret().to_owned());
    done(agent.ask_once(Request::Secret { entry, value }).await?)
}

async fn connected(agent: &Handle) -> Result<(), Failure> {
    let mut replies = agent.ask(Request::Watch).await?;
    let watching = async {
        while let Some(reply) = replies.recv().await {
            let Reply::Status(status) = reply else { continue };
            let edge = status.layers.iter().find(|state| state.layer == Layer::Edge);
            if edge.is_some_and(|state| state.health == Health::Ok) {
                return Ok(());
            }
        }
        Err(Failure::no_agent())
    };
    tokio::time::timeout(CONNECTED_WITHIN, watching).await.unwrap_or_else(|_| {
        let what_to_do = "Look at the log of cloudflared; it goes on trying.";
        Err(Failure::new("not_connected", "The tunnel is not connected so far.", what_to_do))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_done_running_or_waiting_in_their_order() {
        use Progress::{Done, Failed, Running, Waiting};
        for (done, current, expected) in [
            (0, Running, [Running, Waiting, Waiting]),
            (1, Failed, [Done, Failed, Waiting]),
            (2, Running, [Done, Done, Running]),
            (3, Done, [Done, Done, Done]),
        ] {
            let states: Vec<Progress> = steps(done, current).into_iter().map(|step| step.state).collect();
            assert_eq!(states, expected);
        }
    }

    #[test]
    fn what_the_window_asks_for_is_understood() {
        let token = r#"{"way":"token","hostname":"ollama.example.com","token":"secret"}"#;
        let wanted: Wanted = serde_json::from_str(token).unwrap();
        assert!(!format!("{wanted:?}").contains("secret"), "{wanted:?}");
        for way in ["login", "api"] {
            let text = format!(r#"{{"way":"{way}","hostname":"a.example.com","api_token":"secret"}}"#);
            assert!(serde_json::from_str::<Wanted>(&text).is_ok(), "{way}");
        }
    }
}
