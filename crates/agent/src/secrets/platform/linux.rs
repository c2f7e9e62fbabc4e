//! The Secret Service of the session's D-Bus: GNOME's keyring, KDE's wallet, KeePassXC.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Error, Result};
use secret_service::Error as Cause;

use crate::secrets::Problem;

pub(in crate::secrets) const WITHOUT_A_KEYCHAIN: &str = "Install gnome-keyring (or KWallet), log in at the desktop of \
    the user who runs the agent, and make a keyring there once. Without one, give the secrets again after each start, \
    or TUNNEL_TOKEN in the environment.";

pub(in crate::secrets) fn open() -> Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// What the service's own error tells beyond the store's.
pub(in crate::secrets) fn explain(error: &Error) -> Option<Problem> {
    let (Error::PlatformFailure(cause) | Error::NoStorageAccess(cause)) = error else { return None };
    let cause = cause.downcast_ref::<Cause>()?;
    if matches!(cause, Cause::NoResult) {
        // The service is there and has no keyring to put things into, and nobody to ask for one.
        return Some(Problem::NoKeychain { why: "no keyring has been made yet".to_owned() });
    }
    if matches!(cause, Cause::Unavailable) {
        return Some(Problem::NoKeychain { why: error.to_string() });
    }
    matches!(cause, Cause::Locked | Cause::Prompt | Cause::PromptDisconnected).then_some(Problem::Locked)
}
