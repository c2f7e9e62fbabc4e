//! The objects of the API. What is not named here is kept as it came, so that an object can be sent back whole.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The form of every answer.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) success: bool,
    pub(super) result: Option<T>,
}

/// A domain at Cloudflare.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Zone {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub account: Account,
}

/// The account of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: String,
}

/// The Zero Trust organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// `acme.cloudflareaccess.com`.
    pub auth_domain: String,
}

/// A tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tunnel {
    /// Its id.
    pub id: String,
    /// Its name, which no other live tunnel of the account has.
    pub name: String,
    /// `cloudflare` when Cloudflare keeps its ingress, `local` when `config.yml` does.
    #[serde(default)]
    pub config_src: Option<String>,
}

impl Tunnel {
    /// Whether its ingress is in a `config.yml`.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.config_src.as_deref() == Some("local")
    }
}

/// What a tunnel does with requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Configuration {
    /// `null` until it is set.
    #[serde(default)]
    pub config: Value,
}

/// A service token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServiceToken {
    /// What policies name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What callers send.
    pub client_id: String,
    /// Without it the token never ends.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Left out means that it is.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A service token with its secret, as only its creation and its rotation show it.
#[derive(Debug, Deserialize)]
pub struct Minted {
    /// The token.
    #[serde(flatten)]
    pub token: ServiceToken,
    /// What callers send along with the client id.
    pub client_secret: SecretString,
}

/// A policy of Access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// `allow`, `deny`, `non_identity` (Service Auth) or `bypass`.
    #[serde(default)]
    pub decision: String,
    /// Rules, of which one must fit.
    #[serde(default)]
    pub include: Vec<Value>,
    /// Whether several applications can name it; otherwise it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reusable: Option<bool>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An application of Access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// The audience in the tokens that Access signs for it.
    #[serde(default)]
    pub aud: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The host name that it protects, with or without a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The addresses that it protects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Value>,
    /// Its policies, whole.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// How an application names a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyLink<'a> {
    /// The policy's id.
    pub id: &'a str,
    /// Its place, from 1.
    pub precedence: usize,
}

impl Application {
    /// Whether it protects the whole host name. Bookmarks and the like have a domain too and protect nothing.
    #[must_use]
    pub fn protects(&self, hostname: &str) -> bool {
        if self.rest.get("type").is_some_and(|kind| kind != "self_hosted") {
            return false;
        }
        let is_it = |address: &str| address.trim_end_matches('/') == hostname;
        let mut destinations = self.destinations.iter().filter_map(|one| one["uri"].as_str());
        self.domain.as_deref().is_some_and(is_it) || destinations.any(is_it)
    }
}

/// A DNS record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Its id.
    pub id: String,
    /// `A`, `CNAME` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The host name.
    pub name: String,
    /// Where it points to.
    #[serde(default)]
    pub content: String,
    /// Whether Cloudflare stands in front.
    #[serde(default)]
    pub proxied: bool,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl DnsRecord {
    /// `CNAME to other.example.net`, for sentences.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} to {}", self.kind, self.content)
    }
}
