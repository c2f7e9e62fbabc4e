//! Finding a rule's phrases in a ticket: whole words, whatever their case, white space or missing accents.
//! All phrases of a rule become one automaton, built when the desk is read.

use std::fmt::Write;
use std::ops::RangeInclusive;

use regex::{Regex, RegexBuilder};

/// The longest phrase, in characters.
const MAX_CHARS: usize = 200;

/// Scripts that put no spaces between words, so that a word has no visible edge: Thai and Lao, Burmese, Khmer,
/// Japanese kana, Chinese characters.
const UNSPACED: &[RangeInclusive<char>] = &[
    '\u{0E00}'..='\u{0EFF}',
    '\u{1000}'..='\u{109F}',
    '\u{1780}'..='\u{17FF}',
    '\u{3005}'..='\u{3007}',
    '\u{3040}'..='\u{30FF}',
    '\u{31F0}'..='\u{31FF}',
    '\u{3400}'..='\u{4DBF}',
    '\u{4E00}'..='\u{9FFF}',
    '\u{F900}'..='\u{FAFF}',
    '\u{FF66}'..='\u{FF9F}',
    '\u{20000}'..='\u{3FFFF}',
];

/// A combining mark, and pairs of a letter that carries it and the letter without it.
const ACCENTS: &[(char, &[&str])] = &[
    ('\u{300}', &["àa", "èe", "ìi", "òo", "ùu"]),
    ('\u{301}', &["áa", "ée", "íi", "óo", "úu", "ýy", "ćc", "ńn", "śs", "źz"]),
    ('\u{302}', &["âa", "êe", "îi", "ôo", "ûu"]),
    ('\u{303}', &["ãa", "ñn", "õo"]),
    ('\u{307}', &["żz"]),
    ('\u{308}', &["äa", "ëe", "ïi", "öo", "üu", "ÿy"]),
    ('\u{30A}', &["åa", "ůu"]),
    ('\u{30B}', &["őo", "űu"]),
    ('\u{30C}', &["čc", "ďd", "ěe", "ňn", "řr", "šs", "ťt", "žz"]),
    ('\u{327}', &["çc", "şs"]),
    ('\u{328}', &["ąa", "ęe"]),
];

/// Letters that people spell with others where the keyboard lacks them.
const SPELLINGS: &[(char, &str)] =
    &[('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('ß', "ss"), ('æ', "ae"), ('œ', "oe"), ('ł', "l"), ('ø', "o")];

/// Whether a character belongs to a script that puts no spaces between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    UNSPACED.iter().any(|range| range.contains(&c))
}

/// One or more phrases, ready to be looked for.
#[derive(Debug, Clone)]
pub(super) struct Matcher(Regex);

impl Matcher {
    /// Phrases that [`problem_with`] has nothing against. The error says that they are too many to be looked for.
    pub(super) fn new(phrases: &[String]) -> Result<Self, String> {
        // By whether the phrase must begin, and must end, at the edge of a word.
        let mut groups: [Vec<String>; 4] = Default::default();
        for phrase in phrases {
            let first = phrase.trim().chars().next().is_some_and(has_edge);
            let last = phrase.trim().chars().next_back().is_some_and(has_edge);
            groups[usize::from(first) * 2 + usize::from(last)].push(pattern_of(phrase));
        }
        let edge = edge_class();
        let mut alternatives = Vec::new();
        for (index, group) in groups.iter().enumerate().filter(|(_, group)| !group.is_empty()) {
            let before = if index >= 2 { format!(r"(?:\A|{edge})") } else { String::new() };
            let after = if index % 2 == 1 { format!(r"(?:\z|{edge})") } else { String::new() };
            alternatives.push(format!("{before}(?:{}){after}", group.join("|")));
        }
        // An empty alternation would be found everywhere; the class of nothing is found nowhere.
        let pattern = if alternatives.is_empty() { r"[^\s\S]".to_owned() } else { alternatives.join("|") };
        let built = RegexBuilder::new(&pattern).case_insensitive(true).dfa_size_limit(16 << 20).build();
        built
            .map(Self)
            .map_err(|_| "these are too many phrases for one rule; split it into several".to_owned())
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// What is wrong with a phrase, as the end of a sentence, and what to write instead.
pub(super) fn problem_with(phrase: &str) -> Option<&'static str> {
    if phrase.trim().is_empty() {
        return Some("is empty; write one or more words, or leave it out");
    }
    if phrase.chars().count() > MAX_CHARS {
        return Some("is too long; a phrase has 200 characters at most");
    }
    if !phrase.chars().any(char::is_alphanumeric) {
        return Some("has no letter or digit; write one or more words");
    }
    for word in phrase.split_whitespace() {
        let stem = word.strip_suffix('*').unwrap_or(word);
        if stem.contains('*') {
            return Some("has a * inside a word; a * may stand only at the end of one, as in \"rechnung*\"");
        }
        if stem.len() < word.len() && stem.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
            return Some("has a * after less than two letters, which would be found nearly everywhere");
        }
    }
    None
}

/// Letters and digits of scripts that separate words; `*` is none, so a word that ends in it is open.
fn has_edge(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

/// One character that separates words, or that belongs to a script where none does.
fn edge_class() -> String {
    let mut class = r"[\W".to_owned();
    for range in UNSPACED {
        // Writing to a String cannot fail.
        let _ = write!(class, r"\x{{{:X}}}-\x{{{:X}}}", u32::from(*range.start()), u32::from(*range.end()));
    }
    class + "]"
}

fn pattern_of(phrase: &str) -> String {
    let words = phrase.split_whitespace().map(|word| {
        let stem = word.strip_suffix('*').unwrap_or(word);
        let open = if stem.len() < word.len() { r"\w*" } else { "" };
        stem.chars().map(pattern_of_char).collect::<String>() + open
    });
    words.collect::<Vec<_>>().join(r"\s+")
}

fn pattern_of_char(c: char) -> String {
    match c {
        '\'' | '’' | '‘' => return "['’‘ʼ`´]".to_owned(),
        '-' | '‐' | '‑' => return "[-‐‑–]".to_owned(),
        _ => {}
    }
    let mut forms = vec![regex::escape(&c.to_string())];
    // The automaton takes care of the case of letters; only the tables below are in lower case.
    let c = c.to_lowercase().next().unwrap_or(c);
    for (mark, pairs) in ACCENTS {
        if let Some(pair) = pairs.iter().find(|pair| pair.starts_with(c)) {
            forms.push(format!("{}{mark}?", &pair[c.len_utf8()..]));
        }
    }
    forms.extend(
        SPELLINGS.iter().filter(|(letter, _)| *letter == c).map(|(_, spelling)| (*spelling).to_owned()),
    );
    if forms.len() == 1 { forms.remove(0) } else { format!("(?:{})", forms.join("|")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(phrase: &str, text: &str) -> bool {
        Matcher::new(&[phrase.to_owned()]).unwrap().finds(text)
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        for (phrase, text) in [
            ("outage", "Outage!"),
            ("outage", "(OUTAGE)"),
            ("outage", "現在outageです"),
            ("site is down", "our site\n is\u{a0}\tDOWN."),
            ("störung", "Große STÖRUNG"),
            ("störung", "eine Sto\u{308}rung"),
            ("störung", "eine Stoerung, eine Storung"),
            ("caído", "el sistema esta CAIDO"),
            ("verstoß", "VERSTOSS"),
            ("działa", "nie dziala"),
            ("rechnung*", "die Rechnungen"),
            ("rechnung*", "Rechnung."),
            ("rechnung* falsch", "Rechnungsnummer falsch"),
            ("can't log in", "I can’t log in"),
            ("e-mail", "e‑mail"),
            ("c++", "in C++ code"),
            ("авария", "АВАРИЯ на сервере"),
            ("σφάλμας", "ΣΦΆΛΜΑΣ"),
            ("システム障害", "昨日システム障害が発生"),
            ("2回請求", "第2回請求書"),
            ("ล่ม", "ระบบล่มแล้ว"),
            ("장애*", "장애가 발생"),
            ("100%", "it fails 100% of the time"),
        ] {
            assert!(finds(phrase, text), "{phrase:?} in {text:?}");
        }
    }

    #[test]
    fn parts_of_words_and_other_accents_are_not_found() {
        for (phrase, text) in [
            ("outage", "outages"),
            ("outage", "myoutage"),
            ("site is down", "the site is downloading"),
            ("site is down", "site, is down"),
            ("rechnung*", "Abrechnung"),
            ("rechnung* falsch", "Rechnung ist falsch"),
            ("2回請求", "12回請求"),
            ("caido", "caído"),
            ("a.b", "axb"),
            ("авария", "аварияx"),
            ("장애", "장애가"),
        ] {
            assert!(!finds(phrase, text), "{phrase:?} in {text:?}");
        }
        assert!(!Matcher::new(&[]).unwrap().finds("anything"));
    }

    #[test]
    fn unusable_phrases_are_refused() {
        for bad in ["", " \n", "***", "!?", "a* b", "re*chnung", "*", "* down", "word**", &"x".repeat(201)] {
            assert!(problem_with(bad).is_some(), "{bad:?}");
        }
        for good in ["down", "rechnung* falsch", "障害", "ab*", "24/7", &"x".repeat(200)] {
            assert_eq!(problem_with(good), None, "{good:?}");
        }
    }

    proptest! {
        #[test]
        fn every_usable_phrase_is_found_where_it_stands(
            phrase in "[^*\\pC]{0,20}[\\pL\\pN][^*\\pC]{0,20}",
            open in proptest::bool::ANY,
            around in "[ .,\n]{1,3}",
        ) {
            let phrase = if open { phrase.trim().to_owned() + "yz*" } else { phrase };
            prop_assert_eq!(problem_with(&phrase), None);
            let matcher = Matcher::new(std::slice::from_ref(&phrase)).unwrap();
            let text = format!("before{around}{}{around}after", phrase.replace('*', "tail"));
            prop_assert!(matcher.finds(&text), "{phrase:?} in {text:?}");
        }

        #[test]
        fn any_phrase_builds(phrases in proptest::collection::vec(".{0,60}", 0..6), text in ".{0,200}") {
            if let Ok(matcher) = Matcher::new(&phrases) {
                matcher.finds(&text);
            }
        }
    }
}
