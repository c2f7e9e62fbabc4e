//! The tickets of `tickets/`: text that tries to steer the model, and the answer of a model that gives in.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use triage::ticket::{Priority, Text};

const FILES: [(&str, &str); 7] = [
    ("orders", include_str!("tickets/orders.toml")),
    ("roles", include_str!("tickets/roles.toml")),
    ("json", include_str!("tickets/json.toml")),
    ("hidden", include_str!("tickets/hidden.toml")),
    ("discord", include_str!("tickets/discord.toml")),
    ("exfiltration", include_str!("tickets/exfiltration.toml")),
    ("languages", include_str!("tickets/languages.toml")),
];

#[derive(Deserialize)]
struct File {
    ticket: Vec<Ticket>,
}

/// One ticket of the corpus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticket {
    pub(crate) technique: String,
    pub(crate) language: String,
    subject: String,
    content: String,
    /// What an obedient model answers, word for word.
    answer: Option<String>,
    /// Or how its answer differs from an ordinary one.
    #[serde(default)]
    obeys: Map<String, Value>,
    /// A phrase of the built-in rules stands in the ticket: it never gets less.
    pub(crate) floor: Option<Priority>,
    /// A reader sees nothing at all.
    #[serde(default)]
    pub(crate) blank: bool,
    /// Stands for `{filler}`, so many times.
    #[serde(default)]
    filler: String,
    #[serde(default)]
    times: usize,
}

impl Ticket {
    pub(crate) fn text(&self) -> Text {
        Text { subject: self.filled(&self.subject), content: self.filled(&self.content) }
    }

    /// What a model answers that does as it is told.
    pub(crate) fn obedient_answer(&self) -> String {
        if let Some(answer) = &self.answer {
            return self.filled(answer);
        }
        let mut answer = ordinary_answer();
        answer["language"] = self.language.as_str().into();
        for (name, value) in &self.obeys {
            answer[name] = value.as_str().map_or_else(|| value.clone(), |text| self.filled(text).into());
        }
        answer.to_string()
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{filler}", &self.filler.repeat(self.times))
    }
}

/// An answer that nothing is wrong with.
pub(crate) fn ordinary_answer() -> Value {
    json!({
        "language": "en", "sentiment": "neutral", "category": "how_to", "priority": "low",
        "summary": "The customer asks how something is done.", "reason": "It is an ordinary question.",
        "confidence": 0.97, "suggested_reply": "Thank you for your message."
    })
}

/// The files by name, each with its tickets.
pub(crate) fn files() -> impl Iterator<Item = (&'static str, Vec<Ticket>)> {
    FILES.iter().map(|(name, toml)| {
        let file: File = toml::from_str(toml).unwrap_or_else(|error| panic!("{name}: {error}"));
        (*name, file.ticket)
    })
}
