//! What a model answered: a verdict in which every field has been checked, or what is wrong with it, in sentences the
//! model can be shown. Then what the desk's rules and a person's time make of the verdict.

mod polish;

use serde_json::{Map, Value};

use crate::desk::{Category, Desk};
use crate::language::normalised as normalised_language;
use crate::prompt::Mark;
use crate::ticket::{Confidence, Priority, Sentiment, Text, Verdict};
use polish::{cut, one_line, paragraphs, repeats_endlessly};

/// The longest summary, in characters; a longer one is cut.
pub const MAX_SUMMARY_CHARS: usize = 700;
/// The longest reason of a model, in characters; a longer one is cut. What [`judge`] adds comes on top.
pub const MAX_REASON_CHARS: usize = 400;
/// The longest draft of a reply, in characters; a longer one is cut.
pub const MAX_REPLY_CHARS: usize = 1500;
/// How much of the answer a problem quotes, in characters.
const MAX_QUOTE_CHARS: usize = 40;

/// Reads a model's answer. The error holds every problem, each a sentence for [`crate::prompt::repair`].
pub fn parse(desk: &Desk, answer: &str) -> Result<Verdict, Vec<String>> {
    let mut reader =
        Reader { fields: object(answer).map_err(|problem| vec![problem])?, problems: Vec::new() };
    let language = reader.text("language").map(normalised_language);
    let sentiment = reader.choice("sentiment", Sentiment::ALL, Sentiment::as_str);
    let category = reader.category(desk);
    let priority = reader.choice("priority", Priority::ALL, Priority::as_str);
    let summary = reader.prose("summary", MAX_SUMMARY_CHARS);
    let reason = reader.prose("reason", MAX_REASON_CHARS);
    let confidence = reader.confidence();
    let suggested_reply = if desk.suggest_reply { reader.reply() } else { None };
    let Reader { problems, .. } = reader;
    let (Some(language), Some(sentiment), Some(category), Some(priority)) =
        (language, sentiment, category, priority)
    else {
        return Err(problems);
    };
    let (Some(summary), Some(reason), Some(confidence), true) =
        (summary, reason, confidence, problems.is_empty())
    else {
        return Err(problems);
    };
    let (category, team) = (category.key.clone(), category.team.clone());
    Ok(Verdict {
        category,
        priority,
        sentiment,
        language,
        summary,
        reason,
        confidence,
        team,
        suggested_reply,
    })
}

/// A verdict after the desk's rules, and whether a person must look first.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The verdict to keep and to show.
    pub verdict: Verdict,
    /// Why a person must look before anything is written back, as a sentence; `None` when that is not needed.
    pub review: Option<String>,
}

/// Raises the priority to the floor of the desk's rules, and decides whether a person must look first. That a rule
/// raised a priority is no reason to look: the rule is a person's own word.
pub fn judge(desk: &Desk, review_threshold: f64, text: &Text, verdict: Verdict) -> Judged {
    let mut verdict = verdict;
    if let Some(rule) = desk.floor(text).filter(|rule| rule.at_least > verdict.priority) {
        verdict.priority = rule.at_least;
        verdict.reason += &format!(" (Raised to {} by the rule \"{}\".)", rule.at_least, rule.name);
    }
    let review = if text.is_blank() {
        Some("The ticket has no text.".to_owned())
    } else if verdict.confidence.get() < review_threshold {
        Some(format!("The model is unsure ({} %).", verdict.confidence.percent()))
    } else {
        None
    };
    Judged { verdict, review }
}

/// The one JSON object of an answer, without the white space, reasoning or code fence that models put around it.
fn object(answer: &str) -> Result<Map<String, Value>, String> {
    let text = answer.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let text = unfenced(without_reasoning(text)?);
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let first = values.next().ok_or("The answer is empty; it must be one JSON object.")?;
    let value = first.map_err(|error| {
        if error.is_eof() {
            return "The answer ends in the middle of the JSON object; keep it shorter.".to_owned();
        }
        let (line, column) = (error.line(), error.column());
        format!("The answer is not valid JSON (line {line}, column {column}); it must be one JSON object and nothing else.")
    })?;
    if !text[values.byte_offset()..].trim().is_empty() {
        return Err("There is more text after the JSON object; it must be one JSON object and nothing else."
            .to_owned());
    }
    let kind = kind(&value);
    let Value::Object(fields) = value else {
        return Err(format!("The answer is {kind}; it must be one JSON object."));
    };
    Ok(fields)
}

fn without_reasoning(text: &str) -> Result<&str, String> {
    let Some(reasoning) = text.strip_prefix("<think>") else {
        return Ok(text);
    };
    match reasoning.split_once("</think>") {
        Some((_, answer)) => Ok(answer.trim()),
        None => Err("The answer has only reasoning and no JSON object.".to_owned()),
    }
}

fn unfenced(text: &str) -> &str {
    let inside = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let Some(inside) = inside else {
        return text;
    };
    let language = inside.get(..4).filter(|word| word.eq_ignore_ascii_case("json"));
    inside[language.map_or(0, str::len)..].trim()
}

/// Takes the fields of an answer one by one; what is wrong with one becomes a problem and the field is `None`.
struct Reader {
    fields: Map<String, Value>,
    problems: Vec<String>,
}

impl Reader {
    fn field(&mut self, name: &str) -> Option<&Value> {
        if !self.fields.contains_key(name) {
            self.problems.push(format!("The field \"{name}\" is missing."));
        }
        self.fields.get(name)
    }

    fn text(&mut self, name: &str) -> Option<&str> {
        let value = self.field(name)?;
        if !value.is_string() {
            let kind = kind(value);
            self.problems.push(format!("The field \"{name}\" is {kind}; it must be a string."));
        }
        self.fields.get(name).and_then(Value::as_str)
    }

    /// One of our own words, in whatever case.
    fn choice<T: Copy>(&mut self, name: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Option<T> {
        let said = self.text(name)?.to_owned();
        let chosen = all.iter().copied().find(|value| said.trim().eq_ignore_ascii_case(word(*value)));
        if chosen.is_none() {
            let words: Vec<&str> = all.iter().copied().map(word).collect();
            self.unknown(name, &said, &words);
        }
        chosen
    }

    fn category<'d>(&mut self, desk: &'d Desk) -> Option<&'d Category> {
        let said = self.text("category")?.to_owned();
        let chosen = desk.category(&said.trim().to_ascii_lowercase());
        if chosen.is_none() {
            let keys: Vec<&str> = desk.enabled_categories().map(|category| category.key.as_str()).collect();
            self.unknown("category", &said, &keys);
        }
        chosen
    }

    fn unknown(&mut self, name: &str, said: &str, allowed: &[&str]) {
        let (said, allowed) = (quoted(said), allowed.join(", "));
        self.problems.push(format!("The {name} {said} does not exist; write one of: {allowed}."));
    }

    /// A text on one line, with something in it, of bounded length.
    fn prose(&mut self, name: &str, max_chars: usize) -> Option<String> {
        let text = one_line(self.text(name)?);
        if !text.chars().any(char::is_alphanumeric) {
            self.problems.push(format!("The {name} is empty; write a sentence."));
            return None;
        }
        if Mark::occurs_in(&text) {
            self.problems.push(format!("The {name} repeats the prompt; write about the ticket itself."));
            return None;
        }
        if repeats_endlessly(&text) {
            self.problems.push(format!("The {name} repeats the same words over and over; write it once."));
            return None;
        }
        Some(cut(&text, max_chars))
    }

    fn confidence(&mut self) -> Option<Confidence> {
        let value = self.field("confidence")?;
        let kind = if value.is_number() { "out of range" } else { kind(value) };
        let confidence = value.as_f64().and_then(Confidence::parse);
        if confidence.is_none() {
            self.problems
                .push(format!("The confidence is {kind}; it must be a number from 0 to 1, such as 0.7."));
        }
        confidence
    }

    /// A draft, when there is a usable one: the lack of it is not worth another question.
    fn reply(&mut self) -> Option<String> {
        match self.fields.get("suggested_reply") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                let text = paragraphs(text);
                let empty = !text.chars().any(char::is_alphanumeric);
                let useless = empty || repeats_endlessly(&text) || Mark::occurs_in(&text);
                (!useless).then(|| cut(&text, MAX_REPLY_CHARS))
            }
            Some(other) => {
                let kind = kind(other);
                self.problems
                    .push(format!("The field \"suggested_reply\" is {kind}; it must be a string or null."));
                None
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The beginning of what the model wrote, in quotes.
fn quoted(said: &str) -> String {
    format!("\"{}\"", cut(&one_line(said), MAX_QUOTE_CHARS))
}

#[cfg(test)]
mod tests;
