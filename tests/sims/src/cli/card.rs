//! A Discord message as a card of text: a bar in the embed's colour, title, description, fields, footer.

use super::width;
use serde_json::Value;

/// Of the whole card, bar included.
const COLUMNS: usize = 100;
const BAR: &str = "▌ ";
const INLINE_GAP: &str = "   ";
const INLINE_MOST: usize = 3;

/// The card of a message from the feed, without a newline at its end.
pub(super) fn render(message: &Value, colour: bool) -> String {
    let ink = Ink { colour };
    let mut lines = vec![header(message, &ink)];
    for line in wrapped(&text(&message["content"])) {
        lines.push(format!("  {line}"));
    }
    for embed in message["embeds"].as_array().into_iter().flatten() {
        let bar = ink.bar(embed["color"].as_u64().unwrap_or(0x004f_545c));
        lines.extend(
            embed_lines(embed, &ink).into_iter().map(|line| format!("{bar}{line}").trim_end().to_owned()),
        );
    }
    lines.join("\n")
}

fn header(message: &Value, ink: &Ink) -> String {
    let name = width::cut(&text(&message["username"]), 40);
    let time = message["posted"].as_str().and_then(|stamp| stamp.get(11..19)).unwrap_or_default();
    let edited = if message["edits"].as_u64().unwrap_or(0) > 0 { " (edited)" } else { "" };
    format!("{} {}", ink.bold(&name), ink.faint(&format!("APP  {time} UTC{edited}")))
}

fn embed_lines(embed: &Value, ink: &Ink) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(wrapped(&text(&embed["author"]["name"])));
    lines.extend(wrapped(&text(&embed["title"])).iter().map(|line| ink.bold(line)));
    lines.extend(wrapped(&text(&embed["description"])));
    lines.extend(field_lines(embed, ink));
    // Discord shows no markdown there, so escapes stay to be seen.
    let footer = embed["footer"]["text"].as_str().unwrap_or_default().replace(char::is_control, " ");
    let time =
        embed["timestamp"].as_str().and_then(|stamp| stamp.get(..16)).unwrap_or_default().replace('T', " ");
    let parts: Vec<&str> =
        [footer.as_str(), time.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    lines.extend(wrapped(&parts.join(" · ")).iter().map(|line| ink.faint(line)));
    if let Some(url) = embed["url"].as_str() {
        lines.extend(wrapped(url).iter().map(|line| ink.faint(line)));
    }
    lines
}

fn field_lines(embed: &Value, ink: &Ink) -> Vec<String> {
    let mut lines = Vec::new();
    let mut row: Vec<(String, String)> = Vec::new();
    for field in embed["fields"].as_array().into_iter().flatten() {
        let (name, value) = (text(&field["name"]), text(&field["value"]));
        let is_short = field["inline"] == true && !value.contains('\n');
        let used: usize = row.iter().map(|(name, value)| columns(name, value)).sum();
        if !is_short || row.len() == INLINE_MOST || used + columns(&name, &value) > COLUMNS {
            lines.extend(row_line(&mut row, ink));
        }
        if is_short && columns(&name, &value) <= COLUMNS - BAR.chars().count() {
            row.push((name, value));
        } else {
            lines.extend(wrapped(&name).iter().map(|line| ink.bold(line)));
            lines.extend(wrapped(&value));
        }
    }
    lines.extend(row_line(&mut row, ink));
    lines
}

fn columns(name: &str, value: &str) -> usize {
    width::columns(name) + 1 + width::columns(value) + INLINE_GAP.len()
}

fn row_line(row: &mut Vec<(String, String)>, ink: &Ink) -> Option<String> {
    if row.is_empty() {
        return None;
    }
    let parts: Vec<String> =
        row.drain(..).map(|(name, value)| format!("{} {value}", ink.faint(&name))).collect();
    Some(parts.join(INLINE_GAP))
}

fn wrapped(text: &str) -> Vec<String> {
    width::wrap(text, COLUMNS - BAR.chars().count())
}

/// Plain text of Discord's markdown: escapes resolved, marks of emphasis gone, control characters out.
fn text(value: &Value) -> String {
    let mut plain = String::new();
    let mut letters = value.as_str().unwrap_or_default().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek().is_some_and(char::is_ascii_punctuation) => plain.extend(letters.next()),
            '*' if letters.peek() == Some(&'*') => {
                letters.next();
            }
            '\n' => plain.push('\n'),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

struct Ink {
    colour: bool,
}

impl Ink {
    fn bar(&self, rgb: u64) -> String {
        if !self.colour {
            return BAR.to_owned();
        }
        let [red, green, blue] = [rgb >> 16 & 0xff, rgb >> 8 & 0xff, rgb & 0xff];
        format!("\u{1b}[38;2;{red};{green};{blue}m{BAR}\u{1b}[0m")
    }

    fn bold(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn faint(&self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message() -> Value {
        json!({"username": "Ticket triage", "content": "", "posted": "2026-11-23T00:01:02.000Z", "edits": 1, "embeds": [{
            "title": "Invoice \\*wrong\\*", "url": "https://app.hubspot.com/x", "description": "word ".repeat(60),
            "color": 0x00c0_322b, "timestamp": "2026-11-23T00:01:00.000Z", "footer": {"text": "ticket 31415926535"},
            "fields": [{"name": "Priority", "value": "high", "inline": true}, {"name": "Category", "value": "Billing",
                "inline": true}, {"name": "Team", "value": "billing", "inline": true},
                {"name": "Why", "value": "**VAT** is wrong"}]}]})
    }

    #[test]
    fn cards_keep_to_the_width_and_resolve_markdown() {
        let card = render(&message(), false);
        assert!(card.lines().all(|line| width::columns(line) <= COLUMNS), "{card}");
        for part in
            ["Invoice *wrong*", "Priority high   Category Billing   Team billing", "VAT is wrong", "(edited)"]
        {
            assert!(card.contains(part), "{part} in\n{card}");
        }
        assert!(!card.contains('\u{1b}'));
        assert!(render(&message(), true).contains("\u{1b}[38;2;192;50;43m"));
    }
}
