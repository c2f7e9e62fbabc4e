//! A model's answer: as it is, and as the prose of an answer that is otherwise good.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use triage::answer::{MAX_REASON_CHARS, MAX_REPLY_CHARS, MAX_SUMMARY_CHARS, judge, parse};
use triage::desk::Desk;
use triage::ticket::Text;

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let rules = Desk::BUILT_IN.find("[[rules]]").expect("the built-in desk has rules");
    // Without the many built-in phrases: each input would spend its time in them.
    let toml = Desk::BUILT_IN[..rules].replace("suggest_reply = false", "suggest_reply = true");
    Desk::parse(&toml).expect("the built-in desk without its rules is one too")
});

fuzz_target!(|answer: &str| {
    check(answer);
    let fields = json!({
        "language": answer, "sentiment": "neutral", "category": "bug", "priority": "low", "summary": answer, "reason": answer,
        "confidence": 0.9, "suggested_reply": answer,
    });
    check(&fields.to_string());
});

fn check(answer: &str) {
    let verdict = match parse(&DESK, answer) {
        Ok(verdict) => verdict,
        Err(problems) => {
            assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.contains('\n')));
            return;
        }
    };
    let text = Text { subject: String::new(), content: answer.to_owned() };
    let judged = judge(&DESK, 0.6, &text, verdict);
    let verdict = judged.verdict;
    assert!(DESK.category(&verdict.category).is_some_and(|category| category.team == verdict.team));
    assert!((0.0..=1.0).contains(&verdict.confidence.get()));
    assert!(judged.review.is_some() || verdict.confidence.get() >= 0.6);
    assert!(
        verdict.summary.chars().count() <= MAX_SUMMARY_CHARS
            && verdict.reason.chars().count() <= MAX_REASON_CHARS
    );
    assert!(verdict.suggested_reply.is_none_or(|reply| reply.chars().count() <= MAX_REPLY_CHARS));
}
