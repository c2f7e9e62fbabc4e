//! What was asked of a stand-in, in order. Tests assert on it; secrets in headers are kept on purpose.

use crate::wire::Request;
use serde_json::Value;
use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// One request and the status it was answered with (none while it hangs or when the asker went away).
#[derive(Debug, Clone)]
pub struct Entry {
    /// The request; its fields are reachable from the entry directly.
    pub request: Arc<Request>,
    /// The status of the answer.
    pub status: Option<u16>,
}

impl Deref for Entry {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

/// Every request that reached a stand-in, its own control calls left out.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    pages: Mutex<Pages>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Pages {
    entries: VecDeque<Entry>,
    /// Number of the first entry held.
    first: usize,
    /// Count since the last clear.
    count: usize,
    answered: usize,
    keep: Option<usize>,
}

impl Journal {
    /// All entries held, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.pages().entries.iter().cloned().collect()
    }

    /// Entries whose path contains `part`.
    #[must_use]
    pub fn entries_on(&self, part: &str) -> Vec<Entry> {
        self.pages().entries.iter().filter(|entry| entry.path.contains(part)).cloned().collect()
    }

    /// How many requests came since the start or the last [`clear`](Self::clear).
    #[must_use]
    pub fn count(&self) -> usize {
        self.pages().count
    }

    /// How many of them were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.pages().answered
    }

    /// The newest entry.
    #[must_use]
    pub fn last(&self) -> Option<Entry> {
        self.pages().entries.back().cloned()
    }

    /// Holds only the newest `entries` from here on, for long runs; the count goes on.
    pub fn keep_last(&self, entries: usize) {
        let mut pages = self.pages();
        pages.keep = Some(entries);
        pages.trim();
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut pages = self.pages();
        let first = pages.first + pages.entries.len();
        let keep = pages.keep;
        *pages = Pages { first, keep, ..Pages::default() };
    }

    /// Waits until `n` requests have arrived and returns what is held.
    ///
    /// # Panics
    /// When they did not come within [`crate::PATIENCE`].
    pub async fn wait_for(&self, n: usize) -> Vec<Entry> {
        self.wait_until(&format!("{n} requests"), |pages| pages.count >= n).await
    }

    /// Waits until `n` requests have been answered and returns what is held.
    ///
    /// # Panics
    /// When that did not happen within [`crate::PATIENCE`].
    pub async fn wait_for_answers(&self, n: usize) -> Vec<Entry> {
        self.wait_until(&format!("{n} answers"), |pages| pages.answered >= n).await
    }

    /// Waits until `n` held requests have a path that contains `part`, and returns those.
    ///
    /// # Panics
    /// When they did not come within [`crate::PATIENCE`].
    pub async fn wait_for_on(&self, part: &str, n: usize) -> Vec<Entry> {
        let enough =
            |pages: &Pages| pages.entries.iter().filter(|entry| entry.path.contains(part)).count() >= n;
        self.wait_until(&format!("{n} requests on {part}"), enough).await;
        self.entries_on(part)
    }

    /// Returns once more than `known` requests have been answered, however long that takes.
    pub(crate) async fn wait_for_news(&self, known: usize) {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if self.answered() > known {
                return;
            }
            changed.await;
        }
    }

    async fn wait_until(&self, what: &str, done: impl Fn(&Pages) -> bool) -> Vec<Entry> {
        let waiting = async {
            loop {
                let mut changed = std::pin::pin!(self.shared.changed.notified());
                changed.as_mut().enable();
                if done(&self.pages()) {
                    return self.entries();
                }
                changed.await;
            }
        };
        match tokio::time::timeout(crate::PATIENCE, waiting).await {
            Ok(entries) => entries,
            Err(_) => {
                panic!("waited {:?} for {what}; the journal holds:\n{}", crate::PATIENCE, self.digest())
            }
        }
    }

    pub(crate) fn note(&self, request: Arc<Request>) -> usize {
        let mut pages = self.pages();
        pages.entries.push_back(Entry { request, status: None });
        pages.count += 1;
        let number = pages.first + pages.entries.len() - 1;
        pages.trim();
        drop(pages);
        self.shared.changed.notify_waiters();
        number
    }

    pub(crate) fn answer(&self, number: usize, status: u16) {
        let mut pages = self.pages();
        let place = number.checked_sub(pages.first);
        if let Some(entry) = place.and_then(|place| pages.entries.get_mut(place)) {
            entry.status = Some(status);
        }
        pages.answered += 1;
        drop(pages);
        self.shared.changed.notify_waiters();
    }

    pub(crate) fn to_json(&self) -> Value {
        let pages = self.pages();
        let whole = |entry: &Entry| {
            let mut value = serde_json::json!(*entry.request);
            value["status"] = serde_json::json!(entry.status);
            value
        };
        let entries: Vec<Value> = pages.entries.iter().map(whole).collect();
        serde_json::json!({ "count": pages.count, "answered": pages.answered, "entries": entries })
    }

    fn digest(&self) -> String {
        let lines: Vec<String> = self
            .entries()
            .iter()
            .map(|entry| format!("  {} {} -> {:?}", entry.method, entry.path, entry.status))
            .collect();
        if lines.is_empty() { "  nothing".to_owned() } else { lines.join("\n") }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.shared.pages.lock().expect("no journal user panics while holding it")
    }
}

impl Pages {
    fn trim(&mut self) {
        let Some(keep) = self.keep else { return };
        while self.entries.len() > keep {
            self.entries.pop_front();
            self.first += 1;
        }
    }
}
