//! A support desk in its own words: what it is about, its categories and teams, and the rules that put a floor under
//! the model's priority. Read from TOML; the built-in desk is `crates/triage/desk.toml`.

pub(crate) mod phrase;
mod read;
mod section;

use crate::invisible::without_invisible;
use crate::ticket::{Priority, Text};

use phrase::Matcher;

/// Everything about a support desk that shapes a triage.
#[derive(Debug, Clone)]
pub struct Desk {
    /// What the desk is for, in a sentence or two; the model reads it.
    pub about: String,
    /// Code of the language in which summaries and reasons are written.
    pub summary_language: String,
    /// Below this confidence a person looks first, 0..=1.
    pub review_threshold: f64,
    /// Whether the model also drafts an answer to the customer.
    pub suggest_reply: bool,
    /// How much of a ticket the model reads, in estimated tokens.
    pub max_ticket_tokens: u32,
    /// Extra sentences for the model; may be empty.
    pub instructions: String,
    categories: Vec<Category>,
    teams: Vec<Team>,
    rules: Vec<Rule>,
}

/// One kind of ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The name that the model answers with.
    pub key: String,
    /// The name that people see.
    pub label: String,
    /// What belongs here; the model reads it.
    pub description: String,
    /// Key of the team that takes these tickets.
    pub team: String,
    /// A disabled category is never chosen again and keeps its label for older tickets.
    pub enabled: bool,
    /// Sentences as customers write them; the model reads them. May be empty.
    pub examples: Vec<String>,
    /// Internal value of the option of HubSpot's `hs_ticket_category` that says the same, if one does.
    pub hubspot_category: Option<String>,
}

/// The people who take tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The name that categories refer to.
    pub key: String,
    /// The name that people see.
    pub label: String,
}

/// A floor under the model's priority, set by phrases in the ticket.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name that people see where the rule raised a priority.
    pub name: String,
    /// The phrases; one of them is enough.
    pub any_of: Vec<String>,
    /// The least priority of a ticket that contains one.
    pub at_least: Priority,
    matcher: Matcher,
}

impl Rule {
    /// Whether one of the phrases occurs in one of the texts, as a reader sees them.
    fn applies(&self, texts: &[String]) -> bool {
        texts.iter().any(|text| self.matcher.finds(text))
    }
}

impl Desk {
    /// The built-in desk as TOML, with the comments that explain every setting.
    pub const BUILT_IN: &str = include_str!("../desk.toml");

    /// Reads a desk. The error holds every problem, each a sentence that names the place and what to write instead.
    pub fn parse(toml: &str) -> Result<Self, Vec<String>> {
        read::desk(toml)
    }

    /// Every category, also those that are disabled, in the order of the file.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// Every team, in the order of the file.
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// The categories that a ticket can get, in the order of the file.
    pub fn enabled_categories(&self) -> impl Iterator<Item = &Category> {
        self.categories.iter().filter(|category| category.enabled)
    }

    /// The enabled category with exactly this key.
    pub fn category(&self, key: &str) -> Option<&Category> {
        self.enabled_categories().find(|category| category.key == key)
    }

    /// What people see for a category, also for a disabled one; the key itself when it is unknown.
    pub fn category_label(&self, key: &str) -> String {
        let known = self.categories.iter().find(|category| category.key == key);
        known.map_or(key, |category| &category.label).to_owned()
    }

    /// The option of HubSpot's category that a category stands for, also for a disabled one.
    pub fn hubspot_category(&self, key: &str) -> Option<&str> {
        self.categories.iter().find(|category| category.key == key)?.hubspot_category.as_deref()
    }

    /// What people see for a team; the key itself when it is unknown.
    pub fn team_label(&self, key: &str) -> String {
        let known = self.teams.iter().find(|team| team.key == key);
        known.map_or(key, |team| &team.label).to_owned()
    }

    /// The rule with the highest floor that applies; the first one of equals. Characters that nobody sees, such as soft
    /// hyphens, hide no phrase from a rule.
    pub fn floor(&self, text: &Text) -> Option<&Rule> {
        let text = [&text.subject, &text.content].map(|part| without_invisible(part));
        let mut highest: Option<&Rule> = None;
        for rule in &self.rules {
            if highest.is_none_or(|found| rule.at_least > found.at_least) && rule.applies(&text) {
                highest = Some(rule);
            }
        }
        highest
    }

    /// The language of summaries in words, e.g. `English`.
    pub fn summary_language_name(&self) -> &'static str {
        crate::language::name_of(&self.summary_language).unwrap_or("English")
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::parse(Self::BUILT_IN).expect("the built-in desk is part of the program, and a test reads it")
    }
}

#[cfg(test)]
mod tests;
