//! What counts as the edge of a word when a finder decides whether a hit stands on its own.

/// `a` and `b`, neighbours in a text, belong to one word. Scripts written without spaces have no edges, so there two
/// neighbours never do.
pub(super) fn joined(a: char, b: char) -> bool {
    is_word(a) && is_word(b) && !is_spaceless(a) && !is_spaceless(b)
}

/// The character before `at`, if it belongs to a word with spaces around it.
pub(super) fn attached_before(text: &str, at: usize) -> bool {
    char_before(text, at).is_some_and(|c| is_word(c) && !is_spaceless(c))
}

/// As [`attached_before`], for the character that begins at `at`.
pub(super) fn attached_after(text: &str, at: usize) -> bool {
    char_after(text, at).is_some_and(|c| is_word(c) && !is_spaceless(c))
}

/// The character that ends at byte `at`.
pub(super) fn char_before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

/// The character that begins at byte `at`.
pub(super) fn char_after(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}

fn is_word(c: char) -> bool {
    let combining_mark = matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}');
    c.is_alphanumeric() || combining_mark
}

/// Thai, Lao, Myanmar, Khmer, kana, Han; and Hangul, whose particles follow a name without a space.
fn is_spaceless(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}
