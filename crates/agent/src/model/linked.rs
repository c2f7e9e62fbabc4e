//! What the orchestrator said: about this machine, and about tickets. PURE.
//!
//! Its times are compared with its own clock alone, as the last heartbeat told it: this machine's clock may be wrong.

use std::time::Duration;

use ::link::{
    Alert, Alerts, Change, Desk, HeartbeatAnswer, Receipt, Server, Standing, Triage, TriageStatus, Tunnel,
    Usability,
};
use alerts::notice::Happening;
use alerts::rule::Event;
use chrono::{DateTime, TimeDelta, Utc};
use supervise::Moment;
use supervise::health::facts::{Fact, Facts, LinkAnswer, Outside, View};
use supervise::health::overall::Elsewhere;

/// So many tickets are remembered, the newest.
pub const MOST_RECENT: usize = 20;

/// So many alerts that have passed are remembered, the newest.
const MOST_PASSED: usize = 10;

/// What comes so much later than it happened is no notice any more.
const NEWS_FOR: TimeDelta = TimeDelta::minutes(10);

/// Clocks that differ by less are no subject.
const SAME_TIME_SECONDS: u64 = 60;

/// News of the link.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// This machine is not paired.
    NotSetUp,
    /// Another orchestrator, or the same one anew: nothing is known of it.
    Begun,
    /// The orchestrator took a heartbeat.
    Heard {
        /// What it answered.
        answer: Box<HeartbeatAnswer>,
        /// How long that took.
        latency: Duration,
        /// So many seconds this machine's clock is ahead of its clock.
        ahead_seconds: i64,
    },
    /// A heartbeat was not taken.
    NotHeard {
        /// Why.
        answer: LinkAnswer,
        /// After how long.
        latency: Duration,
    },
    /// Tickets as they are.
    Tickets(Vec<Triage>),
    /// Alerts as they are.
    Alerts(Box<Alerts>),
    /// What tickets are sorted into.
    Desk(Box<Desk>),
    /// Something happened.
    Changed(Box<Change>),
    /// It has looked at the public address from outside.
    Checked(Box<Receipt>),
    /// It has taken the tunnel.
    HandedOver(Box<Tunnel>),
    /// It has not, and goes on with the one it has; its sentence.
    NotHandedOver(String),
}

/// What is known through the link.
#[derive(Debug, Clone, Default)]
pub struct Linked {
    server: Option<Server>,
    clock: Option<Clock>,
    elsewhere: Option<Elsewhere>,
    tunnel: Option<Tunnel>,
    receipt: Option<Receipt>,
    refusal: Option<String>,
    ahead_seconds: i64,
    recent: Vec<Triage>,
    alerts: Alerts,
    desk: Option<Desk>,
}

/// The orchestrator's clock.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// What it said.
    time: DateTime<Utc>,
    /// When that was.
    at: Moment,
    /// Its time when this agent started.
    started: DateTime<Utc>,
}

impl Linked {
    /// The orchestrator, as it introduced itself.
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// When it last took a heartbeat.
    pub fn heard_at(&self) -> Option<Moment> {
        self.clock.map(|clock| clock.at)
    }

    /// What becomes of tickets that are not triaged here.
    pub fn elsewhere(&self) -> Elsewhere {
        self.elsewhere.unwrap_or(Elsewhere::NotKnown)
    }

    /// The tunnel as the orchestrator keeps it.
    pub fn tunnel(&self) -> Option<&Tunnel> {
        self.tunnel.as_ref()
    }

    /// Its last look at the public address from outside.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.receipt.as_ref()
    }

    /// The last tickets, newest first.
    pub fn recent(&self) -> &[Triage] {
        &self.recent
    }

    /// What a person should look at, and what has passed, newest first.
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// What tickets are sorted into, once the orchestrator has said.
    pub fn desk(&self) -> Option<&Desk> {
        self.desk.as_ref()
    }

    /// What people should know.
    pub fn notes(&self) -> Vec<String> {
        let refused = self.refusal.as_ref().map(|why| {
            format!(
                "The orchestrator has not taken this machine's tunnel: {why} It is offered again by itself."
            )
        });
        let apart = self.ahead_seconds.unsigned_abs();
        let clock = (apart > SAME_TIME_SECONDS).then(|| {
            let side = if self.ahead_seconds > 0 { "ahead of" } else { "behind" };
            format!(
                "This machine's clock is {} {side} the orchestrator's. Set the system's time.",
                spoken(apart)
            )
        });
        refused.into_iter().chain(clock).collect()
    }

    /// Takes what was said; returns what deserves a person.
    pub(super) fn take(&mut self, said: Said, facts: &mut Facts, now: Moment) -> Option<Event> {
        match said {
            Said::NotSetUp => {
                *self = Self::default();
                (facts.link, facts.view, facts.outside) = (Fact::NotSetUp, Fact::NotSetUp, Outside::NotKnown);
            }
            Said::Begun => {
                *self = Self::default();
                (facts.link, facts.view, facts.outside) = (Fact::NotYet, Fact::NotYet, Outside::NotKnown);
            }
            Said::Heard { answer, latency, ahead_seconds } => {
                self.ahead_seconds = ahead_seconds;
                facts.link = Fact::Known { answer: LinkAnswer::Accepted, latency };
                facts.view = Fact::Known { answer: view(&answer.view), latency };
                self.heard(*answer, now);
                facts.outside = self.outside();
            }
            Said::NotHeard { answer, latency } => {
                if answer == LinkAnswer::NotPaired {
                    self.elsewhere = None;
                }
                facts.link = Fact::Known { answer, latency };
                facts.view = Fact::NotYet;
            }
            Said::Tickets(tickets) => tickets.into_iter().for_each(|ticket| self.remember(ticket)),
            Said::Alerts(alerts) => {
                self.alerts = *alerts;
                self.alerts.recent.truncate(MOST_PASSED);
            }
            Said::Desk(desk) => self.desk = Some(*desk).filter(|desk| !desk.categories.is_empty()),
            Said::Changed(change) => return self.changed(*change, now),
            Said::Checked(receipt) => {
                self.receipt = Some(*receipt);
                facts.outside = self.outside();
            }
            Said::HandedOver(tunnel) => (self.tunnel, self.refusal) = (Some(*tunnel), None),
            Said::NotHandedOver(why) => self.refusal = Some(why),
        }
        None
    }

    fn heard(&mut self, answer: HeartbeatAnswer, now: Moment) {
        if let Ok(time) = answer.time.parse::<DateTime<Utc>>() {
            let ran = TimeDelta::milliseconds(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
            let started = self.clock.map(|clock| clock.started).or_else(|| time.checked_sub_signed(ran));
            self.clock = Some(Clock { time, at: now, started: started.unwrap_or(time) });
        }
        self.elsewhere = Some(match answer.elsewhere {
            ::link::Elsewhere::AnotherDevice => Elsewhere::AnotherDevice,
            ::link::Elsewhere::Groq => Elsewhere::Groq,
            ::link::Elsewhere::Wait => Elsewhere::Wait,
        });
        (self.server, self.tunnel, self.receipt) = (Some(answer.server), answer.tunnel, answer.receipt);
    }

    /// What the receipt says of the address that is in use.
    fn outside(&self) -> Outside {
        let of_another = |receipt: &&Receipt| {
            self.tunnel.as_ref().is_some_and(|tunnel| !is_same_address(&tunnel.url, &receipt.url))
        };
        let Some(receipt) = self.receipt.as_ref().filter(|receipt| !of_another(receipt)) else {
            return Outside::NotKnown;
        };
        let open = receipt.checks.iter().find(|check| check.refused == Some(false));
        match open {
            Some(check) => {
                let what = format!("{} was answered", named(&check.what));
                Outside::Open { what, at: minute(&receipt.checked_at) }
            }
            None if receipt.closed => Outside::Closed,
            None => Outside::NotKnown,
        }
    }

    fn remember(&mut self, ticket: Triage) {
        self.recent.retain(|known| known.ticket_id != ticket.ticket_id);
        let place = self.recent.partition_point(|known| known.received_at > ticket.received_at);
        self.recent.insert(place, ticket);
        self.recent.truncate(MOST_RECENT);
    }

    fn note_alert(&mut self, alert: Alert) {
        let Alerts { open, recent } = &mut self.alerts;
        open.retain(|known| known.id != alert.id);
        recent.retain(|known| known.id != alert.id);
        if alert.cleared_at.is_some() {
            recent.insert(0, alert);
            recent.truncate(MOST_PASSED);
        } else {
            let place = open.partition_point(|known| known.raised_at > alert.raised_at);
            open.insert(place, alert);
        }
    }

    fn changed(&mut self, change: Change, now: Moment) -> Option<Event> {
        let is_news = self.is_news(&change.at, now);
        if let Some(alert) = change.alert {
            self.note_alert(alert.clone());
            let (happening, subject) = (Happening::NewAlert, alert.id);
            if alert.cleared_at.is_some() {
                return Some(Event::Withdrawn { happening, subject });
            }
            let body = format!("{} {}", alert.sentence, alert.what_to_do);
            return is_news.then_some(Event::Happened { happening, subject, body });
        }
        let ticket = change.triage?;
        let (happening, subject) = (Happening::NeedsReview, ticket.ticket_id.clone());
        let event = match ticket.status {
            TriageStatus::NeedsReview => {
                let body = about(&ticket);
                is_news.then_some(Event::Happened { happening, subject, body })
            }
            TriageStatus::Queued
            | TriageStatus::Triaging
            | TriageStatus::Waiting
            | TriageStatus::Triaged
            | TriageStatus::Failed
            | TriageStatus::Gone => Some(Event::Withdrawn { happening, subject }),
        };
        self.remember(ticket);
        event
    }

    /// Whether it happened since this agent's start and not long ago.
    fn is_news(&self, at: &str, now: Moment) -> bool {
        let (Some(clock), Ok(at)) = (self.clock, at.parse::<DateTime<Utc>>()) else { return false };
        let passed = TimeDelta::from_std(now.since(clock.at)).unwrap_or_default();
        let age = (clock.time - at).checked_add(&passed).unwrap_or_default();
        at >= clock.started && age <= NEWS_FOR
    }
}

/// Without a word of the ticket's text: notices are logged.
fn about(ticket: &Triage) -> String {
    let verdict = ticket.verdict.as_ref().map_or_else(String::new, |verdict| {
        format!(" The model says {}, {}.", verdict.category, verdict.priority)
    });
    format!("Ticket {} waits for a person to check it.{verdict}", ticket.ticket_id)
}

fn view(standing: &Standing) -> View {
    match standing.state {
        Usability::Usable => View::Usable,
        Usability::Unusable => {
            let why = standing.why.as_deref().map(|why| why.trim_end_matches('.'));
            View::Unusable(why.unwrap_or("it does not say why").to_owned())
        }
        Usability::Unknown => View::NotTried,
    }
}

pub(crate) fn is_same_address(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn named(what: &str) -> &str {
    match what {
        "without_token" => "a call without the service token",
        "wrong_token" => "a call with a wrong service token",
        path => path,
    }
}

/// `2026-11-23 10:00 UTC`, or as it came.
fn minute(at: &str) -> String {
    at.parse::<DateTime<Utc>>()
        .map_or_else(|_| at.to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn spoken(seconds: u64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
#[path = "linked/tests.rs"]
mod tests;
