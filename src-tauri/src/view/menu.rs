//! The tray's menu. PURE.

use agent::status::{LayerStatus, Status, TicketStatus};
use link::{Alert, TriageStatus};
use supervise::Kind;
use supervise::health::overall::Overall;
use supervise::health::{Health, Layer};

use super::Seen;

/// Letters of a line: longer ones make menus as wide as the screen.
const LONGEST_LINE: usize = 72;

/// Tickets that are offered.
const TICKETS: usize = 5;

/// The menu, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Menu {
    /// Its lines.
    pub items: Vec<Item>,
}

impl Menu {
    /// Its first line, which says how everything is.
    #[must_use]
    pub fn headline(&self) -> &str {
        match self.items.first() {
            Some(Item::Text(text)) => text,
            Some(Item::Rule | Item::Action(..) | Item::Switch(..)) | None => "",
        }
    }

    /// Whether only words and switches differ, so that one can be made into the other line by line.
    #[must_use]
    pub fn has_shape_of(&self, other: &Self) -> bool {
        let is_alike = |(one, other): (&Item, &Item)| match (one, other) {
            (Item::Text(_), Item::Text(_)) | (Item::Rule, Item::Rule) => true,
            (Item::Action(act, _), Item::Action(other, _))
            | (Item::Switch(act, ..), Item::Switch(other, ..)) => act == other,
            (Item::Text(_) | Item::Rule | Item::Action(..) | Item::Switch(..), _) => false,
        };
        self.items.len() == other.items.len() && self.items.iter().zip(&other.items).all(is_alike)
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Is only read.
    Text(String),
    /// A rule.
    Rule,
    /// Does something.
    Action(Act, String),
    /// Is switched on or off.
    Switch(Act, String, bool),
}

/// What a click asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The ticket of that id.
    Ticket(String),
    /// The window.
    Open,
    /// No ticket is to be triaged here.
    Pause,
    /// Tickets are to be triaged here again.
    Resume,
    /// A program is to start afresh.
    Restart(Kind),
    /// What is known of a newer version of the app.
    Update,
    /// The state of everything, as text for whoever helps.
    CopyDiagnostics,
    /// Whether the app starts with the desktop.
    StartAtLogin,
    /// The end.
    Quit,
}

impl Act {
    /// By which a click is known.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Ticket(ticket_id) => format!("{TICKET}{ticket_id}"),
            Self::Open => "open".to_owned(),
            Self::Pause => "pause".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::Restart(kind) => format!("{RESTART}{kind}"),
            Self::Update => "update".to_owned(),
            Self::CopyDiagnostics => "copy-diagnostics".to_owned(),
            Self::StartAtLogin => "start-at-login".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// What that id asks for.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        if let Some(ticket_id) = id.strip_prefix(TICKET) {
            return Some(Self::Ticket(ticket_id.to_owned()));
        }
        let fixed = [
            Self::Open,
            Self::Pause,
            Self::Resume,
            Self::Restart(Kind::Ollama),
            Self::Restart(Kind::Cloudflared),
            Self::Update,
            Self::CopyDiagnostics,
            Self::StartAtLogin,
            Self::Quit,
        ];
        fixed.into_iter().find(|act| act.id() == id)
    }
}

const TICKET: &str = "ticket/";
const RESTART: &str = "restart/";

/// The menu for what is known, with the newer version of the app that could be installed.
#[must_use]
pub fn menu(seen: &Seen, starts_at_login: bool, update: Option<&str>) -> Menu {
    let mut items = match seen {
        Seen::Nothing => vec![line("○ Starting: the agent is being asked.")],
        Seen::Lost(why) => vec![line(&format!("✕ {}", one_line(why)))],
        Seen::Status(status) => about(status),
    };
    items.push(Item::Rule);
    items.push(action(Act::Open, "Open"));
    if let Some(version) = update {
        items.push(action(Act::Update, &format!("Update to {version}…")));
    }
    if let Seen::Status(status) = seen {
        items.push(match status.paused {
            true => action(Act::Resume, "Resume"),
            false => action(Act::Pause, "Pause"),
        });
        items.push(action(Act::Restart(Kind::Ollama), "Restart Ollama"));
        // Paused, it is closed on purpose.
        if !status.paused {
            items.push(action(Act::Restart(Kind::Cloudflared), "Restart tunnel"));
        }
    }
    items.push(action(Act::CopyDiagnostics, "Copy diagnostics"));
    items.push(Item::Switch(Act::StartAtLogin, "Start at login".to_owned(), starts_at_login));
    items.push(Item::Rule);
    items.push(action(Act::Quit, "Quit"));
    Menu { items }
}

fn about(status: &Status) -> Vec<Item> {
    let sign = match status.overall {
        Overall::Healthy => "●",
        Overall::Degraded => "◐",
        Overall::Down => "✕",
        Overall::Starting => "○",
        Overall::Paused => "‖",
    };
    let mut items = vec![line(&format!("{sign} {}: {}", status.overall, status.sentence))];
    items.push(hop("Tunnel", status, &TUNNEL));
    items.push(hop("Ollama", status, &OLLAMA));
    items.extend(alert(&status.alerts.open));
    if !status.recent.is_empty() {
        items.push(Item::Rule);
        items.extend(status.recent.iter().take(TICKETS).map(ticket));
    }
    items
}

const TUNNEL: [Layer; 4] =
    [Layer::CloudflaredProcess, Layer::Edge, Layer::PublicAddress, Layer::AccessClosed];
const OLLAMA: [Layer; 4] = [Layer::OllamaProcess, Layer::OllamaApi, Layer::Model, Layer::OllamaPrivate];

/// The worst of some hops in one line; the first of those that are equally bad, because the others hang on it.
fn hop(name: &str, status: &Status, layers: &[Layer]) -> Item {
    let states = || status.layers.iter().filter(|state| layers.contains(&state.layer));
    let severity = |state: &&LayerStatus| match state.health {
        Health::Fail => 3,
        Health::Warn => 2,
        Health::Unknown => 1,
        Health::Ok => 0,
    };
    let worst = states().rev().max_by_key(severity);
    let said = match worst {
        Some(LayerStatus { health: Health::Ok, .. }) => "● works".to_owned(),
        Some(LayerStatus { health: Health::Unknown, sentence, .. }) => format!("○ {sentence}"),
        Some(LayerStatus { health: Health::Warn, sentence, .. }) => format!("◐ {sentence}"),
        Some(LayerStatus { health: Health::Fail, sentence, .. }) => format!("✕ {sentence}"),
        None => "○ nothing is known so far".to_owned(),
    };
    line(&format!("{name}: {said}"))
}

/// The newest of the open alerts, and how many there are besides; the window has all of them.
fn alert(open: &[Alert]) -> Option<Item> {
    let newest = open.first()?;
    let others = match open.len() {
        1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    let words = one_line(&newest.sentence);
    let room = LONGEST_LINE.saturating_sub("Alert: ".len() + others.len());
    Some(Item::Text(format!("Alert: {}{others}", cut(&words, room))))
}

fn ticket(ticket: &TicketStatus) -> Item {
    let sign = match ticket.status {
        TriageStatus::NeedsReview => "?",
        TriageStatus::Failed => "✕",
        TriageStatus::Queued | TriageStatus::Triaging | TriageStatus::Waiting => "…",
        TriageStatus::Triaged | TriageStatus::Gone => match ticket.priority.as_deref() {
            Some("urgent") => "▲",
            Some("high") => "△",
            Some(_) | None => "–",
        },
    };
    let subject = ticket.subject.as_deref().filter(|subject| !subject.is_empty());
    let subject = subject.map_or_else(|| format!("Ticket {}", ticket.ticket_id), ToOwned::to_owned);
    let about: Vec<&str> =
        [&ticket.priority, &ticket.category].into_iter().filter_map(Option::as_deref).collect();
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    Item::Action(Act::Ticket(ticket.ticket_id.clone()), shortened(&format!("{sign} {subject}{about}")))
}

fn line(text: &str) -> Item {
    Item::Text(shortened(text))
}

fn action(act: Act, label: &str) -> Item {
    Item::Action(act, label.to_owned())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str) -> String {
    cut(text, LONGEST_LINE)
}

fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests;
