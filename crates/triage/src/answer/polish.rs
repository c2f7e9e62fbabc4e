//! A model's prose made fit for people: nothing invisible in it, no run of white space, no end in the middle of a word,
//! and no sentence over and over.

use std::collections::HashSet;

use crate::desk::phrase::is_unspaced;
use crate::invisible::without_invisible;

/// The longest group of words that is looked at for being repeated.
const MAX_GROUP_WORDS: usize = 40;

/// The text on one line.
pub(super) fn one_line(text: &str) -> String {
    without_invisible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with its line breaks, at most one blank line in a row, and no other run of white space.
pub(super) fn paragraphs(text: &str) -> String {
    let visible = without_invisible(text);
    let mut paragraphs = String::new();
    let mut blank = 0;
    for line in visible.lines().map(one_line) {
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if !paragraphs.is_empty() {
            paragraphs += if blank > 0 { "\n\n" } else { "\n" };
        }
        blank = 0;
        paragraphs += &line;
    }
    paragraphs
}

/// The text within a number of characters: whole, or up to the end of a sentence or of a word, and an ellipsis.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().nth(max_chars).is_none() {
        return text.to_owned();
    }
    // Two characters stay free for the ellipsis and the space before it.
    let room = text.char_indices().nth(max_chars.saturating_sub(2)).map_or(0, |(index, _)| index);
    // A cut that gives up more than half is worse than one in the middle of a sentence or word.
    let far_enough = |end: &usize| *end >= room / 2;
    if let Some(end) = last_sentence_end(text, room).filter(far_enough) {
        return format!("{} …", text[..end].trim_end());
    }
    let whole = text[room..].starts_with(char::is_whitespace);
    let word_end = if whole { Some(room) } else { text[..room].rfind(char::is_whitespace) };
    let end = word_end.filter(far_enough).unwrap_or(room);
    format!("{}…", text[..end].trim_end())
}

/// Whether the text says the same word eight times in a row, the same group of words four times in a row, or goes on
/// and on with the same few words.
pub(super) fn repeats_endlessly(text: &str) -> bool {
    let words = words(text);
    let in_a_row = (1..=MAX_GROUP_WORDS.min(words.len() / 2)).any(|group| {
        let times = if group == 1 { 8 } else { 4 };
        let mut same = 0;
        words.iter().zip(&words[group..]).any(|(word, later)| {
            same = if word == later { same + 1 } else { 0 };
            same >= group * (times - 1)
        })
    });
    in_a_row || has_few_words(&words)
}

/// Forty words or more, and on average each of them five times; single characters do not count, because in scripts
/// without spaces the same few make every text.
fn has_few_words(words: &[String]) -> bool {
    let long: Vec<&String> = words.iter().filter(|word| word.chars().nth(1).is_some()).collect();
    long.len() >= 40 && long.iter().collect::<HashSet<_>>().len() * 5 < long.len()
}

/// The end of the last sentence within the first `room` bytes.
fn last_sentence_end(text: &str, room: usize) -> Option<usize> {
    let mut ends = text[..room].char_indices().rev().filter_map(|(index, c)| {
        let end = index + c.len_utf8();
        let followed_by_space = text[end..].starts_with(char::is_whitespace);
        (matches!(c, '。' | '！' | '？') || (matches!(c, '.' | '!' | '?') && followed_by_space))
            .then_some(end)
    });
    ends.next()
}

/// The words in lower case without the punctuation around them; in scripts without spaces, every character is one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.to_lowercase().split(|c: char| c.is_whitespace()) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if word.chars().any(is_unspaced) {
            words.extend(word.chars().map(String::from));
        } else if !word.is_empty() {
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_goes_and_white_space_collapses() {
        for (text, expected) in [
            ("  a \n\t b\u{a0} c ", "a b c"),
            ("a\u{200b}b\u{202e}c\u{ad}d\u{e0041}e\0f\u{feff}", "abcdef"),
            ("a\u{200d}b \u{200c} \u{200d}", "ab"),
            ("می\u{200c}خواهم 👩\u{200d}💻\u{200d}", "می\u{200c}خواهم 👩\u{200d}💻"),
            ("\u{3164}\u{2800}\u{200b}", ""),
            ("line\u{b}line\rline", "line line line"),
        ] {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
        assert_eq!(
            paragraphs(" Hello  Ann,\r\n\n\n \n thank  you.\nBye\n\n"),
            "Hello Ann,\n\nthank you.\nBye"
        );
    }

    #[test]
    fn cuts_at_a_sentence_then_at_a_word_then_anywhere() {
        for (text, max, expected) in [
            ("Short.", 10, "Short."),
            ("exactly 10", 10, "exactly 10"),
            ("It broke. It is gone now and for ever.", 24, "It broke. It is gone…"),
            ("It broke down. It is gone now.", 16, "It broke down. …"),
            ("It broke down. It is gone now.", 20, "It broke down. …"),
            ("Version 1.2.3 does not start any more", 20, "Version 1.2.3 does…"),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", 10, "aaaaaaaa…"),
            ("動きません。昨日からです。助けてください", 15, "動きません。昨日からです。 …"),
            ("x", 0, "…"),
        ] {
            assert_eq!(cut(text, max), expected, "{text:?}");
        }
    }

    #[test]
    fn endless_repetition_is_seen_and_emphasis_is_not() {
        for endless in [
            "error error error error error error error error".to_owned(),
            "It is down. It is down! it is DOWN. It is down".to_owned(),
            "The customer ".repeat(30),
            "Good start, then the user the user the user the user the user".to_owned(),
            "障害".repeat(10),
            "one two three four five six seven eight nine ten. ".repeat(4),
            "die die neuen Kunden, können können, die neuen können die Kunden können neuen. "
                .repeat(5)
                .replacen("die die", "die", 2),
        ] {
            assert!(repeats_endlessly(&endless), "{endless}");
        }
        for fine in [
            "",
            "no",
            "It is very, very, very, very slow.",
            "The error repeats again and again and again.",
            "Total 10 10 10 10 20 20 20 20",
            "Invoice 10000000000 is --------------- open.",
            "サーバーが停止しています。サーバーを確認してください。",
        ] {
            assert!(!repeats_endlessly(fine), "{fine}");
        }
    }

    proptest! {
        #[test]
        fn cut_is_bounded_and_keeps_the_beginning(text in "(\\PC|[ .。]){0,200}", max in 2_usize..60) {
            let short = cut(&text, max);
            prop_assert!(short.chars().count() <= max.max(1));
            if let Some(kept) = short.strip_suffix('…').filter(|_| short != text) {
                prop_assert!(text.starts_with(kept.trim_end()));
            }
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "(?s).{0,200}") {
            let once = one_line(&text);
            prop_assert_eq!(one_line(&once), once.clone());
            prop_assert_eq!(paragraphs(&paragraphs(&text)), paragraphs(&text));
        }
    }
}
