//! The way of a test ticket, hop by hop, from what was seen of it: what the orchestrator says, what calls to the hops of
//! the tunnel measured while the ticket was under way, and how this machine is. PURE.
//!
//! Steps are only ever added while more is seen, so that whoever is told them need not take anything back.

#[cfg(test)]
mod tests;

use chrono::DateTime;
use link::{TestMessage, TestTicket, TestTriaged, TriageStatus};
use serde::{Deserialize, Serialize};
use supervise::health::facts::Fact;
use supervise::health::reading::{self, Call, Reading};
use supervise::health::{Health, Layer};

use crate::probes::Seen as Sight;
use crate::status::Status;

/// A hop on the way, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TestHop {
    /// The ticket's webhook was stored.
    Orchestrator,
    /// Cloudflare lets calls with the service token through.
    Cloudflare,
    /// cloudflared is connected to it.
    Cloudflared,
    /// Ollama answers.
    Ollama,
    /// The model gave a verdict.
    Model,
    /// The message is there.
    Discord,
}

/// News of a test ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TestStep {
    /// It passed a hop.
    Reached {
        /// Which.
        hop: TestHop,
        /// How long that took, where it was measured: until the orchestrator had stored it; a call there and back of
        /// Cloudflare, cloudflared and Ollama; the model's answer; from the verdict until Discord had the message.
        took_ms: Option<u64>,
    },
    /// It did not pass a hop. Triaged by somebody else it still goes to Discord.
    Failed {
        /// Which.
        hop: TestHop,
        /// Why, in a sentence.
        why: String,
        /// What to do about it.
        what_to_do: String,
    },
    /// Its message is in Discord.
    Done {
        /// From the question to the certainty.
        total_ms: u64,
        /// Who triaged it, when it was not this machine.
        elsewhere: Option<String>,
    },
}

/// What is known so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    accepted_ms: Option<u64>,
    /// What the calls to Cloudflare, cloudflared and Ollama took, in their order; `None` of one that did not get through.
    passed_ms: Vec<Option<u64>>,
    flaw: Option<Flaw>,
    ticket: Option<TestTicket>,
    /// Why the orchestrator did not answer the last time.
    silence: Option<String>,
    elapsed_ms: u64,
    /// Nothing is waited for any more.
    is_late: bool,
}

/// What keeps tickets from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flaw {
    hop: TestHop,
    why: String,
    what_to_do: String,
}

/// The steps so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// In their order.
    pub(crate) steps: Vec<TestStep>,
    /// No other will come.
    pub(crate) is_over: bool,
}

/// The hops of the tunnel.
const TUNNEL: [TestHop; 3] = [TestHop::Cloudflare, TestHop::Cloudflared, TestHop::Ollama];

impl Seen {
    pub(crate) fn accepted(&mut self, took_ms: u64) {
        self.accepted_ms = Some(took_ms);
    }

    /// Takes in what a call to the next hop of the tunnel saw.
    pub(crate) fn looked(&mut self, sight: &Sight) {
        self.passed_ms.push(match sight {
            Sight::Public(call) => passed(call, is_past_access),
            Sight::Ready(call) => passed(call, is_connected),
            Sight::OllamaApi(call) => passed(call, is_ollama),
            Sight::Models(..) | Sight::Binding(_) | Sight::WithoutToken(_) | Sight::Woke { .. } => None,
        });
    }

    /// Takes in how this machine is, until it is known who triaged the ticket.
    pub(crate) fn noticed(&mut self, status: &Status) {
        if self.triaged().is_none() {
            self.flaw = flaw(status);
        }
    }

    /// Takes in what the orchestrator says, or why it says nothing, so long after the beginning.
    pub(crate) fn heard(&mut self, answer: Result<TestTicket, String>, elapsed_ms: u64, is_late: bool) {
        (self.elapsed_ms, self.is_late) = (elapsed_ms, is_late);
        match answer {
            Ok(ticket) => (self.ticket, self.silence) = (Some(ticket), None),
            Err(why) => self.silence = Some(why),
        }
    }

    fn triaged(&self) -> Option<&TestTriaged> {
        self.ticket.as_ref()?.triaged.as_ref()
    }

    /// What follows from it.
    pub(crate) fn way(&self) -> Way {
        let mut steps = Vec::new();
        let Some(accepted_ms) = self.accepted_ms else { return Way { steps, is_over: false } };
        steps.push(TestStep::Reached { hop: TestHop::Orchestrator, took_ms: Some(accepted_ms) });
        let Some((ticket, triaged)) = self.ticket.as_ref().zip(self.triaged()) else {
            self.tunnel(&mut steps);
            let end = self.without_verdict();
            let is_over = end.is_some();
            steps.extend(end);
            return Way { steps, is_over };
        };
        if triaged.here {
            // The ticket itself passed the hops, also those that a call of ours did not.
            let all = TUNNEL.iter().enumerate();
            steps.extend(all.map(|(index, hop)| reached(*hop, self.passed_ms.get(index).copied().flatten())));
            steps.push(reached(TestHop::Model, u64::try_from(triaged.latency_ms).ok()));
        } else {
            self.tunnel(&mut steps);
            let Flaw { hop, why, what_to_do } = self.why_elsewhere(ticket, triaged);
            steps.push(TestStep::Failed { hop, why, what_to_do });
        }
        let end = self.message(ticket, triaged);
        let is_over = !end.is_empty();
        steps.extend(end);
        Way { steps, is_over }
    }

    fn tunnel(&self, steps: &mut Vec<TestStep>) {
        let passed = TUNNEL.iter().zip(&self.passed_ms).take_while(|(_, took_ms)| took_ms.is_some());
        steps.extend(passed.map(|(hop, took_ms)| reached(*hop, *took_ms)));
    }

    /// The hop where it did not go on, as far as the calls tell.
    fn next_hop(&self) -> TestHop {
        let passed = self.passed_ms.iter().take_while(|took_ms| took_ms.is_some()).count();
        TUNNEL.get(passed).copied().unwrap_or(TestHop::Model)
    }

    /// What keeps tickets away, at a hop that was not passed.
    fn obstacle(&self) -> Option<Flaw> {
        let next = self.next_hop();
        let flaw = self.flaw.clone()?;
        // Calls pass a hop that keeps the orchestrator out: then it is the model that was not asked.
        Some(Flaw { hop: if flaw.hop < next { TestHop::Model } else { flaw.hop }, ..flaw })
    }

    fn why_elsewhere(&self, ticket: &TestTicket, triaged: &TestTriaged) -> Flaw {
        let whose = elsewhere(triaged);
        let other = || {
            let why = match &ticket.why_not_here {
                Some(why) => sentence(&format!("This machine did not triage it: {why}")),
                None => format!("{whose} triaged it: this machine was not asked."),
            };
            let what_to_do = "Look at the ticket's attempts under Tickets, then send another.".to_owned();
            Flaw { hop: self.next_hop(), why, what_to_do }
        };
        self.obstacle().unwrap_or_else(other)
    }

    fn without_verdict(&self) -> Option<TestStep> {
        let ticket = self.ticket.as_ref();
        let status = ticket.map(|ticket| ticket.status);
        let error = ticket.and_then(|ticket| ticket.error.clone());
        let error = self.silence.clone().or(error);
        let because = error.map(|error| format!(": {error}")).unwrap_or_default();
        let hop = self.obstacle().map_or_else(|| self.next_hop(), |flaw| flaw.hop);
        if matches!(status, Some(TriageStatus::Failed | TriageStatus::Gone)) {
            let why = sentence(&format!("The ticket could not be triaged{because}"));
            let what_to_do = "Look at its attempts under Tickets.".to_owned();
            return Some(TestStep::Failed { hop, why, what_to_do });
        }
        if let (Some(TriageStatus::Waiting), Some(flaw)) = (status, self.obstacle()) {
            let why = format!("{} The ticket waits until this machine can triage it.", sentence(&flaw.why));
            return Some(TestStep::Failed { hop, why, what_to_do: flaw.what_to_do });
        }
        self.is_late.then(|| {
            let waited = self.elapsed_ms / 1000;
            let why = sentence(&format!("Nobody has triaged the ticket after {waited} s{because}"));
            let what_to_do = "It is not lost: look at it under Tickets.".to_owned();
            TestStep::Failed { hop, why, what_to_do }
        })
    }

    /// What became of the message; nothing while that is waited for.
    fn message(&self, ticket: &TestTicket, triaged: &TestTriaged) -> Vec<TestStep> {
        let failed = |why: &str, what_to_do: &str| {
            let (why, what_to_do) = (sentence(why), what_to_do.to_owned());
            vec![TestStep::Failed { hop: TestHop::Discord, why, what_to_do }]
        };
        let waited = self.elapsed_ms / 1000;
        let said = |why: &Option<String>| why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        match &ticket.message {
            TestMessage::Confirmed { at } => {
                let elsewhere = (!triaged.here).then(|| elsewhere(triaged));
                vec![
                    reached(TestHop::Discord, between(&triaged.at, at)),
                    TestStep::Done { total_ms: self.elapsed_ms, elsewhere },
                ]
            }
            TestMessage::Refused { why } => failed(
                &format!("The message is not in Discord: {why}"),
                "Set DISCORD_WEBHOOK_URL of the orchestrator to a webhook that exists, and restart it.",
            ),
            TestMessage::NoChannel => failed(
                "The orchestrator has no Discord channel to write to",
                "Set DISCORD_WEBHOOK_URL there, and restart it.",
            ),
            TestMessage::Waiting { why } if self.is_late => failed(
                &format!("The message is not in Discord after {waited} s{}", said(why)),
                "It is tried again by itself: look at it under Tickets.",
            ),
            TestMessage::Delivered { .. } if self.is_late => failed(
                &format!("Discord took the message, but has not confirmed it after {waited} s"),
                "Look into the channel.",
            ),
            TestMessage::Waiting { .. } | TestMessage::Delivered { .. } => Vec::new(),
        }
    }
}

fn reached(hop: TestHop, took_ms: Option<u64>) -> TestStep {
    TestStep::Reached { hop, took_ms }
}

fn elsewhere(triaged: &TestTriaged) -> String {
    match (&triaged.device, triaged.provider.as_str()) {
        (Some(device), _) => device.clone(),
        (None, "groq") => "Groq".to_owned(),
        (None, _) => "another machine".to_owned(),
    }
}

/// The first hop that fails of those that carry tickets.
fn flaw(status: &Status) -> Option<Flaw> {
    if status.paused {
        return Some(Flaw {
            hop: TestHop::Cloudflared,
            why: "Triage on this machine is paused: its tunnel is closed.".to_owned(),
            what_to_do: "Resume, then send another.".to_owned(),
        });
    }
    let mut layers = status.layers.iter();
    let broken = layers.find(|state| state.health == Health::Fail && state.layer.carries_tickets())?;
    Some(Flaw {
        hop: hop_of(broken.layer),
        why: broken.sentence.clone(),
        what_to_do: broken.fix.clone().unwrap_or_else(|| "Look at the Overview.".to_owned()),
    })
}

const fn hop_of(layer: Layer) -> TestHop {
    match layer {
        Layer::OllamaProcess | Layer::OllamaApi | Layer::OllamaPrivate => TestHop::Ollama,
        Layer::Model => TestHop::Model,
        Layer::CloudflaredProcess | Layer::Edge => TestHop::Cloudflared,
        Layer::PublicAddress | Layer::AccessClosed | Layer::OrchestratorView => TestHop::Cloudflare,
        Layer::Link => TestHop::Orchestrator,
    }
}

fn passed(fact: &Fact<Call>, is_through: impl Fn(&Call) -> bool) -> Option<u64> {
    match fact {
        Fact::Known { answer, latency } if is_through(answer) => u64::try_from(latency.as_millis()).ok(),
        Fact::Known { .. } | Fact::NotSetUp | Fact::NotYet => None,
    }
}

/// Cloudflare answered, and Access let the token through; what lies behind is the next hops' matter.
fn is_past_access(call: &Call) -> bool {
    match reading::read(call) {
        Reading::Ollama { .. }
        | Reading::HostRefused
        | Reading::TunnelGone
        | Reading::OriginDown
        | Reading::TooSlow
        | Reading::NoRule => true,
        Reading::SomethingElse
        | Reading::LoginAsked
        | Reading::NoPolicy
        | Reading::Firewall
        | Reading::RateLimited
        | Reading::Unexpected(_)
        | Reading::Nobody(_) => false,
    }
}

fn is_connected(call: &Call) -> bool {
    call.as_ref().ok().and_then(reading::connections).is_some_and(|connections| connections > 0)
}

fn is_ollama(call: &Call) -> bool {
    matches!(reading::read(call), Reading::Ollama { .. })
}

/// Milliseconds between two times of the orchestrator's clock.
fn between(from: &str, until: &str) -> Option<u64> {
    let time = |text| DateTime::parse_from_rfc3339(text).ok();
    u64::try_from((time(until)? - time(from)?).num_milliseconds()).ok()
}

/// With a full stop.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}
