//! Who calls the interface for machines: a paired device, known by its token, or the administration.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::auth::{bearer, equal};
use super::peer::Peer;
use crate::app::App;
use crate::error::ApiError;
use crate::store::DeviceRow;

/// The device that makes a request. Whoever proves to be none is refused, and slowed down when it does so again and again.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) DeviceRow);

/// The administration makes the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admin;

/// A token as it is stored. Looked up in an index, whose speed tells about hashes only.
pub(super) fn token_hash(token: &[u8]) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

const NOT_PAIRED: &str = "This token is no device's (any more): pair the machine again with the link that `orchestrator pair` prints.";

/// The device was revoked while its request was under way.
pub(super) fn revoked() -> ApiError {
    ApiError::Unauthorized(NOT_PAIRED.to_owned())
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let client = client(parts);
        // Looking up a token costs the database something, which whoever guesses may not have again and again.
        app.limits.check(client, app.clock.now())?;
        let Some(token) = bearer(&parts.headers) else {
            return Err(refuse(app, client, "Send the device's token as Authorization: Bearer …"));
        };
        let device = app.store.device_of_token(&token_hash(token)).await?;
        device.map(Self).ok_or_else(|| refuse(app, client, NOT_PAIRED))
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let client = client(parts);
        let Some(expected) = &app.config.admin_token else {
            return Err(refuse(
                app,
                client,
                "This server has no ADMIN_TOKEN, so nobody may administer it from outside.",
            ));
        };
        let given = bearer(&parts.headers).unwrap_or_default();
        if equal(given, expected.expose_secret().as_bytes()) {
            Ok(Self)
        } else {
            Err(refuse(app, client, "Send ADMIN_TOKEN as Authorization: Bearer …"))
        }
    }
}

/// Whom a request is counted for.
pub(super) fn client(parts: &Parts) -> IpAddr {
    client_of(parts.extensions.get::<Peer>().copied(), &parts.headers)
}

fn client_of(peer: Option<Peer>, headers: &HeaderMap) -> IpAddr {
    peer.unwrap_or(Peer(IpAddr::from([0; 4]))).client(headers)
}

fn refuse(app: &App, client: IpAddr, message: &str) -> ApiError {
    app.limits.refuse(client, app.clock.now(), ApiError::Unauthorized(message.to_owned()))
}
