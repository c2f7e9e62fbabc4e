//! The test ticket: sent as HubSpot would send one, through the real way in, and followed to its Discord message.

use link::{Attempt, Delivery, TestMessage, TestTicket, TestTriaged, Triage, TriageDetail};
use serde_json::json;
use triage::ticket::{Provider, TicketId};
use triage::time::Timestamp;
use url::Url;

use super::providers::Providers;
use crate::app::App;
pub use crate::clients::webhook::Error as NotTaken;
use crate::clients::webhook::{self, Proof};
use crate::config::Config;
use crate::store::{self, DeviceRow};

/// A test ticket could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is nothing to prove a webhook with.
    #[error("neither HUBSPOT_WEBHOOK_TOKEN nor HUBSPOT_CLIENT_SECRET is set")]
    NoProof,
    /// It did not get in.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
}

/// Sends one to the orchestrator at that address, signed when that can be checked, else with the shared secret.
///
/// # Errors
/// See [`Problem`].
pub async fn send(config: &Config, to: &Url, now: Timestamp) -> Result<String, Problem> {
    let id = format!("{}{}", TicketId::TEST, uuid::Uuid::now_v7().simple());
    let body = json!({
        "ticket_id": id,
        "subject": "Test: cannot download the invoice",
        "content": "This is a test of the triage. The download button on the billing page does nothing in Firefox, while Chrome works.",
    });
    webhook::send(to, &proof(config, now)?, &body).await?;
    Ok(id)
}

/// Where HubSpot finds this orchestrator: its public address, or this process itself when it has none.
pub fn way_in(app: &App) -> Option<Url> {
    let here = || Url::parse(&format!("http://{}", app.own_address()?)).ok();
    app.config.public_url.clone().or_else(here)
}

/// How far a ticket has come, as the device that follows it is told; `None` when it is not known. Discord is asked
/// whether it really has the message.
///
/// # Errors
/// When the database fails.
pub async fn follow(app: &App, device: &DeviceRow, id: &TicketId) -> store::Result<Option<TestTicket>> {
    let Some(TriageDetail { triage, calls, .. }) = app.store.triage(id).await? else { return Ok(None) };
    let triaged = triaged(app, device, &triage).await?;
    let is_here = triaged.as_ref().is_some_and(|triaged| triaged.here);
    Ok(Some(TestTicket {
        why_not_here: if is_here { None } else { why_not_here(&calls) },
        message: message(app, &triage).await,
        triaged,
        ticket_id: triage.ticket_id,
        status: triage.status,
        accepted_at: triage.received_at,
        error: triage.error,
    }))
}

fn proof(config: &Config, at: Timestamp) -> Result<Proof<'_>, Problem> {
    match (config.hubspot.client_secrets.first(), &config.public_url, config.hubspot.webhook_tokens.first()) {
        (Some(client_secret), Some(public_url), _) => Ok(Proof::Signature { client_secret, public_url, at }),
        (_, _, Some(token)) => Ok(Proof::Token(token)),
        (_, _, None) => Err(Problem::NoProof),
    }
}

async fn triaged(app: &App, device: &DeviceRow, triage: &Triage) -> store::Result<Option<TestTriaged>> {
    let (Some(provider), Some(at), Some(_)) = (&triage.provider, &triage.triaged_at, &triage.verdict) else {
        return Ok(None);
    };
    let is_local = provider == Provider::Local.as_str();
    let here = is_local
        && match &triage.device_id {
            Some(id) => *id == device.id,
            None => Providers::is_behind_environment(device, &app.config),
        };
    let name = match &triage.device_id {
        Some(id) => app.store.devices().await?.into_iter().find(|device| device.id == *id),
        None => None,
    };
    Ok(Some(TestTriaged {
        provider: provider.clone(),
        here,
        device: name.map(|device| device.name),
        model: triage.model.clone().unwrap_or_default(),
        latency_ms: triage.latency_ms.unwrap_or_default(),
        at: at.clone(),
    }))
}

fn why_not_here(calls: &[Attempt]) -> Option<String> {
    let local = calls.iter().rev().filter(|call| call.provider == Provider::Local.as_str());
    let failed = local.filter(|call| call.outcome != "verdict").find_map(|call| call.error.clone());
    failed.or_else(|| {
        let why = calls.iter().rev().find_map(|call| call.cloud_reason.as_deref())?;
        // What the settings allow is not why.
        Some(why.split_once("; ").map_or(why, |(_, why)| why).to_owned())
    })
}

async fn message(app: &App, triage: &Triage) -> TestMessage {
    let Some(discord) = &app.discord else { return TestMessage::NoChannel };
    let delivery = triage.deliveries.iter().find(|delivery| delivery.target == "discord");
    match delivery {
        Some(Delivery { status, error, .. }) if status == "failed" => {
            TestMessage::Refused { why: error.clone().unwrap_or_default() }
        }
        Some(Delivery { status, message_id: Some(message_id), at, .. }) if status == "delivered" => {
            // While Discord wants to be left alone, that it took the message has to do.
            let asked = if discord.rest().is_zero() { discord.has(message_id).await.ok() } else { None };
            match asked {
                Some(true) => TestMessage::Confirmed { at: app.clock.now().to_rfc3339() },
                Some(false) => TestMessage::Refused {
                    why: "Discord took the message, but does not have it any more".to_owned(),
                },
                None => TestMessage::Delivered { at: at.clone() },
            }
        }
        waiting => match app.discord_stopped() {
            Some(why) => TestMessage::Refused { why },
            None => TestMessage::Waiting { why: waiting.and_then(|delivery| delivery.error.clone()) },
        },
    }
}
