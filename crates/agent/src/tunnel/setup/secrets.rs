//! Where secrets go: the keychain in real life.

use secrecy::{ExposeSecret as _, SecretString};

/// A place in the keychain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// The service token's client id.
    AccessClientId,
    /// The service token's secret.
    AccessClientSecret,
    /// What cloudflared runs the tunnel with.
    TunnelToken,
}

impl Entry {
    /// Its name in the keychain.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessClientId => "cf-access-client-id",
            Self::AccessClientSecret => "cf-access-client-secret",
            Self::TunnelToken => "tunnel-token",
        }
    }
}

/// The keychain did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keychain did not handle {}: {why}", .entry.name())]
pub struct SecretsError {
    /// Which secret it was about.
    pub entry: Entry,
    /// What the keychain said.
    pub why: String,
}

/// Where secrets go.
pub trait Secrets: Send + Sync {
    /// What is kept there.
    ///
    /// # Errors
    /// When the keychain cannot be asked.
    fn get(&self, entry: Entry) -> Result<Option<SecretString>, SecretsError>;

    /// Keeps a secret; when this returns it must be there to stay.
    ///
    /// # Errors
    /// When it is not kept.
    fn put(&self, entry: Entry, secret: &SecretString) -> Result<(), SecretsError>;

    /// Forgets a secret; one that is not there is no error.
    ///
    /// # Errors
    /// When it may still be there.
    fn remove(&self, entry: Entry) -> Result<(), SecretsError>;
}

/// What the keychain's contents say about the set-up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// The service token that is kept with its secret.
    pub(super) client_id: Option<String>,
    /// The tunnel whose token is kept.
    pub(super) tunnel_id: Option<String>,
}

impl Known {
    pub(super) fn read(secrets: &dyn Secrets) -> Result<Self, SecretsError> {
        let has_secret = secrets.get(Entry::AccessClientSecret)?.is_some();
        let id = secrets.get(Entry::AccessClientId)?.filter(|_| has_secret);
        let token = secrets.get(Entry::TunnelToken)?;
        Ok(Self {
            client_id: id.map(|id| id.expose_secret().to_owned()),
            tunnel_id: token.and_then(|token| tunnel_of(token.expose_secret())),
        })
    }
}

/// The tunnel that a token runs: base64 of `{"a":…,"s":…,"t":"<tunnel id>"}`.
fn tunnel_of(token: &str) -> Option<String> {
    use base64::Engine as _;
    let json = base64::engine::general_purpose::STANDARD.decode(token.trim()).ok()?;
    let fields: serde_json::Value = serde_json::from_slice(&json).ok()?;
    Some(fields["t"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::tunnel_of;

    #[test]
    fn a_tunnel_token_names_its_tunnel() {
        let token =
            "eyJhIjoiYWNjIiwicyI6ImMyVmpjbVYwIiwidCI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NSJ9\n";
        assert_eq!(tunnel_of(token).as_deref(), Some("11111111-2222-4333-8444-555555555555"));
        assert_eq!(tunnel_of("no token"), None);
        assert_eq!(tunnel_of("e30="), None);
    }
}
