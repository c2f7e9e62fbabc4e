//! launchd, for the user who is logged in.

use super::text::LABEL;
use super::{Agent, Place, Problem, launchd_plist};

pub(super) const HINT: &str =
    "It runs while you are logged in; let the machine log in by itself to have it always.";

pub(super) const UNREACHABLE: &str = "Run it in a terminal of the user who is logged in at the screen.";

pub(super) fn place() -> Option<Place> {
    let file = etcetera::home_dir().ok()?.join("Library/LaunchAgents").join(format!("{LABEL}.plist"));
    Some(Place { file, tool: "launchctl".into() })
}

pub(super) fn text(agent: &Agent) -> Result<String, Problem> {
    launchd_plist(agent)
}

/// `load -w` is no error when it is loaded already.
pub(super) fn enable(place: &Place) -> Vec<Vec<String>> {
    vec![words(&["load", "-w", &place.file.to_string_lossy()])]
}

pub(super) fn disable(place: &Place) -> Vec<Vec<String>> {
    vec![words(&["unload", "-w", &place.file.to_string_lossy()])]
}

pub(super) fn forget() -> Vec<Vec<String>> {
    Vec::new()
}

pub(super) fn is_running() -> Vec<String> {
    words(&["list", LABEL])
}

pub(super) fn is_unreachable(said: &str) -> bool {
    said.contains("Could not find domain")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
