//! What windows ask besides: which secrets there are and whether they work, and what the orchestrator knows. What takes
//! its time is done beside the loop.

use std::time::Duration;

use supervise::health::Layer;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Controller;
use super::answers::failed;
use crate::diagnostics::Mask;
use crate::evidence::Exchange;
use crate::link::{Client, Question};
use crate::secrets::Entry;
use crate::socket::{Check, Reply};
use crate::tunnel::http;
use crate::tunnel::verify::{Explanation, verify};

/// For a call through the public address; a model that is being loaded is not waited for.
const TIME_LIMIT: Duration = Duration::from_secs(20);

impl Controller {
    pub(super) async fn evidence(&self, layer: Layer) -> Option<Exchange> {
        let mut kept = Vec::new();
        for entry in Entry::ALL {
            kept.extend(self.hands.secrets.get(entry).await.ok().flatten());
        }
        self.exchanges.of(layer, self.wall(), &Mask::new(&kept))
    }

    pub(super) async fn set_secrets(&self) -> Vec<String> {
        let mut set = Vec::new();
        for entry in Entry::ALL {
            if matches!(self.hands.secrets.get(entry).await, Ok(Some(_))) {
                set.push(entry.name().to_owned());
            }
        }
        set
    }

    pub(super) async fn test_secrets(&self, replies: mpsc::Sender<Reply>) {
        let (targets, secrets) = (self.hands.targets().await, std::sync::Arc::clone(&self.hands.secrets));
        tokio::spawn(async move {
            let begun = Instant::now();
            let kept = secrets.check().await;
            let took = Some(begun.elapsed());
            let mut checks = vec![match kept {
                Ok(()) => check("Keychain", true, "It keeps what it is given.", None, took),
                Err(problem) => {
                    check("Keychain", false, &format!("{problem}."), Some(problem.what_to_do()), took)
                }
            }];
            match targets.public.zip(targets.credentials) {
                Some((address, credentials)) => {
                    let seen = verify(&http::client(TIME_LIMIT), &address, &credentials).await;
                    let explained = |what, found: &Explanation, took| {
                        check(what, found.ok(), &found.sentence, found.fix.as_deref(), Some(took))
                    };
                    checks.push(explained("With the service token", &seen.public_address, seen.public_took));
                    checks.push(explained("Without it", &seen.access_closed, seen.closed_took));
                }
                None => checks.push(check(
                    "Public address",
                    false,
                    "The host name or a part of the service token is not set.",
                    Some("Set all three, then test again."),
                    None,
                )),
            }
            drop(replies.send(Reply::Tested { checks }).await);
        });
    }

    pub(super) fn ask_orchestrator(&self, question: Question, replies: mpsc::Sender<Reply>) {
        let peer = self.link.peer().map(|peer| (peer.url.clone(), peer.token.clone()));
        tokio::spawn(async move {
            let reply = match peer {
                None => {
                    failed("This machine is not paired.".to_owned(), "Pair it with an orchestrator first.")
                }
                Some((url, token)) => match Client::new(&url, Some(token)) {
                    Err(problem) => failed(format!("{problem}."), "Pair this machine again."),
                    Ok(client) => match client.ask(&question).await {
                        Ok(value) => Reply::Answered { value },
                        Err(problem) => {
                            let words = problem.to_string();
                            failed(format!("{}.", words.trim_end_matches('.')), "Try again in a moment.")
                        }
                    },
                },
            };
            drop(replies.send(reply).await);
        });
    }
}

fn check(what: &str, ok: bool, sentence: &str, what_to_do: Option<&str>, took: Option<Duration>) -> Check {
    let (what, sentence) = (what.to_owned(), sentence.to_owned());
    let latency_ms = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    Check { what, ok, sentence, what_to_do: what_to_do.map(ToOwned::to_owned), latency_ms }
}
