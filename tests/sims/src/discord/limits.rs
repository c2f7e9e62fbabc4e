//! Every limit of a message's form. Problems are reported as Discord does: `_errors` at the leaf, lists by index.

use serde_json::{Map, Value, json};

const EMBED_SUM: usize = 6000;

/// What is wrong with the form, as the `errors` object.
pub(super) fn check(body: &Value) -> Result<(), Value> {
    let mut problems = Problems::default();
    problems.text(body, "content", &["content"], 2000);
    username(body, &mut problems);
    embeds(body, &mut problems);
    mentions(&body["allowed_mentions"], &mut problems);
    components(&body["components"], &mut problems);
    if problems.0.is_empty() { Ok(()) } else { Err(Value::Object(problems.0)) }
}

#[derive(Default)]
struct Problems(Map<String, Value>);

impl Problems {
    fn add(&mut self, path: &[&str], code: &str, message: &str) {
        let mut place = &mut self.0;
        for key in path {
            let next = place.entry(*key).or_insert_with(|| json!({}));
            let Some(inner) = next.as_object_mut() else { return };
            place = inner;
        }
        let errors = place.entry("_errors").or_insert_with(|| json!([]));
        if let Some(list) = errors.as_array_mut() {
            list.push(json!({"code": code, "message": message}));
        }
    }

    /// Checks an optional text; returns its length in characters.
    fn text(&mut self, holder: &Value, name: &str, path: &[&str], most: usize) -> usize {
        match holder.get(name) {
            None | Some(Value::Null) => 0,
            Some(Value::String(text)) => {
                let length = text.trim().chars().count();
                if length > most {
                    self.add(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
                }
                length
            }
            Some(_) => {
                self.add(path, "STRING_TYPE_CONVERT", "Could not interpret the value as string.");
                0
            }
        }
    }

    fn needed(&mut self, holder: &Value, name: &str, path: &[&str], most: usize) -> usize {
        let length = self.text(holder, name, path, most);
        if length == 0 {
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
        }
        length
    }

    fn list_length(&mut self, list: &[Value], path: &[&str], most: usize) {
        if list.len() > most {
            self.add(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
        }
    }
}

fn username(body: &Value, problems: &mut Problems) {
    let Some(name) = body["username"].as_str() else { return };
    let length = name.trim().chars().count();
    if !(1..=80).contains(&length) {
        problems.add(&["username"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.");
    }
    for word in ["clyde", "discord"] {
        if name.to_lowercase().contains(word) {
            let message = format!("Username cannot contain \"{word}\"");
            problems.add(&["username"], "USERNAME_INVALID_CONTAINS", &message);
        }
    }
}

fn embeds(body: &Value, problems: &mut Problems) {
    let Some(list) = body["embeds"].as_array() else {
        if !body["embeds"].is_null() {
            problems.add(&["embeds"], "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
        }
        return;
    };
    problems.list_length(list, &["embeds"], 10);
    let mut sum = 0;
    for (number, embed) in list.iter().enumerate() {
        sum += one_embed(embed, &number.to_string(), problems);
    }
    if sum > EMBED_SUM {
        let message = format!("Embed size exceeds maximum size of {EMBED_SUM}");
        problems.add(&["embeds"], "MAX_EMBED_SIZE_EXCEEDED", &message);
    }
}

/// Returns how much it adds to the sum over all embeds.
fn one_embed(embed: &Value, at: &str, problems: &mut Problems) -> usize {
    let mut sum = problems.text(embed, "title", &["embeds", at, "title"], 256)
        + problems.text(embed, "description", &["embeds", at, "description"], 4096)
        + problems.text(&embed["footer"], "text", &["embeds", at, "footer", "text"], 2048)
        + problems.text(&embed["author"], "name", &["embeds", at, "author", "name"], 256);
    let none = Vec::new();
    let fields = embed["fields"].as_array().unwrap_or(&none);
    problems.list_length(fields, &["embeds", at, "fields"], 25);
    for (number, field) in fields.iter().enumerate() {
        let number = number.to_string();
        sum += problems.needed(field, "name", &["embeds", at, "fields", &number, "name"], 256);
        sum += problems.needed(field, "value", &["embeds", at, "fields", &number, "value"], 1024);
    }
    colour(&embed["color"], &["embeds", at, "color"], problems);
    link(&embed["url"], &["embeds", at, "url"], 2048, problems);
    let stamp = &embed["timestamp"];
    let is_time = stamp.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok());
    if !stamp.is_null() && !is_time {
        let message = "Could not parse the value. Should be ISO8601.";
        problems.add(&["embeds", at, "timestamp"], "DATE_TIME_TYPE_PARSE", message);
    }
    sum
}

fn colour(value: &Value, path: &[&str], problems: &mut Problems) {
    if value.is_null() {
        return;
    }
    match value.as_i64() {
        None => problems.add(path, "NUMBER_TYPE_COERCE", "Value is not int."),
        Some(colour) if colour > 0x00ff_ffff => {
            problems.add(path, "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.");
        }
        Some(colour) if colour < 0 => {
            problems.add(path, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.");
        }
        Some(_) => {}
    }
}

fn link(value: &Value, path: &[&str], most: usize, problems: &mut Problems) {
    let Some(text) = value.as_str() else { return };
    if text.chars().count() > most {
        problems.add(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
    }
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {}
        Ok(url) => {
            let message = format!(
                "Scheme \"{}\" is not supported. Scheme must be one of ('http', 'https').",
                url.scheme()
            );
            problems.add(path, "URL_TYPE_INVALID_SCHEME", &message);
        }
        Err(_) => problems.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL."),
    }
}

fn mentions(allowed: &Value, problems: &mut Problems) {
    let none = Vec::new();
    let parse = allowed["parse"].as_array().unwrap_or(&none);
    for (number, kind) in parse.iter().enumerate() {
        if !matches!(kind.as_str(), Some("users" | "roles" | "everyone")) {
            let path = ["allowed_mentions", "parse", &number.to_string()];
            problems.add(&path, "BASE_TYPE_CHOICES", "Value must be one of ('users', 'roles', 'everyone').");
        }
    }
    for kind in ["users", "roles"] {
        let Some(listed) = allowed[kind].as_array() else { continue };
        problems.list_length(listed, &["allowed_mentions", kind], 100);
        if !listed.is_empty() && parse.contains(&json!(kind)) {
            let message = format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive.");
            problems.add(&["allowed_mentions"], "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
        }
    }
}

fn components(rows: &Value, problems: &mut Problems) {
    for (row_number, row) in rows.as_array().into_iter().flatten().enumerate() {
        for (number, button) in row["components"].as_array().into_iter().flatten().enumerate() {
            let (row_number, number) = (row_number.to_string(), number.to_string());
            let path = |leaf| ["components", &row_number, "components", &number, leaf].map(str::to_owned);
            let [a, b, c, d, e] = &path("label");
            problems.text(button, "label", &[a, b, c, d, e], 80);
            let [a, b, c, d, e] = &path("url");
            link(&button["url"], &[a, b, c, d, e], 512, problems);
            if button.get("custom_id").is_some() {
                let [a, b, c, d, e] = &path("custom_id");
                let message = "Interactive components need a webhook that an application owns.";
                problems.add(&[a, b, c, d, e], "COMPONENT_TYPE_INVALID", message);
            }
        }
    }
}
