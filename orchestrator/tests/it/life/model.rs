//! The store as `docs/ARCHITECTURE.md` describes it, in memory: tables, and the rules of taking in, claiming and putting
//! back. Written from the rules, not from the SQL; `compared.rs` shows that both do the same.

use std::collections::BTreeMap;
use std::time::Duration;

use orchestrator::queue::{Back, Kind, LEASE, Proof};
use orchestrator::store::Retry;
use triage::ticket::Text;
use triage::time::Timestamp;

/// A ticket's id.
pub(crate) type Id = String;

/// The kinds of jobs that are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Triage,
    Discord,
}

impl Work {
    pub(crate) const ALL: [Self; 2] = [Self::Triage, Self::Discord];

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Triage => Kind::Triage,
            Self::Discord => Kind::Discord,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.kind().as_str()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) text: Option<Text>,
    pub(crate) status: &'static str,
    pub(crate) triage_id: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) waiting_told_at: Option<i64>,
    pub(crate) received_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub(crate) state: &'static str,
    pub(crate) visible_at: i64,
    pub(crate) token: Option<u64>,
    pub(crate) failures: u32,
    pub(crate) takeovers: u32,
    pub(crate) again: Option<String>,
    pub(crate) reason: String,
    pub(crate) note: Option<String>,
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) status: &'static str,
    pub(crate) triage_id: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) error: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Triage {
    pub(crate) id: String,
    pub(crate) ticket: Id,
    pub(crate) status: &'static str,
    pub(crate) summary: String,
    pub(crate) triaged_at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) ticket: Id,
    pub(crate) triage_id: Option<String>,
    pub(crate) outcome: String,
}

/// A job that a worker holds.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) kind: Work,
    pub(crate) ticket: Id,
    pub(crate) token: u64,
    pub(crate) failures: u32,
    pub(crate) takeovers: u32,
    pub(crate) reason: String,
    pub(crate) note: Option<String>,
}

/// Every table.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) events: BTreeMap<String, Id>,
    pub(crate) tickets: BTreeMap<Id, Ticket>,
    pub(crate) triage_jobs: BTreeMap<Id, Job>,
    pub(crate) discord_jobs: BTreeMap<Id, Job>,
    pub(crate) triages: Vec<Triage>,
    pub(crate) processed: BTreeMap<Id, &'static str>,
    pub(crate) attempts: BTreeMap<String, Attempt>,
    pub(crate) deliveries: BTreeMap<Id, Delivery>,
    pub(crate) changes: Vec<(Id, &'static str, i64)>,
    last_token: u64,
}

impl Job {
    pub(super) fn ready(reason: &str, now: Timestamp) -> Self {
        Self {
            state: "ready",
            visible_at: now.as_millis(),
            token: None,
            failures: 0,
            takeovers: 0,
            again: None,
            reason: reason.to_owned(),
            note: None,
            created_at: now.as_millis(),
        }
    }
}

impl Model {
    pub(crate) const fn jobs(&self, kind: Work) -> &BTreeMap<Id, Job> {
        match kind {
            Work::Triage => &self.triage_jobs,
            Work::Discord => &self.discord_jobs,
        }
    }

    const fn jobs_mut(&mut self, kind: Work) -> &mut BTreeMap<Id, Job> {
        match kind {
            Work::Triage => &mut self.triage_jobs,
            Work::Discord => &mut self.discord_jobs,
        }
    }

    /// The job, if the caller still holds it.
    pub(super) fn held(&mut self, claimed: &Claimed) -> Option<&mut Job> {
        let job = self.jobs_mut(claimed.kind).get_mut(&claimed.ticket)?;
        (job.token == Some(claimed.token)).then_some(job)
    }

    pub(crate) fn retry(&mut self, id: &str, now: Timestamp) -> Retry {
        if !self.tickets.contains_key(id) {
            return Retry::Unknown;
        }
        let job = self.triage_jobs.entry(id.to_owned()).or_insert_with(|| Job::ready("requested", now));
        if job.state == "running" {
            return Retry::Running;
        }
        (job.visible_at, job.failures, job.reason) = (now.as_millis(), 0, "requested".to_owned());
        self.changes.push((id.to_owned(), "requested", now.as_millis()));
        Retry::Queued
    }

    /// What is due, the longest due first; of what became due at the same time `order` decides.
    pub(crate) fn due(&self, kind: Work, limit: usize, now: Timestamp, order: impl Fn() -> usize) -> Vec<Id> {
        let due = self.jobs(kind).iter().filter(|(_, job)| job.visible_at <= now.as_millis());
        let mut due: Vec<(i64, usize, &Id)> = due.map(|(id, job)| (job.visible_at, order(), id)).collect();
        due.sort_unstable();
        due.into_iter().take(limit).map(|(.., id)| id.clone()).collect()
    }

    /// Claims these jobs, which are due.
    pub(crate) fn claim(&mut self, kind: Work, ids: &[Id], now: Timestamp) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        for ticket in ids {
            self.last_token += 1;
            let token = self.last_token;
            let Some(job) = self.jobs_mut(kind).get_mut(ticket) else { continue };
            job.takeovers += u32::from(job.state == "running");
            job.state = "running";
            job.visible_at = now.plus(LEASE).as_millis();
            job.token = Some(token);
            let Job { failures, takeovers, reason, note, .. } = job.clone();
            claimed.push(Claimed { kind, ticket: ticket.clone(), token, failures, takeovers, reason, note });
        }
        claimed
    }

    pub(crate) fn next_due(&self, kind: Work) -> Option<Timestamp> {
        self.jobs(kind).values().map(|job| job.visible_at).min().map(Timestamp::from_millis)
    }

    pub(crate) fn extend(&mut self, claimed: &Claimed, now: Timestamp) -> bool {
        self.held(claimed).map(|job| job.visible_at = now.plus(LEASE).as_millis()).is_some()
    }

    pub(crate) fn put_back(
        &mut self,
        claimed: &Claimed,
        back: Back,
        delay: Duration,
        note: &str,
        now: Timestamp,
    ) -> bool {
        let Some(job) = self.held(claimed) else { return false };
        let (state, change) = match back {
            Back::Waiting => ("waiting", "waiting"),
            Back::ServiceFailed => ("held", "retrying"),
            Back::Unread => ("unread", "retrying"),
            Back::Failed => ("ready", "retrying"),
        };
        (job.state, job.visible_at, job.token) = (state, now.plus(delay).as_millis(), None);
        (job.takeovers, job.note) = (0, Some(note.to_owned()));
        job.failures += u32::from(back != Back::Waiting);
        if job.again.as_deref() != Some("check") {
            job.reason = job.again.take().unwrap_or_else(|| job.reason.clone());
        }
        let is_news = back != Back::Waiting || claimed.note.as_deref() != Some(note);
        if claimed.kind == Work::Triage && is_news {
            self.changes.push((claimed.ticket.clone(), change, now.as_millis()));
        }
        true
    }

    pub(crate) fn hand_back(&mut self, claimed: &Claimed, now: Timestamp) {
        if let Some(job) = self.held(claimed) {
            (job.state, job.visible_at, job.takeovers, job.token) = ("ready", now.as_millis(), 0, None);
        }
    }

    pub(crate) fn wake_waiting(&mut self, kind: Work, proof: Proof, now: Timestamp) -> u64 {
        let mut woken = 0;
        for job in self.jobs_mut(kind).values_mut() {
            let is_meant = match proof {
                Proof::Answers => job.state == "waiting",
                Proof::Works => job.state == "waiting" || job.state == "held",
                Proof::Reads => job.state == "unread",
            };
            if is_meant && job.visible_at > now.as_millis() {
                job.visible_at = now.as_millis();
                woken += 1;
            }
        }
        woken
    }
}
