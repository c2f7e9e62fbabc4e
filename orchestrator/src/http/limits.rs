//! What may be in progress at once, and how often a client may be refused.
//!
//! A sender with the right credentials is never limited by its rate, because a webhook turned away may be lost: there
//! is only so much room, and who finds none is told to come back. Whoever guesses credentials is slowed down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use triage::time::Timestamp;

use crate::error::ApiError;

/// Webhooks that are being read or stored at once.
const MOST_WEBHOOKS: usize = 512;

/// Bytes of bodies that are held at once.
const MOST_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Searches and figures that the database works on at once: over many tickets each takes seconds, and tickets on their way
/// need connections too.
const MOST_SEARCHES: usize = 2;

/// Refusals that a client may run up; then it is not listened to until some are forgotten.
const MOST_REFUSALS: u32 = 30;

/// One refusal is forgotten after this.
const FORGET_ONE_AFTER: Duration = Duration::from_secs(2);

/// Clients that are remembered at once.
const MOST_CLIENTS: usize = 10_000;

/// A device may send a test ticket this long after its last one.
const BETWEEN_TEST_TICKETS: Duration = Duration::from_secs(5);

/// The limits of this process.
#[derive(Debug)]
pub struct Limits {
    webhooks: Arc<Semaphore>,
    body_bytes: Arc<Semaphore>,
    searches: Arc<Semaphore>,
    /// When each client's refusals will all be forgotten.
    forgiven_at: Mutex<HashMap<IpAddr, Timestamp>>,
    /// When each device may send its next test ticket.
    test_tickets_from: Mutex<HashMap<String, Timestamp>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            webhooks: Arc::new(Semaphore::new(MOST_WEBHOOKS)),
            body_bytes: Arc::new(Semaphore::new(MOST_BODY_BYTES)),
            searches: Arc::new(Semaphore::new(MOST_SEARCHES)),
            forgiven_at: Mutex::default(),
            test_tickets_from: Mutex::default(),
        }
    }
}

impl Limits {
    /// Room for one more webhook.
    pub(super) fn webhook(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.webhooks).try_acquire_owned().map_err(|_| full())
    }

    /// Room for so many more bytes of a body.
    pub(super) fn body(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Arc::clone(&self.body_bytes).try_acquire_many_owned(bytes).map_err(|_| full())
    }

    /// Has the database search or count when it is its turn. Whoever stops waiting meanwhile does not stop the database, so
    /// the turn lasts until it has finished.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        search: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let turn = Arc::clone(&self.searches).acquire_owned().await;
        let searching = tokio::spawn(async move {
            let found = search.await;
            drop(turn);
            found
        });
        searching.await.map_err(|_| ApiError::Unavailable("The search broke off. Try again.".to_owned()))
    }

    /// Whether this client has been refused too often to be listened to.
    pub(super) fn check(&self, client: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        let forgiven_at = self.forgiven_at.lock().unwrap_or_else(PoisonError::into_inner);
        let owed = forgiven_at.get(&client).map_or(Duration::ZERO, |at| at.since(now));
        let allowed = FORGET_ONE_AFTER * (MOST_REFUSALS - 1);
        if owed > allowed { Err(ApiError::TooManyRequests { retry_after: owed - allowed }) } else { Ok(()) }
    }

    /// Notes that this client was refused.
    pub(super) fn refused(&self, client: IpAddr, now: Timestamp) {
        let mut forgiven_at = self.forgiven_at.lock().unwrap_or_else(PoisonError::into_inner);
        if forgiven_at.len() >= MOST_CLIENTS {
            forgiven_at.retain(|_, at| *at > now);
        }
        if forgiven_at.len() < MOST_CLIENTS || forgiven_at.contains_key(&client) {
            let at = forgiven_at.entry(client).or_insert(now);
            *at = (*at).max(now).plus(FORGET_ONE_AFTER);
        }
    }

    /// Lets a device send a test ticket, unless it sent one a moment ago.
    pub(super) fn test_ticket(&self, device_id: &str, now: Timestamp) -> Result<(), ApiError> {
        let mut from = self.test_tickets_from.lock().unwrap_or_else(PoisonError::into_inner);
        from.retain(|_, at| *at > now);
        if let Some(at) = from.get(device_id) {
            let seconds = at.since(now).as_millis().div_ceil(1000);
            return Err(ApiError::TooSoon {
                retry_after: Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)),
                message: format!("A test ticket was sent a moment ago: send another in {seconds} s."),
            });
        }
        from.insert(device_id.to_owned(), now.plus(BETWEEN_TEST_TICKETS));
        Ok(())
    }
}

fn full() -> ApiError {
    ApiError::Unavailable("Too many webhooks at once. Send it again.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);

    #[test]
    fn who_is_refused_too_often_has_to_wait_and_is_forgiven() {
        let limits = Limits::default();
        let (guesser, other) = ("198.51.100.1".parse().unwrap(), "198.51.100.2".parse().unwrap());
        for _ in 0..MOST_REFUSALS {
            assert_eq!(limits.check(guesser, NOW), Ok(()));
            limits.refused(guesser, NOW);
        }
        let retry_after = FORGET_ONE_AFTER;
        assert_eq!(limits.check(guesser, NOW), Err(ApiError::TooManyRequests { retry_after }));
        assert_eq!(limits.check(other, NOW), Ok(()));
        assert_eq!(limits.check(guesser, NOW.plus(FORGET_ONE_AFTER)), Ok(()));
        limits.refused(guesser, NOW.plus(FORGET_ONE_AFTER));
        assert!(limits.check(guesser, NOW.plus(FORGET_ONE_AFTER)).is_err());
        assert_eq!(limits.check(guesser, NOW.plus(FORGET_ONE_AFTER * 100)), Ok(()));
    }

    #[test]
    fn a_crowd_of_clients_does_not_fill_the_memory() {
        let limits = Limits::default();
        for client in 0..MOST_CLIENTS + 500 {
            limits.refused(IpAddr::from((client as u32).to_be_bytes()), NOW);
        }
        assert_eq!(limits.forgiven_at.lock().unwrap().len(), MOST_CLIENTS);
        limits.refused("198.51.100.1".parse().unwrap(), NOW.plus(FORGET_ONE_AFTER * 2));
        assert_eq!(limits.forgiven_at.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_device_sends_a_test_ticket_now_and_then_whatever_others_do() {
        let limits = Limits::default();
        let retry_after = |device, now| match limits.test_ticket(device, now) {
            Ok(()) => None,
            Err(ApiError::TooSoon { retry_after, .. }) => Some(retry_after.as_secs()),
            Err(other) => panic!("{other:?}"),
        };
        let later = |millis| NOW.plus(Duration::from_millis(millis));
        assert_eq!(retry_after("a", NOW), None);
        assert_eq!(retry_after("a", later(1)), Some(5));
        assert_eq!(retry_after("b", later(1)), None);
        assert_eq!(retry_after("a", later(4_500)), Some(1), "rounded up, or it would be too soon again");
        assert_eq!(retry_after("a", later(5_000)), None);
        assert_eq!(limits.test_tickets_from.lock().unwrap().len(), 2);
        assert_eq!(retry_after("a", later(60_000)), None);
        assert_eq!(limits.test_tickets_from.lock().unwrap().len(), 1, "nobody is remembered for ever");
    }

    #[tokio::test]
    async fn a_search_keeps_its_turn_until_it_ends_though_nobody_waits_for_it() {
        let limits = Arc::new(Limits::default());
        let gate = Arc::new(Semaphore::new(0));
        for _ in 0..MOST_SEARCHES {
            let (limits, gate) = (Arc::clone(&limits), Arc::clone(&gate));
            let began = Arc::new(Semaphore::new(0));
            let begin = Arc::clone(&began);
            let waits = tokio::spawn(async move {
                let search = async move {
                    begin.add_permits(1);
                    gate.acquire_owned().await.unwrap().forget();
                };
                limits.search(search).await
            });
            began.acquire().await.unwrap().forget();
            waits.abort();
            assert!(waits.await.unwrap_err().is_cancelled());
        }
        assert_eq!(limits.searches.available_permits(), 0);
        gate.add_permits(MOST_SEARCHES);
        assert_eq!(limits.search(async { 7 }).await, Ok(7));
    }

    #[test]
    fn room_comes_back_when_it_is_left() {
        let limits = Limits::default();
        let held: Vec<_> = (0..MOST_WEBHOOKS).map(|_| limits.webhook().unwrap()).collect();
        assert!(limits.webhook().is_err());
        drop(held);
        assert!(limits.webhook().is_ok());
        let held = limits.body(MOST_BODY_BYTES).unwrap();
        assert!(limits.body(1).is_err());
        drop(held);
        assert!(limits.body(1).is_ok());
    }
}
