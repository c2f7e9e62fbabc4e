//! The one Discord message of a ticket: what it says, within Discord's limits, and with nothing in it that the text of
//! a ticket or a model could break. It neither sends nor edits; the same body serves for both.

mod escape;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};

use crate::ticket::{Confidence, Priority, Provider, TicketId, Verdict};
use crate::time::Timestamp;

pub use escape::escape;
use escape::{cut, one_line, units};

/// What the message of a ticket is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// HubSpot's id of the ticket.
    pub ticket_id: String,
    /// The ticket's subject; may be empty.
    pub subject: String,
    /// Where the ticket opens in HubSpot; shown when it is an `https` address.
    pub url: Option<String>,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided.
    pub body: Body,
}

/// What became of a ticket.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one is built per message and thrown away")]
pub enum Body {
    /// A model gave a verdict.
    Verdict {
        /// The verdict itself.
        verdict: Verdict,
        /// The category as people call it.
        category_label: String,
        /// The team as people call it.
        team_label: String,
        /// Why a person has to look before anything is written to HubSpot.
        review: Option<String>,
        /// Who ran the model.
        provider: Provider,
        /// The model's name.
        model: String,
        /// Personal data was removed before the text was sent.
        redacted: bool,
        /// How long the model took.
        latency: Duration,
        /// Characters in the middle of the ticket that the model did not read.
        omitted_chars: u64,
    },
    /// It waits: no model could be asked so far.
    Waiting {
        /// For how long, in whole minutes.
        minutes: u64,
        /// What it waits for.
        why: String,
    },
    /// No verdict came about: a person has to read the ticket.
    NotTriaged {
        /// What went wrong, in a sentence.
        why: String,
        /// What the reader can do about it.
        what_to_do: String,
    },
}

/// What the message of a test ticket begins with.
const TEST_NOTICE: &str = "A test: no customer wrote this, and HubSpot does not have it.";

/// Discord counts characters; UTF-16 units are never fewer.
mod limit {
    pub(super) const TITLE: usize = 256;
    pub(super) const DESCRIPTION: usize = 4096;
    pub(super) const FIELD: usize = 1024;
    pub(super) const TOTAL: usize = 6000;
    /// Below what Discord allows, so that the long texts share the rest.
    pub(super) const SHORT_FIELD: usize = 128;
    pub(super) const FOOTER: usize = 512;
    pub(super) const REVIEW: usize = 512;
    pub(super) const WHAT_TO_DO: usize = 1024;
}

mod colour {
    pub(super) const URGENT: u32 = 0xC0_32_2B;
    pub(super) const HIGH: u32 = 0xD9_82_2B;
    pub(super) const MEDIUM: u32 = 0x3B_7D_D8;
    pub(super) const LOW: u32 = 0x7B_87_94;
    pub(super) const REVIEW: u32 = 0xA8_89_3F;
    pub(super) const WAITING: u32 = 0x98_A2_B0;
    pub(super) const NOT_TRIAGED: u32 = 0x6E_3B_3B;
}

/// The whole body for posting the message and for editing it.
pub fn discord(card: &Card) -> Value {
    let embed = match &card.body {
        Body::Verdict {
            verdict,
            category_label,
            team_label,
            review,
            provider,
            model,
            redacted,
            latency,
            omitted_chars,
        } => {
            let by = match provider {
                Provider::Local => on_your_machine(model),
                Provider::Groq => format!("by Groq, {}", if *redacted { "redacted" } else { "unredacted" }),
            };
            Embed {
                title: title(if review.is_some() { "Review: " } else { "" }, &card.subject),
                colour: if review.is_some() { colour::REVIEW } else { colour_of(verdict.priority) },
                first: review.as_deref().map(review_notice),
                text: escape(&verdict.summary),
                last: (*omitted_chars > 0).then(|| omitted_notice(*omitted_chars)),
                fields: fields(verdict, category_label, team_label),
                footer: format!("{by}, {} · {}", seconds(*latency), ticket(card)),
            }
        }
        Body::Waiting { minutes, why } => Embed {
            title: title("Waiting: ", &card.subject),
            colour: colour::WAITING,
            first: Some(format!("Nobody has read this ticket yet, {minutes} min after it came.")),
            text: escape(why),
            last: Some(
                "It is triaged as soon as a model can be asked. Until then a person should look.".to_owned(),
            ),
            fields: Vec::new(),
            footer: ticket(card),
        },
        Body::NotTriaged { why, what_to_do } => Embed {
            title: title("Not triaged: ", &card.subject),
            colour: colour::NOT_TRIAGED,
            first: None,
            text: escape(why),
            last: Some(cut(&escape(what_to_do), limit::WHAT_TO_DO)),
            fields: Vec::new(),
            footer: ticket(card),
        },
    };
    json!({
        "username": "Ticket triage",
        "content": "",
        // Without it an edit would ping whom the text mentions.
        "allowed_mentions": { "parse": [] },
        "embeds": [embed.marked(card).into_json(card)],
    })
}

struct Embed {
    title: String,
    colour: u32,
    /// Paragraphs around the text that are never shortened.
    first: Option<String>,
    text: String,
    last: Option<String>,
    fields: Vec<Field>,
    footer: String,
}

struct Field {
    name: &'static str,
    value: String,
    inline: bool,
}

impl Embed {
    /// Nobody is to take a test for a customer.
    fn marked(self, card: &Card) -> Self {
        if !card.ticket_id.starts_with(TicketId::TEST) {
            return self;
        }
        let first = [Some(TEST_NOTICE.to_owned()), self.first].into_iter().flatten().collect::<Vec<_>>();
        Self { first: Some(first.join("\n\n")), ..self }
    }

    fn into_json(self, card: &Card) -> Value {
        let title = cut(&self.title, limit::TITLE);
        let footer = cut(&self.footer, limit::FOOTER);
        let in_fields: usize = self.fields.iter().map(|field| units(field.name) + units(&field.value)).sum();
        let left = limit::TOTAL.saturating_sub(units(&title) + units(&footer) + in_fields);
        let mut embed = json!({
            "title": title,
            "description": paragraphs([self.first, Some(self.text), self.last], left.min(limit::DESCRIPTION)),
            "color": self.colour,
            "timestamp": card.at.to_rfc3339(),
            "footer": { "text": footer },
        });
        if let Some(url) = card.url.as_deref().and_then(https) {
            embed["url"] = url.into();
        }
        if !self.fields.is_empty() {
            let json =
                |field: Field| json!({ "name": field.name, "value": field.value, "inline": field.inline });
            embed["fields"] = self.fields.into_iter().map(json).collect();
        }
        embed
    }
}

/// Three paragraphs, of which only the middle one gives way.
fn paragraphs([first, text, last]: [Option<String>; 3], room: usize) -> String {
    let around: usize = [&first, &last].into_iter().flatten().map(|part| units(part) + 2).sum();
    let text = text.map(|text| cut(&text, room.saturating_sub(around)));
    let parts = [first, text, last].into_iter().flatten().filter(|part| !part.is_empty());
    or_dash(parts.collect::<Vec<_>>().join("\n\n"))
}

fn fields(verdict: &Verdict, category_label: &str, team_label: &str) -> Vec<Field> {
    let short = |name, value: &str| Field {
        name,
        value: or_dash(cut(&escape(&one_line(value)), limit::SHORT_FIELD)),
        inline: true,
    };
    let long =
        |name, value: &str| Field { name, value: or_dash(cut(&escape(value), limit::FIELD)), inline: false };
    let reply = verdict.suggested_reply.as_deref().filter(|reply| !one_line(reply).is_empty());
    let mut fields = vec![
        short("Priority", marked(verdict.priority)),
        short("Category", category_label),
        short("Team", team_label),
        short("Sentiment", verdict.sentiment.as_str()),
        short("Language", &crate::language::spelled(&verdict.language)),
        short("Confidence", &in_words(verdict.confidence)),
        long("Why", &verdict.reason),
    ];
    fields.extend(reply.map(|reply| long("Draft reply", reply)));
    fields
}

/// Discord refuses an empty text.
fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

fn title(prefix: &str, subject: &str) -> String {
    let subject = escape(&one_line(subject));
    format!("{prefix}{}", if subject.is_empty() { "(no subject)" } else { &subject })
}

fn review_notice(why: &str) -> String {
    let why = one_line(why);
    let why = cut(&escape(why.trim_end_matches('.')), limit::REVIEW);
    format!("A person should look: {why}. This was not written to HubSpot.")
}

fn omitted_notice(chars: u64) -> String {
    let noun = if chars == 1 { "character" } else { "characters" };
    let was = if chars == 1 { "was" } else { "were" };
    format!("Long ticket: {} {noun} in the middle {was} not read by the model.", with_commas(chars))
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn marked(priority: Priority) -> &'static str {
    match priority {
        Priority::Urgent => "▲ urgent",
        Priority::High => "↑ high",
        Priority::Medium => "─ medium",
        Priority::Low => "↓ low",
    }
}

fn colour_of(priority: Priority) -> u32 {
    match priority {
        Priority::Urgent => colour::URGENT,
        Priority::High => colour::HIGH,
        Priority::Medium => colour::MEDIUM,
        Priority::Low => colour::LOW,
    }
}

pub(crate) fn in_words(confidence: Confidence) -> String {
    let word = match confidence.get() {
        sure if sure >= 0.8 => "sure",
        fairly if fairly >= 0.6 => "fairly sure",
        _ => "unsure",
    };
    format!("{word}, {} %", confidence.percent())
}

fn on_your_machine(model: &str) -> String {
    let model = one_line(model);
    let model = cut(model.strip_suffix(":latest").unwrap_or(&model), limit::SHORT_FIELD);
    if model.is_empty() { "on your machine".to_owned() } else { format!("on your machine, {model}") }
}

fn ticket(card: &Card) -> String {
    format!("ticket {}", cut(&one_line(&card.ticket_id), 255))
}

fn seconds(latency: Duration) -> String {
    if latency < Duration::from_millis(50) {
        return format!("{} ms", latency.as_millis());
    }
    let tenths = (latency.as_millis() + 50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (latency.as_millis() + 500) / 1000;
    format!("{} min {} s", seconds / 60, seconds % 60)
}

/// The address if Discord takes it as a link and a browser goes nowhere else.
fn https(url: &str) -> Option<&str> {
    let url = url.trim();
    let scheme = url.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"))?;
    let rest = &url[scheme.len()..];
    let host = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    (host && url.len() <= 2048 && url.chars().all(|c| c.is_ascii_graphic())).then_some(url)
}
