//! Groups of digits in a text, and which of them belong together as one written number: what card and telephone
//! numbers are looked for in. Dates, times and UUIDs are no numbers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::words::{attached_after, attached_before, char_after, char_before};

/// Digits without anything between them.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) range: Range<usize>,
    pub(super) values: Vec<u8>,
    /// Part of a word such as `A380` or `4f9a`.
    pub(super) attached: bool,
    /// The end of that word, as in `A380`.
    pub(super) attached_before: bool,
}

static DIGITS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9٠-٩۰-۹०-९০-৯０-９]+").expect("the pattern is constant and valid"));

/// The first digit of each script whose digits are read.
const ZEROS: [char; 6] = ['0', '٠', '۰', '०', '০', '０'];

/// All groups of the text, those that one separator joins together in one run.
pub(super) fn runs(text: &str) -> Vec<Vec<Group>> {
    let mut masks = masks(text).into_iter().peekable();
    let mut runs: Vec<Vec<Group>> = Vec::new();
    for found in DIGITS.find_iter(text) {
        while masks.next_if(|mask| mask.end <= found.start()).is_some() {}
        if masks.peek().is_some_and(|mask| mask.start < found.end()) {
            continue;
        }
        let group = Group {
            range: found.range(),
            values: found.as_str().chars().filter_map(value).collect(),
            attached: is_attached(text, found.range()),
            attached_before: is_attached_before(text, found.start()),
        };
        let joins = |run: &&mut Vec<Group>| continues(text, run, &group.range);
        match runs.last_mut().filter(joins) {
            Some(run) => run.push(group),
            None => runs.push(vec![group]),
        }
    }
    runs
}

fn continues(text: &str, run: &[Group], next: &Range<usize>) -> bool {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return false;
    };
    let gap = &text[last.range.end..next.start];
    // "(030) 1234567" is one number; "030 1234567 (9-17 h)" and "(call 030 1234567) 5 times" are more.
    let opens_well = !gap.contains('(') || text[next.end..].starts_with(')');
    let before = text[..first.range.start].trim_end_matches('+');
    let closes_well =
        !gap.contains(')') || before.ends_with('(') || text[first.range.start..last.range.end].contains('(');
    is_separator(gap) && opens_well && closes_well
}

/// A space as it is written inside numbers.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}')
}

/// A hyphen or dash as it is written inside numbers.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

fn value(c: char) -> Option<u8> {
    let offset = |zero: &char| (c as u32).checked_sub(*zero as u32).filter(|offset| *offset < 10);
    ZEROS.iter().find_map(offset).and_then(|offset| u8::try_from(offset).ok())
}

fn is_attached(text: &str, group: Range<usize>) -> bool {
    let after = attached_after(text, group.end) || char_after(text, group.end) == Some('_');
    // "555-0142x12" has an extension.
    let extension = group.len() >= 3
        && text[group.end..].starts_with(['x', 'X'])
        && char_after(text, group.end + 1).is_some_and(|c| c.is_ascii_digit());
    is_attached_before(text, group.start) || (after && !extension)
}

fn is_attached_before(text: &str, at: usize) -> bool {
    attached_before(text, at) || char_before(text, at) == Some('_')
}

fn is_separator(between: &str) -> bool {
    let dot_and_more = between.contains('.') && between.len() > 1 && between.contains(is_space);
    let mut chars = between.chars();
    !between.is_empty()
        && !dot_and_more
        && chars.by_ref().take(4).all(|c| is_space(c) || is_dash(c) || matches!(c, '.' | '/' | '(' | ')'))
        && chars.next().is_none()
}

static MASK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}
        | (?:19|20)[0-9]{2} (?: -(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])
                              | /(?:0?[1-9]|1[0-2])/(?:0[1-9]|[12][0-9]|3[01]|[1-9])
                              | \.(?:0?[1-9]|1[0-2])\.(?:0[1-9]|[12][0-9]|3[01]|[1-9]) )
          (?: [T\ ] (?:[01][0-9]|2[0-4]):?[0-5][0-9] (?: :?[0-6][0-9] (?:[.,][0-9]{1,9})? )? (?: Z | [+-][0-9]{2}:?[0-9]{2} )? )?
        | (?:0[1-9]|[12][0-9]|3[01]|[1-9])
          (?: \.(?:1[0-2]|0?[1-9])\. | -(?:1[0-2]|0?[1-9])- | /(?:[12][0-9]|3[01]|0?[1-9])/ )
          (?: (?:19|20)[0-9]{2} | [0-9]{2} )
        | (?:[01]?[0-9]|2[0-4]):[0-5][0-9] (?: :[0-6][0-9] (?:[.,][0-9]{1,9})? )? (?: Z | [+-][0-9]{2}:[0-9]{2} )?
        ",
    )
    .expect("the pattern is constant and valid")
});

/// UUIDs, dates and times that are not a piece of something longer.
fn masks(text: &str) -> Vec<Range<usize>> {
    let links = |c: char| is_dash(c) || matches!(c, '.' | '/' | ':');
    let is_digit = |c: Option<char>| c.is_some_and(|c| value(c).is_some());
    let whole = |found: &Range<usize>| {
        let before = char_before(text, found.start);
        let after = char_after(text, found.end);
        let leads_in = before
            .filter(|c| links(*c))
            .is_some_and(|c| is_digit(char_before(text, found.start - c.len_utf8())));
        let leads_on =
            after.filter(|c| links(*c)).is_some_and(|c| is_digit(char_after(text, found.end + c.len_utf8())));
        !is_digit(before) && before != Some('+') && !leads_in && !is_digit(after) && !leads_on
    };
    MASK.find_iter(text).map(|found| found.range()).filter(whole).collect()
}
