//! The note at a ticket: HTML in which nothing comes from a ticket or a model but plain text.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::invisible::without_invisible;
use crate::message::in_words;
use crate::ticket::{Provider, Verdict};
use crate::time::Timestamp;

/// The longest text of a model's, in characters. With every character escaped the whole note stays far below the
/// 65,536 characters that HubSpot takes.
const LONGEST_TEXT: usize = 2000;
const LONGEST_NAME: usize = 200;

/// What a note is made from.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// HubSpot's id of the ticket.
    pub ticket_id: &'a str,
    /// What was decided.
    pub verdict: &'a Verdict,
    /// The category as people call it.
    pub category_label: &'a str,
    /// The team as people call it.
    pub team_label: &'a str,
    /// Who ran the model.
    pub provider: Provider,
    /// The model's name.
    pub model: &'a str,
    /// Personal data was removed before the text was sent.
    pub redacted: bool,
    /// When it was decided.
    pub at: Timestamp,
    /// By this the note is found again; letters, digits and hyphens.
    pub marker: &'a str,
}

/// The note as HTML.
pub fn note(note: &Note<'_>) -> String {
    let Note { verdict, marker, .. } = note;
    let mut html =
        String::from("<p><strong>Triage by a language model. No person has checked it.</strong></p>");
    let mut add = |part: String| html.push_str(&part);
    add(format!("<p>{}</p>", text(&verdict.summary, LONGEST_TEXT)));
    add(format!(
        "<ul><li>Priority: <strong>{}</strong></li><li>Category: {}</li><li>Team: {}</li><li>Sentiment: {}</li>\
         <li>Confidence: {}</li></ul>",
        verdict.priority,
        text(note.category_label, LONGEST_NAME),
        text(note.team_label, LONGEST_NAME),
        verdict.sentiment,
        in_words(verdict.confidence),
    ));
    add(format!("<p>Why: {}</p>", text(&verdict.reason, LONGEST_TEXT)));
    let by = match (note.provider, note.redacted) {
        (Provider::Local, _) => "on your machine",
        (Provider::Groq, true) => "by Groq, redacted",
        (Provider::Groq, false) => "by Groq, unredacted",
    };
    let at = note.at.to_rfc3339();
    let day = at.get(..10).unwrap_or_default();
    let minute = at.get(11..16).unwrap_or_default();
    add(format!(
        "<p>Model: {} {by}, {day} {minute} UTC. To remove this note: orchestrator triage undo {}. \
         Reference: {marker}</p>",
        text(note.model, LONGEST_NAME),
        text(note.ticket_id, 255),
    ));
    html
}

/// A fingerprint of what a note says, whatever HubSpot made of its tags: it tells whether a person has edited it.
pub fn digest(html: &str) -> String {
    let mut said = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '<' => rest = rest.split_once('>').map_or("", |(_, after)| after),
            '&' => {
                let (decoded, after) = entity(rest);
                said.push(decoded);
                rest = after;
            }
            _ => said.push(c),
        }
    }
    said.retain(|c| !c.is_whitespace());
    let hash = Sha256::digest(said.as_bytes());
    hash.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The character that a reference behind `&` stands for, and what follows it.
fn entity(rest: &str) -> (char, &str) {
    let Some((name, after)) = rest.split_once(';').filter(|(name, _)| name.len() <= 8) else {
        return ('&', rest);
    };
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    });
    let decoded = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => number.and_then(char::from_u32),
    };
    decoded.map_or(('&', rest), |c| (c, after))
}

/// Foreign text as it may stand between tags: no markup, nothing invisible, and no address that would become a link.
fn text(foreign: &str, most_chars: usize) -> String {
    let visible = without_invisible(foreign);
    let lines = visible.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let joined = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let mut kept: String = joined.chars().take(most_chars).collect();
    if kept.len() < joined.len() {
        kept.push('…');
    }
    let mut html = String::with_capacity(kept.len());
    for (at, c) in kept.char_indices() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            ':' if kept[at + 1..].starts_with("//") => html.push_str("[:]"),
            '.' if ends_in_www(&kept[..at]) => html.push_str("[.]"),
            _ => html.push(c),
        }
    }
    if html.is_empty() { "–".to_owned() } else { html }
}

fn ends_in_www(before: &str) -> bool {
    before.len() >= 3 && before.get(before.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests;
