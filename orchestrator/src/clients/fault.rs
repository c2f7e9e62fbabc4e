//! How a call to a model can fail, and what that means for the ticket and for the breaker.

use std::time::Duration;

use triage::breaker::Signal;
use triage::stage::Outcome;
use triage::time::Timestamp;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No connection.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Cloudflare has no connection to the tunnel.
    TunnelDown,
    /// The tunnel is up, the model's server behind it is not.
    OriginDown,
    /// Cloudflare Access refused the service token.
    AccessRefused,
    /// The model's server refused the host name: the tunnel does not rewrite it.
    HostRefused,
    /// The tunnel does not serve this path.
    PathRefused,
    /// The API key is refused.
    CredentialsRefused,
    /// The model is not there.
    ModelMissing,
    /// Too much to do.
    Busy,
    /// Over a rate limit.
    RateLimited,
    /// The prompt is too long.
    TooLong,
    /// This request is refused.
    Refused,
    /// The server failed.
    ServerError,
    /// An answer came that cannot be used.
    BadAnswer,
}

impl Kind {
    /// Its name in logs and in the table of attempts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::TunnelDown => "tunnel_down",
            Self::OriginDown => "origin_down",
            Self::AccessRefused => "access_refused",
            Self::HostRefused => "host_refused",
            Self::PathRefused => "path_refused",
            Self::CredentialsRefused => "credentials_refused",
            Self::ModelMissing => "model_missing",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::TooLong => "too_long",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::BadAnswer => "bad_answer",
        }
    }

    const fn class(self) -> Class {
        match self {
            Self::BadAnswer => Class::BadAnswer,
            Self::TooLong => Class::TooLong,
            Self::Refused => Class::Refused,
            Self::Busy | Self::RateLimited => Class::Busy,
            Self::Timeout | Self::ServerError => Class::Down { definite: false },
            Self::Unreachable
            | Self::TunnelDown
            | Self::OriginDown
            | Self::AccessRefused
            | Self::HostRefused
            | Self::PathRefused
            | Self::CredentialsRefused
            | Self::ModelMissing => Class::Down { definite: true },
        }
    }
}

/// What kinds have in common.
enum Class {
    /// The service is up; its answer is no good.
    BadAnswer,
    /// The service is up; the prompt is too long for it.
    TooLong,
    /// The service is up and refuses this request.
    Refused,
    /// The service has too much to do.
    Busy,
    /// The service cannot be used; when that is definite, one such failure proves that the next call would fail too.
    Down { definite: bool },
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure.
    pub kind: Kind,
    /// A sentence of ours for people; never ticket text or a secret.
    pub message: String,
    /// What the service said, which may quote the ticket: it is kept in the table of attempts and told nowhere else.
    pub said: Option<String>,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// When the service wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// Characters that are kept of what a service said.
const LONGEST_SAID: usize = 200;

/// How long a busy service is left alone when it does not say.
const DEFAULT_REST: Duration = Duration::from_secs(5);

impl Fault {
    /// A failure without an HTTP answer.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), said: None, status: None, retry_after: None }
    }

    /// A failure that an HTTP answer told of.
    pub fn answered(status: u16, kind: Kind, message: impl Into<String>) -> Self {
        Self { status: Some(status), ..Self::new(kind, message) }
    }

    /// The same with what the service said.
    #[must_use]
    pub fn saying(self, words: &str) -> Self {
        Self { said: Some(words.chars().filter(|c| !c.is_control()).take(LONGEST_SAID).collect()), ..self }
    }

    /// Everything that is known of it, for the table of attempts.
    pub fn in_full(&self) -> String {
        let said = self.said.iter().map(|said| format!(": {said}")).collect::<String>();
        format!("{}{said}", self.message)
    }

    /// What it means for the ticket.
    pub fn outcome(&self) -> Outcome {
        match self.kind.class() {
            Class::BadAnswer => Outcome::BadAnswer,
            Class::TooLong => Outcome::TooLong,
            Class::Refused => Outcome::Refused { why: self.message.clone() },
            Class::Busy => Outcome::Busy { retry_after: self.retry_after },
            Class::Down { .. } => Outcome::Down { why: self.message.clone() },
        }
    }

    /// What it means for the provider's breaker.
    pub fn signal(&self, now: Timestamp) -> Signal {
        match self.kind.class() {
            Class::BadAnswer | Class::TooLong | Class::Refused => Signal::Works,
            Class::Busy => Signal::Busy { until: now.plus(self.retry_after.unwrap_or(DEFAULT_REST)) },
            Class::Down { definite } => Signal::Failed { definite, why: self.message.clone() },
        }
    }
}
