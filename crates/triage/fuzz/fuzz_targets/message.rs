//! The Discord message in its three forms, before the same independent judge as in the tests.
#![no_main]

#[path = "../../tests/injection/judge.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod judge;

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use triage::message::{Body, Card, discord};
use triage::ticket::{Confidence, Priority, Provider, Sentiment, Verdict};
use triage::time::Timestamp;

fuzz_target!(|input: &str| {
    let half = input.floor_char_boundary(input.len() / 2);
    let (first, second) = (input[..half].to_owned(), input[half..].to_owned());
    let verdict = Verdict {
        category: "bug".to_owned(),
        priority: Priority::High,
        sentiment: Sentiment::Neutral,
        language: second.clone(),
        summary: first.clone(),
        reason: input.to_owned(),
        confidence: Confidence::parse(0.5).expect("it is within its bounds"),
        team: "engineering".to_owned(),
        suggested_reply: Some(input.to_owned()),
    };
    let verdict = Body::Verdict {
        verdict,
        category_label: second.clone(),
        team_label: first.clone(),
        review: Some(second.clone()),
        provider: Provider::Local,
        model: second.clone(),
        redacted: false,
        latency: Duration::ZERO,
        omitted_chars: input.len() as u64,
    };
    let waiting = Body::Waiting { minutes: 10, why: input.to_owned() };
    for body in [verdict, waiting, Body::NotTriaged { why: first.clone(), what_to_do: second }] {
        let card = Card {
            ticket_id: "1".to_owned(),
            subject: first.clone(),
            url: Some(input.to_owned()),
            at: Timestamp::default(),
            body,
        };
        let own_url = card
            .url
            .as_deref()
            .map(str::trim)
            .filter(|url| url.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")));
        let problems = judge::problems_of_message(&discord(&card), own_url);
        assert!(problems.is_empty(), "{problems:#?}");
    }
});
