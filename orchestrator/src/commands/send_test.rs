//! `orchestrator send-test`: a test ticket through the running service, followed hop by hop.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to a person")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use link::{Triage, TriageStatus};
use triage::ticket::TicketId;
use url::Url;

use super::open_current;
use crate::clients::discord::Discord;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use crate::worker::test_ticket;

/// How often the ticket is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where to send it.
#[derive(Debug, Args)]
pub struct Options {
    /// Address of the running service; PUBLIC_URL, or this machine, when not given
    #[arg(long)]
    url: Option<Url>,
    /// How many seconds to wait for the Discord message
    #[arg(long, default_value_t = 120)]
    wait: u64,
}

/// Sends it and follows it.
pub async fn run(config: Config, options: Options) -> anyhow::Result<ExitCode> {
    let here = Url::parse(&format!("http://127.0.0.1:{}", config.port))?;
    let url = options.url.or_else(|| config.public_url.clone()).unwrap_or(here);
    let store = open_current(&config).await?;
    let started = Instant::now();
    let id = test_ticket::send(&config, &url, Clock::machine().now()).await?;
    report(started, &format!("accepted by {url} as ticket {id}"));
    let id = TicketId::parse(&id).context("the id is valid")?;
    let deadline = started + Duration::from_secs(options.wait);
    let triage = follow(&store, &id, deadline, |triage| {
        triage.verdict.is_some() || triage.status == TriageStatus::Failed
    })
    .await?;
    let Some(verdict) = &triage.verdict else {
        eprintln!("✕ The ticket could not be triaged: {}", triage.error.unwrap_or_default());
        return Ok(ExitCode::FAILURE);
    };
    let by = triage.provider.as_deref().unwrap_or_default();
    report(
        started,
        &format!(
            "triaged by {by} as {} · {} ({:.0} % sure)",
            verdict.priority,
            verdict.category,
            verdict.confidence * 100.0
        ),
    );
    let Some(discord) = config.discord.as_ref().map(Discord::new) else {
        println!("  DISCORD_WEBHOOK_URL is not set, so there is no message to wait for.");
        return Ok(ExitCode::SUCCESS);
    };
    let triage =
        follow(&store, &id, deadline, |triage| triage.deliveries.iter().any(|d| d.status != "pending"))
            .await?;
    let delivery = triage.deliveries.into_iter().find(|d| d.target == "discord").context("no delivery")?;
    let Some(message_id) = delivery.message_id else {
        eprintln!("✕ Discord did not take the message: {}", delivery.error.unwrap_or_default());
        return Ok(ExitCode::FAILURE);
    };
    if !discord.has(&message_id).await? {
        eprintln!("✕ Discord took the message but does not have it any more.");
        return Ok(ExitCode::FAILURE);
    }
    report(started, &format!("it is in Discord, as message {message_id}"));
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn follow(
    store: &Store,
    id: &TicketId,
    deadline: Instant,
    done: impl Fn(&Triage) -> bool,
) -> anyhow::Result<Triage> {
    let mut last = None;
    while Instant::now() < deadline {
        last = store.triage(id).await?.map(|detail| detail.triage);
        if let Some(triage) = last.take_if(|triage| done(triage)) {
            return Ok(triage);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    match last {
        Some(triage) => anyhow::bail!(
            "nothing more happened in time; the ticket is {:?}: {}",
            triage.status,
            triage.error.unwrap_or_else(|| "no reason given".to_owned())
        ),
        None => anyhow::bail!(
            "the ticket is not in this database: does the service at this address use the same DATABASE_URL?"
        ),
    }
}

fn report(started: Instant, what: &str) {
    println!("● {:>6} ms  {what}", started.elapsed().as_millis());
}
