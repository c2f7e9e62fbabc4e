//! The JSON schema of an answer, for the providers that hold a model to one.

use serde_json::{Map, Value, json};

use crate::answer::{MAX_REASON_CHARS, MAX_REPLY_CHARS, MAX_SUMMARY_CHARS};
use crate::desk::Desk;
use crate::ticket::{Priority, Sentiment};

/// What a provider makes of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaFlavour {
    /// Ollama turns it into a grammar: lengths are kept, number bounds are said but not kept.
    Grammar,
    /// Groq's strict mode: every property is required, nothing else is allowed, and there are no bounds.
    Strict,
}

/// The schema of an answer about a ticket of this desk.
pub fn schema(desk: &Desk, flavour: SchemaFlavour) -> Value {
    let categories: Vec<&str> = desk.enabled_categories().map(|category| category.key.as_str()).collect();
    let priorities: Vec<&str> = Priority::ALL.iter().map(|priority| priority.as_str()).collect();
    let sentiments: Vec<&str> = Sentiment::ALL.iter().map(|sentiment| sentiment.as_str()).collect();
    let mut properties = Map::new();
    let mut add = |name: &str, property: Value| properties.insert(name.to_owned(), property);
    add("language", bounded_text(flavour, 2, 3));
    add("sentiment", json!({"type": "string", "enum": sentiments}));
    add("category", json!({"type": "string", "enum": categories}));
    add("priority", json!({"type": "string", "enum": priorities}));
    add("summary", bounded_text(flavour, 1, MAX_SUMMARY_CHARS));
    add("reason", bounded_text(flavour, 1, MAX_REASON_CHARS));
    add(
        "confidence",
        match flavour {
            SchemaFlavour::Grammar => json!({"type": "number", "minimum": 0, "maximum": 1}),
            SchemaFlavour::Strict => json!({"type": "number"}),
        },
    );
    if desk.suggest_reply {
        add(
            "suggested_reply",
            match flavour {
                SchemaFlavour::Grammar => json!({"type": ["string", "null"], "maxLength": MAX_REPLY_CHARS}),
                SchemaFlavour::Strict => json!({"type": ["string", "null"]}),
            },
        );
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn bounded_text(flavour: SchemaFlavour, min: usize, max: usize) -> Value {
    match flavour {
        SchemaFlavour::Grammar => json!({"type": "string", "minLength": min, "maxLength": max}),
        SchemaFlavour::Strict => json!({"type": "string"}),
    }
}
