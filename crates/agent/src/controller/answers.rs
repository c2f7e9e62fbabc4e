//! What the command line is answered.

use std::sync::Arc;

use chrono::SecondsFormat;
use supervise::Kind;
use tokio::sync::mpsc;

use super::Controller;
use crate::children::logs::{Followed, Line, Log};
use crate::model::{Effect, Input, Wish};
use crate::secrets::{Entry, Keeping};
use crate::socket::{Asked, Reply, Request};
use crate::status::{Besides, Process, Status};

/// No more lines than a program's log has.
const MOST_LINES: usize = 5_000;

impl Controller {
    pub(super) async fn answer(&mut self, Asked { request, replies }: Asked) {
        let reply = match request {
            Request::Status => Reply::Status(Box::new(self.status())),
            Request::Restart { program } if !self.model().may_restart(program) => failed(
                "Triage on this machine is paused, so the tunnel stays closed.".to_owned(),
                "Resume first.",
            ),
            Request::Restart { program } => {
                self.take(Input::Wished(Wish::Restart(program)));
                done(format!("{program} is being restarted."))
            }
            Request::Pause => {
                self.take(Input::Wished(Wish::Pause));
                done("Triage on this machine is paused: the tunnel is closed.".to_owned())
            }
            Request::Resume => {
                self.take(Input::Wished(Wish::Resume));
                done("Triage on this machine goes on.".to_owned())
            }
            Request::Logs { program, lines, follow } => {
                self.send_logs(program, lines.min(MOST_LINES), follow, replies);
                return;
            }
            Request::Evidence { layer } => Reply::Evidence { exchange: self.evidence(layer).await },
            Request::Secrets => Reply::Secrets { set: self.set_secrets().await },
            Request::TestSecrets => return self.test_secrets(replies).await,
            Request::Orchestrator { question } => return self.ask_orchestrator(question, replies),
            Request::TestTicket => return self.send_test_ticket(replies).await,
            Request::Watch => {
                self.watchers.add(replies);
                return;
            }
            Request::CheckNow => {
                self.perform(Effect::ProbeAll);
                done("Every hop is being looked at.".to_owned())
            }
            Request::Secret { entry, value } => self.keep(&entry, value).await,
            Request::Reload => self.reload().await,
        };
        // Whoever asked may be gone.
        drop(replies.try_send(reply));
    }

    pub(super) fn status(&self) -> Status {
        let process = |kind: Kind| {
            let log = self.hands.runner.keep().log(kind);
            let lines = log.tail(1).first().map_or(0, |line| line.number + 1);
            Process { pid: self.pids.get(&kind).copied(), lines, dropped: log.dropped() }
        };
        let orchestrator = self.orchestrator();
        let (notes, access_ends) = (self.hands.notes(), self.hands.access_ends());
        Status::of(self.model(), self.wall(), process, Besides { notes, orchestrator, access_ends })
    }

    async fn keep(&mut self, name: &str, value: String) -> Reply {
        let Some(entry) = Entry::find(name) else {
            return failed(
                format!("There is no secret named {name}."),
                "Name one that `triage-agent secrets` lists.",
            );
        };
        let reply = if value.is_empty() {
            match self.hands.secrets.delete(entry).await {
                Ok(()) => done(format!("{name} is forgotten.")),
                Err(problem) => failed(format!("{name} may still be kept: {problem}."), problem.what_to_do()),
            }
        } else {
            match self.hands.secrets.set(entry, &value.into()).await {
                Keeping::ForGood => done(format!("{name} is in the keychain.")),
                Keeping::ForThisSession(problem) => done(format!(
                    "{name} is kept until the agent ends, because {problem}. {}",
                    problem.what_to_do()
                )),
            }
        };
        self.reload().await;
        reply
    }

    /// Settings or secrets are others: looks at the new places, and starts afresh what runs with old ones.
    async fn reload(&mut self) -> Reply {
        if let Err(problem) = self.hands.read_settings() {
            return failed(
                format!("The old settings stay in use: {problem}"),
                "Mend the file, then try again.",
            );
        }
        let settings = self.hands.settings();
        let (model, rules) = (settings.model.clone(), settings.rules());
        let targets = self.hands.targets().await;
        let peer = self.hands.peer(&targets).await;
        self.public.clone_from(&targets.public);
        self.exchanges.forget();
        self.probes.change(targets);
        if let Some(known) = &mut self.model {
            known.set(model, rules);
        }
        self.link(peer);
        if self.hands.tunnel_has_changed().await {
            self.take(Input::Wished(Wish::Restart(Kind::Cloudflared)));
        }
        done("Settings and secrets have been read again.".to_owned())
    }

    fn send_logs(&self, program: Option<Kind>, lines: usize, follow: bool, replies: mpsc::Sender<Reply>) {
        let both = [Kind::Ollama, Kind::Cloudflared];
        let kinds = both.into_iter().filter(|kind| program.is_none_or(|program| program == *kind));
        let logs: Vec<(Kind, Log)> =
            kinds.map(|kind| (kind, self.hands.runner.keep().log(kind).clone())).collect();
        tokio::spawn(async move {
            // Listening begins before the past is read, so that no line falls in between.
            let following: Vec<_> = logs.iter().map(|(kind, log)| (*kind, log.follow())).collect();
            let mut past: Vec<(Kind, Arc<Line>)> = logs
                .iter()
                .flat_map(|(kind, log)| log.tail(lines).into_iter().map(|line| (*kind, line)))
                .collect();
            past.sort_by_key(|(_, line)| line.at);
            let mut last = std::collections::BTreeMap::new();
            for (kind, line) in past {
                last.insert(kind, line.number);
                if replies.send(reply(kind, &line)).await.is_err() {
                    return;
                }
            }
            if follow {
                let each = following.into_iter().map(|(kind, mut lines)| {
                    let (replies, last) = (replies.clone(), last.get(&kind).copied());
                    async move {
                        while let Some(followed) = lines.next().await {
                            let said = match followed {
                                Followed::Line(line) if last.is_some_and(|last| line.number <= last) => {
                                    continue;
                                }
                                Followed::Line(line) => reply(kind, &line),
                                Followed::Missed(count) => Reply::Missed { program: kind, count },
                            };
                            if replies.send(said).await.is_err() {
                                return;
                            }
                        }
                    }
                });
                futures::future::join_all(each).await;
            }
        });
    }
}

fn reply(kind: Kind, line: &Line) -> Reply {
    let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let Line { number, stream, level, .. } = *line;
    Reply::Line { program: kind, number, at, stream, level, text: line.text.clone() }
}

fn done(sentence: String) -> Reply {
    Reply::Done { sentence }
}

pub(super) fn failed(why: String, what_to_do: &str) -> Reply {
    Reply::Failed { why, what_to_do: what_to_do.to_owned() }
}
