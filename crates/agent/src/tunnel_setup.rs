//! Sets the tunnel up, told step by step: with the token of one that is there, with cloudflared's own login, or with an
//! API token of Cloudflare. For the window; the command line, which asks before each change, uses its parts.
//!
//! Works beside the agent, in any process: what is set up is kept where the agent finds it, and the agent is asked to
//! look. Dropping the work ends it; what was done stays, and the next go goes on from there.

pub mod api;
pub mod login;
mod steps;
mod token;

pub use api::by_api;
pub use login::by_login;
pub use steps::{Progress, Step, Tell};
pub use token::by_token;

use std::time::Duration;

use supervise::health::{Health, Layer};

use crate::context::Context;
use crate::handle::Handle;
use crate::settings::Settings;
use crate::socket::{Reply, Request};
use crate::tunnel::Hostname;
use steps::Told;

/// cloudflared tries for a while before it is connected.
const CONNECTED_WITHIN: Duration = Duration::from_mins(2);

/// The last step of each way.
const CONNECT: &str = "Connect to Cloudflare";

/// The tunnel is not set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub struct Trouble {
    /// A name to switch on.
    pub code: &'static str,
    /// What happened, in a sentence.
    pub headline: String,
    /// What to do about it.
    pub what_to_do: String,
}

impl Trouble {
    pub(crate) fn new(
        code: &'static str,
        headline: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self { code, headline: headline.into(), what_to_do: what_to_do.into() }
    }

    fn no_agent() -> Self {
        Self::new(
            "no_agent",
            "The agent does not answer.",
            "Start it again, then try again: what was done stays.",
        )
    }
}

fn hostname(text: &str) -> Result<Hostname, Trouble> {
    Hostname::parse(text).map_err(|problem| {
        Trouble::new("wrong_hostname", format!("{problem}."), "Write it like ollama.example.com.")
    })
}

fn save(context: &Context, settings: &Settings) -> Result<(), Trouble> {
    let saved = context.write_settings(settings);
    saved.map_err(|why| Trouble::new("not_saved", why, "Correct what is named, then try again."))
}

/// Has the agent look at what is new, and waits until its tunnel is connected.
async fn connect(agent: &Handle, told: &mut Told<'_>) -> Result<(), Trouble> {
    let reply = agent.ask_once(Request::Reload).await.map_err(|_| Trouble::no_agent())?;
    if let Reply::Failed { why, what_to_do } = reply {
        return Err(Trouble::new("refused", why, what_to_do));
    }
    connected(agent).await?;
    told.done("");
    Ok(())
}

async fn connected(agent: &Handle) -> Result<(), Trouble> {
    let mut replies = agent.ask(Request::Watch).await.map_err(|_| Trouble::no_agent())?;
    let watching = async {
        while let Some(reply) = replies.recv().await {
            let Reply::Status(status) = reply else { continue };
            if status.paused {
                let headline = "The tunnel is set up, and closed while triage on this machine is paused.";
                return Err(Trouble::new("paused", headline, "Resume, then it opens."));
            }
            let edge = status.layers.iter().find(|state| state.layer == Layer::Edge);
            if edge.is_some_and(|state| state.health == Health::Ok) {
                return Ok(());
            }
        }
        Err(Trouble::no_agent())
    };
    tokio::time::timeout(CONNECTED_WITHIN, watching).await.unwrap_or_else(|_| {
        let what_to_do = "Look at the log of cloudflared; it goes on trying.";
        Err(Trouble::new("not_connected", "The tunnel is not connected so far.", what_to_do))
    })
}
