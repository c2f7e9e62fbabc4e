//! A webhook's rate limit: so many requests in a window that opens with the first of them.

use std::time::Duration;
use tokio::time::Instant;

pub(super) struct Bucket {
    limit: u32,
    window: Duration,
    opened: Option<Instant>,
    used: u32,
}

/// The bucket's state after one request.
pub(super) struct Level {
    pub(super) is_over: bool,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset_after: Duration,
}

impl Bucket {
    pub(super) fn new((limit, window): (u32, Duration)) -> Self {
        Self { limit, window, opened: None, used: 0 }
    }

    pub(super) fn take(&mut self) -> Level {
        let now = Instant::now();
        let opened = match self.opened {
            Some(opened) if now.duration_since(opened) < self.window => opened,
            Some(_) | None => {
                self.used = 0;
                now
            }
        };
        self.opened = Some(opened);
        let is_over = self.used >= self.limit;
        self.used = self.used.saturating_add(1).min(self.limit);
        let reset_after = self.window.saturating_sub(now.duration_since(opened));
        Level { is_over, limit: self.limit, remaining: self.limit - self.used, reset_after }
    }
}

impl Level {
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let seconds = self.reset_after.as_secs_f64();
        let now = f64::from(u32::try_from(crate::now().timestamp()).unwrap_or(u32::MAX))
            + f64::from(crate::now().timestamp_subsec_millis()) / 1000.0;
        vec![
            ("X-RateLimit-Limit", self.limit.to_string()),
            ("X-RateLimit-Remaining", self.remaining.to_string()),
            ("X-RateLimit-Reset", format!("{:.3}", now + seconds)),
            ("X-RateLimit-Reset-After", format!("{seconds:.3}")),
            ("X-RateLimit-Bucket", "0a1b2c3d4e5f".to_owned()),
        ]
    }
}
