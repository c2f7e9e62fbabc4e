//! What is remembered of a run to judge it by: who holds what, what was promised, and what may have happened twice.

use std::collections::{BTreeMap, BTreeSet};

use orchestrator::queue::{Finished, Incoming};
use orchestrator::worker::MOST_TAKEOVERS;
use triage::ticket::{Provider, Text};
use triage::webhook::{About, Event};

use super::model::{Claimed, Id, Model, Work};

/// A worker at its work.
#[derive(Debug)]
struct Run {
    process: usize,
    /// It knows that it has the job.
    has_begun: bool,
    kind: Work,
    ticket: Id,
    token: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    runs: Vec<Run>,
    /// Tickets of which a 202 was sent.
    pub(crate) promised: BTreeSet<Id>,
    /// Tickets of which a text was taken.
    pub(crate) texts: BTreeSet<Id>,
    /// Verdicts that a ticket may get: one, and one for each request for another.
    pub(crate) rounds: BTreeMap<Id, usize>,
    /// Requests of people that no run has begun after.
    pub(crate) requested: BTreeSet<Id>,
    /// Messages that were taken and whose id is not stored yet: process, ticket and claim.
    in_flight: Vec<(usize, Id, u64)>,
    /// Messages whose id could not be stored: because of a kill, a lost answer, or a lease lost to somebody's clock.
    pub(crate) lost_messages: BTreeMap<Id, usize>,
    /// Tickets about which a worker wrote to Discord whose lease somebody else had already taken.
    pub(crate) late_messages: BTreeSet<Id>,
    pub(crate) told_waiting: BTreeMap<Id, usize>,
    /// Calls to the cloud: the rows that have to tell of them.
    pub(crate) cloud_calls: Vec<(Id, String)>,
    /// What went wrong within a step.
    pub(crate) trouble: Option<String>,
    /// What happened, to see that a run is about something.
    pub(crate) seen: BTreeMap<&'static str, u64>,
}

impl Book {
    pub(crate) fn sees(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// Before requests are accepted: each reason for a triage allows one verdict.
    pub(crate) fn expects(&mut self, model: &Model, requests: &[Incoming], retriage: bool) {
        let mut seen = BTreeSet::new();
        let mut texts: BTreeMap<&str, Option<&Text>> =
            model.tickets.iter().map(|(id, ticket)| (id.as_str(), ticket.text.as_ref())).collect();
        for event in requests.iter().flat_map(|request| &request.events) {
            let id = event.ticket_id.as_str();
            let is_fresh = !model.events.contains_key(&event.key) && seen.insert(&event.key);
            self.sees(if is_fresh { "event" } else { "duplicate" });
            let text = event.text.as_ref().filter(|text| !text.is_blank());
            let known = texts.get(id).copied();
            let is_reason = match (known, text) {
                (None, _) => true,
                (Some(known), Some(text)) if known.is_none_or(Text::is_blank) => {
                    self.sees("late text");
                    known != Some(text)
                }
                (Some(known), Some(text)) => retriage && is_fresh && known != Some(text),
                (Some(_), None) => retriage && is_fresh && event.about == About::Content,
            };
            if known.is_none() || text.is_some() {
                texts.insert(id, text.or(known.flatten()));
            }
            let is_restored = known.is_some() && is_fresh && event.about == About::Restoration;
            if is_restored {
                self.sees("restored ticket");
            }
            *self.rounds.entry(id.to_owned()).or_default() += usize::from(is_reason || is_restored);
        }
    }

    /// HubSpot gets its 202.
    pub(crate) fn promises(&mut self, events: &[Event]) {
        self.promised.extend(events.iter().map(|event| event.ticket_id.to_string()));
        let says_something = |event: &&Event| event.text.as_ref().is_some_and(|text| !text.is_blank());
        self.texts.extend(events.iter().filter(says_something).map(|event| event.ticket_id.to_string()));
    }

    pub(crate) fn claimed(&mut self, process: usize, claimed: &[Claimed]) {
        for job in claimed {
            if self.runs.iter().any(|run| run.kind == job.kind && run.ticket == job.ticket) {
                self.sees("a living worker lost its lease");
            }
            if job.takeovers > 0 {
                self.sees("takeover");
            }
            if job.kind == Work::Discord {
                self.lost_to_another(&job.ticket);
            }
            if job.kind == Work::Triage {
                self.requested.remove(&job.ticket);
            }
            let Claimed { kind, ticket, token, .. } = job.clone();
            self.runs.push(Run { process, has_begun: false, kind, ticket, token });
        }
    }

    /// A process will never hear of what it has claimed.
    pub(crate) fn claims_lost(&mut self, process: usize, kind: Work) {
        self.runs.retain(|run| (run.process, run.kind) != (process, kind) || run.has_begun);
    }

    /// Somebody else has the message of this ticket: who was writing it may write a second one.
    fn lost_to_another(&mut self, ticket: &Id) {
        let alive = self.runs.iter().filter(|run| run.kind == Work::Discord && run.ticket == *ticket).count();
        if alive > 0 {
            *self.lost_messages.entry(ticket.clone()).or_default() += alive;
            self.late_messages.insert(ticket.clone());
        }
    }

    pub(crate) fn begins(&mut self, job: &Claimed) {
        self.runs.iter_mut().filter(|run| run.token == job.token).for_each(|run| run.has_begun = true);
    }

    pub(crate) fn ends(&mut self, job: &Claimed) {
        self.runs.retain(|run| run.token != job.token);
    }

    pub(crate) fn killed(&mut self, process: usize) {
        self.sees("kill");
        self.runs.retain(|run| run.process != process);
        for (_, ticket, _) in self.in_flight.extract_if(.., |(whose, ..)| *whose == process) {
            *self.seen.entry("killed before the id of a message was stored").or_default() += 1;
            *self.lost_messages.entry(ticket).or_default() += 1;
        }
    }

    /// A model is asked.
    pub(crate) fn asked(&mut self, job: &Claimed, provider: Provider, attempt: &str) {
        self.sees("call");
        if job.takeovers >= MOST_TAKEOVERS {
            self.trouble =
                Some(format!("a model is asked about {} after {} crashes", job.ticket, job.takeovers));
        }
        if provider == Provider::Groq {
            self.cloud_calls.push((job.ticket.clone(), attempt.to_owned()));
        }
    }

    pub(crate) fn finished(&mut self, end: &Finished, is_stored: bool) {
        self.sees(match end {
            _ if !is_stored => "fenced",
            Finished::Verdict(_) => "verdict",
            Finished::Failed { .. } => "failure",
            Finished::Gone => "gone",
            Finished::Unchanged => "unchanged",
        });
    }

    /// Discord took a new message.
    pub(crate) fn taken(&mut self, process: usize, job: &Claimed) {
        self.sees("message");
        self.in_flight.push((process, job.ticket.clone(), job.token));
    }

    /// The id of a message is stored.
    pub(crate) fn kept(&mut self, job: &Claimed) {
        self.in_flight.retain(|(.., token)| *token != job.token);
    }

    /// A worker is stopped in the middle of its work, by its lease or by a stop of its process.
    pub(crate) fn dropped(&mut self, job: &Claimed, by_lease: bool) {
        let before = self.in_flight.len();
        self.kept(job);
        if self.in_flight.len() < before && !by_lease {
            self.sees("stopped before the id of a message was stored");
            *self.lost_messages.entry(job.ticket.clone()).or_default() += 1;
        }
    }

    /// The id of a message will never be known.
    pub(crate) fn message_lost(&mut self, job: &Claimed) {
        self.sees("answer of Discord lost");
        self.kept(job);
        *self.lost_messages.entry(job.ticket.clone()).or_default() += 1;
    }

    pub(crate) fn told_waiting(&mut self, told: &[Id]) {
        for ticket in told {
            self.sees("told that it waits");
            *self.told_waiting.entry(ticket.clone()).or_default() += 1;
        }
    }
}
