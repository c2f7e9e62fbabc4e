use proptest::prelude::*;

use super::*;
use crate::ticket::{Confidence, Priority, Sentiment};

fn made(summary: &str, reason: &str) -> String {
    let verdict = Verdict {
        category: "billing".to_owned(),
        priority: Priority::High,
        sentiment: Sentiment::Negative,
        language: "en".to_owned(),
        summary: summary.to_owned(),
        reason: reason.to_owned(),
        confidence: Confidence::parse(0.89).unwrap(),
        team: "billing".to_owned(),
        suggested_reply: Some("never shown".to_owned()),
    };
    note(&Note {
        ticket_id: "4711",
        verdict: &verdict,
        category_label: "Billing",
        team_label: "Billing & taxes",
        provider: Provider::Groq,
        model: "openai/gpt-oss-20b",
        redacted: true,
        at: Timestamp::from_millis(1_795_392_000_000),
        marker: "triage-01",
    })
}

#[test]
fn a_note_says_who_set_it_and_why() {
    assert_eq!(
        made("Charged twice.", "It mentions an invoice."),
        "<p><strong>Triage by a language model. No person has checked it.</strong></p><p>Charged twice.</p>\
         <ul><li>Priority: <strong>high</strong></li><li>Category: Billing</li><li>Team: Billing &amp; taxes</li>\
         <li>Sentiment: negative</li><li>Confidence: sure, 89 %</li></ul><p>Why: It mentions an invoice.</p>\
         <p>Model: openai/gpt-oss-20b by Groq, redacted, 2026-11-23 00:00 UTC. \
         To remove this note: orchestrator triage undo 4711. Reference: triage-01</p>"
    );
}

#[test]
fn nothing_of_the_models_becomes_markup_or_a_link() {
    let html = made(
        "<img src=x onerror='alert(1)'> & \"q\" https://evil.example www.evil.example\nnext \u{202e}line",
        "</p><a href=javascript:x>",
    );
    assert!(html.contains(
        "&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; &quot;q&quot; https[:]//evil.example www[.]evil.example<br>next line"
    ));
    assert!(html.contains("&lt;/p&gt;&lt;a href=javascript:x&gt;"), "{html}");
}

#[test]
fn the_digest_sees_words_and_not_tags() {
    let html = made("a < b & \"c\"", "d e");
    let rewritten =
        html.replace("<p>", "<div style=\"\">\n").replace("</p>", "</div>").replace("&quot;", "\"");
    assert_eq!(digest(&html), digest(&rewritten.replace("&#39;", "'").replace(' ', "&nbsp;")));
    assert_ne!(digest(&html), digest(&html.replace("d e", "d f")));
    assert_ne!(digest(&html), digest(&format!("{html}<p>Called them.</p>")));
}

proptest! {
    #[test]
    fn every_note_is_bounded_and_has_only_our_tags(summary in "\\PC{0,3000}", reason in "[<>&\"':/w.]{0,3000}") {
        let html = made(&summary, &reason);
        prop_assert!(html.chars().count() < 40_000);
        let ours = ["<p>", "</p>", "<strong>", "</strong>", "<ul>", "</ul>", "<li>", "</li>", "<br>"];
        let left = ours.iter().fold(html, |html, tag| html.replace(tag, ""));
        prop_assert!(!left.contains(['<', '>', '"', '\'']) && !left.contains("://"));
    }

    #[test]
    fn no_text_upsets_the_digest(html in ".*") {
        prop_assert_eq!(digest(&html).len(), 32);
    }
}
