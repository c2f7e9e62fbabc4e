use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ticket::Sentiment;

#[test]
fn a_verdict_of_the_teams_own_machine() {
    let card = verdict_card(|_| {});
    assert_eq!(
        discord(&card),
        json!({
            "username": "Ticket triage",
            "content": "",
            "allowed_mentions": { "parse": [] },
            "embeds": [{
                "title": "Cannot log in \\*since\\* this morning",
                "url": "https://app.hubspot.com/contacts/20260001/record/0-5/31415926535",
                "description": "The whole team is locked out.",
                "color": 0xC0322B,
                "timestamp": "2026-11-23T00:00:00.123Z",
                "fields": [
                    { "name": "Priority", "value": "▲ urgent", "inline": true },
                    { "name": "Category", "value": "Outage", "inline": true },
                    { "name": "Team", "value": "Platform \\(EU\\)", "inline": true },
                    { "name": "Sentiment", "value": "negative", "inline": true },
                    { "name": "Language", "value": "German \\(de\\)", "inline": true },
                    { "name": "Confidence", "value": "sure, 92 %", "inline": true },
                    { "name": "Why", "value": "Nobody can work.", "inline": false },
                    { "name": "Draft reply", "value": "Hallo,\n\nwir sehen es uns an.", "inline": false },
                ],
                "footer": { "text": "on your machine, llama3.2, 4.1 s · ticket 31415926535" },
            }],
        })
    );
}

#[test]
fn a_test_says_so_first_whatever_became_of_it() {
    let review = verdict_card(|changes| changes.review = Some("it is unsure".to_owned()));
    let body = Body::Waiting { minutes: 10, why: "nobody answers".to_owned() };
    let waiting = Card { body, ..verdict_card(|_| {}) };
    for card in [verdict_card(|_| {}), review, waiting] {
        let description =
            |card: &Card| discord(card)["embeds"][0]["description"].as_str().unwrap().to_owned();
        let test = Card { ticket_id: "test-0199".to_owned(), ..card.clone() };
        assert_eq!(description(&test), format!("{TEST_NOTICE}\n\n{}", description(&card)));
    }
}

#[test]
fn a_ticket_that_nobody_triaged() {
    let card = Card {
        ticket_id: "31415926535".to_owned(),
        subject: String::new(),
        url: None,
        at: Timestamp::from_millis(1_795_392_000_123),
        body: Body::NotTriaged {
            why: "No model answered for 15 hours.".to_owned(),
            what_to_do: "Read the ticket in HubSpot, then start the machine & triage again.".to_owned(),
        },
    };
    assert_eq!(
        discord(&card),
        json!({
            "username": "Ticket triage",
            "content": "",
            "allowed_mentions": { "parse": [] },
            "embeds": [{
                "title": "Not triaged: (no subject)",
                "description": "No model answered for 15 hours.\n\nRead the ticket in HubSpot, then start the machine & triage again.",
                "color": 0x6E3B3B,
                "timestamp": "2026-11-23T00:00:00.123Z",
                "footer": { "text": "ticket 31415926535" },
            }],
        })
    );
}

#[test]
fn a_verdict_for_review_says_so_three_times() {
    let card = verdict_card(|body| {
        body.review = Some("the model is unsure (54 %).".to_owned());
        body.omitted_chars = 12_345;
        body.provider = Provider::Groq;
        body.confidence = 0.54;
    });
    let embed = embed(&card);
    assert_eq!(embed["title"], "Review: Cannot log in \\*since\\* this morning");
    assert_eq!(embed["color"], 0xA8893F);
    assert_eq!(
        embed["description"],
        "A person should look: the model is unsure \\(54 %\\). This was not written to HubSpot.\n\n\
         The whole team is locked out.\n\n\
         Long ticket: 12,345 characters in the middle were not read by the model."
    );
    assert_eq!(embed["footer"]["text"], "by Groq, redacted, 4.1 s · ticket 31415926535");
    assert_eq!(embed["fields"][5]["value"], "unsure, 54 %");
}

#[test]
fn the_small_words() {
    for (priority, mark, colour) in [
        (Priority::Urgent, "▲ urgent", 0xC0322B),
        (Priority::High, "↑ high", 0xD9822B),
        (Priority::Medium, "─ medium", 0x3B7DD8),
        (Priority::Low, "↓ low", 0x7B8794),
    ] {
        let embed = embed(&verdict_card(|body| body.priority = priority));
        assert_eq!((&embed["fields"][0]["value"], &embed["color"]), (&json!(mark), &json!(colour)));
    }
    for (confidence, words) in [
        (1.0, "sure, 100 %"),
        (0.8, "sure, 80 %"),
        (0.71, "fairly sure, 71 %"),
        (0.6, "fairly sure, 60 %"),
        (0.0, "unsure, 0 %"),
    ] {
        assert_eq!(embed(&verdict_card(|body| body.confidence = confidence))["fields"][5]["value"], words);
    }
    for (code, words) in [
        ("en", "English \\(en\\)"),
        ("pt-BR", "Portuguese \\(pt-BR\\)"),
        ("tlh", "tlh"),
        ("und", "not clear"),
        ("", "–"),
    ] {
        assert_eq!(embed(&verdict_card(|body| body.language = code))["fields"][4]["value"], words);
    }
    for (millis, words) in [
        (0, "0 ms"),
        (49, "49 ms"),
        (50, "0.1 s"),
        (1234, "1.2 s"),
        (59_949, "59.9 s"),
        (59_950, "1 min 0 s"),
        (125_000, "2 min 5 s"),
    ] {
        let footer =
            embed(&verdict_card(|body| body.latency = Duration::from_millis(millis)))["footer"]["text"]
                .clone();
        assert_eq!(footer, format!("on your machine, llama3.2, {words} · ticket 31415926535"));
    }
    for (chars, words) in
        [(1, "1 character in the middle was"), (999, "999 characters"), (1_000_000, "1,000,000 characters")]
    {
        let description = embed(&verdict_card(|body| body.omitted_chars = chars))["description"].clone();
        assert!(description.as_str().unwrap().contains(words), "{description}");
    }
    let unredacted = verdict_card(|body| (body.provider, body.redacted) = (Provider::Groq, false));
    assert_eq!(embed(&unredacted)["footer"]["text"], "by Groq, unredacted, 4.1 s · ticket 31415926535");
}

#[test]
fn only_https_addresses_become_a_link() {
    for (url, linked) in [
        ("https://app.hubspot.com/x?y=1#z", true),
        (" HTTPS://a.example ", true),
        ("http://app.hubspot.com/x", false),
        ("javascript:alert(1)//https://", false),
        ("https://", false),
        ("https:///x", false),
        ("https://a.example/ b", false),
        ("https://ä.example", false),
        ("", false),
    ] {
        let mut card = verdict_card(|_| {});
        card.url = Some(url.to_owned());
        assert_eq!(embed(&card).get("url").is_some(), linked, "{url:?}");
    }
}

#[test]
fn an_over_long_summary_gives_way_to_what_must_be_read() {
    let card = verdict_card(|body| {
        body.summary = "*".repeat(10_000);
        body.reason = "😀".repeat(10_000);
        body.reply = "> x\n".repeat(10_000);
        body.review = Some("y".repeat(10_000));
        body.omitted_chars = u64::MAX;
    });
    let description = embed(&card)["description"].as_str().unwrap().to_owned();
    assert!(description.starts_with("A person should look: yyy"));
    assert!(description.contains("y…. This was not written to HubSpot.\n\n\\*\\*"));
    assert!(description.contains("\\*…\n\nLong ticket: 18,446,744,073,709,551,615 characters"));
    check_limits(&discord(&card)).unwrap();
}

/// Texts made to break out of the message.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "@everyone", "@here", "<@1>", "<@&1>", "<#1>", "<:e:1>", "<t:1>", "https://evil.example", "HTTP://x", ":", "/", "//",
            "[a](b)", "\\", "*", "_", "`", "```", "||", "~~", "#", "- ", "1. ", "> ", "\n", "\r\n", "\t", "\0", "\u{1b}",
            "\u{202e}", "\u{2066}", "\u{200b}", "\u{200d}", "\u{fe0f}", "\u{feff}", "\u{e0041}", "😀", "👩\u{200d}⚕\u{fe0f}",
            "שלום", "e\u{301}", "discord.gg/x", "words ", " ", "@", "<", "every", "one",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let short = prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat());
    let huge = (short.clone(), 1..3000usize).prop_map(|(text, times)| text.repeat(times));
    prop_oneof![6 => short, 3 => any::<String>(), 1 => huge]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_a_verdict(
        texts in prop::array::uniform10(text()), url in prop::option::of(text()), flags in any::<u8>(), omitted in any::<u64>(),
    ) {
        let [ticket_id, subject, summary, reason, language, reply, category_label, team_label, review, model] = texts;
        let flag = |bit: u8| flags & (1 << bit) != 0;
        let base = verdict_card(|_| {});
        let Body::Verdict { verdict, latency, .. } = base.body else { unreachable!() };
        let verdict = Verdict { summary, reason, language, suggested_reply: flag(0).then_some(reply), ..verdict };
        let card = Card {
            ticket_id, subject, url, at: base.at,
            body: Body::Verdict {
                verdict, category_label, team_label, review: flag(1).then_some(review),
                provider: if flag(2) { Provider::Local } else { Provider::Groq },
                model, redacted: flag(3), latency, omitted_chars: if flag(4) { omitted } else { 0 },
            },
        };
        let body = discord(&card);
        check_limits(&body)?;
        check_harmless(&body)?;
    }

    #[test]
    fn no_text_breaks_the_news_that_nothing_was_triaged(texts in prop::array::uniform4(text())) {
        let [ticket_id, subject, why, what_to_do] = texts;
        for body in [Body::Waiting { minutes: 10, why: why.clone() }, Body::NotTriaged { why, what_to_do }] {
            let at = Timestamp::default();
            let card = Card { ticket_id: ticket_id.clone(), subject: subject.clone(), url: None, at, body };
            let body = discord(&card);
            check_limits(&body)?;
            check_harmless(&body)?;
        }
    }

    #[test]
    fn an_escaped_text_unescapes_to_what_was_visible(text in "[ -~]{0,80}") {
        let plain = escape(&text).replace(['\\', '\u{200b}'], "").replace("[:]//", "://").replace("[.]", ".");
        prop_assert_eq!(plain, text.trim().replace('\\', "").replace("[:]//", "://").replace("[.]", "."));
    }
}

fn check_limits(body: &Value) -> Result<(), TestCaseError> {
    prop_assert_eq!(&body["allowed_mentions"], &json!({ "parse": [] }));
    prop_assert_eq!(&body["content"], "");
    prop_assert_eq!(body["embeds"].as_array().map(Vec::len), Some(1));
    let embed = &body["embeds"][0];
    let mut total = 0;
    let mut within = |text: &Value, max: usize| {
        let text = text.as_str().unwrap();
        total += units(text);
        prop_assert!(!text.trim().is_empty() && units(text) <= max, "{} of {}: {:?}", units(text), max, text);
        Ok(())
    };
    within(&embed["title"], 256)?;
    within(&embed["description"], 4096)?;
    within(&embed["footer"]["text"], 2048)?;
    for field in fields_of(embed) {
        within(&field["name"], 256)?;
        within(&field["value"], 1024)?;
    }
    prop_assert!(total <= 6000, "{}", total);
    prop_assert!(fields_of(embed).len() <= 25);
    Ok(())
}

fn check_harmless(body: &Value) -> Result<(), TestCaseError> {
    let embed = &body["embeds"][0];
    let mut texts = vec![&embed["title"], &embed["description"]];
    texts.extend(fields_of(embed).iter().map(|field| &field["value"]));
    for text in texts.iter().map(|text| text.as_str().unwrap()) {
        let lower = text.to_lowercase();
        for bad in ["@everyone", "@here", "<@", "<#", "<:", "<t:", "://", "discord.gg", "\n\n\n"] {
            prop_assert!(!lower.contains(bad), "{:?} in {:?}", bad, text);
        }
        let end = text.trim_end_matches('…');
        prop_assert!((end.len() - end.trim_end_matches('\\').len()) % 2 == 0, "half an escape: {:?}", text);
    }
    texts.push(&embed["footer"]["text"]);
    for text in texts.iter().map(|text| text.as_str().unwrap()) {
        let unseen = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
        };
        prop_assert!(!text.contains(unseen), "{:?}", text);
    }
    prop_assert!(
        embed.get("url").is_none_or(|url| url.as_str().unwrap().to_lowercase().starts_with("https://"))
    );
    Ok(())
}

fn fields_of(embed: &Value) -> &[Value] {
    embed["fields"].as_array().map_or(&[], Vec::as_slice)
}

fn embed(card: &Card) -> Value {
    discord(card)["embeds"][0].clone()
}

/// What the tests change of a verdict's message.
struct Changes {
    priority: Priority,
    confidence: f64,
    language: &'static str,
    summary: String,
    reason: String,
    reply: String,
    review: Option<String>,
    provider: Provider,
    redacted: bool,
    latency: Duration,
    omitted_chars: u64,
}

fn verdict_card(change: impl FnOnce(&mut Changes)) -> Card {
    let mut changes = Changes {
        priority: Priority::Urgent,
        confidence: 0.92,
        language: "de",
        summary: "The whole team is locked out.".to_owned(),
        reason: "Nobody can work.".to_owned(),
        reply: "Hallo,\n\nwir sehen es uns an.".to_owned(),
        review: None,
        provider: Provider::Local,
        redacted: true,
        latency: Duration::from_millis(4_120),
        omitted_chars: 0,
    };
    change(&mut changes);
    Card {
        ticket_id: "31415926535".to_owned(),
        subject: "Cannot log in *since* this morning".to_owned(),
        url: Some("https://app.hubspot.com/contacts/20260001/record/0-5/31415926535".to_owned()),
        at: Timestamp::from_millis(1_795_392_000_123),
        body: Body::Verdict {
            verdict: Verdict {
                category: "outage".to_owned(),
                priority: changes.priority,
                sentiment: Sentiment::Negative,
                language: changes.language.to_owned(),
                summary: changes.summary,
                reason: changes.reason,
                confidence: Confidence::parse(changes.confidence).unwrap(),
                team: "platform".to_owned(),
                suggested_reply: Some(changes.reply),
            },
            category_label: "Outage".to_owned(),
            team_label: "Platform (EU)".to_owned(),
            review: changes.review,
            provider: changes.provider,
            model: "llama3.2:latest".to_owned(),
            redacted: changes.redacted,
            latency: changes.latency,
            omitted_chars: changes.omitted_chars,
        },
    }
}
