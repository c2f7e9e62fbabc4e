//! What is asked of the orchestrator besides: to take the tunnel, and to look at the public address again.

use std::time::Duration;

use ::link::{HeartbeatAnswer, TunnelOffer, Usability};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Client, Error, Heard, Means};
use crate::model::linked::{Said, is_same_address};

/// An offer that was not taken is made again after so long.
const AGAIN: Duration = Duration::from_mins(1);

/// An address that was seen open is looked at again so often, since nobody should wait a day to see it closed.
const LOOK_AGAIN: Duration = Duration::from_mins(5);

/// Offers the tunnel whenever the orchestrator does not have it. Its own call through it decides.
pub(super) async fn hand_over(
    client: Client,
    means: Means,
    mut heard: watch::Receiver<Heard>,
    offer: TunnelOffer,
) {
    let mut last = None;
    while heard.changed().await.is_ok() {
        let answer = heard.borrow_and_update().answer.clone();
        let Some(answer) = answer else { continue };
        // What does not work from here would only be refused.
        let is_usable = means.reports.borrow().standing.state == Usability::Usable;
        let is_taken = means.kept.taken().as_ref() == Some(&offer);
        let waits = last.is_some_and(|last: Instant| last.elapsed() < AGAIN);
        if !is_usable || !is_due(&offer, is_taken, &answer) || waits {
            continue;
        }
        let said = match client.hand_over(&offer).await {
            Ok(taken) => {
                info!(event = "tunnel_handed_over", "the orchestrator has verified the tunnel and uses it");
                *means.kept.taken() = Some(offer.clone());
                Said::HandedOver(Box::new(taken.tunnel))
            }
            Err(Error::Refused { message, code, .. }) => {
                warn!(event = "tunnel_refused", code, "the orchestrator has not taken the tunnel: {message}");
                Said::NotHandedOver(message)
            }
            // The heartbeats tell.
            Err(
                Error::UnsafeAddress | Error::Unreachable(_) | Error::NotPaired | Error::NoOrchestrator(_),
            ) => {
                continue;
            }
        };
        last = Some(Instant::now());
        if means.said.send(said).await.is_err() {
            return;
        }
        means.kept.beat.notify_one();
    }
}

/// Whether the orchestrator lacks it, as far as can be known: it does not tell which service token it has. PURE.
fn is_due(offer: &TunnelOffer, is_taken: bool, answer: &HeartbeatAnswer) -> bool {
    let is_there = answer
        .tunnel
        .as_ref()
        .is_some_and(|tunnel| is_same_address(&tunnel.url, &offer.url) && tunnel.model == offer.model);
    !is_taken || !is_there
}

/// Has an address that was seen open looked at again.
pub(super) async fn look_again(client: Client, means: Means, mut heard: watch::Receiver<Heard>) {
    let mut last = Instant::now();
    while heard.changed().await.is_ok() {
        let answer = heard.borrow_and_update().answer.clone();
        let is_open = answer
            .and_then(|answer| answer.receipt.clone())
            .is_some_and(|receipt| receipt.checks.iter().any(|check| check.refused == Some(false)));
        if !is_open || last.elapsed() < LOOK_AGAIN {
            continue;
        }
        last = Instant::now();
        // The next heartbeat tells what does not work here.
        if let Ok(receipt) = client.look_from_outside().await
            && means.said.send(Said::Checked(Box::new(receipt))).await.is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_orchestrator_does_not_have_is_due() {
        let offer = |url: &str| TunnelOffer {
            url: url.to_owned(),
            access_client_id: None,
            access_client_secret: None,
            model: "m".to_owned(),
            expires_at: None,
        };
        let answer = |url: Option<&str>, model: &str| -> HeartbeatAnswer {
            let tunnel =
                url.map(|url| json!({"url": url, "model": model, "verified_at": "", "expires_at": null}));
            let answer = json!({
                "server": {"version": "", "public_url": null}, "time": "", "next_in_ms": 1, "layers": [],
                "view": {"state": "unknown", "why": null}, "elsewhere": "wait", "tunnel": tunnel, "receipt": null,
            });
            serde_json::from_value(answer).unwrap()
        };
        let a = offer("https://a.example.com");
        for (is_taken, there, due) in [
            (true, answer(Some("https://a.example.com/"), "m"), false),
            (false, answer(Some("https://a.example.com/"), "m"), true),
            (true, answer(Some("https://a.example.com"), "other"), true),
            (true, answer(Some("https://b.example.com"), "m"), true),
            (true, answer(None, "m"), true),
        ] {
            assert_eq!(is_due(&a, is_taken, &there), due, "{is_taken} {there:?}");
        }
    }
}
