//! The stand-in for a model's mind: reads a ticket's words and fills in the JSON schema it was asked for. It is
//! sensible enough to look at, and the same input always gives the same answer.

mod bend;
mod language;
mod words;

pub(crate) use bend::{Answer, bend};

use serde_json::{Map, Value, json};
use words::Reading;

/// Fills in `schema` for the ticket in `user` (what the user said, joined). Without a schema: the properties a triage has,
/// with the category keys that `system` names.
pub(crate) fn think(schema: Option<&Value>, system: &str, user: &str) -> Map<String, Value> {
    let ticket = ticket_text(user);
    let guessed;
    let schema = match schema {
        Some(schema) if schema.get("properties").is_some() => schema,
        Some(_) | None => {
            guessed = guess_schema(system);
            &guessed
        }
    };
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let categories = options(&properties, "category");
    let reading = words::read(&ticket, &categories);
    properties.iter().map(|(name, form)| (name.clone(), fill(name, form, &reading))).collect()
}

/// The text between the marks around a ticket, else all of it.
fn ticket_text(user: &str) -> String {
    let inside = user.find("<ticket").and_then(|start| {
        let open = start + user[start..].find('>')? + 1;
        let close = open + user[open..].find("</ticket")?;
        Some(&user[open..close])
    });
    inside.unwrap_or(user).trim().to_owned()
}

fn options(properties: &Map<String, Value>, name: &str) -> Vec<String> {
    let listed = properties.get(name).and_then(|form| form["enum"].as_array());
    let names = listed.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn fill(name: &str, form: &Value, reading: &Reading) -> Value {
    let offered: Vec<&str> =
        form["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let pick = |wanted: &str| match offered.iter().find(|option| option.to_lowercase().contains(wanted)) {
        Some(option) => json!(option),
        None => offered.last().map_or_else(|| json!(wanted), |option| json!(option)),
    };
    match name {
        "category" => json!(reading.category),
        "priority" | "urgency" | "severity" => pick(reading.priority),
        "sentiment" => pick(reading.sentiment),
        "team" => pick(&reading.category.to_lowercase()),
        "language" => json!(reading.language),
        "summary" => json!(reading.summary),
        "reason" | "reasoning" => json!(reading.reason),
        "confidence" => json!(reading.confidence),
        "suggested_reply" => json!(reading.reply),
        _ => blank(form, &offered),
    }
}

fn blank(form: &Value, offered: &[&str]) -> Value {
    if let Some(option) = offered.first() {
        return json!(option);
    }
    match form["type"].as_str() {
        Some("string") => json!(""),
        Some("number" | "integer") => json!(0),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some(_) | None => Value::Null,
    }
}

/// Properties of a triage; the category keys are the snake_case words of the prompt's own list, if it has one.
fn guess_schema(system: &str) -> Value {
    let listed = system.lines().filter_map(|line| {
        let line = line.trim().strip_prefix(['-', '*'])?.trim_start_matches([' ', '`', '"', '*']);
        let end = line.find([':', '`', '"', ' ', '*', '(']).unwrap_or(line.len());
        let key = &line[..end];
        let fits = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        fits.then(|| key.to_owned())
    });
    let mut categories: Vec<String> = listed.collect();
    if let Some(inline) = system.lines().find_map(inline_list) {
        categories = inline;
    }
    if categories.len() < 2 {
        let usual = ["billing", "outage", "bug", "account", "feature_request", "how_to", "other"];
        categories = usual.map(str::to_owned).to_vec();
    }
    json!({"properties": {
        "category": {"enum": categories},
        "priority": {"enum": ["low", "medium", "high", "urgent"]},
        "sentiment": {"enum": ["negative", "neutral", "positive"]},
        "language": {}, "summary": {}, "reason": {}, "confidence": {}, "suggested_reply": {}
    }})
}

/// `category: one of billing, outage, bug` or the same with bars or quotes.
fn inline_list(line: &str) -> Option<Vec<String>> {
    let lower = line.to_lowercase();
    let (_, rest) = lower.split_once("categor")?;
    let rest = rest.split_once("one of").or_else(|| rest.split_once(':'))?.1;
    let keys: Vec<String> = rest
        .split([',', '|'])
        .map(|part| part.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned())
        .take_while(|key| !key.is_empty() && !key.contains(' '))
        .collect();
    (keys.len() >= 2).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triage(user: &str) -> Map<String, Value> {
        let schema = json!({"type": "object", "properties": {
            "category": {"type": "string", "enum":
                ["billing", "outage", "bug", "account", "security", "feature_request", "how_to", "other"]},
            "priority": {"type": "string", "enum": ["low", "medium", "high", "urgent"]},
            "sentiment": {"type": "string", "enum": ["negative", "neutral", "positive"]},
            "language": {"type": "string"}, "summary": {"type": "string"}, "confidence": {"type": "number"}
        }});
        think(Some(&schema), "", user)
    }

    #[test]
    fn tickets_in_several_languages_find_their_category() {
        let cases = [
            (
                "Subject: Invoice shows the wrong VAT number\n\nPlease correct our last invoice.",
                "billing",
                "en",
            ),
            (
                "Subject: Everything is down\n\nNobody can work, the whole site is unreachable!",
                "outage",
                "en",
            ),
            (
                "Subject: Rechnung doppelt abgebucht\n\nIch habe die Rechnung zweimal bezahlt.",
                "billing",
                "de",
            ),
            ("Subject: Mot de passe oublié\n\nJe ne peux pas me connecter à mon compte.", "account", "fr"),
            (
                "Subject: Error al exportar\n\nLa aplicación se cierra con un error cuando exporto.",
                "bug",
                "es",
            ),
            ("Subject: Feature request: dark mode\n\nIt would be great to have it.", "feature_request", "en"),
            ("Subject: 請求書について\n\n請求書の金額が間違っています。", "billing", "ja"),
            ("Subject: Fattura sbagliata\n\nLa fattura di questo mese non è corretta.", "billing", "it"),
            ("Subject: Wachtwoord vergeten\n\nIk kan niet inloggen op mijn account.", "account", "nl"),
        ];
        for (text, category, language) in cases {
            let answer = triage(text);
            assert_eq!(answer["category"], category, "{text}: {answer:?}");
            assert_eq!(answer["language"], language, "{text}: {answer:?}");
            let confidence = answer["confidence"].as_f64().unwrap();
            assert!((0.35..=0.97).contains(&confidence), "{answer:?}");
            assert!(!answer["summary"].as_str().unwrap().is_empty());
            assert!(!answer.contains_key("suggested_reply"), "only what the schema asks for");
        }
    }

    #[test]
    fn only_the_marked_text_counts() {
        let user = "Known words: invoice, payment.\n<ticket-0a1b>\nSubject: Cannot log in\n\nMy password fails.\n\
                    </ticket-0a1b>\nAnswer about the invoice in JSON.";
        assert_eq!(triage(user)["category"], "account");
    }

    #[test]
    fn unclear_text_is_unsure_and_falls_to_the_last_category() {
        let answer = triage("Subject: Hello\n\nLorem ipsum.");
        assert_eq!(answer["category"], "other");
        assert!(answer["confidence"].as_f64().unwrap() < 0.6);
    }

    #[test]
    fn without_a_schema_the_prompt_names_the_keys() {
        let system = "Answer in JSON.\n- money: about bills and payments\n- broken: errors\n- rest: anything";
        let answer = think(None, system, "Subject: The money is gone");
        assert_eq!(answer["category"], "money");
        let answer =
            think(None, "category: one of billing, bug, other. JSON.", "I was charged twice on my invoice");
        assert_eq!(answer["category"], "billing");
    }
}
