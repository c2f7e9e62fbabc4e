//! The way in: HubSpot that sends again until it gets its 202, and sometimes even then, and the intake that stores what
//! waits together, as `queue/intake.rs` does.

use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use orchestrator::queue::Incoming;
use triage::webhook::Event;

use super::clockwork::{NEVER, Owner};
use super::model::{Id, Model, Work};
use super::process::{Answer, Away, Process};
use super::queue::Queue;
use super::world::World;

/// HubSpot waits so long for an answer.
const SENDERS_PATIENCE: i64 = 5_000;
const SLOWEST_COMMIT: i64 = 4_000;
/// And sends so often.
const TRIES: usize = 10;

/// Stores what waits, again and again.
pub(crate) async fn intake(me: Rc<Process>) {
    loop {
        while me.waiting.borrow().is_empty() {
            me.arrived.wait(&me.world.clockwork, NEVER).await;
        }
        let (requests, answers): (Vec<Incoming>, Vec<Rc<Answer>>) = me.waiting.take().into_iter().unzip();
        let stored = {
            let storing = pin!(store(&me, &requests));
            matches!(
                select(storing, me.world.clockwork.sleep(SLOWEST_COMMIT)).await,
                Either::Left((Ok(()), _))
            )
        };
        for (answer, request) in answers.into_iter().zip(&requests) {
            if stored {
                me.world.book.borrow_mut().promises(&request.events);
            }
            answer.is_stored.set(Some(stored));
            answer.bell.ring(&me.world.clockwork);
        }
        me.wake(Work::Triage);
    }
}

async fn store(me: &Process, requests: &[Incoming]) -> Result<(), Away> {
    let world = &me.world;
    let accept = |queue: &mut Queue, requests: &[Incoming], now| {
        world.book.borrow_mut().expects(&queue.model, requests, world.plan.retriage);
        queue.accept(requests, world.plan.retriage, now)
    };
    let odds = &world.plan.odds;
    if world.plan.two_commits && (world.strikes(odds.die) || world.strikes(odds.database)) {
        // The first of its two transactions was the last.
        let first = |queue: &mut Queue, now| {
            let new = only_new(&queue.model, requests);
            accept(queue, &new, now)
        };
        me.db(|| "accepts what is new".to_owned(), first).await?;
        return Err(Away);
    }
    me.db(|| format!("accepts {}", describe(requests)), |queue, now| accept(queue, requests, now)).await?;
    Ok(())
}

fn only_new(model: &Model, requests: &[Incoming]) -> Vec<Incoming> {
    let mut new = requests.to_vec();
    for request in &mut new {
        request.events.retain(|event| !model.tickets.contains_key(event.ticket_id.as_str()));
    }
    new
}

fn describe(requests: &[Incoming]) -> String {
    let one = |event: &Event| {
        let text = event.text.as_ref().map_or("-", |text| text.content.as_str());
        format!("{}:{}:{text}", event.ticket_id, event.kind)
    };
    requests.iter().flat_map(|request| &request.events).map(one).collect::<Vec<_>>().join(" ")
}

/// Sends a webhook after a while.
pub(crate) fn send(world: &Rc<World>, after: i64, body: &serde_json::Value) {
    let events = triage::webhook::parse(body.to_string().as_bytes(), None).unwrap().events;
    world.sending.set(world.sending.get() + 1);
    let sender = Rc::clone(world);
    world.clockwork.spawn(Owner::Outside, async move {
        sender.clockwork.sleep(after).await;
        for _ in 0..TRIES {
            let has_answer = try_once(&sender, &events).await;
            if has_answer && !sender.strikes(sender.plan.odds.network / 2) {
                break;
            }
            let pause = sender.dice().pick(&[0, 1_000, 60_000]);
            sender.clockwork.sleep(pause).await;
        }
        sender.sending.set(sender.sending.get() - 1);
    });
}

/// True when the sender has its 202.
async fn try_once(world: &Rc<World>, events: &[Event]) -> bool {
    let process = world.processes.borrow()[world.dice().below(world.plan.processes)].clone();
    let Some(process) = process.filter(|process| !process.is_stopping.get()) else { return false };
    if world.strikes(world.plan.odds.network) {
        return false;
    }
    let answer = Rc::<Answer>::default();
    let incoming = Incoming { request_id: world.id("request-"), events: events.to_vec() };
    process.waiting.borrow_mut().push((incoming, Rc::clone(&answer)));
    process.arrived.ring(&world.clockwork);
    drop(process);
    answer.bell.wait(&world.clockwork, SENDERS_PATIENCE).await;
    answer.is_stored.get() == Some(true) && !world.strikes(world.plan.odds.network)
}

/// A workflow's webhook.
pub(crate) fn workflow(ticket: &Id, text: Option<&str>) -> serde_json::Value {
    match text {
        Some("") => serde_json::json!({"ticket_id": ticket, "subject": "", "content": ""}),
        Some(text) => serde_json::json!({"ticket_id": ticket, "subject": "Subject", "content": text}),
        None => serde_json::json!({ "ticket_id": ticket }),
    }
}

/// An app's event.
pub(crate) fn app_event(ticket: &Id, what: &str, event_id: u64) -> serde_json::Value {
    let event = serde_json::json!({
        "subscriptionType": format!("ticket.{what}"), "objectId": ticket, "eventId": event_id, "propertyName": "content",
    });
    event
}
