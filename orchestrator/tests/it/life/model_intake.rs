//! The rules of the model by which webhooks are taken in.

use std::collections::{BTreeMap, BTreeSet};

use orchestrator::queue::{Accepted, Incoming};
use triage::ticket::Text;
use triage::time::Timestamp;
use triage::webhook::{About, Event};

use super::model::{Job, Model, Ticket};

impl Model {
    pub(crate) fn accept(&mut self, requests: &[Incoming], retriage: bool, now: Timestamp) -> Vec<Accepted> {
        let mut fresh: BTreeMap<&str, &Event> = BTreeMap::new();
        let all: BTreeMap<&str, &Event> =
            requests.iter().flat_map(|r| &r.events).rev().map(|e| (e.key.as_str(), e)).collect();
        for (key, event) in &all {
            if self.events.insert((*key).to_owned(), event.ticket_id.to_string()).is_none() {
                fresh.insert(key, event);
            }
        }
        // A new event speaks before a repeated one, and one that says something before all others.
        let mut told: BTreeMap<&str, (&Event, (u8, bool))> = BTreeMap::new();
        for (key, event) in all {
            let is_fresh = fresh.contains_key(key);
            let much = event
                .text
                .as_ref()
                .map_or(0, |t| 1 + u8::from(!t.subject.is_empty() || !t.content.is_empty()));
            let weight = (much, is_fresh);
            let best = told.entry(event.ticket_id.as_str()).or_insert((event, weight));
            if weight > best.1 {
                *best = (event, weight);
            }
        }
        let mut counts = fresh.keys().copied().collect::<BTreeSet<_>>();
        let counts: Vec<Accepted> = requests.iter().map(|r| count(r, &mut counts)).collect();
        let mut work = Vec::new();
        for (id, (event, (.., is_fresh))) in told {
            let fresh = || fresh.values().filter(|event| event.ticket_id.as_str() == id);
            if !self.tickets.contains_key(id) {
                self.tickets.insert(id.to_owned(), new_ticket(event, now));
                work.push((id, "created", "received"));
                continue;
            }
            let may_change = retriage && is_fresh;
            let kept = event.text.as_ref().and_then(|text| self.keep(id, text, may_change, now));
            let is_content = retriage && fresh().any(|event| event.about == About::Content);
            let is_restored = fresh().any(|event| event.about == About::Restoration);
            let standing = self.tickets.get(id).map(|ticket| ticket.status).filter(|_| is_restored);
            work.extend(kept.map(|reason| (id, reason, "changed")));
            if standing == Some("gone") && kept != Some("created") {
                work.push((id, "created", "changed"));
            }
            if (is_content || standing == Some("queued")) && kept != Some("check") {
                work.push((id, "check", "changed"));
            }
        }
        // Looking for changes comes last: it never stands in the way of anything.
        work.sort_by_key(|(_, reason, change)| (*reason == "check", *reason == "changed", *change));
        for (id, reason, change) in work {
            self.ask_for_triage(id, reason, now);
            self.changes.push((id.to_owned(), change, now.as_millis()));
        }
        counts
    }

    /// Text about a known ticket: the reason for which it is to be triaged now, if any.
    fn keep(&mut self, id: &str, text: &Text, may_change: bool, now: Timestamp) -> Option<&'static str> {
        let ticket = self.tickets.get_mut(id)?;
        if text.subject.is_empty() && text.content.is_empty() {
            return None;
        }
        let was_blank = ticket.text.as_ref().is_some_and(|t| t.subject.is_empty() && t.content.is_empty());
        let had_none = ticket.text.is_none() || was_blank;
        let is_other = may_change && ticket.text.as_ref() != Some(text);
        if !had_none && !is_other {
            return None;
        }
        ticket.text = Some(text.clone());
        ticket.updated_at = now.as_millis();
        if !had_none {
            return Some("changed");
        }
        if ticket.status != "queued" {
            return Some("created");
        }
        if let Some(job) = self.triage_jobs.get_mut(id).filter(|job| job.state != "running") {
            job.visible_at = now.as_millis();
            job.failures = 0;
        }
        // Blank strings are triaged as they are; without any, whoever has the job reads it elsewhere or gives up.
        Some(if was_blank { "changed" } else { "check" })
    }

    fn ask_for_triage(&mut self, id: &str, reason: &str, now: Timestamp) {
        let Some(job) = self.triage_jobs.get_mut(id) else {
            self.triage_jobs.insert(id.to_owned(), Job::ready(reason, now));
            return;
        };
        let is_running = job.state == "running";
        if is_running && (reason != "check" || job.again.is_none()) {
            job.again = Some(reason.to_owned());
        } else if !is_running && reason != "check" {
            reason.clone_into(&mut job.reason);
        }
    }
}

/// The first mention of an event counts, any other is a duplicate.
fn count(request: &Incoming, fresh: &mut BTreeSet<&str>) -> Accepted {
    let accepted = request.events.iter().filter(|event| fresh.remove(event.key.as_str())).count() as u64;
    Accepted { accepted, duplicates: request.events.len() as u64 - accepted }
}

fn new_ticket(event: &Event, now: Timestamp) -> Ticket {
    Ticket {
        text: event.text.clone(),
        status: "queued",
        triage_id: None,
        error: None,
        waiting_told_at: None,
        received_at: now.as_millis(),
        updated_at: now.as_millis(),
    }
}
