//! The words of the domain: the ticket, what a model reads of it, and the verdict it gets.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::invisible::without_invisible;

/// A HubSpot record id: an opaque string of 1 to 255 characters, without spaces or control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TicketId(String);

impl TicketId {
    /// The longest id the database keeps, in characters.
    pub const MAX_CHARS: usize = 255;

    /// Accepts what can be an id; `None` for an empty, over-long or unprintable one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= Self::MAX_CHARS;
        (fits && text.chars().all(|c| c.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// With what the ids of test tickets begin: HubSpot's are numbers.
    pub const TEST: &str = "test-";

    /// A test ticket, which exists in no HubSpot.
    pub fn is_test(&self) -> bool {
        self.0.starts_with(Self::TEST)
    }

    /// The id as it may stand in an address of HubSpot's: its records have numbers, and anything else that a webhook calls
    /// an id could lead elsewhere.
    pub fn hubspot_record(&self) -> Option<&str> {
        self.0.bytes().all(|b| b.is_ascii_digit()).then_some(self.0.as_str())
    }

    /// Where a person sees the ticket in the account with this number.
    pub fn hubspot_url(&self, portal_id: i64) -> Option<String> {
        let record = self.hubspot_record()?;
        Some(format!("https://app.hubspot.com/contacts/{portal_id}/record/0-5/{record}"))
    }

    /// The id as HubSpot wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the customer wrote: the only part of a ticket that a model reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Text {
    /// The subject line; may be empty.
    pub subject: String,
    /// The body; may be empty.
    pub content: String,
}

impl Text {
    /// Nothing in it that could be read: nothing at all, white space, or characters that nobody sees.
    pub fn is_blank(&self) -> bool {
        [&self.subject, &self.content].iter().all(|part| without_invisible(part).trim().is_empty())
    }
}

macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value's name on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value with exactly this name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use wire_enum;

wire_enum! {
    /// How soon a person should look; ordered from least to most urgent.
    Priority {
        /// Can wait.
        Low = "low",
        /// The ordinary case.
        Medium = "medium",
        /// Before the ordinary ones.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

wire_enum! {
    /// The mood in which the ticket is written.
    Sentiment {
        /// Upset or complaining.
        Negative = "negative",
        /// Matter-of-fact.
        Neutral = "neutral",
        /// Pleased.
        Positive = "positive",
    }
}

wire_enum! {
    /// Who runs the model.
    Provider {
        /// Ollama on the team's own machine.
        Local = "local",
        /// Groq's cloud.
        Groq = "groq",
    }
}

/// How sure the model says it is; always within 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Confidence(f64);

impl Confidence {
    /// `None` unless the number is finite and within 0..=1.
    pub fn parse(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number, 0..=1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whole percent, 0..=100.
    pub fn percent(self) -> u8 {
        // In range by construction, so the cast cannot truncate.
        (self.0 * 100.0).round() as u8
    }
}

/// What a triage says of a ticket. Every field has been checked against the taxonomy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Key of an enabled category.
    pub category: String,
    /// The model's priority, or the floor that a rule set.
    pub priority: Priority,
    /// The mood of the ticket.
    pub sentiment: Sentiment,
    /// Language of the ticket: ISO 639 code in lower case, `und` when it cannot be told.
    pub language: String,
    /// One to three sentences for the team, in the configured language.
    pub summary: String,
    /// Why this category and priority.
    pub reason: String,
    /// How sure the model is.
    pub confidence: Confidence,
    /// Key of the team that the category belongs to.
    pub team: String,
    /// Draft of an answer in the ticket's language, when the configuration asks for one.
    pub suggested_reply: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_a_probability_or_nothing() {
        for bad in [f64::NAN, f64::INFINITY, -0.01, 1.01, 1e12] {
            assert_eq!(Confidence::parse(bad), None, "{bad}");
        }
        assert_eq!(Confidence::parse(0.825).map(Confidence::percent), Some(83));
    }

    #[test]
    fn a_text_that_only_looks_empty_is_blank() {
        let text = |subject: &str, content: &str| Text { subject: subject.into(), content: content.into() };
        for (subject, content) in
            [("", " \n\u{a0}"), ("\u{200b}\u{3164}", "\u{2800}\u{feff}"), ("\u{e0041}", "\u{200d}")]
        {
            assert!(text(subject, content).is_blank(), "{subject:?} {content:?}");
        }
        assert!(!text("", "\u{200b}?").is_blank());
    }

    #[test]
    fn ticket_ids_are_printable_and_bounded() {
        assert_eq!(
            TicketId::parse(" 31415926535 ").map(|id| id.as_str().to_owned()),
            Some("31415926535".into())
        );
        for bad in ["", "  ", "a b", "a\0b", "é", &"9".repeat(256)] {
            assert_eq!(TicketId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn priorities_are_ordered_and_round_trip() {
        assert!(Priority::Urgent > Priority::High && Priority::High > Priority::Medium);
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.as_str()), Some(*priority));
        }
    }
}
