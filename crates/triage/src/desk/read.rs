//! From TOML to a [`Desk`], collecting every problem on the way. A setting that is wrong gets a stand-in, so that
//! reading goes on; a desk with problems is never handed out.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use toml::{Table, Value};

use super::phrase::Matcher;
use super::section::{MAX_KEY, Section, collapsed};
use super::{Category, Desk, Rule, Team};

const DEFAULT_ABOUT: &str = "The support desk of a company.";
const DEFAULT_REVIEW: f64 = 0.6;
const DEFAULT_TICKET_TOKENS: u32 = 5000;
/// The longest internal value of an option in HubSpot that is taken, in characters.
const MAX_OPTION: usize = 255;
const TICKET_TOKENS: RangeInclusive<i64> = 500..=100_000;

pub(super) fn desk(toml: &str) -> Result<Desk, Vec<String>> {
    let text = toml.strip_prefix('\u{feff}').unwrap_or(toml);
    let file = text.parse::<Table>().map_err(|error| vec![syntax_problem(text, &error)])?;
    let mut problems = Vec::new();
    let mut root = Section::new("the file".to_owned(), file, &mut problems);
    let [desk, thresholds, prompt] = ["desk", "thresholds", "prompt"].map(|key| root.table(key));
    let [teams, categories, rules] = ["teams", "categories", "rules"].map(|key| root.tables(key));
    root.finish();

    let (about, summary_language, instructions) = read_desk(desk, &mut problems);
    let review_threshold = read_thresholds(thresholds, &mut problems);
    let (max_ticket_tokens, suggest_reply) = read_prompt(prompt, &mut problems);
    let teams = read_teams(teams, &mut problems);
    let categories = read_categories(categories, &teams, &mut problems);
    let rules = read_rules(rules, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Desk {
        about,
        summary_language,
        review_threshold,
        suggest_reply,
        max_ticket_tokens,
        instructions,
        categories,
        teams,
        rules,
    })
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map(|span| {
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(" at line {line}, column {column}")
    });
    format!("the file is not valid TOML{}: {}", at.unwrap_or_default(), collapsed(error.message()))
}

fn read_desk(table: Table, problems: &mut Vec<String>) -> (String, String, String) {
    let mut section = Section::new("[desk]".to_owned(), table, problems);
    let about = section.text("about", 2000).map(|text| collapsed(&text)).filter(|text| !text.is_empty());
    let language = section.text("summary_language", 20).map_or("en".to_owned(), |code| code.to_lowercase());
    if crate::language::name_of(&language).is_none() {
        let known = crate::language::known_codes();
        section.problem(&format!("summary_language = {language:?} is not known; write one of {known}"));
    }
    let instructions = section.text("instructions", 4000).unwrap_or_default();
    section.finish();
    (about.unwrap_or(DEFAULT_ABOUT.to_owned()), language, instructions)
}

fn read_thresholds(table: Table, problems: &mut Vec<String>) -> f64 {
    let mut section = Section::new("[thresholds]".to_owned(), table, problems);
    let review = match section.take("review") {
        None => Some(DEFAULT_REVIEW),
        Some(value) => number(&value).filter(|review| (0.0..=1.0).contains(review)),
    };
    if review.is_none() {
        section.problem("review must be a number from 0 to 1, such as 0.6");
    }
    section.finish();
    review.unwrap_or(DEFAULT_REVIEW)
}

fn read_prompt(table: Table, problems: &mut Vec<String>) -> (u32, bool) {
    let mut section = Section::new("[prompt]".to_owned(), table, problems);
    let tokens = match section.take("max_ticket_tokens") {
        None => Some(DEFAULT_TICKET_TOKENS),
        Some(value) => value
            .as_integer()
            .filter(|tokens| TICKET_TOKENS.contains(tokens))
            .and_then(|n| u32::try_from(n).ok()),
    };
    if tokens.is_none() {
        section.problem("max_ticket_tokens must be a whole number from 500 to 100000, such as 5000");
    }
    let suggest_reply = section.flag("suggest_reply", false);
    section.finish();
    (tokens.unwrap_or(DEFAULT_TICKET_TOKENS), suggest_reply)
}

fn read_teams(tables: Vec<Table>, problems: &mut Vec<String>) -> Vec<Team> {
    let mut keys = HashSet::new();
    let mut teams = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let mut section = Section::numbered("teams", "key", index, table, problems);
        let key = section.key(&mut keys);
        let label = section.required_text("label", 60, "label = \"Customer support\"");
        section.finish();
        teams.push(Team { key, label });
    }
    teams
}

fn read_categories(tables: Vec<Table>, teams: &[Team], problems: &mut Vec<String>) -> Vec<Category> {
    let mut keys = HashSet::new();
    let mut categories = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let mut section = Section::numbered("categories", "key", index, table, problems);
        let key = section.key(&mut keys);
        let label = section.required_text("label", 60, "label = \"Billing\"");
        let description =
            section.required_text("description", 600, "description = \"Invoices and refunds.\"");
        let team = section.required_text("team", MAX_KEY, "team = \"support\"");
        if !team.is_empty() && teams.iter().all(|known| known.key != team) {
            let known = teams.iter().map(|team| team.key.as_str()).collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none yet".to_owned() } else { known };
            section.problem(&format!(
                "there is no team {team:?}; add it under [[teams]], or use one of: {known}"
            ));
        }
        let enabled = section.flag("enabled", true);
        let examples = section.texts("examples").unwrap_or_default();
        if examples.len() > 10 || examples.iter().any(|text| text.is_empty() || text.chars().count() > 300) {
            section.problem("examples must be at most 10 sentences of 1 to 300 characters each");
        }
        let hubspot_category = section.text("hubspot_category", MAX_OPTION);
        if hubspot_category.as_ref().is_some_and(|option| option.is_empty() || option.contains(';')) {
            section.problem(
                "hubspot_category must be the internal value of one option, such as \"BILLING_ISSUE\"; leave the line out for none",
            );
        }
        section.finish();
        categories.push(Category { key, label, description, team, enabled, examples, hubspot_category });
    }
    if !categories.iter().any(|category| category.enabled) {
        problems.push("[[categories]]: none is enabled; the file needs at least one, with key, label, description and team".to_owned());
    }
    categories
}

fn read_rules(tables: Vec<Table>, problems: &mut Vec<String>) -> Vec<Rule> {
    let mut names = HashSet::new();
    let mut rules = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let mut section = Section::numbered("rules", "name", index, table, problems);
        let name = section.required_text("name", 60, "name = \"outage\"");
        if !name.is_empty() && !names.insert(name.clone()) {
            section.problem("the name is used twice; give each rule a name of its own");
        }
        let at_least = section.at_least();
        let any_of = section.phrases();
        section.finish();
        match Matcher::new(&any_of) {
            Ok(matcher) => rules.push(Rule { name, any_of, at_least, matcher }),
            Err(problem) => problems.push(format!("[[rules]] {name:?}: any_of: {problem}")),
        }
    }
    rules
}

/// A number, with or without a decimal point.
fn number(value: &Value) -> Option<f64> {
    // Only 0 and 1 are of use among the whole numbers, so precision is no question.
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}
