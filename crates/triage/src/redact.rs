//! What is removed before a ticket's text goes to a model in the cloud: addresses, numbers of people and accounts,
//! secrets, and the names the caller knows. Each removed piece becomes a readable placeholder such as `[email]`;
//! everything else stays byte for byte. In doubt a piece is removed: the model needs the story, not the number.
//!
//! Each kind has its own finder, a function from text to ranges. They run in the order of `PASSES`, the most
//! specific first, so that no finder takes half of what belongs to a later one. The whole is repeated until nothing
//! is found, which makes redaction idempotent; a placeholder is never redacted again.

mod accounts;
mod addresses;
mod assigned;
mod digits;
mod names;
mod phones;
mod secrets;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::invisible::without_invisible;
use crate::ticket::{Text, wire_enum};
use names::Names;

wire_enum! {
    /// What a removed piece was.
    Kind {
        /// An e-mail address.
        Email = "email",
        /// A telephone number, or what looks like one.
        Phone = "phone",
        /// A payment card number.
        Card = "card",
        /// An international bank account number.
        Iban = "iban",
        /// An IPv4 or IPv6 address.
        Ip = "ip",
        /// A password, key, token or other credential.
        Secret = "secret",
        /// A personal name that the caller named.
        Name = "name",
    }
}

impl Kind {
    /// What stands in the text where a piece of this kind was.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "[email]",
            Self::Phone => "[phone]",
            Self::Card => "[card]",
            Self::Iban => "[iban]",
            Self::Ip => "[ip]",
            Self::Secret => "[secret]",
            Self::Name => "[name]",
        }
    }
}

/// A ticket's text without what identifies people, and what was taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with placeholders.
    pub text: Text,
    /// How many pieces of each kind were removed; a kind without a hit is absent.
    pub counts: BTreeMap<Kind, u32>,
}

/// Replaces personal data, account numbers, secrets and `names` by placeholders. An entry of `names` is a full name or
/// a part of one and is taken literally, as whole words; full names and parts of three characters or more in any case.
pub fn redact(text: &Text, names: &[String]) -> Redacted {
    let names = Names::new(names);
    let mut counts = BTreeMap::new();
    // Characters that nobody sees must not hide an address from the patterns, to be lost again on the way.
    let subject = redact_one(&without_invisible(&text.subject), &names, &mut counts);
    let content = redact_one(&without_invisible(&text.content), &names, &mut counts);
    Redacted { text: Text { subject, content }, counts }
}

/// Finds pieces of one kind, in order and without overlap.
type Finder = fn(&str) -> Vec<Range<usize>>;

const PASSES: &[(Kind, Finder)] = &[
    (Kind::Iban, accounts::ibans),
    (Kind::Card, accounts::free_standing_cards),
    (Kind::Secret, secrets::private_keys),
    (Kind::Secret, secrets::in_urls),
    (Kind::Secret, secrets::authorizations),
    (Kind::Secret, assigned::find),
    (Kind::Secret, secrets::with_known_prefix),
    (Kind::Email, addresses::emails),
    (Kind::Secret, secrets::random_looking),
    (Kind::Ip, addresses::ipv6),
    (Kind::Ip, addresses::ipv4),
    (Kind::Card, accounts::cards),
    (Kind::Phone, phones::find),
    (Kind::Card, accounts::oddly_grouped_cards),
];

/// A removal can uncover the next (`Fax [email], 5550142`), a few times at most; text made to go on for ever stops here.
const MAX_ROUNDS: u32 = 8;

fn redact_one(text: &str, names: &Names, counts: &mut BTreeMap<Kind, u32>) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        for (kind, find) in PASSES {
            let hits = find(&text);
            changed |= replace(&mut text, *kind, &hits, counts);
        }
        let hits = names.find(&text);
        changed |= replace(&mut text, Kind::Name, &hits, counts);
        if !changed {
            break;
        }
    }
    text
}

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[(?:email|phone|card|iban|ip|secret|name)\]").expect("the pattern is constant and valid")
});

fn replace(text: &mut String, kind: Kind, hits: &[Range<usize>], counts: &mut BTreeMap<Kind, u32>) -> bool {
    let pieces = if hits.is_empty() { Vec::new() } else { outside_placeholders(text, hits) };
    if pieces.is_empty() {
        return false;
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for piece in &pieces {
        out.push_str(&text[done..piece.start]);
        out.push_str(kind.placeholder());
        done = piece.end;
    }
    out.push_str(&text[done..]);
    *text = out;
    let count = counts.entry(kind).or_default();
    *count = count.saturating_add(u32::try_from(pieces.len()).unwrap_or(u32::MAX));
    true
}

/// The hits without the placeholders inside them, and without what then is empty or blank.
fn outside_placeholders(text: &str, hits: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut placeholders = PLACEHOLDER.find_iter(text).map(|found| found.range()).peekable();
    let mut pieces = Vec::with_capacity(hits.len());
    for hit in hits {
        let mut start = hit.start;
        while placeholders.next_if(|taken| taken.end <= start).is_some() {}
        while let Some(taken) = placeholders.peek().filter(|taken| taken.start < hit.end).cloned() {
            pieces.push(start..taken.start.max(start));
            start = taken.end;
            if taken.end > hit.end {
                break;
            }
            placeholders.next();
        }
        pieces.push(start..hit.end.max(start));
    }
    pieces.retain(|piece| !text[piece.clone()].trim().is_empty());
    pieces
}
