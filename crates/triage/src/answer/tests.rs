use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const DESK: &str = r#"
[prompt]
suggest_reply = true
[[teams]]
key = "engineering"
label = "Engineering"
[[categories]]
key = "bug"
label = "Bug"
description = "Errors."
team = "engineering"
[[categories]]
key = "old"
label = "Old things"
description = "Nothing any more."
team = "engineering"
enabled = false
[[rules]]
name = "outage"
at_least = "urgent"
any_of = ["all down"]
[[rules]]
name = "money"
at_least = "high"
any_of = ["refund"]
"#;

/// Read once: building the rules' matchers for every case of a property takes longer than the property.
fn desk() -> &'static Desk {
    static READ: LazyLock<Desk> = LazyLock::new(|| Desk::parse(DESK).unwrap());
    &READ
}

fn good() -> Value {
    json!({
        "language": "de", "sentiment": "negative", "category": "bug", "priority": "medium",
        "summary": "The export fails with error 500.", "reason": "One person is affected.", "confidence": 0.82,
        "suggested_reply": "Hello Ann,\n\nwe are looking into it."
    })
}

fn but(name: &str, value: Value) -> String {
    let mut answer = good();
    answer[name] = value;
    answer.to_string()
}

fn parsed(answer: &str) -> Verdict {
    parse(desk(), answer).unwrap_or_else(|problems| panic!("{answer}\n{problems:#?}"))
}

#[test]
fn a_good_answer_becomes_a_verdict() {
    let verdict = parsed(&good().to_string());
    assert_eq!(
        verdict,
        Verdict {
            category: "bug".into(),
            priority: Priority::Medium,
            sentiment: Sentiment::Negative,
            language: "de".into(),
            summary: "The export fails with error 500.".into(),
            reason: "One person is affected.".into(),
            confidence: Confidence::parse(0.82).unwrap(),
            team: "engineering".into(),
            suggested_reply: Some("Hello Ann,\n\nwe are looking into it.".into()),
        }
    );
}

#[test]
fn what_models_put_around_the_object_is_tolerated() {
    let answer = good().to_string();
    for around in [
        format!("\u{feff} \n{answer}\n\n"),
        format!("```json\n{answer}\n```"),
        format!("```JSON {answer}```\n"),
        format!("```\n{answer}\n```"),
        format!("<think>The {{user}} says…</think>\n{answer}"),
        format!("<think></think>\n\n```json\n{answer}\n```"),
    ] {
        assert_eq!(parsed(&around), parsed(&answer), "{around}");
    }
}

#[test]
fn what_is_not_one_object_is_refused() {
    let answer = good().to_string();
    for (bad, expected) in [
        (String::new(), "is empty"),
        ("```json\n```".to_owned(), "is empty"),
        ("  \n".to_owned(), "is empty"),
        ("I cannot help with that.".to_owned(), "not valid JSON (line 1, column 1)"),
        (answer[..answer.len() - 9].to_owned(), "ends in the middle"),
        ("{\"summary\": \"The".to_owned(), "ends in the middle"),
        (format!("{answer} I hope this helps!"), "more text after"),
        (format!("{answer}{answer}"), "more text after"),
        (format!("Here it is: {answer}"), "not valid JSON"),
        (format!("[{answer}]"), "is an array"),
        ("\"bug\"".to_owned(), "is a string"),
        ("null".to_owned(), "is null"),
        ("<think>no end".to_owned(), "only reasoning"),
        ("[".repeat(100_000), "not valid JSON"),
        (answer.replace("0.82", "1e999"), "not valid JSON"),
        (answer.replace("0.82", "NaN"), "not valid JSON"),
    ] {
        let problems = parse(desk(), &bad).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(expected), "{expected}: {problems:?}");
    }
}

#[test]
fn each_field_is_checked() {
    for (name, value, expected) in [
        ("category", json!("old"), "The category \"old\" does not exist; write one of: bug."),
        ("category", json!("bugs"), "The category \"bugs\" does not exist"),
        ("category", json!(["bug"]), "The field \"category\" is an array; it must be a string."),
        ("priority", json!("critical"), "write one of: low, medium, high, urgent."),
        ("priority", json!(2), "The field \"priority\" is a number"),
        ("sentiment", json!("angry"), "write one of: negative, neutral, positive."),
        ("language", Value::Null, "The field \"language\" is null"),
        ("summary", json!(" \u{200b}\n\u{3164} "), "The summary is empty"),
        ("summary", json!("…"), "The summary is empty"),
        ("summary", json!("yes ".repeat(8)), "The summary repeats"),
        ("summary", json!(format!("The mark ticket-{:032x}", 7)), "The summary repeats the prompt"),
        ("summary", json!({"text": "x"}), "The field \"summary\" is an object"),
        ("reason", json!(""), "The reason is empty"),
        ("confidence", json!("0.8"), "The confidence is a string; it must be a number from 0 to 1"),
        ("confidence", json!(1.01), "The confidence is out of range"),
        ("confidence", json!(-0.5), "The confidence is out of range"),
        ("confidence", json!(85), "The confidence is out of range"),
        ("confidence", json!(1e12), "The confidence is out of range"),
        ("confidence", json!(u64::MAX), "The confidence is out of range"),
        ("confidence", Value::Null, "The confidence is null"),
        (
            "suggested_reply",
            json!(7),
            "The field \"suggested_reply\" is a number; it must be a string or null.",
        ),
    ] {
        let problems = parse(desk(), &but(name, value)).unwrap_err();
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        assert!(problems[0].contains(expected), "{expected}: {problems:?}");
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let problems = parse(desk(), "{}").unwrap_err();
    assert_eq!(problems.len(), 7, "{problems:#?}");
    assert!(problems.contains(&"The field \"summary\" is missing.".to_owned()));
    let long = but("category", json!("x\u{202e}\n".repeat(1000)));
    let problems = parse(desk(), &long).unwrap_err();
    assert!(problems[0].chars().count() < 120 && !problems[0].contains(['\n', '\u{202e}']), "{problems:?}");
}

#[test]
fn what_has_one_meaning_is_accepted() {
    assert_eq!(parsed(&but("category", json!(" BUG\n"))).category, "bug");
    assert_eq!(parsed(&but("priority", json!("Urgent "))).priority, Priority::Urgent);
    assert_eq!(parsed(&but("sentiment", json!("POSITIVE"))).sentiment, Sentiment::Positive);
    for (said, expected) in [("EN-us", "en"), ("English", "en"), ("unknown", "und"), ("", "und")] {
        assert_eq!(parsed(&but("language", json!(said))).language, expected, "{said}");
    }
    for (said, percent) in [(json!(1), 100), (json!(0), 0), (json!(-0.0), 0)] {
        assert_eq!(parsed(&but("confidence", said)).confidence.percent(), percent);
    }
    assert_eq!(parsed(&but("unasked", json!("x"))), parsed(&good().to_string()));
    let twice = good().to_string().replacen('{', "{\"category\":\"nonsense\",", 1);
    assert_eq!(parsed(&twice).category, "bug");
}

#[test]
fn prose_is_cleaned_and_bounded() {
    assert_eq!(parsed(&but("summary", json!("It\u{202e} is\n\n  brok\u{200b}en."))).summary, "It is broken.");
    let sentence = |n: usize| (0..n).map(|i| format!("Step {i} failed. ")).collect::<String>();
    let long = parsed(&but("summary", json!(sentence(200)))).summary;
    assert!(
        long.ends_with("failed. …") && (600..=MAX_SUMMARY_CHARS).contains(&long.chars().count()),
        "{long}"
    );
    let long = parsed(&but("reason", json!("x".repeat(9000)))).reason;
    assert!(long.ends_with("x…") && long.chars().count() <= MAX_REASON_CHARS);
    let long = parsed(&but("suggested_reply", json!(sentence(900)))).suggested_reply.unwrap();
    assert!(long.chars().count() <= MAX_REPLY_CHARS);
}

#[test]
fn a_draft_is_kept_only_where_the_desk_asks_for_one() {
    let endless = json!("No, ".repeat(300));
    for nothing in [Value::Null, json!(""), json!(" \u{200b}"), endless, json!(format!("ticket-{:032x}", 7))]
    {
        assert_eq!(parsed(&but("suggested_reply", nothing)).suggested_reply, None);
    }
    let without = Desk::parse(&DESK.replace("suggest_reply = true", "")).unwrap();
    for any in [json!("Hello"), json!(7)] {
        assert_eq!(parse(&without, &but("suggested_reply", any)).unwrap().suggested_reply, None);
    }
}

fn judged(content: &str, priority: Priority, confidence: f64) -> Judged {
    let text = Text { subject: String::new(), content: content.to_owned() };
    let mut verdict = parsed(&good().to_string());
    verdict.priority = priority;
    verdict.confidence = Confidence::parse(confidence).unwrap();
    judge(desk(), 0.6, &text, verdict)
}

#[test]
fn rules_raise_a_priority_say_so_and_never_lower_one() {
    use Priority::{High, Low, Medium, Urgent};
    for (content, model, expected, added) in [
        ("hello", Low, Low, ""),
        ("a refund", Low, High, " (Raised to high by the rule \"money\".)"),
        ("a refund", High, High, ""),
        ("a refund", Urgent, Urgent, ""),
        ("ALL DOWN, a refund", Medium, Urgent, " (Raised to urgent by the rule \"outage\".)"),
    ] {
        let judged = judged(content, model, 0.9);
        assert_eq!(judged.verdict.priority, expected, "{content}");
        assert_eq!(judged.verdict.reason, format!("One person is affected.{added}"), "{content}");
        assert_eq!(judged.review, None);
    }
}

#[test]
fn a_person_looks_first_when_the_model_is_unsure_or_had_nothing_to_read() {
    for (content, confidence, expected) in [
        ("hello", 0.6, None),
        ("hello", 0.54, Some("The model is unsure (54 %).")),
        ("all down", 0.1, Some("The model is unsure (10 %).")),
        (" \n", 0.99, Some("The ticket has no text.")),
        ("", 0.1, Some("The ticket has no text.")),
    ] {
        assert_eq!(
            judged(content, Priority::Low, confidence).review.as_deref(),
            expected,
            "{content} {confidence}"
        );
    }
}

/// Any JSON, with the names and words of an answer more often than chance would bring them.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0.0..=1.0).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["bug", "old", "high", "neutral", "en", "Broken."]).prop_map(Value::from),
        "(?s).{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field_name(), inner), 0..9)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn field_name() -> impl Strategy<Value = String> {
    let known = vec![
        "language",
        "sentiment",
        "category",
        "priority",
        "summary",
        "reason",
        "confidence",
        "suggested_reply",
    ];
    prop_oneof![prop::sample::select(known).prop_map(str::to_owned), ".{0,6}"]
}

fn check(answer: &str) -> Result<(), TestCaseError> {
    let desk = desk();
    match parse(desk, answer) {
        Ok(verdict) => {
            prop_assert!(
                desk.category(&verdict.category).is_some_and(|category| category.team == verdict.team)
            );
            prop_assert!((0.0..=1.0).contains(&verdict.confidence.get()));
            for (prose, max) in [(&verdict.summary, MAX_SUMMARY_CHARS), (&verdict.reason, MAX_REASON_CHARS)] {
                prop_assert!(prose.chars().any(char::is_alphanumeric) && prose.chars().count() <= max);
                prop_assert!(!prose.contains(char::is_control));
            }
            prop_assert!(
                verdict.suggested_reply.is_none_or(|reply| reply.chars().count() <= MAX_REPLY_CHARS)
            );
            prop_assert!((2..=3).contains(&verdict.language.len()));
        }
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            prop_assert!(
                problems.iter().all(|problem| problem.chars().count() < 200 && !problem.contains('\n'))
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_verdict_or_a_problem(answer in "(?s).{0,300}") {
        check(&answer)?;
    }

    #[test]
    fn any_json_is_a_verdict_or_a_problem(answer in json_value()) {
        check(&answer.to_string())?;
    }

    #[test]
    fn a_good_answer_with_odd_fields_is_a_verdict_or_a_problem(
        odd in prop::collection::vec((field_name(), json_value()), 0..3),
        prose in "(?s).{0,900}",
    ) {
        let mut answer = good();
        answer["summary"] = prose.into();
        for (name, value) in odd {
            answer[&name] = value;
        }
        check(&answer.to_string())?;
        // Wherever an answer is cut off or spoilt.
        let text = answer.to_string();
        check(&text[..text.floor_char_boundary(text.len() / 2)])?;
        check(&format!("{text}x"))?;
    }

    #[test]
    fn judging_never_lowers_a_priority(
        words in prop::collection::vec(prop::sample::select(vec!["all down", "refund", "hello", ""]), 0..4),
        priority in prop::sample::select(Priority::ALL),
        confidence in 0.0..=1.0,
        threshold in 0.0..=1.0,
    ) {
        let desk = desk();
        let text = Text { subject: words.join(" "), content: String::new() };
        let mut verdict = parsed(&good().to_string());
        (verdict.priority, verdict.confidence) = (priority, Confidence::parse(confidence).unwrap());
        let judged = judge(desk, threshold, &text, verdict);
        prop_assert!(judged.verdict.priority >= priority);
        prop_assert!(desk.floor(&text).is_none_or(|rule| judged.verdict.priority >= rule.at_least));
        prop_assert_eq!(judged.review.is_some(), confidence < threshold || text.is_blank());
        prop_assert_eq!(&judge(desk, threshold, &text, judged.verdict.clone()), &judged);
    }
}
