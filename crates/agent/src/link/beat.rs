//! Heartbeats: regularly, and at once when something changed.

use std::sync::Arc;
use std::time::Duration;

use ::link::{Heartbeat, HeartbeatAnswer, Load};
use chrono::{DateTime, SecondsFormat, Utc};
use supervise::health::facts::LinkAnswer;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::pace::Pace;
use super::{Client, Error, Heard, Means};
use crate::model::linked::Said;

/// What changes together is told together.
const TOGETHER: Duration = Duration::from_millis(150);

/// Sends heartbeats until nobody wants to know what comes of them.
pub(super) async fn run(client: Client, means: Means, heard: watch::Sender<Heard>) {
    let mut reports = means.reports.subscribe();
    let mut pace = Pace::default();
    let mut was_taken = None;
    loop {
        let report = reports.borrow_and_update().clone();
        let begun = Instant::now();
        let sent = client.heartbeat(&complete(&report, (means.wall)().into())).await;
        let latency = begun.elapsed();
        note(&mut was_taken, sent.as_ref().err());
        let (wait, said) = match sent {
            Ok(answer) => {
                let ahead_seconds = ahead_seconds(&answer, (means.wall)().into(), latency);
                let wait = pace.heard(answer.next_in_ms);
                heard.send_replace(Heard { answer: Some(Arc::new(answer.clone())) });
                (wait, Said::Heard { answer: Box::new(answer), latency, ahead_seconds })
            }
            Err(error) => {
                heard.send_replace(Heard::default());
                let wait = match &error {
                    Error::NotPaired => pace.refused(),
                    Error::UnsafeAddress
                    | Error::Unreachable(_)
                    | Error::Refused { .. }
                    | Error::NoOrchestrator(_) => pace.failed(error.retry_after(), rand::random()),
                };
                (wait, Said::NotHeard { answer: meaning(&error), latency })
            }
        };
        let is_refused = matches!(said, Said::NotHeard { answer: LinkAnswer::NotPaired, .. });
        if means.said.send(said).await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(wait) => {}
            () = means.kept.beat.notified(), if !is_refused => {}
            changed = reports.changed(), if !is_refused => {
                let Ok(()) = changed else { return };
                sleep(TOGETHER).await;
            }
        }
    }
}

/// What a failed heartbeat means for the link.
fn meaning(error: &Error) -> LinkAnswer {
    match error {
        Error::NotPaired => LinkAnswer::NotPaired,
        Error::Unreachable(words) => LinkAnswer::Unreachable(words.clone()),
        Error::UnsafeAddress => LinkAnswer::Unreachable(error.to_string()),
        Error::Refused { status, .. } | Error::NoOrchestrator(status) => LinkAnswer::Failing(*status),
    }
}

/// One line when it begins or ceases to work.
fn note(was_taken: &mut Option<bool>, error: Option<&Error>) {
    if was_taken.replace(error.is_none()) == Some(error.is_none()) {
        return;
    }
    match error {
        None => info!(event = "linked", "the orchestrator takes heartbeats"),
        Some(error) => {
            warn!(event = "link_lost", %error, "the orchestrator does not take heartbeats; it is tried again");
        }
    }
}

pub(super) fn complete(report: &Heartbeat, now: DateTime<Utc>) -> Heartbeat {
    let sent_at = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    Heartbeat { sent_at, load: load(), ..report.clone() }
}

/// By the middle of the call.
fn ahead_seconds(answer: &HeartbeatAnswer, now: DateTime<Utc>, latency: Duration) -> i64 {
    let Ok(time) = answer.time.parse::<DateTime<Utc>>() else { return 0 };
    (now - time).num_seconds() - i64::try_from(latency.as_secs() / 2).unwrap_or(0)
}

#[cfg(target_os = "linux")]
fn load() -> Option<Load> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let one_minute = text.split(' ').next()?.parse().ok()?;
    let processors = std::thread::available_parallelism().ok()?.get();
    Some(Load { one_minute, processors: u32::try_from(processors).ok()? })
}

#[cfg(not(target_os = "linux"))]
const fn load() -> Option<Load> {
    None
}
