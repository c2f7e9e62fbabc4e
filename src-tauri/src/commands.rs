//! All that the window may ask. Each command is a call to the agent, or to the desktop; no answer holds a secret.

mod desktop;
mod failure;
pub(crate) mod logs;
mod programs;
mod secrets;
mod settings;
mod setup;
mod test_ticket;
mod tickets;
mod tunnel;
mod updates;

use agent::status::Status;
use tauri::ipc::Invoke;
use tauri::{AppHandle, Emitter as _, Wry};

use crate::window::LABEL;

macro_rules! commands {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Their names, as the window calls them.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Answers them.
        pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($module::$name),*]
        }
    };
}

commands![
    programs::status,
    programs::pause,
    programs::resume,
    programs::restart_program,
    programs::retry_program,
    programs::check_now,
    logs::logs,
    logs::evidence,
    tickets::list_triages,
    tickets::show_triage,
    tickets::retry_triage,
    tickets::correct_triage,
    tickets::stats,
    setup::pair,
    setup::pair_by_link,
    setup::unpair,
    setup::pull_model,
    setup::cancel_pull,
    tunnel::set_up_tunnel,
    tunnel::cancel_tunnel,
    secrets::secrets,
    secrets::set_secret,
    secrets::test_secrets,
    test_ticket::send_test_ticket,
    settings::settings,
    settings::save_settings,
    updates::updates,
    updates::check_for_update,
    updates::install_update,
    desktop::open_url,
    desktop::starts_at_login,
    desktop::set_start_at_login,
    desktop::copy_text,
    desktop::copy_diagnostics,
    desktop::save_diagnostics,
    desktop::quit,
];

/// Tells the window, when there is one, how everything is.
pub(crate) fn tell_window(app: &AppHandle, status: &Status) {
    for told in [app.emit_to(LABEL, "connection", "connected"), app.emit_to(LABEL, "status", status)] {
        // A window that closes meanwhile misses nothing.
        drop(told);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NAMES;

    #[test]
    fn the_window_may_ask_exactly_what_is_answered() {
        let text = include_str!("../capabilities/main.json");
        let capability: serde_json::Value = serde_json::from_str(text).unwrap();
        let permissions: BTreeSet<String> = capability["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        let events = ["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned);
        let own = NAMES.iter().map(|name| format!("allow-{}", name.replace('_', "-")));
        assert_eq!(permissions, own.chain(events).collect());
        assert_eq!(capability["windows"], serde_json::json!(["main"]));
        assert_eq!(capability.get("remote"), None);
        assert_eq!(std::fs::read_dir("capabilities").unwrap().count(), 1);
    }

    #[test]
    fn no_page_of_the_window_comes_from_elsewhere() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let policy = config["app"]["security"]["csp"].as_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        for source in policy.split([' ', ';']).filter(|word| word.contains(':')) {
            assert!(["data:", "ipc:", "http://ipc.localhost"].contains(&source), "{source}");
        }
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' '"), "{policy}");
    }
}
