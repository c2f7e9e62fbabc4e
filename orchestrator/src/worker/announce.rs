//! Telling Discord: one message per ticket, edited when the verdict changes.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};
use triage::message::{Body, Card, discord};
use triage::retry;

use super::insist;
use crate::app::App;
use crate::clients::discord::{Discord, Error};
use crate::queue::{Back, Delivered, DeliveryState, Job, Sent, Subject};
use crate::store::Result;

/// A wait shorter than this is waited out; for longer ones the job goes back into the queue.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// How long a delivery waits when only a person can mend what is wrong; a restart looks at once.
const UNTIL_MENDED: Duration = Duration::from_secs(3600);

/// What was read with others is told for so long; then it is read again. Much less than the lease, within which nobody else
/// writes the message.
const FRESH: Duration = Duration::from_secs(1);

/// What there was to tell.
pub(super) struct Read {
    pub(super) subject: Subject,
    pub(super) at: Instant,
}

/// Writes or rewrites the message of the job's ticket; `read` if it has been read already.
pub(super) async fn perform(app: &App, job: &Job, read: Option<Read>) -> Result<()> {
    let Some(client) = &app.discord else {
        return put_back(app, job, Back::Waiting, UNTIL_MENDED, "DISCORD_WEBHOOK_URL is not set").await;
    };
    let Some(end) = in_turn(app, job, client, read).await? else { return Ok(()) };
    let sent = Sent { job: job.clone(), end };
    insist(|| app.delivering.end(sent.clone())).await.map(|_| ())
}

/// Writes the message while nobody else does, and has its id stored before anybody else may; `None` when the job was put
/// back.
async fn in_turn(app: &App, job: &Job, client: &Discord, read: Option<Read>) -> Result<Option<Delivered>> {
    let _turn = app.discord_turn.lock().await;
    let subject = match read.filter(|read| read.at.elapsed() < FRESH) {
        Some(read) => Some(read.subject),
        None => app.store.subject(job).await?,
    };
    let Some(subject) = subject else {
        return Ok(Some(Delivered::Failed { why: "there is no verdict to tell of".to_owned() }));
    };
    let rest = client.rest();
    if rest > SHORT_WAIT {
        put_back(app, job, Back::Waiting, rest, "Discord asked for a pause").await?;
        return Ok(None);
    }
    // Even the shortest sleep takes a millisecond.
    if !rest.is_zero() {
        tokio::time::sleep(rest).await;
    }
    let body = discord(&card(app, job, &subject));
    match write(app, job, client, &subject, &body).await? {
        Ok(message_id) => {
            let triage_id = match subject.state {
                DeliveryState::Verdict(told) => Some(told.triage_id),
                DeliveryState::Waiting { .. } | DeliveryState::Failed { .. } => None,
            };
            app.note_discord(true);
            info!(event = "delivery_completed", ticket_id = %job.ticket_id, target = job.kind.as_str(), "the team has been told");
            Ok(Some(Delivered::Message { message_id, triage_id }))
        }
        Err(failure) => failed(app, job, failure).await,
    }
}

async fn write(
    app: &App,
    job: &Job,
    client: &Discord,
    subject: &Subject,
    body: &serde_json::Value,
) -> Result<std::result::Result<String, Error>> {
    if let Some(message_id) = &subject.message_id {
        match client.edit(message_id, body).await {
            Ok(()) => return Ok(Ok(message_id.clone())),
            Err(Error::MessageGone) => app.store.forget_message(job, message_id).await?,
            Err(failure) => return Ok(Err(failure)),
        }
    }
    let posted = client.post(body).await;
    if let Ok(message_id) = &posted {
        insist(|| app.store.keep_message(job, message_id)).await?;
    }
    Ok(posted)
}

async fn failed(app: &App, job: &Job, failure: Error) -> Result<Option<Delivered>> {
    let why = failure.to_string();
    let again = Duration::from_secs_f64(rand::random::<f64>());
    match failure {
        Error::RateLimited(wait) => put_back(app, job, Back::Waiting, wait + again, &why).await?,
        Error::WebhookGone(_) => {
            error!(event = "delivery_failed", ticket_id = %job.ticket_id, target = job.kind.as_str(), error_message = %why,
                "Discord is not called any more: set DISCORD_WEBHOOK_URL to a webhook that exists and restart; nothing is lost meanwhile");
            app.stop_discord(&why);
            put_back(app, job, Back::Waiting, UNTIL_MENDED, &why).await?;
        }
        Error::Invalid(_) => {
            error!(event = "delivery_failed", ticket_id = %job.ticket_id, target = job.kind.as_str(), error_message = %why, "this message cannot be delivered");
            return Ok(Some(Delivered::Failed { why }));
        }
        Error::MessageGone | Error::Later(_) => {
            app.note_discord(false);
            let Some(delay) = retry::delay(job.failures.saturating_add(1), rand::random(), None) else {
                error!(event = "delivery_failed", ticket_id = %job.ticket_id, target = job.kind.as_str(), error_message = %why, "given up");
                return Ok(Some(Delivered::Failed { why }));
            };
            warn!(event = "delivery_delayed", ticket_id = %job.ticket_id, target = job.kind.as_str(), error_message = %why, "trying again later");
            put_back(app, job, Back::ServiceFailed, delay, &why).await?;
        }
    }
    Ok(None)
}

async fn put_back(app: &App, job: &Job, back: Back, delay: Duration, why: &str) -> Result<()> {
    insist(|| app.store.put_back(job, back, delay, why, app.clock.now())).await.map(|_| ())
}

fn card(app: &App, job: &Job, subject: &Subject) -> Card {
    let desk = &app.config.desk;
    let (at, body) = match &subject.state {
        DeliveryState::Verdict(told) => (
            told.at,
            Body::Verdict {
                category_label: desk.category_label(&told.verdict.category),
                team_label: desk.team_label(&told.verdict.team),
                verdict: told.verdict.clone(),
                review: told.review.clone(),
                provider: told.provider,
                model: told.model.clone(),
                redacted: told.redacted,
                latency: Duration::from_millis(told.latency_ms),
                omitted_chars: told.omitted_chars,
            },
        ),
        DeliveryState::Waiting { why, since } => {
            let minutes = app.clock.now().since(*since).as_secs() / 60;
            (*since, Body::Waiting { minutes, why: why.clone() })
        }
        DeliveryState::Failed { why, what_to_do, at } => {
            (*at, Body::NotTriaged { why: why.clone(), what_to_do: what_to_do.clone() })
        }
    };
    Card {
        ticket_id: job.ticket_id.to_string(),
        subject: subject.subject.clone(),
        url: url(app, job, subject),
        at,
        body,
    }
}

/// Where a person sees the ticket: as HubSpot gave it, else made from the account's number.
fn url(app: &App, job: &Job, subject: &Subject) -> Option<String> {
    let portal = subject.portal_id.or(app.config.hubspot.portal_id);
    let made = portal.and_then(|portal| job.ticket_id.hubspot_url(portal));
    subject.url.clone().or(made)
}
