//! The Credential Manager.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Error, Result};

use crate::secrets::Problem;

pub(in crate::secrets) const WITHOUT_A_KEYCHAIN: &str = "Log in as the user who runs the agent, not as a network \
    session. Without the Credential Manager, give the secrets again after each start, or TUNNEL_TOKEN in the environment.";

pub(in crate::secrets) fn open() -> Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// The store's own error tells everything.
pub(in crate::secrets) fn explain(_: &Error) -> Option<Problem> {
    None
}
