//! Groq's limits: requests a day and tokens a minute, refilled steadily, told in headers with Go-style durations.

use super::failure;
use crate::wire::Reply;
use std::time::Duration;
use tokio::time::Instant;

pub(super) struct Limits {
    requests: u32,
    tokens: u32,
    requests_left: f64,
    tokens_left: f64,
    at: Instant,
}

const DAY_SECONDS: f64 = 86_400.0;
const MINUTE_SECONDS: f64 = 60.0;

impl Limits {
    pub(super) fn generous() -> Self {
        Self::new(500_000, 250_000)
    }

    pub(super) fn new(requests: u32, tokens: u32) -> Self {
        let (requests_left, tokens_left) = (f64::from(requests), f64::from(tokens));
        Self { requests, tokens, requests_left, tokens_left, at: Instant::now() }
    }

    /// Takes one request of that many tokens, or says how long it has to wait.
    pub(super) fn take(&mut self, tokens: u32) -> Result<(), Duration> {
        let passed = self.at.elapsed().as_secs_f64();
        self.at = Instant::now();
        let (all_requests, all_tokens) = (f64::from(self.requests), f64::from(self.tokens));
        self.requests_left = (self.requests_left + passed * all_requests / DAY_SECONDS).min(all_requests);
        self.tokens_left = (self.tokens_left + passed * all_tokens / MINUTE_SECONDS).min(all_tokens);
        let tokens = f64::from(tokens);
        if self.requests_left < 1.0 {
            return Err(Duration::from_secs_f64(DAY_SECONDS / all_requests.max(1.0)));
        }
        if self.tokens_left < tokens {
            let missing = tokens - self.tokens_left;
            return Err(Duration::from_secs_f64(missing * MINUTE_SECONDS / all_tokens.max(1.0)));
        }
        self.requests_left -= 1.0;
        self.tokens_left -= tokens;
        Ok(())
    }

    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let all_requests = f64::from(self.requests).max(1.0);
        let all_tokens = f64::from(self.tokens).max(1.0);
        let requests_in = (all_requests - self.requests_left) * DAY_SECONDS / all_requests;
        let tokens_in = (all_tokens - self.tokens_left) * MINUTE_SECONDS / all_tokens;
        vec![
            ("x-ratelimit-limit-requests", self.requests.to_string()),
            ("x-ratelimit-limit-tokens", self.tokens.to_string()),
            ("x-ratelimit-remaining-requests", self.requests_left.floor().to_string()),
            ("x-ratelimit-remaining-tokens", self.tokens_left.floor().to_string()),
            ("x-ratelimit-reset-requests", go_duration(requests_in)),
            ("x-ratelimit-reset-tokens", go_duration(tokens_in)),
        ]
    }

    pub(super) fn exceeded(&self, model: &str, wait: Duration) -> Reply {
        let message = format!(
            "Rate limit reached for model `{model}` in organization `org_sims` service tier `on_demand` on tokens per \
             minute (TPM): Limit {}. Please try again in {}.",
            self.tokens,
            go_duration(wait.as_secs_f64())
        );
        failure(429, &message, ("tokens", Some("rate_limit_exceeded")))
            .headers(self.headers())
            .header("retry-after", wait.as_secs_f64().ceil())
    }
}

/// `2m59.56s`, `7.66s`, `850ms`.
fn go_duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 1.0 {
        return format!("{}ms", (seconds * 1000.0).round());
    }
    let hours = (seconds / 3600.0).floor();
    let minutes = ((seconds - hours * 3600.0) / 60.0).floor();
    let rest = ((seconds - hours * 3600.0 - minutes * 60.0) * 100.0).round() / 100.0;
    match (hours > 0.0, minutes > 0.0) {
        (true, _) => format!("{hours}h{minutes}m{rest}s"),
        (false, true) => format!("{minutes}m{rest}s"),
        (false, false) => format!("{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_written_as_go_does() {
        let written = [0.85, 7.66, 179.56, 3723.5].map(super::go_duration);
        assert_eq!(written, ["850ms", "7.66s", "2m59.56s", "1h2m3.5s"]);
    }
}
