//! What a window asks the orchestrator through the agent, which alone has the device's token.

use ::link::CorrectionRequest;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use url::Url;
use url::form_urlencoded::Serializer;

/// A question; its answer is the orchestrator's own JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Question {
    /// A page of tickets, newest first.
    Triages(TriageQuery),
    /// A ticket with everything that is known of its way.
    Triage {
        /// HubSpot's record id.
        ticket_id: String,
    },
    /// Have a ticket triaged again.
    Retry {
        /// HubSpot's record id.
        ticket_id: String,
    },
    /// Say what is right.
    Correct {
        /// HubSpot's record id.
        ticket_id: String,
        /// What is.
        correction: CorrectionRequest,
    },
    /// Figures of the last while.
    Stats {
        /// From `15m` to `30d`.
        window: String,
    },
}

/// Which tickets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TriageQuery {
    /// No more than so many.
    pub limit: u16,
    /// `next` of the page before.
    #[serde(default)]
    pub before: Option<String>,
    /// Where they stand.
    #[serde(default)]
    pub status: Option<String>,
    /// Who triaged them.
    #[serde(default)]
    pub provider: Option<String>,
    /// Words in them.
    #[serde(default)]
    pub q: Option<String>,
}

impl Question {
    /// How it is asked: method, path and query below the interface, body.
    pub(super) fn call(&self) -> (Method, String, Option<&CorrectionRequest>) {
        match self {
            Self::Triages(query) => (Method::GET, format!("triages?{}", query.text()), None),
            Self::Triage { ticket_id } => (Method::GET, format!("triages/{}", segment(ticket_id)), None),
            Self::Retry { ticket_id } => {
                (Method::POST, format!("triages/{}/retry", segment(ticket_id)), None)
            }
            Self::Correct { ticket_id, correction } => {
                (Method::PUT, format!("triages/{}/correction", segment(ticket_id)), Some(correction))
            }
            Self::Stats { window } => {
                let query = Serializer::new(String::new()).append_pair("window", window).finish();
                (Method::GET, format!("stats?{query}"), None)
            }
        }
    }
}

impl TriageQuery {
    fn text(&self) -> String {
        let mut text = Serializer::new(String::new());
        text.append_pair("limit", &self.limit.to_string());
        let optional = [
            ("before", &self.before),
            ("status", &self.status),
            ("provider", &self.provider),
            ("q", &self.q),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }
}

/// A part of a path, which no part of another call can be made of.
pub(super) fn segment(text: &str) -> String {
    let mut url: Url = "http://localhost/".parse().expect("a whole address");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_one_call_that_its_words_cannot_change() {
        let id = |ticket_id: &str| ticket_id.to_owned();
        let query = TriageQuery { limit: 5, q: Some("a&limit=9".to_owned()), ..TriageQuery::default() };
        for (question, method, path) in [
            (Question::Triages(query), "GET", "triages?limit=5&q=a%26limit%3D9"),
            (Question::Triage { ticket_id: id("31") }, "GET", "triages/31"),
            (Question::Triage { ticket_id: id("../me?x#y") }, "GET", "triages/..%2Fme%3Fx%23y"),
            (Question::Retry { ticket_id: id("31") }, "POST", "triages/31/retry"),
            (
                Question::Correct { ticket_id: id("31"), correction: CorrectionRequest::default() },
                "PUT",
                "triages/31/correction",
            ),
            (Question::Stats { window: "24h&x".to_owned() }, "GET", "stats?window=24h%26x"),
        ] {
            let (found, found_path, body) = question.call();
            assert_eq!((found.as_str(), found_path.as_str()), (method, path));
            assert_eq!(body.is_some(), method == "PUT");
        }
    }
}
