//! An answer as text, bent by the faults that models have: broken JSON, numbers out of bounds, cut text.

use crate::faults::Kind;
use serde_json::{Map, Value, json};

/// The text of an answer.
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Cut by the length limit.
    pub(crate) is_cut: bool,
}

pub(crate) fn bend(mut answer: Map<String, Value>, fault: Option<Kind>) -> Answer {
    let mut set = |name: &str, value: Value| {
        if let Some(slot) = answer.get_mut(name) {
            *slot = value;
        }
    };
    match fault {
        Some(Kind::Confidence(value)) => set("confidence", json!(value)),
        Some(Kind::UnknownCategory) => set("category", json!("no_such_category")),
        Some(Kind::EmptySummary) => set("summary", json!("  ")),
        Some(_) | None => {}
    }
    let text = Value::Object(answer).to_string();
    let half = || text.chars().take(text.chars().count() / 2).collect::<String>();
    match fault {
        Some(Kind::Cut) => Answer { text: half(), is_cut: true },
        Some(Kind::BadJson) => {
            Answer { text: format!("Sure! Here is the triage: {}", half()), is_cut: false }
        }
        Some(_) | None => Answer { text, is_cut: false },
    }
}
