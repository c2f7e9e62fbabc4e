//! Secrets can be set and tested. None is ever read back.

use agent::secrets::{Entry, read};
use agent::socket::{Check, Reply, Request};
use agent::window::Failure;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tauri::State;

use super::failure::done;
use super::programs::{agent, tell};
use crate::shell::Shell;

/// Those that a person sets; the device's token comes with pairing.
const SETTABLE: [Entry; 3] = [Entry::AccessClientId, Entry::AccessClientSecret, Entry::TunnelToken];

/// Whether a secret is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Presence {
    name: &'static str,
    is_set: bool,
}

#[tauri::command]
pub(super) async fn secrets(shell: State<'_, Shell>) -> Result<Vec<Presence>, Failure> {
    let reply = agent(&shell)?.ask_once(Request::Secrets).await?;
    let Reply::Secrets { set } = reply else {
        done(reply)?;
        return Err(Failure::no_agent());
    };
    let presence = |entry: Entry| {
        let name = entry.name();
        Presence { name, is_set: set.iter().any(|set| set == name) }
    };
    Ok(SETTABLE.map(presence).into())
}

#[tauri::command]
pub(super) async fn set_secret(
    shell: State<'_, Shell>,
    name: String,
    value: SecretString,
) -> Result<(), Failure> {
    let entry = settable(&name)?;
    let secret = read(entry, value.expose_secret()).map_err(|problem| {
        Failure::new("not_a_secret", format!("{problem}."), "Copy it again, whole, and paste it here.")
    })?;
    let value = secret.expose_secret().to_owned();
    tell(&shell, Request::Secret { entry: name, value }).await
}

fn settable(name: &str) -> Result<Entry, Failure> {
    let entry = Entry::find(name).filter(|entry| SETTABLE.contains(entry));
    entry.ok_or_else(|| {
        let names = SETTABLE.map(Entry::name).join(", ");
        Failure::new("no_such_secret", format!("{name} cannot be set here."), format!("There are: {names}."))
    })
}

#[tauri::command]
pub(super) async fn test_secrets(shell: State<'_, Shell>) -> Result<Vec<Check>, Failure> {
    let reply = agent(&shell)?.ask_once(Request::TestSecrets).await?;
    let Reply::Tested { checks } = reply else {
        done(reply)?;
        return Err(Failure::no_agent());
    };
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_devices_token_is_not_for_the_window() {
        for (name, expected) in [
            ("cf-access-client-id", Some(Entry::AccessClientId)),
            ("cf-access-client-secret", Some(Entry::AccessClientSecret)),
            ("tunnel-token", Some(Entry::TunnelToken)),
            ("device-token", None),
            ("", None),
        ] {
            assert_eq!(settable(name).ok(), expected, "{name}");
        }
    }
}
