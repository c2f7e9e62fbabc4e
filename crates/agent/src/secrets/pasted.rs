//! What a person pastes, made into a secret. PURE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::Entry;

/// What was given is not the secret that was asked for. Never holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASecret {
    /// Nothing.
    #[error("nothing was given; put the secret on standard input, for example with `< file`")]
    Empty,
    /// Several words or lines.
    #[error("there are spaces, line breaks or other signs in it that no secret has; give the secret alone")]
    Spaces,
    /// Not an Access client id.
    #[error(
        "an Access client id ends in `.access`; copy the CF-Access-Client-Id from the service token's page"
    )]
    NoAccessId,
    /// An Access client id where the secret goes.
    #[error(
        "this is the client id; the secret is the CF-Access-Client-Secret, shown only once, when the token is made"
    )]
    IdForSecret,
    /// Not a tunnel's token.
    #[error(
        "this is no tunnel token, or a part of one; copy the whole `cloudflared … --token eyJ…` line from the tunnel's page"
    )]
    NoTunnelToken,
}

/// Reads a secret as it is pasted or comes from a file: with a line break behind it, in quotes, with the header's name
/// before it, or a tunnel's token within the command line that Cloudflare shows.
///
/// # Errors
/// When it cannot be a secret of that kind.
pub fn read(entry: Entry, text: &str) -> Result<SecretString, NotASecret> {
    let text = unquoted(text);
    let secret = match entry {
        Entry::AccessClientId => without_name(text, "cf-access-client-id"),
        Entry::AccessClientSecret => without_name(text, "cf-access-client-secret"),
        Entry::TunnelToken => token_in(text),
        Entry::DeviceToken => text,
    };
    let secret = unquoted(secret);
    if secret.is_empty() {
        return Err(NotASecret::Empty);
    }
    // What goes into a header must be visible ASCII.
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NotASecret::Spaces);
    }
    match entry {
        Entry::AccessClientId if !is_access_id(secret) => Err(NotASecret::NoAccessId),
        Entry::AccessClientSecret if is_access_id(secret) => Err(NotASecret::IdForSecret),
        Entry::TunnelToken if !is_tunnel_token(secret) => Err(NotASecret::NoTunnelToken),
        Entry::AccessClientId | Entry::AccessClientSecret | Entry::TunnelToken | Entry::DeviceToken => {
            Ok(SecretString::from(secret))
        }
    }
}

fn is_access_id(text: &str) -> bool {
    text.strip_suffix(".access").is_some_and(|id| !id.is_empty())
}

/// base64 of `{"a":"<account>","s":"<base64>","t":"<tunnel's uuid>"}`.
fn is_tunnel_token(text: &str) -> bool {
    let json = STANDARD.decode(text).ok();
    let Some(fields) = json.and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok()) else {
        return false;
    };
    let field = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
    let has_secret = STANDARD.decode(field("s")).is_ok_and(|secret| !secret.is_empty());
    !field("a").is_empty() && has_secret && is_uuid(&field("t"))
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hex)
}

/// `CF-Access-Client-Id: …` as Cloudflare's page shows it.
fn without_name<'a>(text: &'a str, name: &str) -> &'a str {
    let Some((before, value)) = text.split_once([':', '=']) else { return text };
    let before = before.trim().replace('_', "-");
    if before.eq_ignore_ascii_case(name) { value.trim() } else { text }
}

/// The token in `cloudflared service install eyJ…`, `… run --token eyJ…`, `--token=eyJ…` or `TUNNEL_TOKEN=eyJ…`.
fn token_in(text: &str) -> &str {
    let mut words = text.split_whitespace();
    let is_command =
        text.split_whitespace().any(|word| word.rsplit(['/', '\\']).next() == Some("cloudflared"));
    let after = |word: &'_ str| word == "--token" || word == "install";
    while let Some(word) = words.next() {
        if let Some(token) = word.strip_prefix("--token=").or_else(|| word.strip_prefix("TUNNEL_TOKEN=")) {
            return token;
        }
        if after(word)
            && let Some(token) = words.clone().next()
        {
            return token;
        }
    }
    // `docker run cloudflare/cloudflared:latest …` always has --token, so what is left is a token alone or nothing.
    if is_command { "" } else { text }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text).trim()
}
