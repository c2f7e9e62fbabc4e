//! Characters that a reader cannot see but a model, a terminal or a pattern does.

/// What shows nothing and is not white space: control characters, marks of direction, zero-width characters, soft
/// hyphens, tags and variation selectors (alphabets that nobody sees), letters that are drawn as blanks, and what is no
/// character. Joiners (U+200C, U+200D) are not among them: some scripts and emoji need them.
/// Source: Unicode 17, Default_Ignorable_Code_Point, Bidi_Control, Cc, and Egyptian format controls.
pub(crate) fn is_invisible(c: char) -> bool {
    // Nearly all characters that are ever looked at.
    if matches!(c, ' '..='~') {
        return false;
    }
    let control = c.is_control() && !c.is_whitespace();
    let ignorable = matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}');
    let blank = matches!(c, '\u{2800}' | '\u{FFF9}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}' | '\u{1D159}');
    let no_character = matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE;
    control || ignorable || blank || no_character
}

/// The text without such characters, so that none can hide a piece of it from a pattern or tell a model what a reader
/// does not see. Joiners stay where scripts and emoji need them: between characters that are not ASCII.
pub fn without_invisible(text: &str) -> String {
    if !text.chars().any(|c| is_invisible(c) || is_joiner(c)) {
        return text.to_owned();
    }
    let mut visible = String::with_capacity(text.len());
    let mut chars = text.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = chars.next() {
        let joins = |neighbour: Option<&char>| neighbour.is_some_and(|n| !n.is_ascii() && !is_joiner(*n));
        if !is_joiner(c) || joins(visible.chars().next_back().as_ref()) && joins(chars.peek()) {
            visible.push(c);
        }
    }
    visible
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_goes_and_spelling_stays() {
        for (text, expected) in [
            ("a\u{200b}b\u{ad}c\u{feff}d\u{2063}e", "abcde"),
            ("a\u{202e}b\u{2069}c\0d\u{1b}e\u{9b}f", "abcdef"),
            // Letters hidden in tags and in variation selectors.
            ("x\u{e0041}\u{e007f}\u{fe01}\u{e0101}\u{e01ef}y", "xy"),
            ("\u{3164}\u{2800}\u{1160}\u{ffa0}\u{1d159}", ""),
            ("a\n\tb\u{a0}c\u{2028}d", "a\n\tb\u{a0}c\u{2028}d"),
            ("می\u{200c}خواهم 👩\u{200d}💻", "می\u{200c}خواهم 👩\u{200d}💻"),
            ("a\u{200d}b \u{200c}\u{200c} é\u{200d}\u{200d}é é\u{200d}", "ab  é\u{200d}é é"),
            ("e\u{301} हिन्दी ไทย", "e\u{301} हिन्दी ไทย"),
        ] {
            assert_eq!(without_invisible(text), expected, "{text:?}");
        }
    }
}
