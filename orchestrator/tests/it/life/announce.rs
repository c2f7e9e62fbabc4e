//! Telling Discord as `worker/announce.rs` does it, and the channel itself.

use std::rc::Rc;
use std::time::Duration;

use orchestrator::clients::discord::Error;
use orchestrator::queue::{Back, Delivered, Proof};
use triage::retry;

use super::model::{Claimed, Work};
use super::model_ends::News;
use super::process::{Process, Result};
use super::queue::Queue;
use super::world::Message;

const SHORT_WAIT: i64 = 2_000;
const UNTIL_MENDED: Duration = Duration::from_secs(3600);

pub(crate) async fn perform(me: &Rc<Process>, job: &Claimed) -> Result<()> {
    let subject =
        me.db(|| format!("reads what to tell of {}", job.ticket), |queue, _| queue.subject(job)).await?;
    let Some((news, message_id)) = subject else {
        return end(me, job, Delivered::Failed { why: "nothing to tell".to_owned() }).await;
    };
    let rest = me.discord_not_before.get() - me.world.clockwork.now();
    if rest > SHORT_WAIT {
        return put_back(me, job, Back::Waiting, millis(rest), "a pause").await;
    }
    me.world.clockwork.sleep(rest.max(0)).await;
    match write(me, job, message_id, &news).await? {
        Ok(message_id) => {
            let triage_id = match news {
                News::Verdict(triage_id) => Some(triage_id),
                News::Waiting | News::Failed(_) => None,
            };
            note_discord(me, true);
            end(me, job, Delivered::Message { message_id, triage_id }).await
        }
        Err(failure) => failed(me, job, failure).await,
    }
}

async fn write(
    me: &Process,
    job: &Claimed,
    message_id: Option<String>,
    news: &News,
) -> Result<std::result::Result<String, Error>> {
    if let Some(message_id) = message_id {
        match call(me, job, Some(&message_id), news).await {
            Ok(_) => return Ok(Ok(message_id)),
            Err(Error::MessageGone) => {
                me.db(|| format!("forgets {message_id}"), |queue, _| queue.forget_message(job, &message_id))
                    .await?;
            }
            Err(failure) => return Ok(Err(failure)),
        }
    }
    let posted = call(me, job, None, news).await;
    if let Ok(message_id) = &posted {
        keep(me, job, message_id).await?;
    }
    Ok(posted)
}

async fn keep(me: &Process, job: &Claimed, message_id: &str) -> Result<()> {
    let keep = |queue: &mut Queue, _| {
        queue.keep_message(job, message_id);
        me.world.book.borrow_mut().kept(job);
    };
    let kept = me.insist(|| format!("keeps {message_id}, the message of {}", job.ticket), keep).await;
    if kept.is_err() {
        me.world.book.borrow_mut().message_lost(job);
    }
    kept
}

async fn failed(me: &Rc<Process>, job: &Claimed, failure: Error) -> Result<()> {
    let why = failure.to_string();
    match failure {
        Error::RateLimited(wait) => put_back(me, job, Back::Waiting, wait, &why).await,
        Error::WebhookGone(_) => {
            me.discord_stopped.set(true);
            put_back(me, job, Back::Waiting, UNTIL_MENDED, &why).await
        }
        Error::Invalid(_) => end(me, job, Delivered::Failed { why }).await,
        Error::MessageGone | Error::Later(_) => {
            note_discord(me, false);
            match retry::delay(job.failures + 1, me.world.dice().fraction(), None) {
                Some(delay) => put_back(me, job, Back::ServiceFailed, delay, &why).await,
                None => end(me, job, Delivered::Failed { why }).await,
            }
        }
    }
}

fn note_discord(me: &Rc<Process>, works: bool) {
    if !me.discord_proved.replace(works) && works {
        me.spawn(Rc::clone(me).wake_waiting(Work::Discord, Proof::Works));
    }
}

async fn put_back(me: &Process, job: &Claimed, back: Back, delay: Duration, why: &str) -> Result<()> {
    let put_back = |queue: &mut Queue, now| queue.put_back(job, (back, delay), why, now);
    me.insist(|| format!("puts the message of {} back ({why})", job.ticket), put_back).await.map(|_| ())
}

async fn end(me: &Process, job: &Claimed, end: Delivered) -> Result<()> {
    let store = |queue: &mut Queue, now| queue.delivered(job, &end, now);
    me.insist(|| format!("ends telling of {}: {end:?}", job.ticket), store).await.map(|_| ())
}

/// One call: writes a message, or rewrites one. Discord may take it and its answer get lost.
async fn call(
    me: &Process,
    job: &Claimed,
    edits: Option<&str>,
    news: &News,
) -> std::result::Result<String, Error> {
    let world = &me.world;
    me.boundary().await;
    let (result, is_lost) = arrive(me, job, edits, news);
    world.is_dirty.set(true);
    world.clockwork.trace(|| {
        let lost = if is_lost { " (and the answer is lost)" } else { "" };
        format!("P{} tells Discord of {}: {news:?} {result:?}{lost}", me.index, job.ticket)
    });
    if is_lost && edits.is_none() {
        world.book.borrow_mut().message_lost(job);
    }
    me.boundary().await;
    if is_lost { Err(Error::Later("no answer".to_owned())) } else { result }
}

/// What Discord does with a call, and whether its answer gets lost.
fn arrive(
    me: &Process,
    job: &Claimed,
    edits: Option<&str>,
    news: &News,
) -> (std::result::Result<String, Error>, bool) {
    let world = &me.world;
    let how = if world.strikes(world.plan.odds.discord) { world.dice().below(8) } else { usize::MAX };
    let failure = match how {
        _ if !world.has_channel.get() => Some(Error::WebhookGone("gone".to_owned())),
        0 | 1 => Some(Error::Later("down".to_owned())),
        2 => {
            me.discord_not_before.set(world.clockwork.now() + 20_000);
            Some(Error::RateLimited(Duration::from_secs(20)))
        }
        3 if world.dice().one_in(5) => Some(Error::Invalid("refused".to_owned())),
        _ => None,
    };
    if let Some(failure) = failure {
        return (Err(failure), false);
    }
    let channel = &mut *world.channel.borrow_mut();
    let Some(id) = edits else {
        channel.push(Message { ticket: job.ticket.clone(), shows: news.clone(), is_deleted: false });
        world.book.borrow_mut().taken(me.index, job);
        return (Ok((channel.len() - 1).to_string()), how == 4);
    };
    let message = &mut channel[id.parse::<usize>().unwrap()];
    if message.is_deleted {
        return (Err(Error::MessageGone), false);
    }
    message.shows = news.clone();
    (Ok(id.to_owned()), how == 4)
}

fn millis(wait: i64) -> Duration {
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}
