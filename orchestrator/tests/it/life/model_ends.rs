//! The rules of the model by which work ends: verdicts, messages, and telling of tickets that wait too long.

use orchestrator::queue::{AttemptRow, Delivered, Finished, TOO_LONG};
use triage::ticket::Text;
use triage::time::Timestamp;

use super::model::{Attempt, Claimed, Delivery, Id, Job, Model, Triage, Work};

/// What there is to tell about a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// The verdict with this id.
    Verdict(String),
    /// It waits.
    Waiting,
    /// It could not be triaged, for this reason, or is gone.
    Failed(String),
}

impl Model {
    pub(crate) fn keep_text(&mut self, claimed: &Claimed, text: &Text, now: Timestamp) {
        if self.held(claimed).is_none() {
            return;
        }
        if let Some(ticket) = self.tickets.get_mut(&claimed.ticket) {
            ticket.text = Some(text.clone());
            ticket.updated_at = now.as_millis();
        }
        if let Some(job) = self.held(claimed).filter(|job| job.reason == "check") {
            "changed".clone_into(&mut job.reason);
        }
    }

    pub(crate) fn record_attempts(&mut self, ticket: &Id, attempts: &[AttemptRow], triage_id: Option<&str>) {
        for attempt in attempts {
            let row = Attempt {
                ticket: ticket.clone(),
                triage_id: triage_id.map(str::to_owned),
                outcome: attempt.outcome.clone(),
            };
            self.attempts.insert(attempt.id.clone(), row);
        }
    }

    pub(crate) fn finish(
        &mut self,
        claimed: &Claimed,
        attempts: &[AttemptRow],
        end: &Finished,
        announce: bool,
        now: Timestamp,
    ) -> bool {
        if self.held(claimed).is_none() {
            return false;
        }
        let id = &claimed.ticket;
        let (status, triage_id, error) = match end {
            Finished::Verdict(triage) if triage.review.is_some() => {
                (Some("needs_review"), Some(&triage.id), None)
            }
            Finished::Verdict(triage) => (Some("triaged"), Some(&triage.id), None),
            Finished::Failed { why, .. } => (Some("failed"), None, Some(why)),
            Finished::Gone => (Some("gone"), None, None),
            Finished::Unchanged => (None, None, None),
        };
        self.record_attempts(id, attempts, triage_id.map(String::as_str));
        if let (Finished::Verdict(row), Some(status)) = (end, status) {
            self.triages.push(Triage {
                id: row.id.clone(),
                ticket: id.clone(),
                status,
                summary: row.verdict.summary.clone(),
                triaged_at: now.as_millis(),
            });
            self.processed.insert(id.clone(), row.provider.as_str());
        }
        if let (Some(status), Some(ticket)) = (status, self.tickets.get_mut(id)) {
            // A verdict that stands is not replaced by the news that another triage failed.
            if status != "failed" || ticket.triage_id.is_none() {
                ticket.status = status;
            }
            ticket.triage_id = triage_id.cloned().or_else(|| ticket.triage_id.take());
            (ticket.error, ticket.updated_at) = (error.cloned(), now.as_millis());
            self.changes.push((id.clone(), status, now.as_millis()));
        }
        self.remove(claimed, now);
        let has_news = match end {
            Finished::Verdict(_) | Finished::Failed { .. } => true,
            Finished::Gone => self.deliveries.contains_key(id),
            Finished::Unchanged => false,
        };
        if announce && has_news {
            self.tell(id, now);
        }
        true
    }

    /// Ends a job that the caller holds, or lets it run another round that was asked for.
    fn remove(&mut self, claimed: &Claimed, now: Timestamp) -> bool {
        let Some(job) = self.held(claimed) else { return false };
        if let Some(again) = job.again.take() {
            *job = Job { created_at: job.created_at, ..Job::ready(&again, now) };
            return true;
        }
        match claimed.kind {
            Work::Triage => self.triage_jobs.remove(&claimed.ticket),
            Work::Discord => self.discord_jobs.remove(&claimed.ticket),
        };
        true
    }

    fn tell(&mut self, id: &Id, now: Timestamp) {
        let at = now.as_millis();
        let new = Delivery {
            status: "pending",
            triage_id: None,
            message_id: None,
            attempts: 0,
            error: None,
            created_at: at,
            updated_at: at,
        };
        let delivery = self.deliveries.entry(id.clone()).or_insert(new);
        (delivery.status, delivery.error, delivery.updated_at) = ("pending", None, at);
        match self.discord_jobs.get_mut(id) {
            Some(job) if job.state == "running" => job.again = Some("verdict".to_owned()),
            Some(_) => {}
            None => drop(self.discord_jobs.insert(id.clone(), Job::ready("verdict", now))),
        }
    }

    /// What there is to tell, and the message that stands.
    pub(crate) fn subject(&self, id: &Id) -> Option<(News, Option<String>)> {
        let ticket = self.tickets.get(id)?;
        let news = match (ticket.status, &ticket.triage_id) {
            ("gone", _) => News::Failed("The ticket was deleted in HubSpot.".to_owned()),
            ("failed", _) => News::Failed(ticket.error.clone().unwrap_or_default()),
            (_, Some(triage_id)) => News::Verdict(triage_id.clone()),
            (_, None) if self.triage_jobs.contains_key(id) => News::Waiting,
            (_, None) => return None,
        };
        Some((news, self.deliveries.get(id).and_then(|delivery| delivery.message_id.clone())))
    }

    pub(crate) fn delivered(&mut self, claimed: &Claimed, end: &Delivered, now: Timestamp) -> bool {
        let (status, message_id, triage_id, error) = match end {
            Delivered::Message { message_id, triage_id } => {
                ("delivered", Some(message_id), triage_id.as_ref(), None)
            }
            Delivered::Failed { why } => ("failed", None, None, Some(why)),
        };
        let is_ours = self.held(claimed).is_some();
        if let Some(delivery) = self.deliveries.get_mut(&claimed.ticket) {
            // Kept even when somebody else has the job: an edit is better than a second message.
            delivery.message_id = message_id.cloned().or_else(|| delivery.message_id.take());
            if !is_ours {
                return false;
            }
            delivery.triage_id = triage_id.cloned().or_else(|| delivery.triage_id.take());
            (delivery.status, delivery.error) = (status, error.cloned());
            (delivery.attempts, delivery.updated_at) = (delivery.attempts + 1, now.as_millis());
        }
        self.changes.push((claimed.ticket.clone(), status, now.as_millis()));
        self.remove(claimed, now)
    }

    pub(crate) fn keep_message(&mut self, id: &Id, message_id: &str) {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery.message_id = Some(message_id.to_owned());
        }
    }

    pub(crate) fn forget_message(&mut self, id: &Id, message_id: &str) {
        let delivery = self.deliveries.get_mut(id);
        if let Some(delivery) = delivery.filter(|of| of.message_id.as_deref() == Some(message_id)) {
            delivery.message_id = None;
        }
    }

    pub(crate) fn announce_waiting(&mut self, now: Timestamp) -> Vec<Id> {
        let since = now.as_millis() - i64::try_from(TOO_LONG.as_millis()).unwrap();
        let jobs = self.triage_jobs.iter().filter(|(_, job)| job.created_at <= since);
        let mut ids: Vec<Id> = jobs.map(|(id, _)| id.clone()).collect();
        ids.retain(|id| {
            self.tickets.get(id).is_some_and(|t| t.waiting_told_at.is_none() && t.triage_id.is_none())
        });
        for id in &ids {
            if let Some(ticket) = self.tickets.get_mut(id) {
                ticket.waiting_told_at = Some(now.as_millis());
            }
            self.tell(id, now);
            self.changes.push((id.clone(), "waiting_told", now.as_millis()));
        }
        ids
    }
}
