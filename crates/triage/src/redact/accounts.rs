//! Finds bank account and payment card numbers by their check digits.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::digits::{Group, is_dash, is_space, runs};
use super::words::{char_after, char_before};

/// How long an account number is in each country that takes part.
#[rustfmt::skip]
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22), ("BH", 22),
    ("BI", 27), ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24), ("DE", 22), ("DJ", 27),
    ("DK", 18), ("DO", 28), ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18), ("FK", 18), ("FO", 18), ("FR", 27),
    ("GB", 22), ("GE", 22), ("GI", 23), ("GL", 18), ("GR", 27), ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28),
    ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26), ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28),
    ("LC", 32), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21), ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22),
    ("MK", 19), ("MN", 20), ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28), ("NL", 18), ("NO", 15), ("OM", 23),
    ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22), ("RU", 33), ("SA", 24),
    ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25), ("SV", 28),
    ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20), ("YE", 30),
];

static IBAN_START: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\b(?:iban)?|_)([a-z]{2}[0-9]{2})").expect("the pattern is constant and valid")
});

/// IBANs with a valid check number, in any case, with or without spaces.
pub(super) fn ibans(text: &str) -> Vec<Range<usize>> {
    let mut hits: Vec<Range<usize>> = Vec::new();
    for start in IBAN_START.captures_iter(text).filter_map(|found| found.get(1)) {
        let free = hits.last().is_none_or(|last| last.end <= start.start());
        hits.extend(iban_end(text, start.start()).filter(|_| free).map(|end| start.start()..end));
    }
    hits
}

fn iban_end(text: &str, start: usize) -> Option<usize> {
    let mut letters = String::new();
    let mut gap = false;
    for (offset, c) in text[start..].char_indices() {
        if !c.is_ascii_alphanumeric() {
            if gap || !(is_space(c) || is_dash(c) || c == '.') {
                return None;
            }
            gap = true;
            continue;
        }
        gap = false;
        letters.push(c.to_ascii_uppercase());
        let end = start + offset + 1;
        let known = IBAN_LENGTHS.iter().find(|(country, _)| letters.starts_with(country));
        // Where the length is known, a word may follow at once: `DE89370400440532013000BIC`.
        let goes_on = |c: char| if known.is_some() { c.is_ascii_digit() } else { c.is_ascii_alphanumeric() };
        let ends = !char_after(text, end).is_some_and(goes_on);
        let long_enough =
            known.map_or(letters.len() >= 15 && has_digits(&letters, 8), |(_, len)| letters.len() == *len);
        if ends && long_enough && is_iban(&letters) {
            return Some(end);
        }
        if letters.len() == known.map_or(34, |(_, len)| *len) {
            return None;
        }
    }
    None
}

fn has_digits(letters: &str, least: usize) -> bool {
    letters.bytes().filter(u8::is_ascii_digit).count() >= least
}

fn is_iban(letters: &str) -> bool {
    let (head, account) = letters.split_at(4);
    let remainder =
        account.chars().chain(head.chars()).filter_map(|c| c.to_digit(36)).fold(0, |sum, value| {
            let shifted = if value < 10 { sum * 10 } else { sum * 100 };
            (shifted + value) % 97
        });
    remainder == 1
}

/// Card numbers of 13 to 19 digits whose check digit is right, without gaps or grouped as cards are: fours or eights
/// with a shorter last one, or one of the uneven kinds.
pub(super) fn cards(text: &str) -> Vec<Range<usize>> {
    runs(text).iter().flat_map(|run| cards_in(text, run, is_grouped)).collect()
}

/// Card numbers with any spaces and dashes, but no piece of something with more dashes. To be asked after the telephone
/// numbers are gone: every tenth pair of them would pass for a card.
pub(super) fn oddly_grouped_cards(text: &str) -> Vec<Range<usize>> {
    let pieces = |run: Vec<Group>| cards_in(text, &run, |_| true);
    let dash = |c: Option<char>| c.is_some_and(is_dash);
    let whole = |hit: &Range<usize>| !dash(char_before(text, hit.start)) && !dash(char_after(text, hit.end));
    runs(text).into_iter().flat_map(pieces).filter(whole).collect()
}

fn is_grouped(groups: &[Group]) -> bool {
    let lens: Vec<usize> = groups.iter().map(|group| group.values.len()).collect();
    let (most, last) = lens.split_at(lens.len() - 1);
    let alike = most.iter().all(|len| *len == lens[0] && matches!(len, 4 | 8)) && last[0] <= lens[0];
    alike || matches!(lens[..], [4, 6, 4 | 5] | [6, 13])
}

/// Only those with space or the punctuation of a sentence around them: safe to take before anything else is looked
/// for, so that `password: 4111 1111 1111 1111` is not half taken as a password.
pub(super) fn free_standing_cards(text: &str) -> Vec<Range<usize>> {
    let opens = |c: char| c.is_whitespace() || "([{<\"':,;".contains(c);
    let closes = |c: char| c.is_whitespace() || ")]}>\"',;!?".contains(c);
    let free = |hit: &Range<usize>| {
        let ends_sentence = text[hit.end..].starts_with(['.', ':'])
            && char_after(text, hit.end + 1).is_none_or(char::is_whitespace);
        char_before(text, hit.start).is_none_or(opens)
            && (ends_sentence || char_after(text, hit.end).is_none_or(closes))
    };
    cards(text).into_iter().filter(free).collect()
}

/// Every stretch of whole groups that is a card number; stretches that overlap go together.
fn cards_in(text: &str, run: &[Group], shaped: fn(&[Group]) -> bool) -> Vec<Range<usize>> {
    let mut hits: Vec<Range<usize>> = Vec::new();
    for first in 0..run.len() {
        let after_plus = text[..run[first].range.start].ends_with('+');
        // Up to 15 digits after a plus sign are a telephone number.
        let least = if after_plus { 16 } else { 13 };
        let mut digits: Vec<u8> = Vec::new();
        for (last, group) in run.iter().enumerate().skip(first) {
            let gap_ok = last == first || {
                let gap = &text[run[last - 1].range.end..group.range.start];
                gap.chars().all(|c| is_space(c) || is_dash(c))
            };
            digits.extend(&group.values);
            if !gap_ok || digits.len() > 19 {
                break;
            }
            if digits.len() >= least && passes_luhn(&digits) && shaped(&run[first..=last]) {
                let hit = run[first].range.start..group.range.end;
                match hits.last_mut().filter(|before| hit.start < before.end) {
                    Some(before) => before.end = before.end.max(hit.end),
                    None => hits.push(hit),
                }
            }
        }
    }
    hits
}

fn passes_luhn(digits: &[u8]) -> bool {
    let doubled = |(place, digit): (usize, &u8)| match place % 2 {
        0 => u32::from(*digit),
        _ => [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][usize::from(*digit)],
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}
