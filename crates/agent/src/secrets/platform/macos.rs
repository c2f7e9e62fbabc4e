//! The login keychain. It asks again for each build that is not signed.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Error, Result};

use crate::secrets::Problem;

pub(in crate::secrets) const WITHOUT_A_KEYCHAIN: &str = "Open Keychain Access and see that the login keychain is there \
    and unlocked. Without one, give the secrets again after each start, or TUNNEL_TOKEN in the environment.";

pub(in crate::secrets) fn open() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// The store's own error tells everything.
pub(in crate::secrets) fn explain(_: &Error) -> Option<Problem> {
    None
}
