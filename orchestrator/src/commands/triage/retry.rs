//! `orchestrator triage retry`: one more attempt at what has ended, or at everything that was given up.

use std::process::ExitCode;

use clap::Args;
use triage::reconcile::Since;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::unknown;
use crate::clock::Clock;
use crate::store::{GivenUp, Retry, Store};

/// What is tried again.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// HubSpot's record id
    #[arg(required_unless_present = "failed")]
    pub ticket_id: Option<String>,
    /// Only tell of it again where that has failed, in Discord or in HubSpot; no model is asked
    #[arg(long)]
    pub deliver: bool,
    /// Everything that was given up: tickets without a verdict, and verdicts that could not be told
    #[arg(long, conflicts_with = "ticket_id")]
    pub failed: bool,
    /// Only what was given up since then: a moment such as 2026-11-23T00:00:00Z, or a time before now such as 90m or 7d
    #[arg(long, requires = "failed")]
    pub since: Option<Since>,
}

pub(super) async fn run(store: &Store, options: Options) -> anyhow::Result<ExitCode> {
    let clock = Clock::machine();
    clock.sync(store).await?;
    let now = clock.now();
    let Some(ticket_id) = options.ticket_id else {
        let since = options.since.map_or(Timestamp::default(), |since| since.seen_from(now));
        return all(store, options.deliver, since, now).await;
    };
    let Some(id) = TicketId::parse(&ticket_id) else { return Ok(unknown(&ticket_id)) };
    if options.deliver { deliver(store, &id, now).await } else { triage(store, &id, now).await }
}

async fn triage(store: &Store, id: &TicketId, now: Timestamp) -> anyhow::Result<ExitCode> {
    Ok(match store.retry(id, now).await? {
        Retry::Queued => {
            println!("Ticket {id} is in the queue again.");
            ExitCode::SUCCESS
        }
        Retry::Running => {
            eprintln!("Ticket {id} is being triaged right now; try again in a moment.");
            ExitCode::FAILURE
        }
        Retry::Unknown => unknown(id.as_str()),
    })
}

async fn deliver(store: &Store, id: &TicketId, now: Timestamp) -> anyhow::Result<ExitCode> {
    Ok(match store.deliver_again(id, now).await? {
        Some(0) => {
            eprintln!("Nothing that was to be told of ticket {id} has failed.");
            ExitCode::FAILURE
        }
        Some(_) => {
            println!("Ticket {id} is told of again; no model is asked.");
            ExitCode::SUCCESS
        }
        None => unknown(id.as_str()),
    })
}

/// It can be interrupted and run again: what is in the queue is not given up any more.
async fn all(
    store: &Store,
    only_deliver: bool,
    since: Timestamp,
    now: Timestamp,
) -> anyhow::Result<ExitCode> {
    let GivenUp { tickets, deliveries } = store.given_up(since).await?;
    let tickets = if only_deliver { Vec::new() } else { tickets };
    let (mut triaged, mut told) = (0, 0);
    for id in &tickets {
        triaged += usize::from(store.retry(id, now).await? == Retry::Queued);
    }
    // How a triage ends is told anyway.
    for id in deliveries.iter().filter(|id| !tickets.contains(id)) {
        told += usize::from(store.deliver_again(id, now).await?.is_some_and(|deliveries| deliveries > 0));
    }
    println!("In the queue again: {triaged}. Told of again, without a model: {told}.");
    Ok(ExitCode::SUCCESS)
}
