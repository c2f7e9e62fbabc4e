//! HubSpot's limits: calls in ten seconds with headers, searches in one second without.

use crate::clock;
use crate::wire::Reply;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

const DAILY: u32 = 650_000;

pub(super) struct Limits {
    calls: Window,
    searches: Window,
    today: u32,
}

struct Window {
    limit: u32,
    length: Duration,
    opened: Instant,
    used: u32,
}

impl Limits {
    pub(super) fn usual() -> Self {
        Self::new(190, 5)
    }

    pub(super) fn new(calls: u32, searches: u32) -> Self {
        let window = |limit, seconds| Window {
            limit,
            length: Duration::from_secs(seconds),
            opened: Instant::now(),
            used: 0,
        };
        Self { calls: window(calls, 10), searches: window(searches, 1), today: 0 }
    }

    /// The headers of the answer, or that the limit is reached.
    pub(super) fn take(&mut self, is_search: bool) -> Result<Vec<(&'static str, String)>, ()> {
        if is_search {
            return self.searches.take().map(|_| Vec::new());
        }
        let remaining = self.calls.take()?;
        self.today = self.today.saturating_add(1);
        Ok(vec![
            ("X-HubSpot-RateLimit-Max", self.calls.limit.to_string()),
            ("X-HubSpot-RateLimit-Remaining", remaining.to_string()),
            ("X-HubSpot-RateLimit-Interval-Milliseconds", "10000".to_owned()),
            ("X-HubSpot-RateLimit-Daily", DAILY.to_string()),
            ("X-HubSpot-RateLimit-Daily-Remaining", DAILY.saturating_sub(self.today).to_string()),
        ])
    }
}

impl Window {
    fn take(&mut self) -> Result<u32, ()> {
        if self.opened.elapsed() >= self.length {
            self.opened = Instant::now();
            self.used = 0;
        }
        if self.used >= self.limit {
            return Err(());
        }
        self.used += 1;
        Ok(self.limit - self.used)
    }
}

pub(super) fn exceeded(is_search: bool) -> Reply {
    let (policy, words) =
        if is_search { ("SECONDLY", "secondly") } else { ("TEN_SECONDLY_ROLLING", "ten_secondly_rolling") };
    let body = json!({"status": "error", "message": format!("You have reached your {words} limit."),
        "errorType": "RATE_LIMIT", "correlationId": clock::uuid(), "policyName": policy, "requestId": clock::uuid()});
    Reply::json(429, &body)
}
