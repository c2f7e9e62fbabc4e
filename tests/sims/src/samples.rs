//! Sample tickets, as varied as a real inbox: several languages, long and short, calm and angry, hostile ones too.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// One sample ticket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// The sample's own name, not a ticket id.
    pub id: String,
    /// Subject line.
    pub subject: String,
    /// Text.
    pub content: String,
    /// HubSpot's priority (`LOW` … `URGENT`), if the customer chose one.
    #[serde(default)]
    pub priority: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub contact: Option<Person>,
    /// What the sample is good for.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A sample's sender.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Person {
    /// First name.
    #[serde(default)]
    pub firstname: Option<String>,
    /// Last name.
    #[serde(default)]
    pub lastname: Option<String>,
    /// Address.
    #[serde(default)]
    pub email: Option<String>,
    /// Number.
    #[serde(default)]
    pub phone: Option<String>,
}

/// All samples.
///
/// # Panics
/// When the file beside this crate is broken, which a test would notice.
#[must_use]
pub fn all() -> &'static [Sample] {
    static ALL: OnceLock<Vec<Sample>> = OnceLock::new();
    ALL.get_or_init(|| {
        serde_json::from_str(include_str!("../samples/tickets.json")).expect("samples/tickets.json is valid")
    })
}

/// The sample of that name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Sample> {
    all().iter().find(|sample| sample.id == id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn samples_are_readable_and_have_different_names() {
        let mut names: Vec<&str> = super::all().iter().map(|sample| sample.id.as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert!(count >= 2 && names.len() == count);
        assert!(super::all().iter().all(|sample| !sample.subject.is_empty() || !sample.content.is_empty()));
    }
}
