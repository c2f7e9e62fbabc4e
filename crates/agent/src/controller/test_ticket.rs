//! The test ticket: has it sent, calls the hops of the tunnel while it is under way, and asks how far it has come until
//! it is in Discord, nobody listens any more, or it takes too long.

use std::time::Duration;

use link::{TestTicket, TestTicketSent};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::Controller;
use super::answers::failed;
use crate::link::{Client, Error};
use crate::model::Effect;
use crate::probes::{Probe, Targets, look_once};
use crate::socket::{Reply, WAITING};
use crate::status::Status;
use crate::test_ticket::{Seen, TestHop, TestStep};

/// A large model that has to be loaded first answers within this.
const FOLLOWED_FOR: Duration = Duration::from_mins(2);

/// How often it is asked for.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// The hops of the tunnel, in their order.
const LOOKS: [Probe; 3] = [Probe::Public, Probe::Ready, Probe::OllamaApi];

impl Controller {
    pub(super) async fn send_test_ticket(&mut self, replies: mpsc::Sender<Reply>) {
        let Some(peer) = self.link.peer() else {
            let why = "This machine is not paired.".to_owned();
            drop(replies.try_send(failed(why, "Pair it with an orchestrator first.")));
            return;
        };
        let client = match Client::new(&peer.url, Some(peer.token.clone())) {
            Ok(client) => client,
            Err(problem) => {
                drop(replies.try_send(failed(format!("{problem}."), "Pair this machine again.")));
                return;
            }
        };
        let targets = self.hands.targets().await;
        self.perform(Effect::ProbeAll);
        let (watcher, statuses) = mpsc::channel(WAITING);
        self.watchers.add(watcher);
        let (keep, latest) = watch::channel(None);
        let test = Test { client, targets, latest, replies: replies.clone(), told: 0 };
        tokio::spawn(async move {
            tokio::select! {
                () = test.run() => {}
                () = keep_latest(statuses, keep) => {}
                () = replies.closed() => {}
            }
        });
    }
}

/// How this machine is, for as long as that is told.
async fn keep_latest(mut statuses: mpsc::Receiver<Reply>, keep: watch::Sender<Option<Status>>) {
    while let Some(reply) = statuses.recv().await {
        if let Reply::Status(status) = reply {
            keep.send_replace(Some(*status));
        }
    }
}

struct Test {
    client: Client,
    targets: Targets,
    latest: watch::Receiver<Option<Status>>,
    replies: mpsc::Sender<Reply>,
    /// Steps that have been told.
    told: usize,
}

impl Test {
    async fn run(mut self) {
        let (began, mut seen) = (Instant::now(), Seen::default());
        let sent = match self.client.send_test_ticket().await {
            Ok(sent) => sent,
            // Whoever follows does not wait for an answer.
            Err(problem) => return drop(self.replies.send(not_sent(&problem)).await),
        };
        seen.accepted(millis(began));
        self.tell(&seen).await;
        for probe in LOOKS {
            seen.looked(&look_once(self.targets.clone(), probe).await);
            self.tell(&seen).await;
        }
        loop {
            let answer = self.ask(&sent).await;
            if let Some(status) = &*self.latest.borrow() {
                seen.noticed(status);
            }
            seen.heard(answer, millis(began), began.elapsed() > FOLLOWED_FOR);
            if self.tell(&seen).await {
                return;
            }
            sleep(ASK_EVERY).await;
        }
    }

    async fn ask(&self, sent: &TestTicketSent) -> Result<TestTicket, String> {
        self.client.test_ticket(sent).await.map_err(|problem| problem.to_string())
    }

    /// Tells the steps that are new; whether no other will come.
    async fn tell(&mut self, seen: &Seen) -> bool {
        let way = seen.way();
        for step in way.steps.into_iter().skip(self.told) {
            self.told += 1;
            drop(self.replies.send(Reply::Test { step }).await);
        }
        way.is_over
    }
}

fn not_sent(problem: &Error) -> Reply {
    let what_to_do = match problem {
        Error::Refused { status: 429, message, .. } => {
            return failed(message.clone(), "Wait a moment, then send another.");
        }
        Error::Refused { status: 404 | 405, .. } | Error::NoOrchestrator(_) => {
            "Check the orchestrator's address, and that it is not older than this agent."
        }
        Error::Refused { .. } => {
            "Check PUBLIC_URL of the orchestrator and the secrets of its webhooks: HubSpot takes the same way."
        }
        Error::Unreachable(_) => "Check this machine's internet connection, and that the orchestrator runs.",
        Error::NotPaired | Error::UnsafeAddress => "Pair this machine again.",
    };
    let why = format!("{}.", problem.to_string().trim_end_matches('.'));
    let step = TestStep::Failed { hop: TestHop::Orchestrator, why, what_to_do: what_to_do.to_owned() };
    Reply::Test { step }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
