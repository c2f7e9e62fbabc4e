//! Makes almost-JSON parseable: bytes that are no UTF-8, NUL bytes and lone surrogate escapes become U+FFFD.

/// The body with everything replaced that no JSON parser takes inside a string.
pub(super) fn body(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find(['\\', '\0']) {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match escape_at(rest) {
            Escape::Keep(length) => {
                mended.push_str(&rest[..length]);
                length
            }
            Escape::Replace(length) => {
                mended.push('\u{fffd}');
                length
            }
        };
        rest = &rest[taken..];
    }
    mended.push_str(rest);
    mended
}

enum Escape {
    Keep(usize),
    Replace(usize),
}

fn escape_at(text: &str) -> Escape {
    if text.starts_with('\0') {
        return Escape::Replace(1);
    }
    match unicode_escape(text) {
        Some(0xD800..=0xDBFF) => match text.get(6..).and_then(unicode_escape) {
            Some(0xDC00..=0xDFFF) => Escape::Keep(12),
            Some(_) | None => Escape::Replace(6),
        },
        Some(0xDC00..=0xDFFF) => Escape::Replace(6),
        Some(_) => Escape::Keep(6),
        // Another escape: the backslash and the character it protects belong together.
        None => Escape::Keep(1 + text[1..].chars().next().map_or(0, char::len_utf8)),
    }
}

fn unicode_escape(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}
