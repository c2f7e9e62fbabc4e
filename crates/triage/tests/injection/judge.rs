//! An independent judge of what reaches people. It knows Discord's rules, not how the message is made: nothing of the
//! crate under test decides here what is safe.

use serde_json::Value;

/// So many lines of foreign text push everything else out of the window.
const MAX_LINES: usize = 60;

/// Everything that is wrong with the body of a Discord message; `own_url` is the only link that may stand in it.
pub(crate) fn problems_of_message(body: &Value, own_url: Option<&str>) -> Vec<String> {
    let mut judge = Judge { problems: Vec::new(), total: 0 };
    judge.only_keys(body, &["username", "content", "allowed_mentions", "embeds"]);
    judge.demand(
        body["allowed_mentions"] == serde_json::json!({ "parse": [] }),
        "mentions are allowed",
        body,
    );
    judge.demand(body["content"] == "", "there is content beside the embed", body);
    let username = body["username"].as_str().unwrap_or_default().to_lowercase();
    let named = !username.is_empty() && username.chars().count() <= 80;
    judge.demand(named && !username.contains("clyde") && !username.contains("discord"), "bad username", body);
    let embeds = body["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    judge.demand(embeds.len() == 1, "not one embed", body);
    for embed in embeds {
        judge.embed(embed, own_url);
    }
    judge.demand(judge.total <= 6000, "more than 6000 characters", &Value::from(judge.total));
    judge.problems
}

/// What is wrong with a text of a verdict as it is stored.
pub(crate) fn problems_of_prose(text: &str, max_chars: usize) -> Vec<String> {
    let mut judge = Judge { problems: Vec::new(), total: 0 };
    judge.demand(text.chars().count() <= max_chars, "too long", &text.into());
    judge.visible(text, "verdict", true);
    judge.problems
}

/// Everything that is wrong with a note in HubSpot. A tag without attributes links nowhere, loads nothing and mentions nobody.
pub(crate) fn problems_of_note(html: &str) -> Vec<String> {
    let mut judge = Judge { problems: Vec::new(), total: 0 };
    judge.demand(html.chars().count() <= 65_536, "longer than HubSpot takes", &html.len().into());
    let said = judge.html(html);
    judge.visible(&said, "note", true);
    let lower = said.to_lowercase();
    for link in ["://", "www."] {
        judge.demand(!lower.contains(link), &format!("the link {link}"), &said.as_str().into());
    }
    judge.problems
}

struct Judge {
    problems: Vec<String>,
    total: usize,
}

impl Judge {
    fn demand(&mut self, holds: bool, problem: &str, about: &Value) {
        if !holds {
            self.problems.push(format!("{problem}: {about}"));
        }
    }

    /// What a reader of HTML sees, of which only a few tags and references may be there.
    fn html(&mut self, html: &str) -> String {
        let (mut said, mut rest, mut open) = (String::new(), html, Vec::new());
        while let Some(at) = rest.find(['<', '>', '&', '"', '\'']) {
            said.push_str(&rest[..at]);
            let (mark, after) = (&rest[at..=at], &rest[at + 1..]);
            let end = if mark == "<" { '>' } else { ';' };
            let (name, after) = after.split_once(end).unwrap_or((after, ""));
            rest = after;
            match (mark, name) {
                ("<", "br") => said.push('\n'),
                ("<", "p" | "strong" | "ul" | "li") => open.push(name),
                ("<", _) if name.strip_prefix('/').is_some_and(|name| open.pop() == Some(name)) => {
                    said.push(' ')
                }
                ("&", "amp") => said.push('&'),
                ("&", "lt") => said.push('<'),
                ("&", "gt") => said.push('>'),
                ("&", "quot") => said.push('"'),
                ("&", "#39") => said.push('\''),
                _ => self.demand(false, "raw HTML", &format!("{mark}{name:.60}").into()),
            }
        }
        self.demand(open.is_empty(), "a tag that is not closed", &format!("{open:?}").into());
        said + rest
    }

    fn only_keys(&mut self, object: &Value, allowed: &[&str]) {
        let object = object.as_object().cloned().unwrap_or_default();
        let odd: Vec<_> = object.keys().filter(|key| !allowed.contains(&key.as_str())).collect();
        self.demand(
            !object.is_empty() && odd.is_empty(),
            "missing object or odd keys",
            &format!("{odd:?}").into(),
        );
    }

    fn embed(&mut self, embed: &Value, own_url: Option<&str>) {
        self.only_keys(embed, &["title", "url", "description", "color", "timestamp", "fields", "footer"]);
        let url = embed.get("url").map(|url| url.as_str().unwrap_or("not a string"));
        self.demand(url.is_none() || url == own_url, "a link that is not ours", embed);
        self.demand(embed["color"].as_u64().is_some_and(|c| c <= 0xFF_FFFF), "bad colour", embed);
        self.markdown(&embed["title"], 256, "title");
        self.markdown(&embed["description"], 4096, "description");
        self.sized(&embed["footer"]["text"], 2048, "footer");
        self.visible(embed["footer"]["text"].as_str().unwrap_or_default(), "footer", false);
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        self.demand(fields.len() <= 25, "too many fields", embed);
        for field in fields {
            self.only_keys(field, &["name", "value", "inline"]);
            self.sized(&field["name"], 256, "field name");
            self.markdown(&field["value"], 1024, field["name"].as_str().unwrap_or("a field"));
        }
    }

    /// A text that Discord takes: a string, not too long, with something in it.
    fn sized(&mut self, text: &Value, max: usize, place: &str) {
        let units = text.as_str().unwrap_or_default().encode_utf16().count();
        self.total += units;
        self.demand(units <= max, &format!("{place} has {units} of {max} characters"), text);
        let seen = text.as_str().unwrap_or_default().chars().any(|c| !c.is_whitespace() && !is_unseen(c));
        self.demand(seen, &format!("{place} is empty or looks so"), text);
    }

    /// A text that Discord renders: as typed, without links, mentions or shouting.
    fn markdown(&mut self, value: &Value, max: usize, place: &str) {
        self.sized(value, max, place);
        let text = value.as_str().unwrap_or_default();
        self.visible(text, place, place != "title");
        let shown = rendered(text);
        let about = format!("{place}: {text:?}");
        let mut fail = |problem: &str| self.problems.push(format!("{problem} in {about}"));
        if shown.iter().any(|(c, live)| *live && "*_~`|<>[]#\\".contains(*c)) {
            fail("live markdown");
        }
        for line in shown.split(|(c, _)| *c == '\n') {
            let start: String = line.iter().map(|(c, live)| if *live { *c } else { 'x' }).collect();
            let start = start.trim_start();
            let number = start.trim_start_matches(|c: char| c.is_ascii_digit());
            if start.starts_with(['-', '+']) || (number.len() < start.len() && number.starts_with(". ")) {
                fail("a live list");
            }
        }
        if shown.split(|(c, _)| *c == '\n').count() > MAX_LINES {
            fail("too many lines");
        }
        // Whatever Discord's parsers look at first: the text as it is sent, and the text as it is shown.
        let shown: String = shown.into_iter().map(|(c, _)| c).collect();
        for text in [text.to_lowercase(), shown.to_lowercase()] {
            for link in [
                "://",
                "discord.gg",
                "discord.com",
                "discordapp.com",
                "discord.gift",
                "discord.new",
                "dsc.gg",
            ] {
                if text.contains(link) {
                    fail(&format!("the link {link}"));
                }
            }
            // Angle brackets that are escaped stop the client; the server looks for mentions all the same.
            for mention in ["@everyone", "@here", "<@", "<#", "<:", "<a:", "<t:", "<id:", "</"] {
                if text.contains(mention) {
                    fail(&format!("the mention {mention}"));
                }
            }
        }
    }

    /// No control, direction or invisible characters, but for joiners that join and the space that keeps a mention apart.
    fn visible(&mut self, text: &str, place: &str, breaks: bool) {
        let chars: Vec<char> = text.chars().collect();
        for (at, c) in chars.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
            let after = chars.get(at + 1).copied().unwrap_or(' ');
            let allowed = match *c {
                '\n' => breaks,
                '\u{200b}' => matches!(before, '<' | '@') && !is_unseen(after),
                '\u{200c}' | '\u{200d}' => !before.is_ascii() && !after.is_ascii(),
                '\u{fe0e}' | '\u{fe0f}' => {
                    !before.is_alphabetic() && !before.is_whitespace() && !is_unseen(before)
                }
                c => !is_unseen(c),
            };
            if !allowed {
                self.problems.push(format!("U+{:04X} in {place}: {text:?}", u32::from(*c)));
            }
        }
        if text.contains("\n\n\n") {
            self.problems.push(format!("a hole in {place}: {text:?}"));
        }
    }
}

/// What a reader sees, and whether each character is live: a backslash before punctuation makes it a mere character.
fn rendered(text: &str) -> Vec<(char, bool)> {
    let mut shown = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.next_if(|next| c == '\\' && next.is_ascii_punctuation()) {
            Some(escaped) => shown.push((escaped, false)),
            None => shown.push((c, true)),
        }
    }
    shown
}

/// Unicode's control, format and default-ignorable characters and noncharacters, and letters drawn as blanks; by block.
fn is_unseen(c: char) -> bool {
    const UNSEEN: &[(u32, u32)] = &[
        (0x00, 0x1F),
        (0x7F, 0x9F),
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x2028, 0x202E),
        (0x2060, 0x206F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFDD0, 0xFDEF),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFFB),
        (0xFFFE, 0xFFFF),
        (0x13430, 0x1343F),
        (0x1BCA0, 0x1BCA3),
        (0x1D159, 0x1D159),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    ];
    let code = u32::from(c);
    code & 0xFFFE == 0xFFFE || UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(title: &str, description: &str) -> Value {
        json!({
            "username": "Ticket triage", "content": "", "allowed_mentions": { "parse": [] },
            "embeds": [{ "title": title, "description": description, "color": 1, "footer": { "text": "ticket 1" } }],
        })
    }

    #[test]
    fn the_judge_sees_what_is_harmful() {
        for bad in [
            "**b**",
            "`c`",
            "[x](y)",
            r"\\*b*",
            r"ends with \",
            "# h",
            "> q",
            "- a",
            "x\n  + b",
            "1. c",
            "-# s",
            "<@1>",
            r"\<@1>",
            "@everyone",
            "@HERE",
            "https://e.example",
            "x://",
            r"https\://e.example",
            "discord.gg/x",
            "a\u{200b}b",
            "a\u{202e}b",
            "\u{2800}",
            "",
            " ",
            "a\u{7}",
            "x\u{fe0f}",
            "a\n\n\nb",
            "<#1>",
            "<:e:1>",
            "<t:1>",
            "<id:home>",
            "</x:1>",
            "||s||",
            "~~s~~",
        ] {
            assert!(!problems_of_message(&body("t", bad), None).is_empty(), "{bad:?}");
            assert!(!problems_of_message(&body(bad, "d"), None).is_empty(), "{bad:?}");
        }
        assert!(!problems_of_message(&body(&"x".repeat(257), "d"), None).is_empty());
        assert!(!problems_of_message(&body("t", &"x\n".repeat(100)), None).is_empty());
        let mut linked = body("t", "d");
        linked["embeds"][0]["url"] = "https://evil.example".into();
        assert!(!problems_of_message(&linked, Some("https://ours.example")).is_empty());
        let mut pinging = body("t", "d");
        pinging["allowed_mentions"] = json!({ "parse": ["users"] });
        assert!(!problems_of_message(&pinging, None).is_empty());
    }

    #[test]
    fn the_judge_sees_what_is_harmful_in_a_note() {
        for bad in [
            "<p><a href=https://evil.example>x</a></p>",
            "<p onclick=\"x()\">x</p>",
            "<p class=''>x</p>",
            "<img src=x>",
            "<script>x</script>",
            "<p>x",
            "<p>x</strong>",
            "x</p>",
            "<!-- x -->",
            "a > b",
            "a < b",
            "a & b",
            "&#x3c;b&#x3e;",
            "&nbsp;",
            "\"x\"",
            "https://evil.example",
            "WWW.evil.example",
            "a\u{202e}b",
            "a\u{200b}b",
        ] {
            assert!(!problems_of_note(bad).is_empty(), "{bad:?}");
        }
        assert!(!problems_of_note(&"x".repeat(65_537)).is_empty());
        let good = "<p>1 &lt; 2 &amp; it&#39;s <strong>so</strong></p><ul><li>a<br>b</li></ul>";
        assert_eq!(problems_of_note(good), Vec::<String>::new());
    }

    #[test]
    fn the_judge_lets_plain_text_pass() {
        for good in [
            "Plain, 5 - 3 = 2.",
            r"\*b\* \[x\]",
            "a\n\nb",
            "<\u{200b}x",
            "שלום",
            "👩\u{200d}⚕\u{fe0f} 1\u{fe0f}\u{20e3}",
            "1.5",
        ] {
            let good = good.replace('<', "\\<");
            assert_eq!(problems_of_message(&body("t", &good), None), Vec::<String>::new(), "{good:?}");
        }
    }
}
