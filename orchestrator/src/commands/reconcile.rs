//! `orchestrator reconcile`: one reconciliation by hand, and a report of where every ticket of the window stands.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to a person")]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Args;
use link::{FailedTicket, GapReport, Listed, TriageStatus};
use tokio_util::sync::CancellationToken;
use triage::reconcile::{self, Since};
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::open_current;
use super::triage::printable;
use crate::clients::hubspot::HubSpot;
use crate::clock::Clock;
use crate::config::Config;
use crate::queue::intake::Intake;
use crate::queue::wake::{self, Wake};
use crate::store::{Standing, Store};
use crate::worker::find::{Finder, Means, Seen, Trouble};

/// Tickets that a report names; the others are counted.
const MOST_NAMED: usize = 1_000;

/// How far back, and for whom.
#[derive(Debug, Args)]
pub struct Options {
    /// Tickets created since then: a moment such as 2026-11-23T00:00:00Z, or a time before now such as 90m, 1h or 7d.
    /// Without it, what the running service's next reconciliation would look at
    #[arg(long)]
    since: Option<Since>,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// Enqueues what is missing and prints the report; 1 when a ticket is unaccounted for.
pub async fn run(config: Config, options: Options) -> anyhow::Result<ExitCode> {
    let Some(hubspot) = HubSpot::new(config.hubspot.clone()) else {
        bail!(
            "HUBSPOT_ACCESS_TOKEN is not set: without it nobody can look what HubSpot has. README tells where to get it."
        );
    };
    let store = open_current(&config).await?;
    let clock = Clock::machine();
    clock.sync(&store).await?;
    let now = clock.now();
    let since = since(&store, options.since, now).await?;
    let wake = Arc::<Wake>::default();
    let intake = Intake::start(store.clone(), clock.clone(), Arc::clone(&wake), false);
    let means = Means {
        hubspot: &hubspot,
        store: &store,
        intake: &intake,
        clock: &clock,
        portal_id: config.hubspot.portal_id,
    };
    let stop = CancellationToken::new();
    let reporting = async {
        let report = report(means, since, tell_progress).await;
        stop.cancel();
        report
    };
    let (report, ()) = tokio::join!(reporting, wake::tell(&store, &wake, &stop));
    wake::tell_rest(&store, &wake).await;
    tell_progress(0);
    let report = report.map_err(|trouble| anyhow!(advice(&trouble)))?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    store.close().await;
    Ok(if report.unaccounted.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn since(store: &Store, wanted: Option<Since>, now: Timestamp) -> anyhow::Result<Timestamp> {
    let since = match (wanted, store.reconciliation().await?) {
        (Some(wanted), _) => wanted.seen_from(now),
        (None, Some(progress)) => reconcile::since(progress.mark, progress.began),
        (None, None) => bail!(
            "the service has not run with HUBSPOT_ACCESS_TOKEN yet, so there is no mark to begin at: say since when, for example --since 24h"
        ),
    };
    if since > now {
        bail!("--since {} is in the future", since.to_rfc3339());
    }
    Ok(since)
}

/// A line that replaces itself, for a person who waits; none for nothing.
fn tell_progress(tickets: u64) {
    if std::io::stderr().is_terminal() {
        let line = if tickets == 0 { String::new() } else { format!("{tickets} tickets so far …") };
        eprint!("\r\x1b[K{line}");
    }
}

fn advice(trouble: &Trouble) -> String {
    let what_to_do = match trouble.error_type {
        "refused" => "Check HUBSPOT_ACCESS_TOKEN (its scope must allow reading tickets) and HUBSPOT_API_URL.",
        "database" => "Check DATABASE_URL and the database.",
        _ => "Try again later; what was found until then is in the queue.",
    };
    format!("{trouble}. {what_to_do}")
}

/// Walks through everything HubSpot has since then, enqueues what is unknown, and counts where each ticket stands;
/// `progress` hears after each page how many tickets it were so far.
pub async fn report(
    means: Means<'_>,
    since: Timestamp,
    progress: impl Fn(u64),
) -> Result<GapReport, Trouble> {
    let until = means.clock.now().to_rfc3339();
    let mut report = GapReport { since: since.to_rfc3339(), until, ..GapReport::default() };
    let mut finder = Finder::new(means, since);
    while let Some(Seen { ids, standings, enqueued }) = finder.next().await? {
        report.enqueued += enqueued as u64;
        for id in &ids {
            count(&mut report, id, standings.get(id.as_str()));
        }
        progress(report.tickets);
    }
    Ok(report)
}

fn count(report: &mut GapReport, id: &TicketId, standing: Option<&Standing>) {
    report.tickets += 1;
    let Some(standing) = standing.filter(|standing| !standing.is_lost) else {
        return name(&mut report.unaccounted, id.to_string());
    };
    match standing.status {
        TriageStatus::Triaged => report.triaged += 1,
        TriageStatus::NeedsReview => report.needs_review += 1,
        TriageStatus::Queued | TriageStatus::Triaging | TriageStatus::Waiting => report.waiting += 1,
        TriageStatus::Gone => report.gone += 1,
        TriageStatus::Failed => {
            let reason = standing.error.clone().unwrap_or_else(|| "No reason was stored.".to_owned());
            name(&mut report.failed, FailedTicket { ticket_id: id.to_string(), reason });
        }
    }
}

fn name<T>(list: &mut Listed<T>, ticket: T) {
    list.count += 1;
    if list.tickets.len() < MOST_NAMED {
        list.tickets.push(ticket);
    }
}

fn print(report: &GapReport) {
    println!("HubSpot has {} created", tickets(report.tickets));
    println!("  since {}", report.since);
    println!("  until {}", report.until);
    match report.enqueued {
        0 => println!("None of them was missed."),
        1 => println!("1 of them was missed. It is in the queue now; the running service triages it."),
        n => {
            println!("{n} of them were missed. They are in the queue now; the running service triages them.")
        }
    }
    println!();
    let width = report.tickets.to_string().len().max(4);
    let row = |mark: &str, name: &str, count: u64, what: &str| match count {
        0 => println!("  {name:<12} {count:>width$}"),
        _ => println!("{mark} {name:<12} {count:>width$}   {what}"),
    };
    row("●", "Triaged", report.triaged, "they have a verdict");
    row("◐", "In review", report.needs_review, "they have a verdict that a person must check");
    row("○", "Waiting", report.waiting, "queued, being triaged, or waiting for the next try");
    row("○", "Gone", report.gone, "HubSpot said that they are deleted, although its search finds them");
    row("✕", "Failed", report.failed.count, "could not be triaged; a person must read them");
    row("✕", "Unaccounted", report.unaccounted.count, "HubSpot has them, and nothing here will triage them");
    if report.failed.count > 0 {
        println!("\nFailed (`orchestrator triage retry ID` tries again)");
        for FailedTicket { ticket_id, reason } in &report.failed.tickets {
            println!("  {ticket_id:<14} {}", printable(reason, 200));
        }
        more(&report.failed);
    }
    if report.unaccounted.count == 0 {
        println!("\nEvery ticket is accounted for.");
        return;
    }
    println!("\nUnaccounted");
    report.unaccounted.tickets.iter().for_each(|id| println!("  {id}"));
    more(&report.unaccounted);
    eprintln!(
        "\nThe database did not keep these tickets. Run this again; if they stay, look into them in HubSpot."
    );
}

fn more<T>(list: &Listed<T>) {
    let left = list.count - list.tickets.len() as u64;
    if left > 0 {
        println!("  … and {left} more");
    }
}

fn tickets(count: u64) -> String {
    if count == 1 { "1 ticket".to_owned() } else { format!("{count} tickets") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_has_its_place() {
        let mut report = GapReport::default();
        let id = |n: usize| TicketId::parse(&n.to_string()).unwrap();
        let standings = [
            TriageStatus::Queued,
            TriageStatus::Triaging,
            TriageStatus::Waiting,
            TriageStatus::Triaged,
            TriageStatus::NeedsReview,
            TriageStatus::Gone,
            TriageStatus::Failed,
        ];
        for (n, status) in standings.into_iter().enumerate() {
            let standing = Standing { status, error: Some("because".to_owned()), is_lost: false };
            count(&mut report, &id(n), Some(&standing));
        }
        count(&mut report, &id(7), None);
        let lost = Standing { status: TriageStatus::Queued, error: None, is_lost: true };
        count(&mut report, &id(8), Some(&lost));
        assert_eq!(
            (report.tickets, report.waiting, report.triaged, report.needs_review, report.gone),
            (9, 3, 1, 1, 1)
        );
        let failed = FailedTicket { ticket_id: "6".to_owned(), reason: "because".to_owned() };
        assert_eq!(report.failed, Listed { count: 1, tickets: vec![failed] });
        assert_eq!(report.unaccounted, Listed { count: 2, tickets: vec!["7".to_owned(), "8".to_owned()] });
    }

    #[test]
    fn a_report_names_no_more_than_a_person_reads_and_counts_all() {
        let mut report = GapReport::default();
        let id = TicketId::parse("1").unwrap();
        (0..=MOST_NAMED).for_each(|_| count(&mut report, &id, None));
        assert_eq!((report.unaccounted.count, report.unaccounted.tickets.len()), (1_001, 1_000));
    }
}
