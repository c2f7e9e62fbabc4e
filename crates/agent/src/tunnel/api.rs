//! Cloudflare's API v4, as much of it as a protected tunnel needs.
//!
//! Source of all paths, codes and bodies: Cloudflare's API reference and its TypeScript SDK, read in November 2026.

mod error;
mod types;

pub use error::{Error, Permission};
pub use types::{
    Application, Configuration, DnsRecord, Minted, Organization, Policy, PolicyLink, ServiceToken, Tunnel,
    Zone,
};

use super::{http, is_safe};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use std::time::Duration;
use types::Envelope;
use url::Url;

/// Where the API is.
pub const BASE: &str = "https://api.cloudflare.com/client/v4";

/// One call takes so long at the most.
const TIMEOUT: Duration = Duration::from_secs(20);
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
const PER_PAGE: usize = 50;
/// So many pages of a list are read at the most.
const MOST_PAGES: usize = 100;

type Result<T> = std::result::Result<T, Error>;

/// A client of the API, acting for one API token.
pub struct Api {
    http: Client,
    base: String,
    token: SecretString,
}

impl Api {
    /// A client; [`BASE`] is the address in real life.
    ///
    /// # Errors
    /// [`Error::UnsafeAddress`] when the token would travel in the clear.
    pub fn new(base: &str, token: SecretString) -> Result<Self> {
        let safe = Url::parse(base).ok().filter(is_safe);
        let Some(url) = safe else { return Err(Error::UnsafeAddress) };
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http: http::client(TIMEOUT), base, token })
    }

    /// Asks whether the API token is active.
    ///
    /// # Errors
    /// [`Error::TokenRefused`] when it is not.
    pub async fn verify_token(&self) -> Result<()> {
        let call = Call::get(Permission::None, "user/tokens/verify");
        let state: Value = self.one(call).await?;
        if state["status"] == "active" { Ok(()) } else { Err(Error::TokenRefused) }
    }

    /// The zone of that name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn zone(&self, name: &str) -> Result<Option<Zone>> {
        let zones: Vec<Zone> = self.list(Permission::Zone, "zones", &[("name", name)]).await?;
        Ok(zones.into_iter().find(|zone| zone.name == name))
    }

    /// Everything of a collection, page after page.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        permission: Permission,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let (page, per_page) = (page.to_string(), PER_PAGE.to_string());
            let pages = [("page", page.as_str()), ("per_page", per_page.as_str())];
            let query: Vec<(&str, &str)> = query.iter().copied().chain(pages).collect();
            let call = Call { query: &query, ..Call::get(permission, path) };
            let items: Vec<T> = self.send(call).await?.result.unwrap_or_default();
            let is_last = items.len() < PER_PAGE;
            all.extend(items);
            if is_last {
                return Ok(all);
            }
        }
        Err(Error::BadAnswer(format!("the list of {path} does not end")))
    }

    /// Makes an object.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        permission: Permission,
        path: &str,
        body: &Value,
    ) -> Result<T> {
        self.one(Call { method: Method::POST, body: Some(body), ..Call::get(permission, path) }).await
    }

    /// Replaces an object.
    pub(super) async fn replace(&self, permission: Permission, path: &str, body: &Value) -> Result<()> {
        let call = Call { method: Method::PUT, body: Some(body), ..Call::get(permission, path) };
        self.send::<IgnoredAny>(call).await.map(drop)
    }

    /// Deletes an object; one that is gone already is no error.
    pub(super) async fn delete(&self, permission: Permission, path: &str) -> Result<()> {
        let call = Call { method: Method::DELETE, ..Call::get(permission, path) };
        match self.send::<IgnoredAny>(call).await {
            Ok(_) | Err(Error::NotFound) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Reads an object.
    pub(super) async fn read<T: DeserializeOwned>(&self, permission: Permission, path: &str) -> Result<T> {
        self.one(Call::get(permission, path)).await
    }

    /// A new secret for a service token; the old one works until `old_ends`.
    pub(super) async fn rotate(&self, account: &str, id: &str, old_ends: &str) -> Result<Minted> {
        let path = format!("accounts/{account}/access/service_tokens/{id}/rotate");
        let body = json!({"previous_client_secret_expires_at": old_ends});
        self.create(Permission::ServiceTokens, &path, &body).await
    }

    async fn one<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        let path = call.path;
        let envelope = self.send::<T>(call).await?;
        envelope.result.ok_or_else(|| Error::BadAnswer(format!("{path} was answered without a result")))
    }

    async fn send<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Envelope<T>> {
        let request = self.request(&call).bearer_auth(self.token.expose_secret());
        let unreachable = |problem: reqwest::Error| Error::Unreachable(http::cause(&problem).1);
        let response = request.send().await.map_err(unreachable)?;
        let (status, retry_after) = (response.status().as_u16(), http::retry_after(&response));
        let body = http::body(response, LARGEST_ANSWER).await.map_err(unreachable)?;
        if !(200..300).contains(&status) {
            return Err(Error::answered(status, &body, call.permission, retry_after));
        }
        // Without the words of the problem: they may quote the answer, and the answer may hold a secret.
        let Ok(envelope) = serde_json::from_str::<Envelope<T>>(&body) else {
            return Err(Error::BadAnswer(format!("{} was answered with something else", call.path)));
        };
        if envelope.success {
            return Ok(envelope);
        }
        Err(Error::answered(status, &body, call.permission, retry_after))
    }

    fn request(&self, call: &Call<'_>) -> RequestBuilder {
        let mut url = format!("{}/{}", self.base, call.path);
        if !call.query.is_empty() {
            let query =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(call.query).finish();
            url = format!("{url}?{query}");
        }
        let request = self.http.request(call.method.clone(), url);
        match call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

struct Call<'a> {
    permission: Permission,
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
}

impl<'a> Call<'a> {
    fn get(permission: Permission, path: &'a str) -> Self {
        Self { permission, method: Method::GET, path, query: &[], body: None }
    }
}
