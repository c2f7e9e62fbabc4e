//! `orchestrator triage list|show|retry|undo`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to a person")]

pub mod retry;

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use link::{Triage, TriageDetail, TriageStatus, Written};
use triage::ticket::TicketId;

use super::open_current;
use crate::clients;
use crate::clock::Clock;
use crate::config::{Config, HubSpot};
use crate::store::{Filter, Store, status_name, status_named};
use crate::worker::write_back::undo::{self, Undone};

/// What to do with tickets.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List tickets, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Only those in this state: queued, triaging, waiting, triaged, needs_review, failed, gone
        #[arg(long, value_parser = status)]
        status: Option<TriageStatus>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Show a ticket with everything that is known of its way
    Show {
        /// HubSpot's record id
        ticket_id: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Have a ticket triaged again, or told of, or everything that was given up
    Retry(retry::Options),
    /// Take away what was written into a ticket in HubSpot, except what a person has changed since
    Undo {
        /// HubSpot's record id
        ticket_id: String,
    },
}

/// Runs one of them.
pub async fn run(config: Config, command: Command) -> anyhow::Result<ExitCode> {
    let store = open_current(&config).await?;
    let code = match command {
        Command::List { limit, status, json } => {
            list(&store, &Filter { limit, status, ..Filter::default() }, json).await?
        }
        Command::Show { ticket_id, json } => show(&store, &ticket_id, json).await?,
        Command::Retry(options) => retry::run(&store, options).await?,
        Command::Undo { ticket_id } => undo(&store, config.hubspot, &ticket_id).await?,
    };
    store.close().await;
    Ok(code)
}

async fn list(store: &Store, filter: &Filter, json: bool) -> anyhow::Result<ExitCode> {
    let triages = store.triages(filter).await?.items;
    if json {
        println!("{}", serde_json::to_string_pretty(&triages)?);
    } else if triages.is_empty() {
        println!("No tickets yet.");
    } else {
        println!(
            "  {:<14} {:<20} {:<9} {:<18} {:>5}  {:<6} Subject",
            "Ticket", "Received", "Priority", "Category", "Sure", "By"
        );
        triages.iter().for_each(|triage| println!("{}", line(triage)));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(triage: &Triage) -> String {
    let verdict = triage.verdict.as_ref();
    let or_dash = |text: Option<&str>| text.unwrap_or("–").to_owned();
    let state = verdict.map_or_else(|| status_name(triage.status).to_owned(), |v| v.priority.clone());
    format!(
        "{} {:<14} {:<20} {:<9} {:<18} {:>5}  {:<6} {}",
        mark(triage.status),
        triage.ticket_id,
        triage.received_at.get(..19).unwrap_or_default().replace('T', " "),
        state,
        or_dash(verdict.map(|v| v.category.as_str())),
        or_dash(verdict.map(|v| format!("{:.0} %", v.confidence * 100.0)).as_deref()),
        or_dash(triage.provider.as_deref()),
        printable(triage.subject.as_deref().unwrap_or("(no subject yet)"), 60),
    )
}

async fn show(store: &Store, ticket_id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let detail = match TicketId::parse(ticket_id) {
        Some(id) => store.triage(&id).await?,
        None => None,
    };
    let Some(detail) = detail else { return Ok(unknown(ticket_id)) };
    if json {
        println!("{}", serde_json::to_string_pretty(&detail)?)
    } else {
        print_detail(&detail)
    }
    Ok(ExitCode::SUCCESS)
}

fn print_detail(detail: &TriageDetail) {
    let TriageDetail { triage, events, calls, written } = detail;
    let row = |name: &str, value: &str| println!("  {name:<12} {value}");
    println!(
        "{} {} · {}",
        mark(triage.status),
        triage.ticket_id,
        printable(triage.subject.as_deref().unwrap_or("(no subject yet)"), 100)
    );
    row("Status", &status_name(triage.status).replace('_', " "));
    row("Received", &triage.received_at);
    triage.url.iter().for_each(|url| row("HubSpot", url));
    triage.error.iter().for_each(|error| row("Note", error));
    if let Some(verdict) = &triage.verdict {
        println!("Verdict");
        row("Priority", &verdict.priority);
        row("Category", &format!("{} ({})", verdict.category, verdict.team));
        row("Sentiment", &format!("{}, {}", verdict.sentiment, verdict.language));
        row("Confidence", &format!("{:.0} %", verdict.confidence * 100.0));
        row("Summary", &verdict.summary);
        row("Why", &verdict.reason);
    }
    println!("Webhooks");
    events.iter().for_each(|event| row(&event.kind, &event.received_at));
    println!("Who read it");
    if calls.is_empty() {
        row("nobody", "");
    }
    for call in calls {
        let took = call.latency_ms.map_or_else(|| "not ended".to_owned(), |ms| format!("{ms} ms"));
        row(
            &call.provider,
            &format!("{} {} at {} · {} · {took}", call.started_at, call.model, call.sent_to, call.outcome),
        );
        call.cloud_reason.iter().for_each(|why| row("", &format!("why: {why}")));
        if !call.redacted.is_empty() {
            let counts: Vec<String> =
                call.redacted.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
            row("", &format!("removed before: {}", counts.join(", ")));
        }
        call.error.iter().for_each(|error| row("", error));
    }
    println!("Told");
    for delivery in &triage.deliveries {
        row(
            &delivery.target,
            &format!(
                "{} at {}{}",
                delivery.status,
                delivery.at,
                delivery.error.as_deref().map(|e| format!(" ({e})")).unwrap_or_default()
            ),
        );
    }
    print_written(written);
}

fn print_written(written: &[Written]) {
    if written.is_empty() {
        return;
    }
    println!("In HubSpot");
    for write in written {
        let is_note = write.what == "note";
        let or_empty = |value: &Option<String>| {
            value.as_deref().filter(|value| !value.is_empty()).unwrap_or("empty").to_owned()
        };
        let (former, value) = (or_empty(&write.former), or_empty(&write.value));
        let said = match (write.status.as_str(), is_note) {
            ("skipped", true) => "not written".to_owned(),
            ("skipped", false) => match &write.value {
                Some(value) => format!("{former}, not set to {value}"),
                None => format!("{former}, not set"),
            },
            (status, true) => status.to_owned(),
            (status, false) => format!("{former} → {value}, {status}"),
        };
        let why = write.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        println!("  {:<18} {said} at {}{why}", write.what, write.at);
    }
}

const UNTIL_RETRY: &str = "Nothing is written there again until `orchestrator triage retry`.";

async fn undo(store: &Store, hubspot: HubSpot, ticket_id: &str) -> anyhow::Result<ExitCode> {
    let Some(id) = TicketId::parse(ticket_id) else { return Ok(unknown(ticket_id)) };
    let clock = Clock::machine();
    clock.sync(store).await?;
    let client = clients::hubspot::HubSpot::new(hubspot);
    Ok(
        match undo::undo(store, client.as_ref(), &id, clock.now())
            .await
            .context("not everything is undone; run it again")?
        {
            Undone::Done(lines) if lines.is_empty() => {
                println!("Nothing of ours is in HubSpot's ticket {id}.");
                println!("{UNTIL_RETRY}");
                ExitCode::SUCCESS
            }
            Undone::Done(lines) => {
                println!("Ticket {id}, in HubSpot:");
                lines.iter().for_each(|line| println!("  {line}"));
                println!("{UNTIL_RETRY}");
                ExitCode::SUCCESS
            }
            Undone::Running => {
                eprintln!("Ticket {id} is being written right now; try again in a moment.");
                ExitCode::FAILURE
            }
            Undone::Unknown => unknown(ticket_id),
        },
    )
}

fn unknown(ticket_id: &str) -> ExitCode {
    eprintln!(
        "There is no ticket {}. `orchestrator triage list` shows those there are.",
        printable(ticket_id, 60)
    );
    ExitCode::FAILURE
}

const fn mark(status: TriageStatus) -> &'static str {
    match status {
        TriageStatus::Triaged => "●",
        TriageStatus::NeedsReview => "◐",
        TriageStatus::Failed => "✕",
        TriageStatus::Queued | TriageStatus::Triaging | TriageStatus::Waiting | TriageStatus::Gone => "○",
    }
}

fn status(name: &str) -> Result<TriageStatus, String> {
    status_named(name)
        .ok_or_else(|| "expected queued, triaging, waiting, triaged, needs_review, failed or gone".to_owned())
}

/// One line of untrusted text that cannot upset a terminal.
pub(super) fn printable(text: &str, most_chars: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(most_chars) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
