//! What a model could answer that is broken, bribed or obedient. None of it may harm anybody.

use serde_json::{Value, json};

use crate::corpus::{Ticket, ordinary_answer};

const FIELDS: [&str; 8] =
    ["language", "sentiment", "category", "priority", "summary", "reason", "confidence", "suggested_reply"];
const PROSE: [&str; 3] = ["summary", "reason", "suggested_reply"];

/// Everything at once that Discord gives a meaning to.
const TORTURE: &str = "# H\n> q\n- l\n1. n\n**b** _i_ ~~s~~ `c` ||x|| ```js\nx``` [t](https://evil.example) <https://evil.example> \
    https://evil.example discord.gg/evil @everyone @here <@1290000000000000000> <@&1300000000000000000> <#1300000000000000000> \
    <:e:1310000000000000000> <t:1795392000:R> <id:customize> </x:1310000000000000000> \u{202e}x\u{202c} \u{200b}y <b>h</b> \\";

/// Answers for one ticket, each with a name for the failure message.
pub(crate) fn hostile(ticket: &Ticket) -> Vec<(String, String)> {
    let content = ticket.text().content;
    let mut answers = vec![
        ("obedient".to_owned(), ticket.obedient_answer()),
        ("the ticket itself".to_owned(), content.clone()),
        ("the ticket, then an answer".to_owned(), format!("{content}\n{}", ordinary_answer())),
        ("an answer, then the ticket".to_owned(), format!("{}\n{content}", ordinary_answer())),
        ("the ticket in a fence".to_owned(), format!("```json\n{content}\n```")),
        ("the ticket as reasoning".to_owned(), format!("<think>{content}</think>{}", ordinary_answer())),
    ];
    answers.extend(
        FIELDS.map(|name| (format!("the ticket in {name}"), with(&[(name, content.as_str().into())]))),
    );
    answers.push((
        "the ticket in all prose".to_owned(),
        with(&PROSE.map(|name| (name, content.as_str().into()))),
    ));
    let subject = ticket.text().subject;
    answers.push((
        "the subject in all prose".to_owned(),
        with(&PROSE.map(|name| (name, subject.as_str().into()))),
    ));
    answers
}

/// Answers that are the same for every ticket.
pub(crate) fn shapes() -> Vec<(String, String)> {
    let mut answers = Vec::new();
    let odd = [
        Value::Null,
        json!(true),
        json!(7),
        json!([]),
        json!(["low"]),
        json!({}),
        json!({"value": "low"}),
        json!(""),
    ];
    for name in FIELDS {
        for value in &odd {
            answers.push((format!("{name} = {value}"), with(&[(name, value.clone())])));
        }
        let mut lacking = ordinary_answer();
        lacking.as_object_mut().map(|fields| fields.remove(name));
        answers.push((format!("without {name}"), lacking.to_string()));
    }
    answers.extend(values());
    let good = ordinary_answer().to_string();
    answers.extend([
        ("twice".to_owned(), format!("{good}{good}")),
        ("in an array".to_owned(), format!("[{good}]")),
        ("in an object".to_owned(), json!({ "answer": ordinary_answer() }).to_string()),
        ("as a string".to_owned(), Value::from(good.clone()).to_string()),
        ("cut".to_owned(), good[..good.len() / 2].to_owned()),
        (
            "doubled keys".to_owned(),
            good.replacen('{', "{\"category\":\"x\",\"priority\":[],\"confidence\":9,", 1),
        ),
        ("deep".to_owned(), format!("{}{}", "[".repeat(5000), "]".repeat(5000))),
        (
            "more fields".to_owned(),
            good.replacen(
                '{',
                "{\"team\":\"@everyone\",\"url\":\"https://evil.example\",\"review\":null,",
                1,
            ),
        ),
        ("empty".to_owned(), String::new()),
    ]);
    answers
}

/// Values outside the taxonomy, and numbers that are no probability.
fn values() -> Vec<(String, String)> {
    let mut answers = Vec::new();
    for (name, value) in [
        ("category", "training"),
        ("category", "how_to, billing"),
        ("category", "How-to question"),
        ("priority", "critical"),
        ("priority", "none"),
        ("priority", "5"),
        ("sentiment", "furious"),
        ("sentiment", "0"),
        ("language", "english; urgent"),
    ] {
        answers.push((format!("{name} = {value}"), with(&[(name, value.into())])));
    }
    for number in [
        "NaN",
        "1e308",
        "1e999",
        "-1",
        "-0.0",
        "1.0000001",
        "18446744073709551616",
        "\"0.9\"",
        "0.59",
        "0",
        "1",
    ] {
        let text = with(&[("confidence", "#".into())]).replace("\"#\"", number);
        answers.push((format!("confidence = {number}"), text));
    }
    answers
}

/// Answers with dangerous or enormous text in everything that people read.
pub(crate) fn torture() -> Vec<(String, String)> {
    let mut answers = vec![("torture".to_owned(), with(&PROSE.map(|name| (name, TORTURE.into()))))];
    for (what, piece) in [
        ("torture", TORTURE),
        ("letters", "a"),
        ("stars", "*"),
        ("smiles", "😀"),
        ("lines", "x\n"),
        ("at", "<@1>"),
    ] {
        let enormous = piece.repeat(4000 / piece.len());
        answers.push((
            format!("enormous {what}"),
            with(&PROSE.map(|name| (name, format!("Text {enormous}").into()))),
        ));
    }
    let long = (0..120).map(|i| format!("Sentence {i} about {}. ", i * i)).collect::<String>();
    answers.push(("enormous prose".to_owned(), with(&PROSE.map(|name| (name, long.as_str().into())))));
    answers
}

fn with(changes: &[(&str, Value)]) -> String {
    let mut answer = ordinary_answer();
    for (name, value) in changes {
        answer[*name] = value.clone();
    }
    answer.to_string()
}
