//! What happens from outside: tickets that are written, changed and deleted, models that come and go, people who press
//! buttons, operators who stop programs, clocks that jump.

use std::rc::Rc;

use orchestrator::store::Retry;
use serde_json::Value;
use triage::ticket::Text;

use super::clockwork::{Clockwork, Owner};
use super::model::Id;
use super::process::{Process, kill, start};
use super::webhooks::{app_event, send, workflow};
use super::world::{Mood, Record, World};

/// How long a stopping process may take.
const DRAIN: i64 = 20_000;

/// Starts everything.
pub(crate) fn begin(world: &Rc<World>) {
    for index in 0..world.plan.processes {
        start(world, index);
    }
    for number in 1..=world.plan.tickets {
        tell_life(world, number.to_string());
    }
    let (moods, mishaps, calm) = (Rc::clone(world), Rc::clone(world), Rc::clone(world));
    world.clockwork.spawn(Owner::Outside, change_moods(moods));
    if world.plan.odds.mishaps > 0 {
        world.clockwork.spawn(Owner::Outside, have_mishaps(mishaps));
    }
    world.clockwork.spawn(Owner::Outside, calm_down(calm));
    for index in 0..world.plan.processes {
        world.clockwork.spawn(Owner::Outside, set_clock(Rc::clone(world), index));
    }
}

/// A ticket's life in HubSpot, and the webhooks that tell of it: several, late, in any order.
fn tell_life(world: &Rc<World>, ticket: Id) {
    let dice = world.dice();
    let born = dice.between(0, world.plan.chaos / 2);
    let text = |version: usize| format!("{ticket}.{version}");
    let record = |content: String| Record {
        text: Text { subject: "Subject".to_owned(), content },
        is_deleted: false,
        indexed_at: born,
    };
    let mut first = record(text(1));
    first.indexed_at += dice.pick(&[0, 0, 5_000, 60_000]);
    if dice.one_in(8) {
        first.text = Text::default();
    }
    let body = |kind: usize, version: usize| -> Value {
        let id = version as u64 * 10;
        match kind {
            0 => workflow(&ticket, Some("")),
            1 => workflow(&ticket, None),
            2 => app_event(&ticket, "creation", id),
            3 => app_event(&ticket, "propertyChange", id + 1),
            _ => workflow(&ticket, Some(&text(version))),
        }
    };
    world.hubspot.borrow_mut().insert(ticket.clone(), first);
    let late = || dice.pick(&[0, 0, 10, 3_000, 40_000]);
    for _ in 0..dice.pick(&[1, 1, 2, 3]) {
        let mut bodies = vec![body(dice.below(8), 1)];
        if dice.one_in(4) {
            bodies.push(body(2, 1));
        }
        bodies.iter().for_each(|body| send(world, born + late(), body));
    }
    for version in 2..2 + dice.pick(&[0, 0, 1, 2]) {
        let at = born + dice.between(0, world.plan.chaos / 2);
        for _ in 0..dice.pick(&[1, 1, 2]) {
            send(world, at + late(), &body(dice.pick(&[3, 9, 9]), version));
        }
        let (world, ticket, content) = (Rc::clone(world), ticket.clone(), text(version));
        Rc::clone(&world).clockwork.spawn(Owner::Outside, async move {
            world.clockwork.sleep(at).await;
            if let Some(record) = world.hubspot.borrow_mut().get_mut(&ticket) {
                record.text = Text { subject: "Subject".to_owned(), content };
            }
        });
    }
}

async fn change_moods(world: Rc<World>) {
    use Mood::{Babbling, Broken, Busy, Gone, Hanging, Refusing, TooLong, Well};
    while !world.is_calm.get() {
        for mood in &world.moods {
            let is_bad = world.strikes(world.plan.odds.models);
            let bad = [Gone, Gone, Broken, Hanging, Babbling, Busy, TooLong, Refusing];
            mood.set(if is_bad { world.dice().pick(&bad) } else { Well });
        }
        world.clockwork.trace(|| format!("the models are {:?}", world.moods));
        world.clockwork.sleep(world.dice().between(1_000, 90_000)).await;
    }
}

async fn have_mishaps(world: Rc<World>) {
    while !world.is_calm.get() {
        world.clockwork.sleep(world.dice().between(100, 60_000)).await;
        if !world.strikes(world.plan.odds.mishaps) {
            continue;
        }
        let process = world.dice().below(world.plan.processes);
        let ticket = (1 + world.dice().below(world.plan.tickets)).to_string();
        match world.dice().below(10) {
            0 | 1 => kill(&world, process, "is killed"),
            2 => stop(&world, process),
            3 => world.database_away_until.set(world.clockwork.now() + world.dice().between(100, 40_000)),
            4 | 5 => request(&world, &ticket),
            6 => delete_message(&world),
            7 if world.dice().one_in(4) => world.has_channel.set(false),
            8 if world.dice().one_in(3) => delete_or_restore(&world, &ticket),
            _ if world.plan.jumps => jump(&world, process),
            _ => {}
        }
    }
}

fn delete_or_restore(world: &Rc<World>, ticket: &Id) {
    if let Some(record) = world.hubspot.borrow_mut().get_mut(ticket) {
        record.is_deleted = !record.is_deleted;
        if !record.is_deleted {
            let event = app_event(ticket, "restore", world.clockwork.now().unsigned_abs());
            send(world, world.dice().pick(&[0, 10, 3_000]), &event);
        }
    }
}

/// A person asks for another triage.
fn request(world: &Rc<World>, ticket: &Id) {
    let now = world.now();
    let answer = world.queue.borrow_mut().retry(ticket, now);
    world.clockwork.trace(|| format!("a person asks for {ticket} again: {answer:?}"));
    if answer == Retry::Queued {
        let book = &mut *world.book.borrow_mut();
        book.sees("request of a person");
        *book.rounds.entry(ticket.clone()).or_default() += 1;
        book.requested.insert(ticket.clone());
    }
    world.stir();
}

fn delete_message(world: &Rc<World>) {
    let mut channel = world.channel.borrow_mut();
    let count = channel.len();
    if count > 0 {
        let index = world.dice().below(count);
        channel[index].is_deleted = true;
        world.clockwork.trace(|| format!("a person deletes message {index}"));
    }
}

/// The database's clock, or one machine's, is set to another time.
fn jump(world: &Rc<World>, process: usize) {
    let by = world.dice().pick(&[-40_000, -3_000, 3_000, 31_000, 120_000, 7_200_000]);
    if world.dice().one_in(2) {
        world.clockwork.trace(|| format!("the database's clock jumps by {by} ms"));
        world.ahead.set(world.ahead.get() + by);
    } else if let Some(process) = &world.processes.borrow()[process] {
        world.clockwork.trace(|| format!("the clock of P{} jumps by {by} ms", process.index));
        process.ahead.set(process.ahead.get() + by);
    }
    world.book.borrow_mut().sees("jump of a clock");
    world.stir();
}

/// Each process sets its clock by the database's every minute.
async fn set_clock(world: Rc<World>, index: usize) {
    if !world.plan.jumps {
        return;
    }
    while !world.is_calm.get() {
        world.clockwork.sleep(60_000).await;
        set(&world, index);
    }
}

fn set(world: &Rc<World>, index: usize) {
    if let Some(process) = &world.processes.borrow()[index] {
        process.ahead.set(world.ahead.get());
    }
    world.stir();
}

/// An orderly stop: nothing new is taken, and what is not done in time is handed back.
fn stop(world: &Rc<World>, index: usize) {
    let Some(process) = world.processes.borrow()[index].clone() else { return };
    world.clockwork.trace(|| format!("P{index} is asked to stop"));
    world.book.borrow_mut().sees("stop");
    process.is_stopping.set(true);
    let is_same = move |world: &World, process: &Rc<Process>| {
        world.processes.borrow()[index].as_ref().is_some_and(|one| Rc::ptr_eq(one, process))
    };
    let world = Rc::clone(world);
    Rc::clone(&world).clockwork.spawn(Owner::Outside, async move {
        let clockwork: &Clockwork = &world.clockwork;
        clockwork.sleep(world.dice().between(0, DRAIN)).await;
        process.abandoned.ring(clockwork);
        clockwork.sleep(3_000).await;
        if is_same(&world, &process) {
            drop(process);
            kill(&world, index, "has stopped");
        }
    });
}

/// From some time on nothing goes wrong any more, and everything has to come to its end.
async fn calm_down(world: Rc<World>) {
    world.clockwork.sleep(world.plan.chaos).await;
    world.clockwork.trace(|| "from here on nothing goes wrong".to_owned());
    world.is_calm.set(true);
    world.has_channel.set(true);
    world.database_away_until.set(0);
    (0..world.plan.processes).for_each(|index| set(&world, index));
    // Whoever heard only just before that the channel's webhook is gone has noticed by the second look.
    for wait in [0, 150_000] {
        world.clockwork.sleep(wait).await;
        for index in 0..world.plan.processes {
            let is_stopped = |process: &Rc<Process>| process.discord_stopped.get();
            let stopped = world.processes.borrow()[index].as_ref().is_some_and(is_stopped);
            if stopped {
                kill(&world, index, "is restarted with another Discord webhook");
            }
        }
    }
}
