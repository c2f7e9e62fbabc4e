//! Finds e-mail and IP addresses.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::words::{attached_after, attached_before, char_before};

/// The characters that delimit the parts of a URL and the cells of a table are left out of the local part, though the
/// standard allows them.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        (?: "[^"\s@]+(?:\ [^"\s@]+)*" | [\p{L}\p{N}_][\p{L}\p{N}\p{M}._%+'’~!$*-]* )
        (?: @ | ＠ | %40 )
        (?: (?:[\p{L}\p{N}_][\p{L}\p{N}\p{M}_-]*\.)+ (?:[Xx][Nn]--[A-Za-z0-9-]+ | [\p{L}\p{M}]{2,})
          | \[(?:IPv6:)?[0-9a-fA-F:.]+\] )"#,
    )
    .expect("the pattern is constant and valid")
});

/// E-mail addresses, without a `mailto:` before them.
pub(super) fn emails(text: &str) -> Vec<Range<usize>> {
    EMAIL.find_iter(text).map(|found| found.range()).collect()
}

static DOTTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9]+(?:\.[0-9]+)+").expect("the pattern is constant and valid"));

/// IPv4 addresses. Four valid octets that stand alone are one, even if they might be a version: only `v1.2.3.4`,
/// `version 1.2.3.4` and numbers with more or fewer parts are certain not to be.
pub(super) fn ipv4(text: &str) -> Vec<Range<usize>> {
    let dotted = DOTTED.find_iter(text).filter(|found| {
        let mut octets = found.as_str().split('.');
        let valid = |octet: &str| octet.len() <= 3 && octet.parse::<u16>().is_ok_and(|value| value <= 255);
        octets.clone().count() == 4 && octets.all(valid) && stands_alone(text, found.range())
    });
    dotted.map(|found| found.range()).collect()
}

static VERSION_WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^\p{L}])(?:versi[oó]n|versão|versione|versie|ver\.?|build|release|firmware)[ \t]*[:=]?[ \t]*$")
        .expect("the pattern is constant and valid")
});

fn stands_alone(text: &str, hit: Range<usize>) -> bool {
    let within_dots = char_before(text, hit.start) == Some('.') && attached_before(text, hit.start - 1);
    let before = &text[hit.start - tail_len(text, hit.start, 12)..hit.start];
    !attached_before(text, hit.start)
        && !within_dots
        && !attached_after(text, hit.end)
        && !VERSION_WORD.is_match(before)
}

/// How many bytes the last `chars` characters before `at` have.
fn tail_len(text: &str, at: usize, chars: usize) -> usize {
    text[..at].chars().rev().take(chars).map(char::len_utf8).sum()
}

static COLONS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:[0-9A-Fa-f]{0,4}:){2,}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4})(?:%[0-9A-Za-z_.~-]+)?",
    )
    .expect("the pattern is constant and valid")
});

/// IPv6 addresses, with what follows a `%`. Neither times nor paths such as `std::vector` are any.
pub(super) fn ipv6(text: &str) -> Vec<Range<usize>> {
    COLONS.find_iter(text).filter_map(|found| ipv6_within(text, found.range())).collect()
}

fn ipv6_within(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let Range { mut start, mut end } = found;
    // "interface:fe80::1" is found from "face:" on: what is glued to a word goes first.
    if attached_before(text, start) {
        start += text[start..end].find(':')? + 1;
    }
    if attached_after(text, end) && !text[start..end].contains('%') {
        end = start + text[start..end].rfind(':')? + 1;
    }
    let whole = trimmed(text, start..end);
    let without_first =
        text[whole.clone()].find(':').map(|colon| trimmed(text, whole.start + colon + 1..whole.end));
    let without_last =
        text[whole.clone()].rfind(':').map(|colon| trimmed(text, whole.start..whole.start + colon));
    [Some(whole), without_first, without_last].into_iter().flatten().find(|part| is_ipv6(&text[part.clone()]))
}

/// Without a single colon or dots at either end; `::` at an end belongs to the address.
fn trimmed(text: &str, part: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = part;
    if text[start..end].starts_with(':') && !text[start..end].starts_with("::") {
        start += 1;
    }
    end -= text[start..end].len() - text[start..end].trim_end_matches('.').len();
    if text[start..end].ends_with(':') && !text[start..end].ends_with("::") {
        end -= 1;
    }
    start..end
}

fn is_ipv6(part: &str) -> bool {
    let address = part.split_once('%').map_or(part, |(address, _)| address);
    // `dead::beef` is rather a path in a program; three colons or a digit make it an address.
    let telling =
        address.bytes().any(|b| b.is_ascii_digit()) || address.bytes().filter(|b| *b == b':').count() > 2;
    telling && address.parse::<Ipv6Addr>().is_ok()
}
