//! `sims message`: waits for the message about one ticket and shows it.

use super::{card, complain, say};
use anyhow::Context;
use serde_json::Value;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(100);

/// Which message, and how long to wait.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The Discord stand-in, e.g. <http://127.0.0.1:4000>.
    #[arg(long, value_name = "URL")]
    discord: String,
    /// The ticket's id.
    #[arg(long, value_name = "ID")]
    ticket: String,
    /// How long to wait.
    #[arg(long, value_name = "TIME", value_parser = super::duration, default_value = "30s")]
    wait: Duration,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let client = sims::http_client();
    let base = options.discord.trim_end_matches('/');
    let feed = url::Url::parse_with_params(&format!("{base}/_sim/messages"), [("ticket", &options.ticket)])
        .with_context(|| format!("\"{base}\" is no address"))?;
    let started = Instant::now();
    loop {
        let found: Result<Value, reqwest::Error> = async {
            let answer = client.get(feed.clone()).timeout(Duration::from_secs(5)).send().await?;
            answer.error_for_status()?.json().await
        }
        .await;
        let late = started.elapsed() >= options.wait;
        match found {
            Ok(found) => match found["messages"].get(0) {
                Some(message) => {
                    say(&card::render(message, super::has_colour()));
                    return Ok(ExitCode::SUCCESS);
                }
                None if late => {
                    let there = found["ids"].as_array().map_or(0, Vec::len);
                    let (ticket, wait) = (&options.ticket, options.wait);
                    complain(&format!(
                        "no message about ticket {ticket} after {wait:?}; {there} other messages are there"
                    ));
                    return Ok(ExitCode::FAILURE);
                }
                None => {}
            },
            Err(problem) if late => {
                return Err(problem).with_context(|| format!("cannot read messages at {base}"));
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}
