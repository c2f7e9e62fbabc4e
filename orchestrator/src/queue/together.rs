//! Calls that are made at the same time share a transaction: what comes while one runs goes into the next together.
//!
//! A commit costs the same for one call as for a hundred, so under load this multiplies the rate, and an idle server
//! adds no delay: the first call of a batch waits for others only where nobody is in a hurry.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

/// How much is shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Calls that may wait; past it new ones are turned away.
    pub waiting: usize,
    /// The weight of a batch past which no more is added to it.
    pub heaviest: usize,
    /// Batches under way at once.
    pub concurrent: usize,
    /// How long the first call of a batch waits for others; zero where somebody waits for the answer.
    pub gather: Duration,
}

/// Where calls come together. Cheap to clone; its task ends when the last clone is dropped.
#[derive(Debug)]
pub(crate) struct Together<T, R> {
    sender: mpsc::Sender<Call<T, R>>,
}

/// The call was not performed: too many wait, or the process is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TurnedAway;

#[derive(Debug)]
struct Call<T, R> {
    what: T,
    answer: oneshot::Sender<R>,
}

type Performing<R> = Pin<Box<dyn Future<Output = Vec<R>> + Send>>;

impl<T: Send + 'static, R: Send + 'static> Together<T, R> {
    /// Starts the task that performs batches: `perform` answers each call of a batch, in order.
    pub(crate) fn start<F>(
        bounds: Bounds,
        weight: fn(&T) -> usize,
        perform: impl Fn(Vec<T>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Vec<R>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(bounds.waiting);
        tokio::spawn(run(receiver, bounds, weight, move |batch| -> Performing<R> {
            Box::pin(perform(batch))
        }));
        Self { sender }
    }

    /// Performs a call in the next batch. Whoever stops waiting for the answer does not stop the call.
    pub(crate) async fn call(&self, what: T) -> Result<R, TurnedAway> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send(Call { what, answer }).map_err(|_| TurnedAway)?;
        answered.await.map_err(|_| TurnedAway)
    }
}

impl<T, R> Clone for Together<T, R> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

async fn run<T: Send + 'static, R: Send + 'static>(
    mut receiver: mpsc::Receiver<Call<T, R>>,
    bounds: Bounds,
    weight: fn(&T) -> usize,
    perform: impl Fn(Vec<T>) -> Performing<R>,
) {
    let slots = Arc::new(Semaphore::new(bounds.concurrent));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let Some(first) = receiver.recv().await else { return };
        if !bounds.gather.is_zero() {
            tokio::time::sleep(bounds.gather).await;
        }
        let mut weighs = weight(&first.what);
        let mut batch = vec![first];
        while weighs < bounds.heaviest
            && let Ok(call) = receiver.try_recv()
        {
            weighs += weight(&call.what);
            batch.push(call);
        }
        let (calls, answers): (Vec<T>, Vec<_>) =
            batch.into_iter().map(|call| (call.what, call.answer)).unzip();
        let performing = perform(calls);
        tokio::spawn(async move {
            for (answer, sender) in performing.await.into_iter().zip(answers) {
                // Whoever went away does not need the answer.
                let _ = sender.send(answer);
            }
            drop(slot);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_while_a_batch_runs_goes_into_the_next_one_up_to_its_weight() {
        let (started, mut batches) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let opened = Arc::clone(&gate);
        let bounds = Bounds { waiting: 8, heaviest: 5, concurrent: 1, gather: Duration::ZERO };
        let together = Together::start(
            bounds,
            |weight: &usize| *weight,
            move |batch: Vec<usize>| {
                let (started, gate) = (started.clone(), Arc::clone(&gate));
                async move {
                    started.send(batch.clone()).unwrap();
                    gate.acquire().await.unwrap().forget();
                    batch.into_iter().map(|weight| weight * 10).collect()
                }
            },
        );
        let call = |weight| {
            let together = together.clone();
            tokio::spawn(async move { together.call(weight).await })
        };
        let mut calls = vec![call(1)];
        assert_eq!(batches.recv().await, Some(vec![1]));
        for (waiting, weight) in [2, 4, 1].into_iter().enumerate() {
            calls.push(call(weight));
            while together.sender.capacity() > bounds.waiting - waiting - 1 {
                tokio::task::yield_now().await;
            }
        }
        opened.add_permits(1);
        assert_eq!(batches.recv().await, Some(vec![2, 4]), "no more after what is heavy enough");
        opened.add_permits(2);
        assert_eq!(batches.recv().await, Some(vec![1]));
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        assert_eq!(answers, [Ok(10), Ok(20), Ok(40), Ok(10)]);
    }

    #[tokio::test]
    async fn past_its_bound_calls_are_turned_away() {
        let (started, mut batches) = mpsc::unbounded_channel();
        let bounds = Bounds { waiting: 1, heaviest: 1, concurrent: 1, gather: Duration::ZERO };
        let together = Together::start(
            bounds,
            |()| 1,
            move |_| {
                started.send(()).unwrap();
                std::future::pending::<Vec<()>>()
            },
        );
        let call = || {
            let together = together.clone();
            tokio::spawn(async move { together.call(()).await })
        };
        let _performed = call();
        batches.recv().await;
        let _waits = call();
        while together.sender.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(together.call(()).await, Err(TurnedAway));
    }
}
