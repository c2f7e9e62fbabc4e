//! A new secret for the service token, and when the token ends.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::find::find_service_token;
use super::secrets::{Entry, Known};
use super::{Error, Session, Wanted};
use crate::tunnel::api::Minted;

/// The service token with its new secret, which is in the keychain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// When the token ends; `None`: never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a new secret for the service token in the keychain and puts it there in place of the old one, which works
/// until `old_ends` (RFC 3339).
///
/// # Errors
/// [`Error::NoServiceToken`] before anything is changed; [`Error::Secrets`] when the new secret was made and is lost.
pub async fn rotate(session: &mut Session<'_>, wanted: &Wanted, old_ends: &str) -> Result<Rotated, Error> {
    let known = Known::read(session.secrets)?;
    let (account, token) = find_service_token(session, wanted).await?;
    let kept = token.filter(|token| known.client_id.as_deref() == Some(token.client_id.as_str()));
    let token = kept.ok_or(Error::NoServiceToken)?;
    let doing = format!("making a new secret for the service token \"{}\"", token.name);
    let minted: Minted =
        session.api.rotate(&account, &token.id, old_ends).await.map_err(Error::api(doing))?;
    session.secrets.put(Entry::AccessClientSecret, &minted.client_secret)?;
    session.secrets.put(Entry::AccessClientId, &SecretString::from(minted.token.client_id.clone()))?;
    Ok(Rotated { expires_at: minted.token.expires_at })
}

/// When the service token of the set-up ends; `None` also when there is none.
///
/// # Errors
/// When Cloudflare does not say.
pub async fn service_token_end(
    session: &mut Session<'_>,
    wanted: &Wanted,
) -> Result<Option<DateTime<Utc>>, Error> {
    let (_, token) = find_service_token(session, wanted).await?;
    Ok(token.and_then(|token| token.expires_at))
}
