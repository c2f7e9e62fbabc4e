//! Characters that a reader cannot see but a model, a terminal or a pattern does.

/// Control characters other than line break and tab, Unicode tag characters (an invisible alphabet), and characters
/// that reverse the reading direction of what follows.
pub(crate) fn is_deceptive(c: char) -> bool {
    let tag = matches!(c, '\u{E0000}'..='\u{E007F}');
    let direction = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    tag || direction || (c.is_control() && c != '\n' && c != '\t')
}

/// What shows nothing and is not white space: see [`is_deceptive`], and zero-width characters, soft hyphens, and
/// letters that are drawn as blanks.
pub(crate) fn is_invisible(c: char) -> bool {
    let zero_width =
        matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}'..='\u{2065}' | '\u{FEFF}' | '\u{61C}');
    let blank = matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}'
    );
    zero_width || blank || (is_deceptive(c) && !c.is_whitespace())
}

/// The text without such characters, so that none can hide a piece of it from a pattern. Joiners stay where scripts and
/// emoji need them: between characters that are not ASCII.
pub(crate) fn without_invisible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    let mut chars = text.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = chars.next() {
        let joins =
            !visible.ends_with(|c: char| c.is_ascii()) && chars.peek().is_some_and(|next| !next.is_ascii());
        if joins || !matches!(c, '\u{200C}' | '\u{200D}') {
            visible.push(c);
        }
    }
    visible
}
