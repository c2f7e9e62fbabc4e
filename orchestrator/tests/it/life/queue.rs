//! The queue as the simulation uses it: the model, and in some runs the real store beside it. Then everything is asked
//! of both, and after every step both must have given the same answer and hold the same rows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use orchestrator::queue::{
    Accepted, AttemptRow, Back, Delivered, DeliveryState, Finished, Incoming, Job, LEASE, Proof,
};
use orchestrator::store::Retry;
use triage::ticket::{Text, TicketId};
use triage::time::Timestamp;

use super::clockwork::Dice;
use super::model::{Claimed, Delivery, Id, Model, Work};
use super::model_ends::News;
use super::real::Real;
use crate::queue::{delivered, finish};

/// A model, and perhaps the real thing beside it.
pub(crate) struct Queue {
    pub(crate) model: Model,
    real: Option<Beside>,
    /// Who may change what, until when, by what the claims and extensions said.
    leases: BTreeMap<(Work, Id), (u64, i64)>,
    /// Rows have changed since this was last looked at.
    pub(crate) has_changed: bool,
    /// What is wrong: the two differ, or somebody did what he may not.
    pub(crate) trouble: Option<String>,
}

struct Beside {
    real: Real,
    /// The real claim of each of the model's.
    jobs: RefCell<BTreeMap<u64, Job>>,
}

/// Asks the real store what the model was asked.
macro_rules! same {
    ($queue:ident, $modelled:expr, |$real:ident| $call:expr) => {{
        let modelled = $modelled;
        if let Some($real) = &$queue.real {
            let real = $real.real.runtime.block_on($call).unwrap();
            $queue.compare(&modelled, &real);
        }
        modelled
    }};
}

impl Queue {
    pub(crate) fn new(real: Option<Real>) -> Self {
        let real = real.map(|real| Beside { real, jobs: RefCell::default() });
        Self { model: Model::default(), real, leases: BTreeMap::new(), has_changed: false, trouble: None }
    }

    pub(crate) fn into_real(self) -> Option<Real> {
        self.real.map(|beside| beside.real)
    }

    fn compare<T: Debug + PartialEq>(&mut self, modelled: &T, real: &T) {
        let Some(beside) = &mut self.real else { return };
        if modelled != real {
            self.trouble = Some(format!("the model answers {modelled:?}, the store {real:?}"));
        }
        let (mut modelled, mut real) = (self.model.rows(), beside.real.rows());
        modelled.sort_unstable();
        real.sort_unstable();
        if modelled != real {
            let only = |of: &[String], not_in: &[String]| {
                let rows: Vec<String> = of.iter().filter(|row| !not_in.contains(row)).cloned().collect();
                rows.join("\n    ")
            };
            self.trouble.get_or_insert_with(|| {
                let (ours, theirs) = (only(&modelled, &real), only(&real, &modelled));
                format!("only in the model:\n    {ours}\n  only in the store:\n    {theirs}")
            });
        }
    }

    /// What the holder of a claim does; of one who has lost it, that it changes nothing. The one exception is the id of a
    /// message.
    fn fenced<T>(&mut self, claimed: &Claimed, change: impl FnOnce(&mut Model) -> T) -> T {
        self.has_changed = true;
        let rows = |model: &Model| {
            let id = &claimed.ticket;
            let delivery = model.deliveries.get(id).cloned();
            let delivery = delivery.map(|delivery| Delivery { message_id: None, ..delivery });
            let jobs = Work::ALL.map(|kind| model.jobs(kind).get(id).cloned());
            (model.tickets.get(id).cloned(), jobs, delivery, model.triages.len(), model.changes.len())
        };
        let holder = (claimed.kind, claimed.ticket.clone());
        if self.leases.get(&holder).is_some_and(|(token, _)| *token == claimed.token) {
            let done = change(&mut self.model);
            let job = self.model.jobs(claimed.kind).get(&claimed.ticket);
            match job.filter(|job| job.state == "running") {
                Some(job) => self.leases.insert(holder, (claimed.token, job.visible_at)),
                None => self.leases.remove(&holder),
            };
            return done;
        }
        let before = rows(&self.model);
        let done = change(&mut self.model);
        let after = rows(&self.model);
        if before != after {
            self.trouble = Some(format!("who had lost {claimed:?} changed {before:?} to {after:?}"));
        }
        done
    }

    /// Nobody gets what somebody else holds.
    fn lease(&mut self, claimed: &[Claimed], now: Timestamp) {
        for job in claimed {
            self.has_changed = true;
            let until = now.plus(LEASE).as_millis();
            let before = self.leases.insert((job.kind, job.ticket.clone()), (job.token, until));
            if before.is_some_and(|(_, until)| until > now.as_millis()) {
                self.trouble = Some(format!("{job:?} is claimed while somebody else holds it"));
            }
        }
    }

    pub(crate) fn accept(&mut self, requests: &[Incoming], retriage: bool, now: Timestamp) -> Vec<Accepted> {
        self.has_changed = true;
        same!(self, self.model.accept(requests, retriage, now), |beside| {
            beside.real.store.accept(requests, retriage, now)
        })
    }

    /// Of jobs that became due at the same time the real store takes any: then the model follows it.
    pub(crate) fn claim(&mut self, kind: Work, limit: usize, now: Timestamp, dice: &Dice) -> Vec<Claimed> {
        let Some(beside) = &self.real else {
            let ids = self.model.due(kind, limit, now, || dice.below(1 << 20));
            let claimed = self.model.claim(kind, &ids, now);
            self.lease(&claimed, now);
            return claimed;
        };
        let mut real =
            beside.real.runtime.block_on(beside.real.store.claim(kind.kind(), limit, now)).unwrap();
        real.sort_by(|a, b| a.ticket_id.cmp(&b.ticket_id));
        let ids: Vec<Id> = real.iter().map(|job| job.ticket_id.to_string()).collect();
        let chosen = |id: &Id| usize::from(!ids.contains(id));
        let due = self.model.due(kind, usize::MAX, now, || 0);
        let when = |id: &Id| self.model.jobs(kind).get(id).map(|job| (job.visible_at, chosen(id)));
        let mut in_order = due;
        in_order.sort_by_key(when);
        in_order.truncate(limit);
        in_order.sort();
        let modelled = self.model.claim(kind, &in_order, now);
        let seen =
            |c: &Claimed| (c.ticket.clone(), c.failures, c.takeovers, c.reason.clone(), c.note.clone());
        let shown =
            |j: &Job| (j.ticket_id.to_string(), j.failures, j.takeovers, j.reason.clone(), j.note.clone());
        let answers = (modelled.iter().map(seen).collect::<Vec<_>>(), real.iter().map(shown).collect());
        let tokens = modelled.iter().map(|claimed| claimed.token);
        beside.jobs.borrow_mut().extend(tokens.zip(real));
        self.compare(&answers.0, &answers.1);
        self.lease(&modelled, now);
        modelled
    }

    pub(crate) fn extend(&mut self, claimed: &Claimed, now: Timestamp) -> bool {
        same!(self, self.fenced(claimed, |model| model.extend(claimed, now)), |beside| {
            let job = beside.job(claimed);
            async move { beside.real.store.extend(&job, now).await }
        })
    }

    pub(crate) fn put_back(
        &mut self,
        claimed: &Claimed,
        (back, delay): (Back, Duration),
        note: &str,
        now: Timestamp,
    ) -> bool {
        same!(self, self.fenced(claimed, |model| model.put_back(claimed, back, delay, note, now)), |beside| {
            let job = beside.job(claimed);
            async move { beside.real.store.put_back(&job, back, delay, note, now).await }
        })
    }

    pub(crate) fn hand_back(&mut self, claimed: &Claimed, now: Timestamp) {
        same!(self, self.fenced(claimed, |model| model.hand_back(claimed, now)), |beside| {
            let job = beside.job(claimed);
            async move { beside.real.store.hand_back(&job, now).await }
        });
    }

    pub(crate) fn wake_waiting(&mut self, kind: Work, proof: Proof, now: Timestamp) -> u64 {
        let woken = same!(self, self.model.wake_waiting(kind, proof, now), |beside| {
            beside.real.store.wake_waiting(kind.kind(), proof, now)
        });
        self.has_changed |= woken > 0;
        woken
    }

    pub(crate) fn next_due(&mut self, kind: Work) -> Option<Timestamp> {
        same!(self, self.model.next_due(kind), |beside| beside.real.store.next_due(kind.kind()))
    }

    pub(crate) fn retry(&mut self, id: &Id, now: Timestamp) -> Retry {
        self.has_changed = true;
        let ticket_id = TicketId::parse(id).unwrap();
        same!(self, self.model.retry(id, now), |beside| beside.real.store.retry(&ticket_id, now))
    }

    /// The text that is known of a ticket, and whether it has a verdict.
    pub(crate) fn ticket(&mut self, id: &Id) -> Option<(Option<Text>, bool)> {
        let ticket_id = TicketId::parse(id).unwrap();
        let modelled =
            self.model.tickets.get(id).map(|ticket| (ticket.text.clone(), ticket.triage_id.is_some()));
        same!(self, modelled, |beside| async {
            let ticket = beside.real.store.ticket(&ticket_id).await?;
            orchestrator::store::Result::Ok(ticket.map(|ticket| (ticket.text, ticket.has_verdict)))
        })
    }

    pub(crate) fn keep_text(&mut self, claimed: &Claimed, text: &Text, now: Timestamp) {
        same!(self, self.fenced(claimed, |model| model.keep_text(claimed, text, now)), |beside| {
            let job = beside.job(claimed);
            async move {
                let mut ticket = beside.real.store.ticket(&job.ticket_id).await?.unwrap();
                ticket.text = Some(text.clone());
                beside.real.store.keep_text(&job, &ticket, None, now).await
            }
        });
    }

    pub(crate) fn begin_attempt(&mut self, claimed: &Claimed, attempt: &AttemptRow) {
        let attempts = std::slice::from_ref(attempt);
        same!(self, self.model.record_attempts(&claimed.ticket, attempts, None), |beside| {
            let job = beside.job(claimed);
            async move { beside.real.store.begin_attempt(&job, attempt).await }
        });
    }

    pub(crate) fn record_attempts(&mut self, claimed: &Claimed, attempts: &[AttemptRow]) {
        same!(self, self.model.record_attempts(&claimed.ticket, attempts, None), |beside| {
            let job = beside.job(claimed);
            async move { beside.real.store.record_attempts(&job, attempts).await }
        });
    }

    pub(crate) fn finish(
        &mut self,
        claimed: &Claimed,
        attempts: &[AttemptRow],
        end: &Finished,
        now: Timestamp,
        announce: bool,
    ) -> bool {
        same!(
            self,
            self.fenced(claimed, |model| model.finish(claimed, attempts, end, announce, now)),
            |beside| {
                let job = beside.job(claimed);
                async move { finish(&beside.real.store, &job, attempts, end, announce, now).await }
            }
        )
    }

    pub(crate) fn subject(&mut self, claimed: &Claimed) -> Option<(News, Option<String>)> {
        same!(self, self.model.subject(&claimed.ticket), |beside| {
            let job = beside.job(claimed);
            async move {
                let subject = beside.real.store.subject(&job).await?;
                orchestrator::store::Result::Ok(subject.map(|subject| {
                    let news = match subject.state {
                        DeliveryState::Verdict(told) => News::Verdict(told.triage_id),
                        DeliveryState::Waiting { .. } => News::Waiting,
                        DeliveryState::Failed { why, .. } => News::Failed(why),
                    };
                    (news, subject.message_id)
                }))
            }
        })
    }

    pub(crate) fn delivered(&mut self, claimed: &Claimed, end: &Delivered, now: Timestamp) -> bool {
        same!(self, self.fenced(claimed, |model| model.delivered(claimed, end, now)), |beside| {
            let job = beside.job(claimed);
            async move { delivered(&beside.real.store, &job, end, now).await }
        })
    }

    pub(crate) fn keep_message(&mut self, claimed: &Claimed, message_id: &str) {
        same!(self, self.model.keep_message(&claimed.ticket, message_id), |beside| {
            let job = beside.job(claimed);
            async move { beside.real.store.keep_message(&job, message_id).await }
        });
    }

    pub(crate) fn forget_message(&mut self, claimed: &Claimed, message_id: &str) {
        same!(
            self,
            self.fenced(claimed, |model| model.forget_message(&claimed.ticket, message_id)),
            |beside| {
                let job = beside.job(claimed);
                async move { beside.real.store.forget_message(&job, message_id).await }
            }
        );
    }

    pub(crate) fn announce_waiting(&mut self, now: Timestamp) -> Vec<Id> {
        let told = same!(self, self.model.announce_waiting(now), |beside| async {
            let mut ids = beside.real.store.announce_waiting(now).await?;
            ids.sort_unstable();
            orchestrator::store::Result::Ok(ids)
        });
        self.has_changed |= !told.is_empty();
        told
    }
}

impl Beside {
    fn job(&self, claimed: &Claimed) -> Job {
        self.jobs.borrow()[&claimed.token].clone()
    }
}
