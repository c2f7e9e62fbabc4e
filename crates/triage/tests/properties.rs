//! Properties of what reads foreign input and of the arithmetic of waiting, through the crate's public face.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use triage::breaker::{Admission, Breaker, Limits, Signal, State};
use triage::redact::redact;
use triage::retry::{LONGEST_RETRY_AFTER, SCHEDULE, delay};
use triage::signature::{FARTHEST_AHEAD, Headers, OLDEST, Refusal, Request, sign, verify};
use triage::ticket::Text;
use triage::time::Timestamp;
use triage::webhook::{self, About};

const NOW: i64 = 1_795_392_000_000;

// --- webhooks ---

/// An item of a batch, sometimes an event about a ticket.
fn item() -> impl Strategy<Value = Value> {
    let kinds = vec![
        "ticket.creation",
        "object.creation",
        "ticket.propertyChange",
        "ticket.deletion",
        "contact.creation",
        ".",
        "",
    ];
    let properties = vec!["subject", "content", "hs_pipeline_stage"];
    let event =
        (select(kinds), select(properties), any::<Option<i64>>(), select(vec!["0-5", "0-1"]), -2..3_i64);
    let event = event.prop_map(|(kind, property, id, type_id, portal)| {
        json!({"subscriptionType": kind, "propertyName": property, "objectId": id, "objectTypeId": type_id, "portalId": portal})
    });
    let other = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,9}".prop_map(Value::from),
        Just(json!([]))
    ];
    prop_oneof![4 => event, 1 => other, 1 => Just(json!({})), 1 => Just(json!({"ticket_id": "7", "subject": "x"}))]
}

proptest! {
    #[test]
    fn every_item_of_a_batch_is_an_event_ignored_or_a_problem(items in prop::collection::vec(item(), 0..12), portal in prop::option::of(-2..3_i64)) {
        let body = Value::from(items.clone()).to_string();
        let parsed = webhook::parse(body.as_bytes(), portal).unwrap();
        prop_assert_eq!(parsed.events.len() + parsed.ignored + parsed.problems.len(), items.len());
        prop_assert!(parsed.events.iter().all(|event| portal.is_none() || event.portal_id.is_none() || event.portal_id == portal));
        prop_assert!(parsed.other_portals.iter().all(|other| Some(*other) != portal));
        prop_assert_eq!(webhook::parse(body.as_bytes(), portal).unwrap(), parsed);
    }

    #[test]
    fn what_a_workflow_sends_arrives_as_it_was(id in "[!-~]{1,40}", subject in "\\PC{0,80}", content in "(?s)[^\0]{0,200}", nested in any::<bool>()) {
        let bag = json!({"hs_object_id": {"value": id}, "subject": {"value": subject}, "content": content});
        let body = if nested { json!({ "properties": bag }) } else { json!({"ticket_id": id, "subject": subject, "content": content}) };
        let parsed = webhook::parse(body.to_string().as_bytes(), None).unwrap();
        let event = &parsed.events[0];
        prop_assert_eq!((event.ticket_id.as_str(), event.about), (id.as_str(), About::Creation));
        prop_assert_eq!(event.text.as_ref(), Some(&Text { subject, content }));
    }

    #[test]
    fn a_spoilt_body_is_read_or_refused(at in 0..200_usize, byte in any::<u8>(), cut in 0..220_usize) {
        let mut body = br#"[{"eventId":1,"portalId":7,"occurredAt":1,"subscriptionType":"ticket.creation","objectId":11,"x":"\ud83d\ude00 \u0000"},{"ticket_id":"12","subject":"a","content":"b"}]"#.to_vec();
        if let Some(spoilt) = body.get_mut(at) {
            *spoilt = byte;
        }
        body.truncate(cut);
        if let Ok(parsed) = webhook::parse(&body, Some(7)) {
            prop_assert!(parsed.events.len() + parsed.ignored + parsed.problems.len() <= 2);
        }
    }
}

// --- signatures ---

/// What decides about a v3 signature, byte for byte; a flip of any of them must be noticed.
#[derive(Debug, Clone)]
struct Signed {
    url: String,
    body: Vec<u8>,
    at: String,
    secret: String,
}

fn signed() -> impl Strategy<Value = Signed> {
    let url = "https://[a-z]{1,9}\\.example/[a-z0-9/?=&.:@!,;-]{0,30}";
    (url, prop::collection::vec(any::<u8>(), 0..80), "[ -~]{1,40}").prop_map(|(url, body, secret)| Signed {
        url,
        body,
        at: NOW.to_string(),
        secret,
    })
}

fn signature_of(of: &Signed) -> String {
    sign(Request { method: "POST", url: &of.url, body: &of.body }, &of.at, &of.secret)
}

fn check(of: &Signed, signature: &str, now: i64) -> Result<(), Refusal> {
    let headers = Headers { v3: Some(signature), timestamp: Some(&of.at), ..Headers::default() };
    let request = Request { method: "POST", url: &of.url, body: &of.body };
    verify(request, headers, &[&of.secret], true, Timestamp::from_millis(now))
}

/// The text with one of its characters changed into another printable one.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = at % bytes.len();
    bytes[at] = if bytes[at] == b'~' { b'!' } else { bytes[at] + 1 };
    bytes.into_iter().map(char::from).collect()
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_one_flipped_byte_is_not(of in signed(), at in any::<usize>(), bit in 0..8_u8) {
        let signature = signature_of(&of);
        prop_assert_eq!(check(&of, &signature, NOW), Ok(()));
        let mut changed = vec![
            Signed { url: flipped(&of.url, at), ..of.clone() },
            Signed { secret: flipped(&of.secret, at), ..of.clone() },
            Signed { at: flipped(&of.at, at), ..of.clone() },
            Signed { body: [of.body.clone(), vec![0]].concat(), ..of.clone() },
        ];
        if !of.body.is_empty() {
            let mut body = of.body.clone();
            let len = body.len();
            body[at % len] ^= 1 << bit;
            changed.push(Signed { body, ..of.clone() });
        }
        for changed in changed {
            prop_assert!(check(&changed, &signature, NOW).is_err(), "{:?}", changed);
        }
        prop_assert!(check(&of, &flipped(&signature, at), NOW).is_err());
    }

    #[test]
    fn hubspots_escapes_in_the_address_change_nothing(of in signed(), which in any::<u64>()) {
        // HubSpot signs these characters as such, and the address that arrives may carry them escaped.
        let mut url = String::new();
        for (index, c) in of.url.chars().enumerate() {
            let escapable = matches!(c, ':' | '/' | '?' | '@' | '!' | ',' | ';');
            if escapable && which >> (index % 64) & 1 == 1 {
                url += &if which & 1 == 1 { format!("%{:02X}", u32::from(c)) } else { format!("%{:02x}", u32::from(c)) };
            } else {
                url.push(c);
            }
        }
        prop_assert_eq!(check(&Signed { url, ..of.clone() }, &signature_of(&of), NOW), Ok(()));
    }

    #[test]
    fn the_window_has_sharp_edges(of in signed(), offset in prop_oneof![-61_000..=-59_000_i64, 299_000..=301_000_i64, -400_000..400_000_i64]) {
        let (oldest, ahead) = (i64::try_from(OLDEST.as_millis()).unwrap(), i64::try_from(FARTHEST_AHEAD.as_millis()).unwrap());
        let expected = match offset {
            late if late > oldest => Err(Refusal::TooOld),
            early if early < -ahead => Err(Refusal::FromTheFuture),
            _ => Ok(()),
        };
        prop_assert_eq!(check(&of, &signature_of(&of), NOW + offset), expected);
    }
}

// --- redaction ---

/// Personal data of every kind that has a shape, as a seed makes it.
fn planted() -> impl Strategy<Value = String> {
    let digit = |n: u64| n % 10;
    prop_oneof![
        "[a-z]{2,9}[._+-]?[a-z]{2,9}@[a-z]{2,9}\\.(de|com|co\\.uk|example)",
        any::<u64>().prop_map(move |n| format!("+49 30 {:04} {:04}", n % 10_000, n / 10_000 % 10_000)),
        any::<u64>().prop_map(move |n| format!(
            "+1-{}02-555-01{}{}",
            2 + n % 7,
            digit(n / 10),
            digit(n / 100)
        )),
        any::<u64>().prop_map(|n| with_luhn(&format!("4{:014}", n % 100_000_000_000_000))),
        any::<u64>().prop_map(|n| in_fours(&with_luhn(&format!("51{:013}", n % 10_000_000_000_000)))),
        any::<u64>().prop_map(|n| german_iban(n % 1_000_000_000_000_000_000)),
        any::<u64>().prop_map(|n| in_fours(&german_iban(n % 1_000_000_000_000_000_000))),
    ]
}

fn with_luhn(digits: &str) -> String {
    let doubled = digits.bytes().rev().enumerate().map(|(i, b)| {
        let digit = u32::from(b - b'0');
        if i % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
    });
    format!("{digits}{}", (10 - doubled.sum::<u32>() % 10) % 10)
}

fn german_iban(account: u64) -> String {
    let rest = format!("{account:018}131400").bytes().fold(0, |sum, b| (sum * 10 + u32::from(b - b'0')) % 97);
    format!("DE{:02}{account:018}", 98 - rest)
}

fn in_fours(text: &str) -> String {
    let fours = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
    fours.collect::<Vec<_>>().join(" ")
}

fn without_names(text: &str) -> String {
    redact(&Text { subject: String::new(), content: text.to_owned() }, &[]).text.content
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_planted_in_any_surroundings_is_gone(
        piece in planted(),
        before in "\\PC{0,40}", after in "\\PC{0,40}",
        edges in select(vec![(" ", " "), ("\n", "\n"), ("(", ")"), ("\"", "\""), ("<", ">"), (": ", "."), ("「", "」"), (", ", ", "), ("\t", ";"), ("**", "**"), (" ", "Fax")]),
        hidden in prop::option::of((0..40_usize, select(vec!['\u{200b}', '\u{ad}', '\u{2060}', '\u{fe01}', '\u{e0101}', '\u{202e}']))),
    ) {
        let mut written = piece.clone();
        if let Some((at, c)) = hidden {
            written.insert(at % written.len(), c);
        }
        let out = without_names(&format!("{before}{}{written}{}{after}", edges.0, edges.1));
        prop_assert!(!out.contains(&piece), "{:?}", out);
        prop_assert_eq!(&without_names(&out), &out);
    }
}

// --- waiting ---

proptest! {
    #[test]
    fn delays_grow_within_their_bounds_and_end(failures in 0..40_u32, jitter in 0.0..=1.0_f64, more in 0.0..=1.0_f64, asked in prop::option::of(any::<u64>())) {
        let asked = asked.map(Duration::from_millis);
        let Some(wait) = delay(failures, jitter, asked) else {
            prop_assert!(failures as usize > SCHEDULE.len());
            return Ok(());
        };
        let step = failures.max(1) as usize;
        prop_assert!(step <= SCHEDULE.len());
        let heard = asked.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        prop_assert!(wait >= heard, "never earlier than the service asked for");
        prop_assert!(wait >= SCHEDULE[step - 1].mul_f64(0.799) && wait <= SCHEDULE[step - 1].mul_f64(1.201).max(heard));
        prop_assert!(delay(failures, jitter.max(more), asked) >= Some(wait), "more jitter is never sooner");
        if let Some(next) = delay(failures + 1, jitter, asked) {
            prop_assert!(next >= wait, "a later attempt never comes sooner");
        }
    }

    #[test]
    fn a_breaker_opens_exactly_when_it_should(signals in prop::collection::vec(0..4_u8, 0..12), failures in 1..5_u32) {
        let limits = Limits { failures, ..Limits::default() };
        let (mut breaker, now) = (Breaker::new(limits), Timestamp::from_millis(NOW));
        let (mut in_a_row, mut broken) = (0, false);
        for signal in signals {
            let failed = |definite| Signal::Failed { definite, why: "down".to_owned() };
            let signal = match signal {
                0 => { (in_a_row, broken) = (0, false); Signal::Works }
                1 => { in_a_row += 1; broken |= in_a_row >= failures; failed(false) }
                2 => { broken = true; failed(true) }
                _ => Signal::Busy { until: now },
            };
            breaker.record(signal, now);
            prop_assert_eq!(breaker.is_open(), broken);
            prop_assert_eq!(breaker.admits(now) == Admission::Yes, !broken);
        }
    }

    #[test]
    fn a_cool_down_is_never_longer_than_its_limit(first in 1..100_000_u64, longest in 1..1_000_000_u64, trips in 0..40) {
        let limits = Limits { cool_down: Duration::from_millis(first), longest_cool_down: Duration::from_millis(longest), ..Limits::default() };
        let (mut breaker, mut now) = (Breaker::new(limits), Timestamp::from_millis(NOW));
        breaker.record(Signal::Failed { definite: true, why: "down".to_owned() }, now);
        let mut last = Duration::ZERO;
        for _ in 0..trips {
            let State::Open { until, .. } = breaker.state() else { panic!("{breaker:?}") };
            let cool_down = until.since(now);
            prop_assert!(cool_down >= last.min(Duration::from_millis(longest)) && cool_down <= Duration::from_millis(longest));
            (last, now) = (cool_down, *until);
            prop_assert!(breaker.begin_probe(now));
            breaker.end_probe(Err("down".to_owned()), now);
        }
    }

    #[test]
    fn times_never_overflow_and_differences_come_back(at in any::<i64>(), wait in any::<u64>()) {
        let (at, wait) = (Timestamp::from_millis(at), Duration::from_millis(wait));
        prop_assert!(at.plus(wait) >= at);
        prop_assert!(at.plus(wait).since(at) <= wait);
        prop_assert_eq!(at.since(at.plus(wait)), Duration::ZERO);
    }
}
