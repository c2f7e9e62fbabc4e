//! One thread for a store that may block until a person has answered: at most one question waits at a time, and
//! whoever asked stops waiting without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::{Problem, SecretStore};

type Job = Box<dyn FnOnce(&dyn SecretStore) + Send>;

/// Set when nobody waits for an answer any more.
#[derive(Debug, Clone, Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}

/// Somebody waits for an answer.
struct Waiting(Abandoned);

/// The thread. It ends when this is dropped and nothing is asked any more.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    patience: Duration,
}

impl Worker {
    pub(super) fn start(store: Box<dyn SecretStore>, patience: Duration) -> Self {
        let (jobs, received) = mpsc::channel::<Job>();
        let work = move || {
            for job in received {
                job(store.as_ref());
            }
        };
        // Without a thread nobody takes the jobs, and every question is refused.
        drop(std::thread::Builder::new().name("keychain".to_owned()).spawn(work));
        Self { jobs, patience }
    }

    /// Asks the store. What has begun goes on after the time is over; what has not is not done.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn SecretStore) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let _waiting = self.send(question, |answer| drop(sender.send(answer)))?;
        match tokio::time::timeout(self.patience, receiver).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(Problem::Locked),
        }
    }

    /// As [`Worker::ask`], and keeps this thread until there is an answer or the time is over.
    pub(super) fn ask_blocking<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn SecretStore) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let _waiting = self.send(question, move |answer| drop(sender.send(answer)))?;
        match receiver.recv_timeout(self.patience) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Problem::Locked),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    fn send<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn SecretStore) -> Result<T, Problem> + Send + 'static,
        answer: impl FnOnce(Result<T, Problem>) + Send + 'static,
    ) -> Result<Waiting, Problem> {
        let abandoned = Abandoned::default();
        let waiting = Waiting(abandoned.clone());
        let job = move |store: &dyn SecretStore| {
            if !abandoned.0.load(Ordering::Acquire) {
                answer(question(store));
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| gone())?;
        Ok(waiting)
    }
}

fn gone() -> Problem {
    Problem::Refused { why: "its thread has ended".to_owned() }
}
