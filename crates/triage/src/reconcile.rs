//! Looking in HubSpot for tickets whose webhook never came: since when, page by page, how fast, and what a failed
//! search means. The orchestrator makes the searches and keeps the mark.
//!
//! Pages follow the tickets' ids, not an offset: "since then, with an id above the last one seen". So no search comes
//! near the 10,000 results after which HubSpot refuses to page on, and a ticket that is deleted or indexed between two
//! pages moves no other one out of sight.

use std::str::FromStr;
use std::time::Duration;

use crate::time::Timestamp;

/// How often HubSpot is searched.
pub const EVERY: Duration = Duration::from_secs(5 * 60);

/// How far a search reaches back before the mark: a new ticket takes moments, at times minutes, to be found by searches.
pub const OVERLAP: Duration = Duration::from_secs(15 * 60);

/// Tickets on a page: the most that HubSpot gives.
pub const PAGE: usize = 200;

/// The least time between two searches: HubSpot allows an account 5 in a second, and others may search too.
const PAUSE: Duration = Duration::from_millis(250);

/// A wait up to this is sat out in the middle of a run; for a longer one the run ends and another begins later.
const LONGEST_PAUSE: Duration = Duration::from_secs(12);

/// Failures of the same search after which a run ends.
const MOST_FAILURES: u32 = 3;

/// How long the next run waits at least, and at most, after one that ended because HubSpot could not be asked.
const NEXT_RUN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(60 * 60));

/// Since when tickets are looked for: the mark less the overlap, but never what was there before reconciliation began.
pub fn since(mark: Timestamp, began: Timestamp) -> Timestamp {
    mark.minus(OVERLAP).max(began)
}

/// When the next run is due after one that began at `started` and went well. `jitter` in 0..=1 keeps replicas and
/// installations apart; it never makes the time between two runs longer than [`EVERY`].
pub fn next_run(started: Timestamp, jitter: f64) -> Timestamp {
    started.plus(EVERY.mul_f64(1.0 - 0.05 * jitter.clamp(0.0, 1.0)))
}

/// A way through the tickets that were created since a moment, in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    since: Timestamp,
    above: u64,
    is_over: bool,
}

/// Which tickets the next page has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Created then or later.
    pub since: Timestamp,
    /// With ids above this one; sorted by id, lowest first.
    pub above: u64,
}

/// A page that cannot be right. Going on would skip tickets, or never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("HubSpot's search does not keep to its order")]
pub struct OutOfOrder;

impl Walk {
    /// A walk that begins with the oldest id.
    pub const fn new(since: Timestamp) -> Self {
        Self { since, above: 0, is_over: false }
    }

    /// What to search for next; `None` when everything was seen.
    pub const fn next(&self) -> Option<Search> {
        if self.is_over { None } else { Some(Search { since: self.since, above: self.above }) }
    }

    /// Goes on behind a page: the ids on it as HubSpot sent them, and whether it said that there are more.
    pub fn pass(&mut self, ids: impl IntoIterator<Item = u64>, has_more: bool) -> Result<(), OutOfOrder> {
        let before = self.above;
        for id in ids {
            if id <= self.above {
                return Err(OutOfOrder);
            }
            self.above = id;
        }
        if has_more && self.above == before {
            return Err(OutOfOrder);
        }
        self.is_over = !has_more;
        Ok(())
    }
}

/// Keeps searches apart.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    free_at: Timestamp,
}

impl Pace {
    /// When the next search may be made, asked for at `now`; the one after it comes [`PAUSE`] later at the earliest.
    pub fn take(&mut self, now: Timestamp) -> Timestamp {
        let at = self.free_at.max(now);
        self.free_at = at.plus(PAUSE);
        at
    }
}

/// A search that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// HubSpot refuses it, and will until somebody changes the token or its scopes.
    Refused,
    /// Not now.
    Later {
        /// How long HubSpot wants to be left alone, if it said so.
        retry_after: Option<Duration>,
    },
}

/// What a failed search leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Make the same search again after this time.
    SearchAgain(Duration),
    /// End the run; the next one is due after this time.
    EndRun(Duration),
}

/// What to do after a search has failed `failures` times in a row (1 = for the first time). `jitter` in 0..=1 adds up to
/// a fifth to a pause within the run, so that those who were refused together do not come back together.
pub fn after_failure(failure: Failure, failures: u32, jitter: f64) -> Then {
    let wait = match failure {
        Failure::Refused => return Then::EndRun(EVERY),
        Failure::Later { retry_after } => retry_after,
    };
    let pause = wait.unwrap_or(Duration::from_secs(2));
    if failures < MOST_FAILURES && pause <= LONGEST_PAUSE {
        return Then::SearchAgain(pause.mul_f64(1.0 + 0.2 * jitter.clamp(0.0, 1.0)));
    }
    let (soonest, latest) = NEXT_RUN;
    Then::EndRun(pause.clamp(soonest, latest))
}

/// How far back a person wants to look: `2026-11-23T00:00:00Z`, or a time before now such as `90m`, `1h` or `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From this moment on.
    At(Timestamp),
    /// So long before now.
    Ago(Duration),
}

/// The text names no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a moment such as 2026-11-23T00:00:00Z, or a time before now such as 90m, 1h or 7d")]
pub struct NoMoment;

impl Since {
    /// The moment, seen from `now`.
    pub fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(time) => now.minus(time),
        }
    }
}

impl FromStr for Since {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let text = text.trim();
        if let Some(moment) = Timestamp::parse_rfc3339(text) {
            return Ok(Self::At(moment));
        }
        let unit = text.chars().next_back().ok_or(NoMoment)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return Err(NoMoment),
        };
        let count: u64 = text[..text.len() - 1].parse().map_err(|_| NoMoment)?;
        count.checked_mul(seconds).map(Duration::from_secs).map(Self::Ago).ok_or(NoMoment)
    }
}

#[cfg(test)]
mod tests;
