//! Finds the personal names that the caller knows: literally, as whole words, the longest first.

use std::collections::BTreeMap;
use std::ops::Range;

use super::words::{char_after, char_before, joined};

/// Names ready to be looked for.
pub(super) struct Names {
    /// By the first character in lower case; within it the longest first.
    by_first: BTreeMap<char, Vec<Name>>,
}

struct Name {
    /// A single space stands for any run of white space. Folded when the case does not matter.
    pattern: Vec<char>,
    any_case: bool,
}

/// The parts of a full name, which people also use alone; not its small words ("van", "de"), which are everyday ones.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let is_full = name.split_whitespace().nth(1).is_some();
    name.split_whitespace().filter(move |part| {
        is_full
            && part.chars().count() >= 3
            && part.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_lowercase())
    })
}

impl Names {
    pub(super) fn new(entries: &[String]) -> Self {
        let mut by_first: BTreeMap<char, Vec<Name>> = BTreeMap::new();
        for entry in entries.iter().map(String::as_str).chain(entries.iter().flat_map(|entry| parts(entry))) {
            let words: Vec<&str> = entry.split_whitespace().collect();
            let plain = words.join(" ");
            let chars = plain.chars().count();
            if chars < 2 {
                continue;
            }
            // Two letters in any case would take "al" and "an" out of ordinary prose.
            let any_case = words.len() >= 2 || chars >= 3;
            let pattern: Vec<char> = plain.chars().flat_map(|c| spelled(c, any_case)).collect();
            if let Some(first) = pattern.first().and_then(|c| fold(*c).next()) {
                by_first.entry(first).or_default().push(Name { pattern, any_case });
            }
        }
        for names in by_first.values_mut() {
            names.sort_by_key(|name| std::cmp::Reverse(name.pattern.len()));
        }
        Self { by_first }
    }

    /// Where names stand in `text`.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        if self.by_first.is_empty() {
            return hits;
        }
        let mut at = 0;
        while let Some(c) = char_after(text, at) {
            let inside_word = char_before(text, at).is_some_and(|before| joined(before, c));
            match (!inside_word).then(|| self.end_at(text, at)).flatten() {
                Some(end) => {
                    hits.push(at..end);
                    at = end;
                }
                None => at += c.len_utf8(),
            }
        }
        hits
    }

    fn end_at(&self, text: &str, at: usize) -> Option<usize> {
        let first = char_after(text, at).and_then(|c| fold(straight(c)).next())?;
        let ends_word = |end: usize| match (char_before(text, end), char_after(text, end)) {
            (Some(last), Some(next)) => !joined(last, next),
            (None, _) | (_, None) => true,
        };
        let mut ends = self.by_first.get(&first)?.iter().filter_map(|name| name.end_at(text, at));
        ends.find(|end| ends_word(*end))
    }
}

impl Name {
    /// Where the name ends if it begins at byte `at`.
    fn end_at(&self, text: &str, at: usize) -> Option<usize> {
        let mut wanted = self.pattern.as_slice();
        let mut rest = text[at..].char_indices().peekable();
        while let Some((first, _)) = wanted.split_first() {
            let (_, c) = rest.next()?;
            if *first == ' ' {
                if !c.is_whitespace() {
                    return None;
                }
                while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                wanted = &wanted[1..];
                continue;
            }
            for c in spelled(c, self.any_case) {
                wanted = wanted.strip_prefix(&[c])?;
            }
        }
        Some(rest.peek().map_or(text.len(), |(offset, _)| at + offset))
    }
}

fn spelled(c: char, any_case: bool) -> impl Iterator<Item = char> {
    let c = straight(c);
    let folded = any_case.then(|| fold(c));
    let exact = (!any_case).then_some(c);
    exact.into_iter().chain(folded.into_iter().flatten())
}

fn straight(c: char) -> char {
    if matches!(c, '\u{2018}' | '\u{2019}' | '\u{2bc}') { '\'' } else { c }
}

/// Lower case, so that STRAUSS meets Strauß and ΓΙΩΡΓΟΣ meets Γιωργος.
fn fold(c: char) -> impl Iterator<Item = char> {
    let twice = (c == 'ß' || c == 'ẞ').then_some('s');
    let c = match c {
        'ß' | 'ẞ' => 's',
        'ς' => 'σ',
        other => other,
    };
    twice.into_iter().chain(c.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str, names: &[&str]) -> String {
        let names = Names::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let mut out = text.to_owned();
        for hit in names.find(text).into_iter().rev() {
            out.replace_range(hit, "_");
        }
        out
    }

    #[test]
    fn whole_words_only_and_the_longest_first() {
        for (text, names, expected) in [
            ("Anna Smith and Anna", &["Anna", "Anna Smith"][..], "_ and _"),
            ("Anna Smithson, Annabel, Joanna", &["Anna Smith", "Anna"], "_ Smithson, Annabel, Joanna"),
            ("anna SMITH\nand ANNA\u{a0}\n smith", &["Anna Smith"], "_\nand _"),
            ("Anna's car, Anna’s car, anna_smith.pdf", &["Anna", "Smith"], "_'s car, _’s car, ___.pdf"),
            ("(Anna)/Anna-Lena", &["Anna"], "(_)/_-Lena"),
            ("Al met al and AL", &["Al"], "_ met al and AL"),
            ("Bo Li, bo li", &["bo li"], "_, _"),
            ("A b", &["A", " ", "", "b "], "A b"),
            ("O'Brien O’BRIEN", &["o’brien"], "_ _"),
            ("Dr. (x) [J.R] a.b", &["(x)", "[J.R]", "a.*"], "Dr. _ _ a.b"),
        ] {
            assert_eq!(redacted(text, names), expected, "{text:?}");
        }
    }

    #[test]
    fn any_script() {
        for (text, names, expected) in [
            ("Jürgen, JÜRGEN, Jurgen", &["jürgen"][..], "_, _, Jurgen"),
            ("Jose\u{301} and Jose", &["Jose"], "Jose\u{301} and _"),
            ("STRAUSS Strauß strauss", &["Strauß"], "_ _ _"),
            ("ΓΙΩΡΓΟΣ γιωργος", &["Γιωργος"], "_ _"),
            ("Анна Петрова, аннапетрова", &["анна петрова"], "_, аннапетрова"),
            ("田中様 は田中です", &["田中"], "_様 は_です"),
            ("김민수는 갔다", &["김민수"], "_는 갔다"),
            ("İpek ipek", &["İpek"], "_ ipek"),
        ] {
            assert_eq!(redacted(text, names), expected, "{text:?}");
        }
    }

    #[test]
    fn many_long_and_odd_names_are_no_trouble() {
        let mut names: Vec<String> = (0..20_000).map(|i| format!("Name{i} Sur.name+{i}")).collect();
        names.push("x".repeat(100_000));
        let text = "name77 SUR.NAME+77 ".repeat(100);
        assert_eq!(Names::new(&names).find(&text).len(), 100);
    }
}
