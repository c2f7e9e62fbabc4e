//! Taking over a device's tunnel: it is tried before it replaces anything.

use std::time::Duration;

use link::TunnelOffer;
use secrecy::SecretString;
use triage::time::Timestamp;
use url::Url;

use crate::clients::fault::Kind;
use crate::clients::ollama;
use crate::config::{self, Access, Local};

/// Each call through a tunnel that is being tried may take so long.
const SLOWEST_CALL: Duration = Duration::from_secs(5);

/// Characters of a credential, a model's name or an address.
const LONGEST: usize = 500;

/// A tunnel that a device offers, well-formed but not tried.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Its public address.
    pub url: Url,
    /// The model to ask there.
    pub model: String,
    /// The service token; none on loopback.
    pub access: Option<Access>,
    /// When the service token ends.
    pub expires_at: Option<Timestamp>,
}

/// Why a tunnel is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable name of what refused.
    pub code: &'static str,
    /// What to do, for a person.
    pub message: String,
}

/// Reads an offer.
pub fn read(offer: &TunnelOffer) -> Result<Offered, Refusal> {
    let url = config::usable_url(offer.url.trim())
        .map_err(|wrong| refusal("url_refused", format!("The tunnel's address {wrong}.")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refusal("url_refused", "The tunnel's address must end with its host or path."));
    }
    let model = offer.model.trim();
    if model.is_empty() || model.len() > LONGEST || model.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(refusal(
            "model_malformed",
            "Name the model as Ollama does, for example llama3.2:latest.",
        ));
    }
    let expires_at = match offer.expires_at.as_deref().map(Timestamp::parse_rfc3339) {
        Some(None) => {
            return Err(refusal("expiry_malformed", "expires_at must be a moment as in RFC 3339."));
        }
        Some(at) => at,
        None => None,
    };
    let access = access(offer, &url)?;
    Ok(Offered { url, model: model.to_owned(), access, expires_at })
}

fn access(offer: &TunnelOffer, url: &Url) -> Result<Option<Access>, Refusal> {
    let (id, secret) = match (&offer.access_client_id, &offer.access_client_secret) {
        (None, None) if config::is_loopback(url) => return Ok(None),
        (Some(id), Some(secret)) => (id.trim(), secret.trim()),
        (None | Some(_), None | Some(_)) => {
            return Err(refusal(
                "credentials_missing",
                "Beyond loopback a tunnel needs both halves of an Access service token: client id and client secret.",
            ));
        }
    };
    let is_printable =
        |text: &str| !text.is_empty() && text.len() <= LONGEST && text.chars().all(|c| c.is_ascii_graphic());
    if !is_printable(id) || !is_printable(secret) {
        return Err(refusal(
            "credentials_malformed",
            "A credential is empty, or contains a space or a line break: copy it again from Cloudflare Zero Trust.",
        ));
    }
    Ok(Some(Access { client_id: SecretString::from(id), client_secret: SecretString::from(secret) }))
}

/// Calls through the tunnel: Ollama must answer, and have the model. Returns how long the first answer took.
pub async fn prove(offered: &Offered) -> Result<Duration, Refusal> {
    let local = Local {
        url: offered.url.clone(),
        model: offered.model.clone(),
        timeout: SLOWEST_CALL,
        concurrency: 1,
        access: offered.access.clone(),
        is_assumed: false,
    };
    ollama::prove(local).await.map_err(|fault| {
        let message = format!(
            "The tunnel was tried and not taken over: {}. {} What was there before stays in use.",
            fault.message.trim_end_matches('.'),
            what_to_do(fault.kind)
        );
        refusal(fault.kind.as_str(), message)
    })
}

const fn what_to_do(kind: Kind) -> &'static str {
    match kind {
        Kind::AccessRefused | Kind::CredentialsRefused => {
            "Check client id, client secret and the expiry of the service token, and that a Service Auth policy of this host names it."
        }
        Kind::TunnelDown => "Start cloudflared on the machine.",
        Kind::OriginDown => {
            "Start Ollama on the machine, and check the service address in the tunnel's rule."
        }
        Kind::HostRefused => "Set httpHostHeader to localhost:11434 in the tunnel's rule.",
        Kind::PathRefused => "Let /api/version, tags, ps, show and chat through in the tunnel's rules.",
        Kind::ModelMissing => "Pull the model on the machine, or name one that is there.",
        Kind::Unreachable => "Check the address and its DNS record.",
        Kind::Timeout => "Check that the machine is awake and its network works.",
        Kind::Busy | Kind::RateLimited => "Try again in a minute.",
        Kind::ServerError => "Look into Ollama's log on the machine.",
        Kind::BadAnswer => "Check that the address leads to Ollama.",
        Kind::TooLong | Kind::Refused => "Check that the address leads to Ollama, and its version.",
    }
}

fn refusal(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into() }
}
