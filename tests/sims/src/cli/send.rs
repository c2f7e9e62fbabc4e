//! `sims send`: sample tickets on their way, one line each; errors are printed and the next ticket is sent.

use super::{say, width};
use anyhow::Context;
use serde_json::json;
use sims::hubspot::Ticket;
use sims::samples::{self, Sample};
use sims::sender::{Delivery, Sender, fresh_ticket_id};
use std::process::ExitCode;
use std::time::Duration;

const SUBJECT_COLUMNS: usize = 56;
/// With a CRM to ask, every third ticket goes out without its text.
const WITHOUT_TEXT_EVERY: usize = 3;

/// Where to, what, how often.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The webhook address of the orchestrator, e.g. <http://127.0.0.1:3000/webhooks/hubspot>.
    #[arg(long, value_name = "URL")]
    to: String,
    /// The webhook token.
    #[arg(long, value_name = "TOKEN")]
    token: String,
    /// The pause between two tickets.
    #[arg(long, value_name = "TIME", value_parser = super::duration, default_value = "4s")]
    every: Duration,
    /// How many tickets; without it they go on until interrupted.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Samples in random order.
    #[arg(long)]
    shuffle: bool,
    /// Only this sample.
    #[arg(long, value_name = "ID")]
    sample: Option<String>,
    /// Register each ticket in this HubSpot stand-in first; some are then sent as events without text.
    #[arg(long, value_name = "URL")]
    hubspot: Option<String>,
    /// Lose the first N webhooks on the way, so that only the HubSpot stand-in knows of their tickets.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "hubspot")]
    drop: usize,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let tickets = choose(&options)?;
    let sender = Sender::new(&options.to, &options.token);
    sender.lose(options.drop);
    let mut done = 0;
    for number in 0..options.count.unwrap_or(usize::MAX) {
        if number > 0 {
            tokio::select! {
                () = tokio::time::sleep(options.every) => {}
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted?;
                    break;
                }
            }
        }
        let sample = tickets[number % tickets.len()];
        let ticket = Ticket::of_sample(fresh_ticket_id(), sample);
        let subject = width::cut(&sample.subject, SUBJECT_COLUMNS);
        let line = match send(&options, &sender, &ticket, sample, number).await {
            Ok(delivery) => {
                done += usize::from(delivery.status < 300);
                outcome(&delivery)
            }
            Err(problem) => format!("not sent: {problem:#}"),
        };
        say(&format!("→ {} \"{subject}\" {line}", ticket.id));
    }
    Ok(if done > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn choose(options: &Options) -> anyhow::Result<Vec<&'static Sample>> {
    let mut tickets: Vec<&'static Sample> = samples::all().iter().collect();
    if let Some(id) = &options.sample {
        let known = || tickets.iter().map(|sample| sample.id.as_str()).collect::<Vec<_>>().join(", ");
        let sample =
            samples::find(id).with_context(|| format!("no sample \"{id}\"; there are {}", known()))?;
        tickets = vec![sample];
    }
    if options.shuffle {
        tickets.sort_by_cached_key(|_| fresh_ticket_id());
    }
    Ok(tickets)
}

async fn send(
    options: &Options,
    sender: &Sender,
    ticket: &Ticket,
    sample: &Sample,
    number: usize,
) -> anyhow::Result<Delivery> {
    let Some(hubspot) = &options.hubspot else { return Ok(sender.workflow(ticket).await?) };
    let body = json!({"id": ticket.id, "subject": sample.subject, "content": sample.content,
        "priority": sample.priority, "contact": sample.contact});
    let place = format!("{}/_sim/tickets", hubspot.trim_end_matches('/'));
    let known = sims::http_client().post(place).json(&body).send().await?;
    known.error_for_status().context("the HubSpot stand-in did not take the ticket")?;
    if number % WITHOUT_TEXT_EVERY == WITHOUT_TEXT_EVERY - 1 {
        return Ok(sender.created(ticket.id).await?);
    }
    Ok(sender.workflow(ticket).await?)
}

fn outcome(delivery: &Delivery) -> String {
    if delivery.status == 0 {
        return "lost on the way: only HubSpot knows of it".to_owned();
    }
    let took = format!("{} in {} ms", delivery.status, delivery.took.as_millis());
    if delivery.status < 300 {
        return took;
    }
    let said = delivery.json["error"]["message"].as_str().unwrap_or(delivery.body.trim());
    format!("{took}: {}", width::cut(&said.replace('\n', " "), SUBJECT_COLUMNS * 2))
}
