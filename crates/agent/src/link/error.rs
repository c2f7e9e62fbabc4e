//! What the orchestrator's refusals mean here.

use std::time::Duration;

/// A call of the orchestrator did not do what it was for. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is none that secrets may be sent to.
    #[error("the orchestrator's address must begin with https://, or be on this machine")]
    UnsafeAddress,
    /// No answer; in the system's words.
    #[error("the orchestrator cannot be reached: {0}")]
    Unreachable(String),
    /// It does not know this machine (any more).
    #[error("the orchestrator does not know this machine (any more)")]
    NotPaired,
    /// It refused, and said why.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable name of the reason; empty when something else than the orchestrator answered.
        code: String,
        /// Its sentence.
        message: String,
        /// It wants to be left alone for so long.
        retry_after: Option<Duration>,
    },
    /// Something that is no orchestrator answered.
    #[error("at that address something else than an orchestrator answers (HTTP {0})")]
    NoOrchestrator(u16),
}

impl Error {
    /// What a refusal with this status and body is, of a call with a device's token or without.
    pub(super) fn answered(status: u16, body: &str, retry_after: Option<Duration>, has_token: bool) -> Self {
        let Ok(::link::ErrorBody { error }) = serde_json::from_str(body) else {
            return Self::NoOrchestrator(status);
        };
        if status == 401 && has_token {
            return Self::NotPaired;
        }
        Self::Refused { status, code: error.code, message: error.message, retry_after }
    }

    /// How long it wants to be left alone.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::UnsafeAddress | Self::Unreachable(_) | Self::NotPaired | Self::NoOrchestrator(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: &str) -> String {
        format!(r#"{{"error":{{"code":"{code}","message":"It is so.","request_id":"r"}}}}"#)
    }

    #[test]
    fn a_refusal_is_its_sentence_a_refused_token_is_not_paired_and_a_page_is_no_orchestrator() {
        let second = Some(Duration::from_secs(1));
        let refused = Error::answered(429, &body("too_many_requests"), second, true);
        assert_eq!((refused.to_string().as_str(), refused.retry_after()), ("It is so.", second));
        assert_eq!(Error::answered(401, &body("unauthorized"), None, true), Error::NotPaired);
        assert_eq!(Error::answered(401, &body("wrong_code"), None, false).to_string(), "It is so.");
        for (status, page) in [(401, "<html>"), (200, ""), (502, "Bad gateway")] {
            assert_eq!(Error::answered(status, page, None, true), Error::NoOrchestrator(status));
        }
    }
}
