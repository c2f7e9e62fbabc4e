//! systemd's user manager.

use etcetera::BaseStrategy as _;

use super::{Agent, Place, Problem, systemd_unit};

const UNIT: &str = "hubspot-triage-agent.service";

pub(super) const HINT: &str =
    "So that it also runs while nobody is logged in, run once: loginctl enable-linger $USER";

pub(super) const UNREACHABLE: &str = "Run it as the user who shall run the agent, in a login of that user's own (not \
    through sudo or su); on a server run `sudo loginctl enable-linger <user>` first and log in again. Without systemd, \
    have `triage-agent run` started by what starts programs there.";

pub(super) fn place() -> Option<Place> {
    let config = etcetera::base_strategy::Xdg::new().ok()?.config_dir();
    Some(Place { file: config.join("systemd/user").join(UNIT), tool: "systemctl".into() })
}

pub(super) fn text(agent: &Agent) -> Result<String, Problem> {
    systemd_unit(agent)
}

pub(super) fn enable(_: &Place) -> Vec<Vec<String>> {
    vec![words(&["daemon-reload"]), words(&["enable", "--now", UNIT])]
}

pub(super) fn disable(_: &Place) -> Vec<Vec<String>> {
    vec![words(&["disable", "--now", UNIT])]
}

pub(super) fn forget() -> Vec<Vec<String>> {
    vec![words(&["daemon-reload"])]
}

pub(super) fn is_running() -> Vec<String> {
    words(&["is-active", "--quiet", UNIT])
}

pub(super) fn is_unreachable(said: &str) -> bool {
    ["Failed to connect to bus", "has not been booted with systemd", "Failed to connect to user scope bus"]
        .iter()
        .any(|text| said.contains(text))
}

fn words(words: &[&str]) -> Vec<String> {
    ["--user"].iter().chain(words).map(|word| (*word).to_owned()).collect()
}
