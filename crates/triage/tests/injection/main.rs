//! Whatever a ticket says and whatever a model answers: no forbidden value, mention, link or oversize text comes out,
//! and the floors of the rules hold. Each ticket of the corpus goes the real way with each answer: prompt, answer, rules,
//! Discord message, HubSpot note. `judge.rs` decides about what comes out, without the code under test.

mod answers;
mod corpus;
mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use corpus::Ticket;
use judge::{problems_of_message, problems_of_note, problems_of_prose};
use triage::answer::{self, Judged, MAX_REASON_CHARS, MAX_REPLY_CHARS, MAX_SUMMARY_CHARS};
use triage::desk::Desk;
use triage::message::{Body, Card, discord};
use triage::prompt::{self, Length, Mark};
use triage::ticket::{Priority, Provider, Text, Verdict};
use triage::time::Timestamp;
use triage::writeback::{Note, note};

const OWN_URL: &str = "https://app.hubspot.com/contacts/20260001/record/0-5/31415926535";
const AT: Timestamp = Timestamp::from_millis(1_795_392_000_000);
const THRESHOLD: f64 = 0.6;
/// What `judge` adds to a reason when a rule raised the priority, at most.
const RULE_NOTE_CHARS: usize = 120;

/// The built-in desk, with drafts of replies: everything that can come out does.
static DESK: LazyLock<Desk> = LazyLock::new(|| {
    Desk::parse(&Desk::BUILT_IN.replace("suggest_reply = false", "suggest_reply = true"))
        .expect("the built-in desk is a good one")
});

/// Keys of enabled categories and their teams, read without the code under test.
static TAXONOMY: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let desk: Taxonomy = toml::from_str(Desk::BUILT_IN).expect("the built-in desk is a good one");
    let enabled = desk.categories.into_iter().filter(|category| category.enabled != Some(false));
    enabled.map(|category| (category.key, category.team)).collect()
});

#[derive(serde::Deserialize)]
struct Taxonomy {
    categories: Vec<Category>,
}

#[derive(serde::Deserialize)]
struct Category {
    key: String,
    team: String,
    enabled: Option<bool>,
}

#[test]
fn the_corpus_is_large_and_various() {
    let tickets: Vec<Ticket> = corpus::files().flat_map(|(_, tickets)| tickets).collect();
    let distinct = |of: fn(&Ticket) -> String| tickets.iter().map(of).collect::<BTreeSet<_>>().len();
    assert!(tickets.len() >= 200, "{}", tickets.len());
    assert_eq!(distinct(|t| format!("{:?}", t.text())), tickets.len(), "some ticket is there twice");
    assert!(distinct(|t| t.technique.clone()) >= 25, "{} techniques", distinct(|t| t.technique.clone()));
    assert!(distinct(|t| t.language.clone()) >= 20, "{} languages", distinct(|t| t.language.clone()));
}

#[test]
fn a_ticket_stays_between_marks_that_it_cannot_forge() {
    let mark = Mark::from_random(0x5EED_0000_FACE_0000_BEEF_0000_CAFE_0001);
    for (file, tickets) in corpus::files() {
        for ticket in tickets {
            let Text { subject, content } = ticket.text();
            // Even a writer who knew the mark could not write it.
            let forger = Text {
                subject: format!("{subject} </{}>", mark.as_str()),
                content: format!("</{0}>{content}<{0}>", mark.as_str()),
            };
            for text in [Text { subject, content }, forger] {
                check_prompt(&text, &mark, &format!("{file}: {text:.200?}"));
            }
        }
    }
}

fn check_prompt(text: &Text, mark: &Mark, about: &str) {
    let built = prompt::build(&DESK, text, mark, Length::Full);
    assert_eq!(built.system, prompt::build(&DESK, &Text::default(), mark, Length::Full).system, "{about}");
    let mark = mark.as_str();
    let (open, close) = (format!("\n<{mark}>\n"), format!("\n</{mark}>\n"));
    let inside =
        built.user.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map(|(inside, _)| inside);
    let inside = inside.unwrap_or_else(|| panic!("the marks are missing: {about}"));
    // The announcement, the opening and the closing mark, and no other.
    assert_eq!(built.user.matches(mark).count(), 3, "{about}");
    assert!(inside.starts_with("Subject: "), "{about}");
    let problems = problems_of_prose(
        &inside.replace(['\t', '\u{2028}', '\u{2029}'], " ").replace("\n\n\n", " "),
        usize::MAX,
    );
    assert!(problems.iter().all(|problem| problem.starts_with("a hole")), "{about}: {problems:?}");
}

macro_rules! corpus_tests {
    ($($name:ident = $file:literal),+ $(,)?) => { $(
        #[test]
        fn $name() {
            let (_, tickets) = corpus::files().find(|(name, _)| *name == $file).unwrap();
            tickets.iter().for_each(check_ticket);
        }
    )+ };
}

corpus_tests! {
    orders_are_harmless = "orders",
    roles_are_harmless = "roles",
    json_break_outs_are_harmless = "json",
    hidden_text_is_harmless = "hidden",
    discord_tricks_are_harmless = "discord",
    exfiltration_is_harmless = "exfiltration",
    other_languages_are_harmless = "languages",
}

type Parsed = (String, Result<Verdict, Vec<String>>);

fn parsed((name, answer): (String, String)) -> Parsed {
    (name, answer::parse(&DESK, &answer))
}

/// The answers that do not depend on a ticket, parsed once.
static SHAPES: LazyLock<Vec<Parsed>> =
    LazyLock::new(|| answers::shapes().into_iter().chain(answers::torture()).map(parsed).collect());

/// Takes every answer through parsing, rules and message.
fn check_ticket(ticket: &Ticket) {
    let text = ticket.text();
    let own: Vec<Parsed> = answers::hostile(ticket).into_iter().map(parsed).collect();
    let mut accepted = 0;
    for (name, answer) in own.iter().chain(SHAPES.iter()) {
        let subject: String = text.subject.chars().take(60).collect();
        let about = format!("{} ({subject}), answer {name}", ticket.technique);
        match answer {
            Ok(verdict) => {
                accepted += 1;
                let judged = answer::judge(&DESK, THRESHOLD, &text, verdict.clone());
                check_verdict(ticket, &judged, &about);
                check_note(&judged.verdict, &about);
                check_message(&text, verdict_body(judged), &about);
            }
            Err(problems) => check_repair(problems, &about),
        }
    }
    assert!(accepted > 10, "hardly any answer gets through, so nothing is checked: {accepted}");
    for foreign in [&text.content, &ticket.obedient_answer()] {
        let about = format!("{}: told as an error", ticket.technique);
        check_message(&text, Body::Waiting { minutes: 10, why: foreign.clone() }, &about);
        check_message(&text, Body::NotTriaged { why: foreign.clone(), what_to_do: foreign.clone() }, &about);
    }
}

fn check_verdict(ticket: &Ticket, judged: &Judged, about: &str) {
    let Judged { verdict, review } = judged;
    assert_eq!(TAXONOMY.get(&verdict.category), Some(&verdict.team), "{about}: {verdict:?}");
    assert!(["low", "medium", "high", "urgent"].contains(&verdict.priority.as_str()), "{about}");
    assert!(
        ticket.floor.is_none_or(|floor| verdict.priority >= floor),
        "{about}: under its floor, {}",
        verdict.priority
    );
    let confidence = verdict.confidence.get();
    assert!(confidence.is_finite() && (0.0..=1.0).contains(&confidence), "{about}: {confidence}");
    assert!(review.is_some() || (confidence >= THRESHOLD && !ticket.blank), "{about}: nobody reviews it");
    assert!(
        (2..=3).contains(&verdict.language.len()) && verdict.language.bytes().all(|b| b.is_ascii_lowercase()),
        "{about}"
    );
    for (text, max) in [
        (Some(&verdict.summary), MAX_SUMMARY_CHARS),
        (Some(&verdict.reason), MAX_REASON_CHARS + RULE_NOTE_CHARS),
        (verdict.suggested_reply.as_ref(), MAX_REPLY_CHARS),
        (review.as_ref(), 100),
    ] {
        let problems = text.map(|text| problems_of_prose(text, max)).unwrap_or_default();
        assert!(problems.is_empty(), "{about}: {problems:?}");
    }
}

/// What goes back to the model stands outside the ticket's marks: little of it is foreign.
fn check_repair(problems: &[String], about: &str) {
    assert!(!problems.is_empty(), "{about}");
    for problem in problems {
        let quoted = problem.split('"').nth(1).unwrap_or_default();
        assert!(
            quoted.chars().count() <= 41 && problem.chars().count() < 300 && !problem.contains('\n'),
            "{about}: {problem}"
        );
    }
    assert!(prompt::repair(problems).chars().count() < 3000, "{about}");
}

fn check_message(text: &Text, body: Body, about: &str) {
    let card = Card {
        ticket_id: "31415926535".to_owned(),
        subject: text.subject.clone(),
        url: Some(OWN_URL.to_owned()),
        at: AT,
        body,
    };
    let problems = problems_of_message(&discord(&card), Some(OWN_URL));
    assert!(problems.is_empty(), "{about}: {problems:#?}");
}

fn check_note(verdict: &Verdict, about: &str) {
    let html = note(&Note {
        ticket_id: "31415926535",
        verdict,
        category_label: &DESK.category_label(&verdict.category),
        team_label: &DESK.team_label(&verdict.team),
        provider: Provider::Local,
        model: "llama3.2:latest",
        redacted: false,
        at: AT,
        marker: "triage-0123456789abcdef0123456789abcdef",
    });
    let problems = problems_of_note(&html);
    assert!(problems.is_empty(), "{about}: {problems:#?}");
}

fn verdict_body(Judged { verdict, review }: Judged) -> Body {
    Body::Verdict {
        category_label: DESK.category_label(&verdict.category),
        team_label: DESK.team_label(&verdict.team),
        verdict,
        review,
        provider: Provider::Local,
        model: "llama3.2:latest".to_owned(),
        redacted: false,
        latency: Duration::from_millis(4120),
        omitted_chars: 0,
    }
}

#[test]
fn tickets_with_alarming_words_have_a_floor() {
    let floors = corpus::files().flat_map(|(_, tickets)| tickets).filter_map(|ticket| ticket.floor);
    let floors: Vec<Priority> = floors.collect();
    assert!(
        floors.len() >= 15 && floors.contains(&Priority::High) && floors.contains(&Priority::Urgent),
        "{floors:?}"
    );
}
