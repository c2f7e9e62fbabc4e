//! What may be in progress at once, and how often a client may be refused.
//!
//! A webhook with the right credentials is never limited by its rate or by what else came from its address, because a
//! webhook turned away may be lost: there is only so much room, and who finds none is told to come back. Whoever guesses
//! credentials is told to wait; what keeps guesses from coming true is the length of the secrets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use triage::time::Timestamp;

use super::room::Room;
use crate::error::ApiError;

/// Searches and figures that the database works on at once: over many tickets each takes seconds, and tickets on their way
/// need connections too.
const MOST_SEARCHES: usize = 2;

/// Refusals that a client may run up; then it has to wait until some are forgotten.
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
    /// For webhooks.
    pub(super) room: Room,
    searches: Arc<Semaphore>,
    /// When each client's refusals will all be forgotten.
    forgiven_at: Mutex<HashMap<IpAddr, Timestamp>>,
    /// When each device may send its next test ticket.
    test_tickets_from: Mutex<HashMap<String, Timestamp>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            room: Room::default(),
            searches: Arc::new(Semaphore::new(MOST_SEARCHES)),
            forgiven_at: Mutex::default(),
            test_tickets_from: Mutex::default(),
        }
    }
}

impl Limits {
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

    /// Whether this client has been refused too often to be tried again.
    pub(super) fn check(&self, client: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        let forgiven_at = self.forgiven_at.lock().unwrap_or_else(PoisonError::into_inner);
        let owed = forgiven_at.get(&client).map_or(Duration::ZERO, |at| at.since(now));
        let allowed = FORGET_ONE_AFTER * (MOST_REFUSALS - 1);
        if owed > allowed { Err(ApiError::TooManyRequests { retry_after: owed - allowed }) } else { Ok(()) }
    }

    /// What a client hears whose credentials are wrong: why, or, when that has been so too often, that it has to wait.
    pub(super) fn refuse(&self, client: IpAddr, now: Timestamp, why: ApiError) -> ApiError {
        let waits = self.check(client, now).err();
        self.refused(client, now);
        waits.unwrap_or(why)
    }

    /// Notes that this client was refused. It never has to wait for more than one refusal to be forgotten.
    pub(super) fn refused(&self, client: IpAddr, now: Timestamp) {
        let mut forgiven_at = self.forgiven_at.lock().unwrap_or_else(PoisonError::into_inner);
        if forgiven_at.len() >= MOST_CLIENTS {
            forgiven_at.retain(|_, at| *at > now);
        }
        if forgiven_at.len() < MOST_CLIENTS || forgiven_at.contains_key(&client) {
            let at = forgiven_at.entry(client).or_insert(now);
            let latest = now.plus(FORGET_ONE_AFTER * MOST_REFUSALS);
            *at = (*at).max(now).plus(FORGET_ONE_AFTER).min(latest);
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
    fn who_goes_on_with_wrong_credentials_is_told_to_wait_and_not_for_longer_and_longer() {
        let limits = Limits::default();
        let client = "198.51.100.1".parse().unwrap();
        let refuse = |now| limits.refuse(client, now, ApiError::NotFound);
        for _ in 0..MOST_REFUSALS {
            assert_eq!(refuse(NOW), ApiError::NotFound);
        }
        let retry_after = FORGET_ONE_AFTER;
        for _ in 0..100 {
            assert_eq!(refuse(NOW), ApiError::TooManyRequests { retry_after });
        }
        assert_eq!(refuse(NOW.plus(FORGET_ONE_AFTER)), ApiError::NotFound);
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
}
