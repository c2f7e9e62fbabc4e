//! Makes foreign text harmless in Discord: markdown shows as it was typed, nobody is mentioned, nothing is clickable,
//! and what cannot be seen is gone.
//!
//! Of the invisible characters two stay where they belong to an emoji: the joiner between two of its parts, and the
//! variation selector behind one. Letters of any script and direction stay; marks that only turn the direction go.

use crate::invisible::is_invisible;

/// Keeps a mention apart. The only invisible character that is put in.
const APART: char = '\u{200b}';

/// The text as it may stand in a title, description or field.
pub fn escape(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut line = Line::Start;
    for (at, c) in text.char_indices() {
        let before = &text[..at];
        let after = &text[at + c.len_utf8()..];
        match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '[' | ']' | '(' | ')' => out.extend(['\\', c]),
            '<' if opens_mention(after) => out.extend(['\\', '<', APART]),
            '<' => out.push_str("\\<"),
            '@' if names_everyone(after) => out.extend(['@', APART]),
            ':' if after.starts_with("//") => out.push_str("\\[:\\]"),
            '.' if is_invitation(before, after) => out.push_str("\\[.\\]"),
            '-' | '+' if line == Line::Start => out.extend(['\\', c]),
            '.' if line == Line::Number => out.push_str("\\."),
            _ => out.push(c),
        }
        line = line.after(c);
    }
    out
}

/// The visible part of a text in one line: for titles, and for footers, where Discord knows no markdown.
pub(super) fn one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Length as Discord may count it at most.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// At most `max` units of an escaped text, with an ellipsis when something is missing, and no half escape before it.
pub(super) fn cut(text: &str, max: usize) -> String {
    if units(text) <= max {
        return text.to_owned();
    }
    let mut room = max.saturating_sub(1);
    let mut end = 0;
    for c in text.chars() {
        let Some(left) = room.checked_sub(c.len_utf16()) else { break };
        room = left;
        end += c.len_utf8();
    }
    let kept = text[..end].trim_end_matches(|c: char| c.is_whitespace() || c == APART || c == JOINER);
    let backslashes = kept.len() - kept.trim_end_matches('\\').len();
    let kept = &kept[..kept.len() - backslashes % 2];
    if max == 0 { String::new() } else { format!("{kept}…") }
}

/// How far a line has come, for what only means something at its start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Start,
    Number,
    Within,
}

impl Line {
    fn after(self, c: char) -> Self {
        match (self, c) {
            (_, '\n') => Self::Start,
            (Self::Start, c) if c.is_whitespace() => Self::Start,
            (Self::Start | Self::Number, '0'..='9') => Self::Number,
            (Self::Start | Self::Number | Self::Within, _) => Self::Within,
        }
    }
}

/// A person, role, channel, command, emoji, time or place in the server, with what follows.
fn opens_mention(after: &str) -> bool {
    after.starts_with(['@', '#', ':', '/']) || ["a:", "t:", "id:"].iter().any(|name| starts_with(after, name))
}

fn names_everyone(after: &str) -> bool {
    ["everyone", "here"].iter().any(|name| starts_with(after, name))
}

/// The dot of `discord.gg/…` and its like, which become a link without a scheme.
fn is_invitation(before: &str, after: &str) -> bool {
    let ends_with = |name: &str| {
        before
            .len()
            .checked_sub(name.len())
            .and_then(|from| before.get(from..))
            .is_some_and(|end| end.eq_ignore_ascii_case(name))
    };
    ["discord", "discordapp", "dsc"].into_iter().any(ends_with)
        && after.starts_with(|next: char| next.is_ascii_alphabetic())
}

fn starts_with(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

const JOINER: char = '\u{200d}';

/// More lines would push everything else out of the reader's window; the rest follows on the last one.
const MAX_LINE_BREAKS: u32 = 24;

/// Without what cannot be seen; at most one empty line in a row, not too many lines, and no blank at either end.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut breaks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.truncate(out.trim_end_matches(|c: char| c.is_whitespace() && c != '\n').len());
                if breaks == MAX_LINE_BREAKS {
                    out.push(' ');
                } else if !out.is_empty() && !out.ends_with("\n\n") {
                    out.push('\n');
                    breaks += 1;
                }
            }
            '\t' => out.push(' '),
            JOINER => {
                let last = out.chars().next_back();
                if last.is_some_and(ends_emoji) && chars.peek().is_some_and(|next| is_emoji(*next)) {
                    out.push(c);
                }
            }
            '\u{fe0e}' | '\u{fe0f}' => {
                let selects =
                    |last: char| is_emoji(last) || last.is_ascii_digit() || last == '#' || last == '*';
                if out.chars().next_back().is_some_and(selects) {
                    out.push(c);
                }
            }
            '\u{200c}' => {}
            c if is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// Pictures, symbols that can be shown as one, skin tones and flags' letters.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

fn ends_emoji(c: char) -> bool {
    is_emoji(c) || c == '\u{fe0f}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_as_typed() {
        for (text, expected) in [
            ("plain text, 5 - 3 + 1 = 3.", "plain text, 5 - 3 + 1 = 3."),
            ("**b** _i_ ~~s~~ `c` ||sp||", r"\*\*b\*\* \_i\_ \~\~s\~\~ \`c\` \|\|sp\|\|"),
            ("# h\n> q\n>>> q\n-# small", "\\# h\n\\> q\n\\>\\>\\> q\n\\-\\# small"),
            ("- a\n  - b\n+ c\n1. d\n23. e\n4) f", "\\- a\n  \\- b\n\\+ c\n1\\. d\n23\\. e\n4\\) f"),
            ("1.5 and 2. x", "1\\.5 and 2. x"),
            (r"a\*b \\", r"a\\\*b \\\\"),
            ("[text](https://evil.example)", r"\[text\]\(https\[:\]//evil.example\)"),
            ("```js\nx\n```", "\\`\\`\\`js\nx\n\\`\\`\\`"),
            ("snake_case <b>", "snake\\_case \\<b\\>"),
            ("a < b", "a \\< b"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn nobody_is_mentioned() {
        for (text, expected) in [
            ("@everyone @HERE", "@\u{200b}everyone @\u{200b}HERE"),
            ("@\u{200b}every\u{ad}one", "@\u{200b}everyone"),
            ("<@1> <@!1> <@&1>", "\\<\u{200b}@1\\> \\<\u{200b}@!1\\> \\<\u{200b}@&1\\>"),
            ("<#1> <:e:1> <a:e:1>", "\\<\u{200b}\\#1\\> \\<\u{200b}:e:1\\> \\<\u{200b}a:e:1\\>"),
            ("<t:1:R> </x:1> <id:home>", "\\<\u{200b}t:1:R\\> \\<\u{200b}/x:1\\> \\<\u{200b}id:home\\>"),
            ("anna@example.com", "anna@example.com"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_is_clickable() {
        for (text, expected) in [
            ("https://a.example HTTP://b", r"https\[:\]//a.example HTTP\[:\]//b"),
            ("steam://x discord://y", r"steam\[:\]//x discord\[:\]//y"),
            ("https:\u{200b}//evil ht\u{feff}tps:/\u{200d}/evil", r"https\[:\]//evil https\[:\]//evil"),
            ("discord.gg/abc Discord.com/invite/x", r"discord\[.\]gg/abc Discord\[.\]com/invite/x"),
            ("discordapp.com dsc.gg. On Discord.", r"discordapp\[.\]com dsc\[.\]gg. On Discord."),
            ("://", r"\[:\]//"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_goes_and_what_can_stays() {
        for (text, expected) in [
            ("a\0b\u{1b}[31mc\u{7f}\u{9b}", "ab\\[31mc"),
            ("a\u{202e}b\u{2066}c\u{2069}\u{200e}\u{200f}d", "abcd"),
            ("a\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}b", "ab"),
            ("x\u{e0041}\u{e0042}\u{e0100}\u{fe00}\u{fffe}y", "xy"),
            ("a\r\nb\rc\u{2028}d\te", "a\nb\nc\nd e"),
            ("\n\n a\n \n\t\n\u{a0}\nb \n\n", "a\n\nb"),
            ("שלום مرحبا", "שלום مرحبا"),
            (
                "👩\u{200d}⚕\u{fe0f} 🏳\u{fe0f}\u{200d}🌈 👨\u{200d}👩\u{200d}👧",
                "👩\u{200d}⚕\u{fe0f} 🏳\u{fe0f}\u{200d}🌈 👨\u{200d}👩\u{200d}👧",
            ),
            ("👍🏽\u{200d}x \u{fe0f}1\u{fe0f}\u{20e3}", "👍🏽x 1\u{fe0f}\u{20e3}"),
            ("हिन्दी ไทย 日本 e\u{301}", "हिन्दी ไทย 日本 e\u{301}"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
        }
        assert_eq!(one_line(" a\n\n*b*\t c\u{202e} "), "a *b* c");
    }

    #[test]
    fn a_tall_text_does_not_push_the_rest_away() {
        let tall = escape(&"x\n".repeat(500));
        assert_eq!(tall.matches('\n').count(), 24);
        assert!(tall.ends_with("x x x"), "{tall:?}");
        assert_eq!(tall.matches('x').count(), 500, "nothing is lost");
    }

    #[test]
    fn a_cut_leaves_whole_characters_and_escapes() {
        for (text, max, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            (r"a\*b", 3, "a…"),
            (r"a\*b!", 4, r"a\*…"),
            (r"a\\\*b", 5, r"a\\…"),
            ("a😀😀", 4, "a😀…"),
            ("a😀😀", 3, "a…"),
            ("ab cd", 4, "ab…"),
            ("👩\u{200d}⚕x", 4, "👩…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, max), expected, "{text:?} at {max}");
            assert!(units(&cut(text, max)) <= max);
        }
    }
}
