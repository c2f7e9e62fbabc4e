//! Newer versions of the app: found daily or on request, installed only by a person's click, and only when their signature is
//! that of the key this copy was built with and names the version that was announced.
//!
//! A copy that was built without address and key ([`Source::built_in`]) asks nobody.

pub mod bundle;
pub mod daily;
pub mod may;

use std::time::Duration;

use agent::tunnel::is_safe;
use tauri::{AppHandle, Manager as _, Runtime};
use tauri_plugin_updater::{Error, Update, UpdaterExt as _};
use url::Url;

const LOOK_WITHIN: Duration = Duration::from_secs(30);
/// Over a slow connection.
const FETCH_WITHIN: Duration = Duration::from_hours(1);

/// Where newer versions are announced, and whose signature they bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Of the manifest: `https`, or `http` on this machine.
    pub address: Url,
    /// The public key, as the bundler's signer writes it.
    pub key: String,
}

/// Why there is nothing to install.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Anybody on the way could change it.
    #[error("Newer versions are announced at an address without TLS, which is not asked.")]
    Insecure,
    /// Its address does not answer, or not as it should.
    #[error("It cannot be found out whether there is a newer version: {0}.")]
    Unreachable(#[source] Error),
    /// For another system.
    #[error("The newer version is not there for this system.")]
    NotForThisSystem,
    /// Not ours, or not the one that was announced.
    #[error("The newer version is not signed as this copy expects it, so it was not installed: {0}.")]
    WrongSignature(#[source] Error),
    /// It cannot be put in the place of this one.
    #[error("The newer version cannot be installed: {0}.")]
    NotInstalled(#[source] Error),
}

impl Source {
    /// What this copy was built with, by the variables `HUBSPOT_TRIAGE_UPDATES_URL` and `HUBSPOT_TRIAGE_UPDATES_KEY`.
    #[must_use]
    pub fn built_in() -> Option<Self> {
        let (address, key) =
            (option_env!("HUBSPOT_TRIAGE_UPDATES_URL")?, option_env!("HUBSPOT_TRIAGE_UPDATES_KEY")?);
        (!key.is_empty()).then_some(Self { address: address.parse().ok()?, key: key.to_owned() })
    }
}

/// Why this copy does not look for newer versions, in a sentence.
#[must_use]
pub fn obstacle() -> Option<&'static str> {
    may::obstacle(bundle::kind(), Source::built_in().is_some())
}

/// The newer version, when there is one.
///
/// # Errors
/// When that cannot be found out.
pub async fn look<R: Runtime>(app: &AppHandle<R>, source: &Source) -> Result<Option<Update>, Problem> {
    if !is_safe(&source.address) {
        return Err(Problem::Insecure);
    }
    set_up(app).map_err(|error| Problem::Unreachable(error.into()))?;
    let is_private = source.address.scheme() == "https";
    let updater = app
        .updater_builder()
        .pubkey(source.key.as_str())
        .timeout(LOOK_WITHIN)
        // Redirects too.
        .configure_client(move |client| client.https_only(is_private))
        .endpoints(vec![source.address.clone()])
        .and_then(tauri_plugin_updater::UpdaterBuilder::build)
        .map_err(Problem::Unreachable)?;
    let found = updater.check().await.map_err(|error| match is_for_others(&error) {
        true => Problem::NotForThisSystem,
        false => Problem::Unreachable(error),
    })?;
    let Some(mut update) = found else { return Ok(None) };
    if !is_safe(&update.download_url) {
        return Err(Problem::Insecure);
    }
    update.timeout = Some(FETCH_WITHIN);
    Ok(Some(update))
}

/// Downloads it and checks whose it is. `progress` hears how many bytes there are of how many.
///
/// # Errors
/// When it does not come, or is not what was announced.
pub async fn fetch(
    update: &Update,
    mut progress: impl FnMut(usize, Option<u64>),
) -> Result<Vec<u8>, Problem> {
    let mut bytes = 0;
    let told = |more, total| {
        bytes += more;
        progress(bytes, total);
    };
    update.download(told, || {}).await.map_err(|error| match is_about_signature(&error) {
        true => Problem::WrongSignature(error),
        false => Problem::Unreachable(error),
    })
}

/// Puts it in the place of this copy. The next start is the new one; on Windows the installer ends this one.
///
/// # Errors
/// When it cannot be written there; this copy then stays.
pub fn install(update: &Update, bytes: &[u8]) -> Result<(), Problem> {
    update.install(bytes).map_err(Problem::NotInstalled)
}

/// Not before it is wanted: it takes part in nothing else.
fn set_up<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    struct IsSetUp;
    if app.manage(IsSetUp) {
        app.plugin(tauri_plugin_updater::Builder::new().build())?;
    }
    Ok(())
}

fn is_for_others(error: &Error) -> bool {
    matches!(
        error,
        Error::TargetNotFound(_) | Error::TargetsNotFound(_) | Error::UnsupportedArch | Error::UnsupportedOs
    )
}

fn is_about_signature(error: &Error) -> bool {
    matches!(
        error,
        Error::Minisign(_)
            | Error::Base64(_)
            | Error::SignatureUtf8(_)
            | Error::SignedVersionMismatch { .. }
            | Error::MissingSignedVersion
    )
}
