//! What must be so after every step, and what must be so in the end.

use std::collections::BTreeMap;

use triage::ticket::Text;

use super::model::{Id, Model, Ticket, Work};
use super::model_ends::News;
use super::world::World;

type Verdict = Result<(), String>;

fn check(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

/// After every step.
pub(crate) fn always(world: &World) -> Verdict {
    let (queue, book) = (world.queue.borrow(), world.book.borrow());
    if let Some(trouble) = queue.trouble.as_ref().or(book.trouble.as_ref()) {
        return Err(trouble.clone());
    }
    let model = &queue.model;
    for (id, ticket) in &model.tickets {
        let verdicts: Vec<&str> =
            model.triages.iter().filter(|t| t.ticket == *id).map(|t| t.id.as_str()).collect();
        let rounds = book.rounds.get(id).copied().unwrap_or(0);
        check(verdicts.len() <= rounds, || {
            format!("{id} has the verdicts {verdicts:?} for {rounds} rounds")
        })?;
        let current = ticket.triage_id.as_deref();
        check(current == verdicts.last().copied(), || format!("{id} shows {current:?} of {verdicts:?}"))?;
        let is_processed = model.processed.contains_key(id);
        check(is_processed != verdicts.is_empty(), || {
            format!("{id} is in the table of processed tickets: {is_processed}")
        })?;
        let has_job = model.triage_jobs.contains_key(id);
        check(has_job || ticket.status != "queued", || format!("{id} is lost: it is queued and has no job"))?;
        let delivery = model.deliveries.get(id).map(|delivery| delivery.status);
        let is_on_its_way = model.discord_jobs.contains_key(id);
        check(is_on_its_way || delivery != Some("pending"), || {
            format!("{id} is lost: to be told, without a job")
        })?;
        check(!is_on_its_way || delivery.is_some(), || {
            format!("{id} has a job for a message that nobody wants")
        })?;
        let told = book.told_waiting.get(id).copied().unwrap_or(0);
        check(told <= 1, || format!("{id} was announced as waiting {told} times"))?;
    }
    for (ticket, attempt) in &book.cloud_calls {
        let row = model.attempts.get(attempt).filter(|row| row.ticket == *ticket);
        check(row.is_some(), || format!("the cloud was asked about {ticket} without a trace"))?;
    }
    messages(world)
}

/// One message per ticket, and one more for each that was written and could not be noted.
fn messages(world: &World) -> Verdict {
    let book = world.book.borrow();
    let mut counts: BTreeMap<Id, usize> = BTreeMap::new();
    for message in world.channel.borrow().iter().filter(|message| !message.is_deleted) {
        *counts.entry(message.ticket.clone()).or_default() += 1;
    }
    for (ticket, count) in counts {
        let lost = book.lost_messages.get(&ticket).copied().unwrap_or(0);
        check(count <= 1 + lost, || format!("{ticket} has {count} messages though only {lost} were lost"))?;
    }
    Ok(())
}

/// Everything has come to its end.
pub(crate) fn is_at_rest(world: &World) -> bool {
    let queue = world.queue.borrow();
    let jobs = queue.model.triage_jobs.len() + queue.model.discord_jobs.len();
    world.is_calm.get() && world.sending.get() == 0 && jobs == 0
}

/// In the end: every ticket that was accepted has one verdict that stands or a failure that can be seen.
pub(crate) fn in_the_end(world: &World) -> Verdict {
    check(is_at_rest(world), || {
        let queue = world.queue.borrow();
        let of = |kind| queue.model.jobs(kind).keys().cloned().collect::<Vec<_>>();
        format!("these jobs are never done: triage {:?}, discord {:?}", of(Work::Triage), of(Work::Discord))
    })?;
    let (queue, book) = (world.queue.borrow(), world.book.borrow());
    let model = &queue.model;
    for id in &book.promised {
        check(model.tickets.contains_key(id), || format!("{id} is lost: HubSpot got a 202 for it"))?;
    }
    for id in book.texts.iter().filter(|_| !world.plan.has_access) {
        let is_blank =
            model.tickets.get(id).and_then(|ticket| ticket.text.as_ref()).is_none_or(Text::is_blank);
        check(!is_blank, || format!("the text of {id} is lost: HubSpot got a 202 for it"))?;
    }
    check(book.requested.is_empty(), || format!("people asked for {:?} in vain", book.requested))?;
    for (id, ticket) in &model.tickets {
        ended(id, ticket)?;
        reads_its_text(world, model, id, ticket)?;
        is_told(world, model, id, ticket)?;
    }
    Ok(())
}

fn ended(id: &Id, ticket: &Ticket) -> Verdict {
    let has_verdict = ticket.triage_id.is_some();
    let is_so = match ticket.status {
        "triaged" | "needs_review" => has_verdict,
        "failed" => !has_verdict && ticket.error.is_some(),
        "gone" => true,
        _ => false,
    };
    check(is_so, || format!("{id} ended as {ticket:?}"))
}

/// The verdict is about the text that the ticket has.
fn reads_its_text(world: &World, model: &Model, id: &Id, ticket: &Ticket) -> Verdict {
    let verdict = model.triages.iter().find(|t| Some(&t.id) == ticket.triage_id.as_ref());
    let (Some(verdict), Some(text)) = (verdict, &ticket.text) else { return Ok(()) };
    // When its last triage failed, the verdict before stands.
    let is_current = ticket.status != "gone" && ticket.error.is_none();
    let is_so = !is_current || verdict.summary == text.content;
    check(is_so, || {
        let changes = if world.plan.retriage { "changes matter" } else { "changes do not matter" };
        format!(
            "the verdict of {id} is about {:?}, its text is {:?} ({changes})",
            verdict.summary, text.content
        )
    })
}

/// The message that stands says what is so; a failure is seen by somebody.
fn is_told(world: &World, model: &Model, id: &Id, ticket: &Ticket) -> Verdict {
    let Some(delivery) = model.deliveries.get(id) else {
        return check(ticket.status == "gone", || format!("nobody was told of {id}: {ticket:?}"));
    };
    if delivery.status == "failed" {
        return Ok(());
    }
    check(delivery.status == "delivered", || format!("telling of {id} ended as {delivery:?}"))?;
    // Who came too late may have had the last word, with a message that it could not note.
    if world.book.borrow().late_messages.contains(id) {
        return Ok(());
    }
    let channel = world.channel.borrow();
    let index = delivery.message_id.as_ref().and_then(|message_id| message_id.parse::<usize>().ok());
    let Some(message) = index.and_then(|index| channel.get(index)) else {
        return Err(format!("the message of {id} is not known: {delivery:?}"));
    };
    let is = model.subject(id).map(|(news, _)| news);
    let shown = match (&is, &message.shows) {
        // Another failure after a verdict is no news.
        (Some(is), shows) => is == shows,
        (None, News::Verdict(_) | News::Waiting | News::Failed(_)) => false,
    };
    check(shown, || format!("of {id} the message says {:?}, true is {is:?}", message.shows))
}
