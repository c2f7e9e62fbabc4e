//! Reads variables and collects what is wrong with them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

/// Something wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it; never its value.
    pub wrong: String,
    /// What it could look like.
    pub example: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} (for example: {})", self.name, self.wrong, self.example)
    }
}

/// Secrets that callers show. Guesses are not slowed down, so that nobody can keep the right caller out by guessing: what
/// keeps them from coming true is how many there are.
const SHOWN: [&str; 3] = ["HUBSPOT_WEBHOOK_TOKEN", "HUBSPOT_WEBHOOK_TOKEN_PREVIOUS", "ADMIN_TOKEN"];

/// Fewest characters of such a secret.
const SHORTEST_SHOWN: usize = 16;

pub(super) struct Reader<'a> {
    vars: &'a BTreeMap<String, String>,
    asked: RefCell<BTreeSet<&'static str>>,
    problems: Vec<Problem>,
    required: bool,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(vars: &'a BTreeMap<String, String>) -> Self {
        Self { vars, asked: RefCell::new(BTreeSet::new()), problems: Vec::new(), required: false }
    }

    /// `APP_ENV` (or `NODE_ENV`) decides; on Railway, production unless they say otherwise.
    pub(super) fn is_production(&self) -> bool {
        let said = self.text("APP_ENV").or_else(|| self.text("NODE_ENV"));
        said.map_or_else(|| self.text("RAILWAY_ENVIRONMENT_NAME").is_some(), |env| env == "production")
    }

    /// From here on `required` means it.
    pub(super) fn required_in(&mut self, production: bool) {
        for name in ["APP_ENV", "NODE_ENV"] {
            self.parsed(name, "production", "production or development", |text| {
                matches!(text, "production" | "development" | "test").then_some(())
            });
        }
        self.required = production;
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.asked.borrow_mut().insert(name);
        self.vars.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&mut self, name: &'static str, example: &str) -> Option<String> {
        let value = self.text(name);
        if value.is_none() && self.required {
            self.problem(name, "is missing", example);
        }
        value
    }

    pub(super) fn secret(&self, name: &'static str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// Names the secrets that are too short to be safe from guessing, which is a problem where `required` means it.
    pub(super) fn guessable(&mut self) -> Vec<&'static str> {
        let is_short = |text: String| text.chars().count() < SHORTEST_SHOWN;
        let names: Vec<_> = SHOWN.into_iter().filter(|name| self.text(name).is_some_and(is_short)).collect();
        if self.required {
            let wrong = format!("has fewer than {SHORTEST_SHOWN} characters and could be guessed");
            for name in &names {
                self.problem(name, &wrong, "the output of: openssl rand -hex 32");
            }
        }
        names
    }

    pub(super) fn required_secret(&mut self, name: &'static str, example: &str) -> Option<SecretString> {
        self.required(name, example).map(SecretString::from)
    }

    /// Required whatever the environment.
    pub(super) fn required_always(&mut self, name: &'static str, example: &str) -> Option<SecretString> {
        let value = self.secret(name);
        if value.is_none() {
            self.problem(name, "is missing", example);
        }
        value
    }

    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        example: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.problem(name, &format!("must be {expected}"), example);
        }
        value
    }

    /// A time such as `30s`, `500ms` or `2m`.
    pub(super) fn duration(&mut self, name: &'static str, example: &str) -> Option<Duration> {
        self.parsed(name, example, "a time such as 500ms, 30s or 2m", |text| {
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let number: u64 = digits.parse().ok()?;
            let duration = match &text[digits.len()..] {
                "ms" => Duration::from_millis(number),
                "" | "s" => Duration::from_secs(number),
                "m" => Duration::from_secs(number.checked_mul(60)?),
                _ => return None,
            };
            (!duration.is_zero() && duration <= Duration::from_secs(3600)).then_some(duration)
        })
    }

    pub(super) fn url(&mut self, name: &'static str, example: &str) -> Option<Url> {
        let text = self.text(name)?;
        self.check_url(name, &text, example)
    }

    pub(super) fn url_or(&mut self, name: &'static str, default: &str) -> Url {
        self.url(name, default).unwrap_or_else(|| Url::parse(default).expect("the default address is valid"))
    }

    pub(super) fn check_url(&mut self, name: &'static str, text: &str, example: &str) -> Option<Url> {
        usable_url(text).map_err(|wrong| self.problem(name, wrong, example)).ok()
    }

    pub(super) fn problem(&mut self, name: &'static str, wrong: &str, example: &str) {
        self.problems.push(Problem { name, wrong: wrong.to_owned(), example: example.to_owned() });
    }

    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<&'static str> {
        self.asked.borrow().clone()
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// `https`, or `http` to this machine: nothing else may carry tickets and secrets. `Err` says what is wrong.
pub(crate) fn usable_url(text: &str) -> Result<Url, &'static str> {
    match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("must not contain a user name or password")
        }
        Ok(url) if url.host().is_none() => Err("has no host"),
        Ok(url) if url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url) => Ok(url),
        Ok(url) if url.scheme() == "http" => {
            Err("must use https (plain http is allowed to this machine only)")
        }
        Ok(_) | Err(_) => Err("is not an https address"),
    }
}

/// An address of this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
