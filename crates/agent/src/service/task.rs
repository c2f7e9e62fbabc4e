//! Windows' Task Scheduler, for the user who is logged in.

use etcetera::BaseStrategy as _;

use super::{Agent, Place, Problem, task_xml};
use crate::paths::NAME;

const TASK: &str = "HubSpot support triage";

pub(super) const HINT: &str = "It runs while you are logged in.";

pub(super) const UNREACHABLE: &str = "See that the Task Scheduler runs (services.msc), then try again.";

pub(super) fn place() -> Option<Place> {
    let folder = etcetera::base_strategy::Windows::new().ok()?.cache_dir();
    Some(Place { file: folder.join(NAME).join("task.xml"), tool: "schtasks".into() })
}

pub(super) fn text(agent: &Agent) -> Result<String, Problem> {
    task_xml(agent)
}

pub(super) fn enable(place: &Place) -> Vec<Vec<String>> {
    let file = place.file.to_string_lossy();
    vec![words(&["/Create", "/F", "/TN", TASK, "/XML", &file]), words(&["/Run", "/TN", TASK])]
}

pub(super) fn disable(_: &Place) -> Vec<Vec<String>> {
    vec![words(&["/End", "/TN", TASK]), words(&["/Delete", "/F", "/TN", TASK])]
}

pub(super) fn forget() -> Vec<Vec<String>> {
    Vec::new()
}

pub(super) fn is_running() -> Vec<String> {
    words(&["/Query", "/TN", TASK])
}

/// It has no words for that which are the same in every language.
pub(super) fn is_unreachable(_: &str) -> bool {
    false
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
