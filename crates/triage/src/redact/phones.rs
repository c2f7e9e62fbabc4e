//! Finds telephone numbers. There is no check digit, so it is a judgement: a plus sign, an area code in parentheses, a
//! leading zero, a word such as "call" shortly before, or digits grouped the way telephone numbers are. Amounts,
//! dates, versions and the numbers of orders and tickets are kept where they can be told.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::digits::{Group, is_dash, is_space, runs};
use super::words::{attached_before, char_before};

const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// More groups than a number can have.
const FAR_GROUPS: usize = 24;

/// Telephone numbers, in order.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    for run in runs(text) {
        for groups in run.split_inclusive(|group| group.attached).map(|groups| without_words(text, groups)) {
            let several = count(groups) > *DIGITS.end();
            let mut next = 0;
            while next < groups.len() {
                match Candidate::at(text, groups, next, several) {
                    Some(candidate) if candidate.is_phone() => {
                        hits.push(candidate.range());
                        next += candidate.groups.len();
                    }
                    Some(_) | None => next += 1,
                }
            }
        }
    }
    hits
}

/// The groups without a last one that belongs to a word, unless that word only follows an international number:
/// `+49 30 1234567Fax`, as text looks that was taken out of a page.
fn without_words<'r>(text: &str, groups: &'r [Group]) -> &'r [Group] {
    match groups.split_last() {
        Some((last, rest))
            if last.attached && (last.attached_before || lead(text, &groups[0]) != Lead::Plus) =>
        {
            rest
        }
        Some(_) | None => groups,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Plus,
    DoubleZero,
    Zero,
    Parenthesis,
    Plain,
}

struct Candidate<'t> {
    text: &'t str,
    groups: &'t [Group],
    lead: Lead,
}

impl<'t> Candidate<'t> {
    /// The number that could begin at a group: at the first, or at a later one that begins as numbers do. A run of
    /// `several` numbers has more digits than one can have.
    fn at(text: &'t str, run: &'t [Group], first: usize, several: bool) -> Option<Self> {
        let lead = lead(text, &run[first]);
        let after_space =
            first == 0 || text[..run[first].range.start].trim_end_matches('(').ends_with(is_space);
        let begins = match lead {
            Lead::Plus | Lead::Parenthesis => true,
            Lead::DoubleZero | Lead::Zero => first == 0 || (after_space && run[first].values.len() > 1),
            Lead::Plain => first == 0 || (after_space && several),
        };
        let rest = &run[first..run.len().min(first + FAR_GROUPS)];
        let most = if lead == Lead::DoubleZero { DIGITS.end() + 2 } else { *DIGITS.end() };
        let fitting = (1..=rest.len()).take_while(|len| count(&rest[..*len]) <= most).last()?;
        let next = next_number(text, rest);
        let groups = match lead {
            Lead::Plus | Lead::DoubleZero | Lead::Zero | Lead::Parenthesis => {
                &rest[..next.map_or(fitting, |next| next.min(fitting))]
            }
            Lead::Plain => {
                let space = if several { next_space(text, rest) } else { None };
                let len = next.into_iter().chain(space).min().unwrap_or(rest.len());
                rest.get(..len).filter(|part| part.len() <= fitting)?
            }
        };
        begins.then_some(Self { text, groups, lead })
    }

    fn is_phone(&self) -> bool {
        let digits = self.digits();
        let national = DIGITS.contains(&digits) && !self.is_amount();
        match self.lead {
            Lead::Plus => DIGITS.contains(&digits) && !self.plus_is_sum(),
            Lead::DoubleZero => {
                let stands_alone = !self.is_inside_identifier() && !self.is_labelled_plainly();
                (9..=DIGITS.end() + 2).contains(&digits)
                    && !self.is_amount()
                    && (stands_alone || self.follows_word())
            }
            Lead::Parenthesis => national,
            Lead::Zero => national && (self.has_area_code() || self.follows_word() || self.is_zero_led()),
            Lead::Plain => national && (self.has_area_code() || self.follows_word() || self.is_grouped()),
        }
    }

    /// With the plus sign, and the parenthesis if it is closed within.
    fn range(&self) -> Range<usize> {
        let first = self.groups[0].range.start;
        let mut start = first;
        if self.lead == Lead::Plus {
            start = self.before_plus();
        }
        if char_before(self.text, start) == Some('(') && self.gaps().any(|gap| gap.contains(')')) {
            start -= 1;
        }
        start..self.end()
    }

    fn end(&self) -> usize {
        self.groups[self.groups.len() - 1].range.end
    }

    fn digits(&self) -> usize {
        count(self.groups)
    }

    fn gaps(&self) -> impl Iterator<Item = &'t str> {
        self.groups.windows(2).map(|pair| &self.text[pair[0].range.end..pair[1].range.start])
    }

    /// `a+1234567`, `5+1234567`
    fn plus_is_sum(&self) -> bool {
        attached_before(self.text, self.before_plus())
    }

    fn before_plus(&self) -> usize {
        let start = self.groups[0].range.start;
        start - char_before(self.text, start).map_or(0, char::len_utf8)
    }

    /// `1 (202) 555-0142`
    fn has_area_code(&self) -> bool {
        self.gaps().any(|gap| gap.contains(')'))
    }

    fn is_amount(&self) -> bool {
        let before = before(self.text, self.groups[0].range.start);
        let decimals_before =
            before.strip_suffix([',', '.']).is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()));
        decimals_before || CURRENCY_BEFORE.is_match(before) || AMOUNT_AFTER.is_match(&self.text[self.end()..])
    }

    /// "order 0123456789": only a number without a gap can be the order's.
    fn is_labelled_plainly(&self) -> bool {
        self.groups.len() == 1 && (self.is_labelled() || self.is_inside_identifier())
    }

    fn is_labelled(&self) -> bool {
        LABEL.is_match(before(self.text, self.groups[0].range.start))
    }

    /// `INV-0123456789`, `/0123456789`, `#0123456789`
    fn is_inside_identifier(&self) -> bool {
        let start = self.groups[0].range.start;
        match char_before(self.text, start) {
            Some('#') => true,
            Some(c) if is_dash(c) || matches!(c, '/' | '.') => {
                char_before(self.text, start - c.len_utf8()).is_some_and(char::is_alphanumeric)
            }
            Some(_) | None => false,
        }
    }

    fn follows_word(&self) -> bool {
        !self.is_labelled() && PHONE_WORD.is_match(before(self.text, self.groups[0].range.start))
    }

    fn is_zero_led(&self) -> bool {
        let first = &self.groups[0].values;
        // `0.1234567` and the `0-5` of a record's address.
        let alone =
            first.as_slice() == [0] && !self.gaps().next().is_some_and(|gap| gap.chars().all(is_space));
        let long_enough = self.groups.len() > 1 || self.digits() >= 9;
        !alone && long_enough && !self.is_inside_identifier() && !self.is_labelled_plainly()
    }

    /// Grouped as telephone numbers are, and not as amounts, years, versions or lists are.
    fn is_grouped(&self) -> bool {
        let lens: Vec<usize> = self.groups.iter().map(|group| group.values.len()).collect();
        let digits = self.digits();
        let dotted = !lens.is_empty() && self.gaps().all(|gap| gap == ".");
        let spaced = self.gaps().all(|gap| gap.chars().all(is_space));
        let thousands = spaced && lens[0] <= 3 && lens[1..].iter().all(|len| *len == 3) && digits <= 8;
        let after_year =
            lens.len() == 2 && lens[0] == 4 && matches!(self.groups[0].values[..], [1, 9, ..] | [2, 0, ..]);
        if lens.len() < 2 || self.is_labelled() || self.is_inside_identifier() || thousands || after_year {
            return false;
        }
        if self.gaps().any(|gap| gap.contains('/')) {
            return false;
        }
        if dotted {
            return lens == [3, 3, 4] || (lens.len() >= 4 && lens.iter().all(|len| *len == 2));
        }
        if lens.len() == 2 {
            return lens.iter().all(|len| *len >= if spaced { 3 } else { 2 });
        }
        digits >= lens.len() * 2
    }
}

fn lead(text: &str, group: &Group) -> Lead {
    let before = char_before(text, group.range.start);
    match (before, &group.values[..]) {
        (Some('+' | '＋'), _) => Lead::Plus,
        (_, [0, 0, 1..=9, ..]) => Lead::DoubleZero,
        (_, [0, ..]) => Lead::Zero,
        (Some('('), _) if text[group.range.end..].starts_with(')') => Lead::Parenthesis,
        _ => Lead::Plain,
    }
}

/// Where, after a complete number, the next one begins in the same run: `0171 1234567 0172 7654321`.
fn next_number(text: &str, groups: &[Group]) -> Option<usize> {
    (1..groups.len()).find(|at| {
        let begins = match lead(text, &groups[*at]) {
            Lead::Zero | Lead::DoubleZero => text[..groups[*at].range.start].ends_with(is_space),
            Lead::Parenthesis => groups[*at].values.len() > 1,
            Lead::Plus | Lead::Plain => false,
        };
        begins && DIGITS.contains(&count(&groups[..*at])) && count(&groups[*at..]) >= *DIGITS.start()
    })
}

/// Where the first space is, for `202-555-0142 202-555-0143`.
fn next_space(text: &str, groups: &[Group]) -> Option<usize> {
    (1..groups.len()).find(|at| text[groups[at - 1].range.end..groups[*at].range.start].contains(is_space))
}

fn count(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.values.len()).sum()
}

/// The last 48 characters before a number: as far as a word can be from it.
fn before(text: &str, at: usize) -> &str {
    let len: usize = text[..at].chars().rev().take(48).map(char::len_utf8).sum();
    &text[at - len..at]
}

static PHONE_WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?: (?:^|[^\p{L}\[])
            (?: tel | t[eé]l[eé](?:phone|fono|fone)? | telef[oó]n\p{L}* | telefoon\p{L}* | phones? | smartphone | call(?:s|ed|ing|back)?
              | mobile? | mobil(?:nummer|telefon) | m[oó]vil | cell(?:phone|ulare?)? | celular | handy\p{L}* | fax
              | whats\s?app | wa\.me | sms | ring | gsm | portable | rufnummer | durchwahl | anruf\p{L}* | rückruf\p{L}*
              | r[uü]f | hotline | dial | телефон\p{L}* | тел )
            (?: [^\p{L}\p{Nd}\n][^\p{Nd}\n]{0,14} )?
          | (?: 电话 | 電話 | 手机 | 手機 | 携帯 | 전화 | 휴대폰 ) [^\p{Nd}\n]{0,15}
        )$",
    )
    .expect("the pattern is constant and valid")
});

static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi) (?:^|[^\p{L}])
        (?: order | ticket | case | invoice | ref(?:erence)? | id | sku | isbn | ean | serial | tracking | po | rma | version | build
          | (?:customer|client|account|user|member|contract|vat|tax)[\s_-]*(?:id|number|num|no|nr)
          | bestell(?:ung|nummer|nr) | auftrag(?:snummer|snr)? | rechnung(?:snummer|snr)? | kundennummer | kundennr
          | vorgang(?:snummer|snr)? | commande | facture | pedido | factura | fattura | ordine | bestelling | factuur )
        (?: [\s_-]*(?:id|number|num|no|nr|nummer|num[eé]ro|n[uú]mero|n°) )?
        [\s.:\#=_-]*$",
    )
    .expect("the pattern is constant and valid")
});

static CURRENCY_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:[$€£¥₹₽₩₺]|(?:^|[^\p{L}])(?:USD|EUR|GBP|CHF|JPY|INR|Rs\.?))\s?-?$")
        .expect("the pattern is constant and valid")
});

static AMOUNT_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A(?:,[0-9]|\s?(?:[$€£¥₹₽₩₺%]|(?:USD|EUR|GBP|CHF|JPY|INR)\b))")
        .expect("the pattern is constant and valid")
});
