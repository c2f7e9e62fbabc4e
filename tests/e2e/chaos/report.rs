//! What a run came to, read from the outside: the database, the journals of the stand-ins, the logs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::Ledger;
use crate::World;
use crate::postgres::rows;

/// The figures of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Tickets of which HubSpot was told 202.
    pub accepted: usize,
    /// Of these, tickets with a verdict.
    pub verdicts: usize,
    /// Of these, tickets that were given to a person, visibly.
    pub failed: usize,
    /// Discord messages that were posted, however often they were edited.
    pub messages: usize,
    /// Accepted, but neither with a verdict nor given to a person.
    pub lost: usize,
    /// Tickets with more than one verdict, although nobody asked for another.
    pub double: usize,
    /// Messages beyond the first of a ticket.
    pub repeated: usize,
    /// Tickets with an end of which Discord was not told.
    pub untold: usize,
    /// Jobs that another process took over (`job_taken_over`).
    pub taken_over: usize,
    /// Jobs that are not done.
    pub unfinished: usize,
    /// SIGKILLs.
    pub kills: usize,
    /// Restarts of Postgres.
    pub restarts: usize,
    /// Webhooks answered otherwise than 202, and those that got no answer; each was sent again.
    pub sent_again: (usize, usize),
    /// Calls to the local model and to Groq.
    pub calls: (usize, usize),
    /// From the 202 to the verdict: half of the tickets took no longer.
    pub median_wait: Duration,
    /// The longest.
    pub longest_wait: Duration,
    /// Of the whole run.
    pub took: Duration,
}

impl Report {
    /// What must not be, in words; empty when all is well.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let rules = [
            (self.lost > 0, format!("{} tickets are lost", self.lost)),
            (self.double > 0, format!("{} tickets have more than one verdict", self.double)),
            (
                self.repeated > self.kills,
                format!("{} repeated messages are more than one per kill", self.repeated),
            ),
            (self.untold > 0, format!("of {} tickets Discord was never told", self.untold)),
            (self.unfinished > 0, format!("{} jobs were not finished in time", self.unfinished)),
        ];
        rules.into_iter().filter(|(broken, _)| *broken).map(|(_, text)| text).collect()
    }

    pub(super) async fn read(world: &World, ledger: &Ledger, took: Duration) -> Result<Self, String> {
        let url = &world.settings["DATABASE_URL"];
        let tickets = rows(
            url,
            "select t.ticket_id, t.status, count(v.id), coalesce(min(v.triaged_at), 0)
             from tickets t left join triages v on v.ticket_id = t.ticket_id group by 1, 2",
        )
        .await?;
        let unfinished = rows(url, "select kind, ticket_id from jobs").await?.len();
        let states: BTreeMap<&str, &[String]> =
            tickets.iter().map(|row| (row[0].as_str(), &row[1..])).collect();
        let posts = posts(world);
        let mut report = Self {
            accepted: ledger.accepted.len(),
            messages: posts.values().sum(),
            repeated: posts.values().map(|count| count - 1).sum(),
            taken_over: ledger.taken_over,
            unfinished,
            kills: ledger.kills,
            restarts: ledger.restarts,
            sent_again: (ledger.refused, ledger.unanswered),
            calls: (
                world.ollama.journal.entries_on("/api/chat").len(),
                world.groq.journal.entries_on("chat/completions").len(),
            ),
            took,
            ..Self::default()
        };
        report.double = tickets.iter().filter(|row| row[2].parse().unwrap_or(0) > 1).count();
        let mut waits = Vec::new();
        for (id, accepted_at) in &ledger.accepted {
            let id = id.to_string();
            let told = posts.contains_key(&id);
            match states.get(id.as_str()) {
                Some([status, _, at]) if status == "triaged" || status == "needs_review" => {
                    report.verdicts += 1;
                    report.untold += usize::from(!told);
                    let wait = at.parse().unwrap_or(0) - accepted_at;
                    waits.push(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
                }
                Some([status, ..]) if status == "failed" => {
                    report.failed += 1;
                    report.untold += usize::from(!told);
                }
                Some(_) | None => report.lost += 1,
            }
        }
        waits.sort();
        report.median_wait = waits.get(waits.len() / 2).copied().unwrap_or_default();
        report.longest_wait = waits.last().copied().unwrap_or_default();
        Ok(report)
    }
}

/// How often a message was posted about each ticket, as Discord saw it.
fn posts(world: &World) -> BTreeMap<String, usize> {
    let mut posts = BTreeMap::new();
    for message in world.discord.messages() {
        let text = message.text();
        let numbers = text.split(|c: char| !c.is_ascii_digit());
        let ids: BTreeSet<&str> =
            numbers.filter(|number| number.starts_with("31000") && number.len() == 11).collect();
        for id in ids {
            *posts.entry(id.to_owned()).or_default() += 1;
        }
    }
    posts
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        let lines = [
            ("accepted (202)", self.accepted.to_string()),
            ("verdicts", self.verdicts.to_string()),
            ("given to a person", self.failed.to_string()),
            ("Discord messages", self.messages.to_string()),
            ("lost", self.lost.to_string()),
            ("double verdicts", self.double.to_string()),
            ("repeated Discord messages", format!("{} (at most {})", self.repeated, self.kills)),
            ("never told in Discord", self.untold.to_string()),
            ("not finished", self.unfinished.to_string()),
            ("taken over", self.taken_over.to_string()),
            ("longest wait for a verdict", seconds(self.longest_wait)),
            ("median wait", seconds(self.median_wait)),
            ("kills", self.kills.to_string()),
            ("Postgres restarts", self.restarts.to_string()),
            ("webhooks refused, unanswered", format!("{}, {}", self.sent_again.0, self.sent_again.1)),
            ("calls of local model, Groq", format!("{}, {}", self.calls.0, self.calls.1)),
            ("whole run", seconds(self.took)),
        ];
        for (name, value) in lines {
            writeln!(f, "{name:<30}{value:>16}")?;
        }
        Ok(())
    }
}
