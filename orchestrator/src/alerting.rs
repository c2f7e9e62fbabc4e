//! Looking now and then which alerts should be open. The `alerts` crate decides; the database remembers.

use std::time::Duration;

use alerts::service::{self, Device, Rule, Wanted};
use link::{Heartbeat, LayerHealth, Receipt};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use triage::time::Timestamp;

use crate::app::App;
use crate::store::{self, AlertFacts, AlertNews, WantedAlert};

/// How often is looked.
const EVALUATE_EVERY: Duration = Duration::from_secs(15);

/// Keeps the alerts up to date until `stop`.
pub(crate) async fn run(app: &App, stop: &CancellationToken) {
    loop {
        if let Err(error) = evaluate(app).await {
            debug!(error = %error.chain(), "cannot evaluate alerts");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVALUATE_EVERY) => {}
        }
    }
}

/// Raises, changes and clears alerts as the moment demands; `None` if somebody else is at it, who may have read before
/// the latest change.
pub async fn evaluate(app: &App) -> store::Result<Option<Vec<AlertNews>>> {
    let decide = |facts: &[AlertFacts], now: Timestamp| {
        let devices: Vec<Device> = facts.iter().map(device).collect();
        service::wanted(&devices, since_epoch(now.as_millis())).into_iter().map(as_stored).collect()
    };
    let Some(news) =
        app.store.evaluate_alerts(&Rule::ALL.map(Rule::as_str), decide, || app.clock.now()).await?
    else {
        return Ok(None);
    };
    for AlertNews { what, kind, subject, severity } in &news {
        if *what == "alert_cleared" {
            info!(event = *what, kind, subject, severity, "an alert has passed");
        } else {
            warn!(event = *what, kind, subject, severity, "a person should look");
        }
    }
    if !news.is_empty() {
        app.wake.changed();
    }
    Ok(Some(news))
}

fn device(facts: &AlertFacts) -> Device {
    Device {
        id: facts.id.clone(),
        name: facts.name.clone(),
        heard_at: since_epoch(facts.last_seen_at.unwrap_or(facts.paired_at)),
        exposed: seen_from_outside(facts).or_else(|| said_by_itself(facts)),
        credentials_end_at: facts.credentials_end_at.map(since_epoch),
    }
}

/// A call that was not answered tells nothing: only one that was not refused does.
fn seen_from_outside(facts: &AlertFacts) -> Option<String> {
    let receipt: Receipt = serde_json::from_str(facts.receipt.as_deref()?).ok()?;
    let open = receipt.checks.into_iter().find(|check| check.refused == Some(false))?;
    Some(without_full_stop(&open.sentence))
}

fn said_by_itself(facts: &AlertFacts) -> Option<String> {
    let heartbeat: Heartbeat = serde_json::from_str(facts.heartbeat.as_deref()?).ok()?;
    let is_open = |layer: &link::LayerReport| {
        layer.layer == "access_closed" && matches!(layer.health, LayerHealth::Fail)
    };
    heartbeat.layers.into_iter().find(is_open).map(|layer| without_full_stop(&layer.sentence))
}

fn without_full_stop(sentence: &str) -> String {
    sentence.trim().trim_end_matches('.').to_owned()
}

fn as_stored(wanted: Wanted) -> WantedAlert {
    WantedAlert {
        kind: wanted.rule.as_str(),
        subject: wanted.subject,
        severity: wanted.urgency.as_str(),
        sentence: wanted.sentence,
        what_to_do: wanted.what_to_do,
    }
}

fn since_epoch(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
