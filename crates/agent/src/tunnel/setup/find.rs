//! What is there, at Cloudflare and in the keychain.

use super::ledger::Thing;
use super::secrets::Known;
use super::{Error, Session, Wanted};
use crate::tunnel::api::{
    self, Api, Application, Configuration, DnsRecord, Organization, Permission, Policy, ServiceToken, Tunnel,
    Zone,
};
use serde_json::Value;

/// What is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The account's id.
    pub account: String,
    /// The zone's id.
    pub zone: String,
    /// The zone's name.
    pub domain: String,
    /// The Zero Trust team's name, if the API token may know it.
    pub team: Option<String>,
    /// The service token.
    pub service_token: Option<ServiceToken>,
    /// The policy.
    pub policy: Option<Policy>,
    /// What protects the host name.
    pub application: Option<Application>,
    /// The tunnel.
    pub tunnel: Option<Tunnel>,
    /// Its configuration; null when it has none.
    pub config: Value,
    /// The records that say where the host name leads to.
    pub records: Vec<DnsRecord>,
    /// The service token whose secret is in the keychain.
    pub(super) known: Known,
    /// Whether a set-up of ours made the record.
    pub(super) owns_record: bool,
}

/// Looks at everything the set-up is about, and notes which of it an interrupted run made.
///
/// # Errors
/// When a call fails, a permission is missing, or no zone fits the host name.
pub async fn find(session: &mut Session<'_>, wanted: &Wanted) -> Result<Found, Error> {
    let zone = zone(session.api, wanted).await?;
    let look = Look { session, wanted, account: &zone.account.id };
    let team = look.team().await?;
    let known = Known::read(look.session.secrets)?;
    let service_token = look.service_token(&known).await?;
    let application = look.application().await?;
    let policy = look.policy(application.as_ref()).await?;
    let tunnel = look.tunnel().await?;
    let config = look.config(tunnel.as_ref()).await?;
    let records = look.records(&zone.id).await?;
    let ids = [
        (Thing::ServiceToken, service_token.as_ref().map(|token| token.id.as_str())),
        (Thing::Policy, policy.as_ref().map(|policy| policy.id.as_str())),
        (Thing::Application, application.as_ref().map(|application| application.id.as_str())),
        (Thing::Tunnel, tunnel.as_ref().map(|tunnel| tunnel.id.as_str())),
        (Thing::DnsRecord, records.first().map(|record| record.id.as_str())),
    ];
    for (thing, id) in ids {
        session.ledger.adopt(thing, id)?;
    }
    let owned = session.ledger.id(Thing::DnsRecord).filter(|_| session.ledger.is_ours(Thing::DnsRecord));
    let owns_record = owned.is_some_and(|id| records.iter().any(|record| record.id == id));
    Ok(Found {
        account: zone.account.id,
        zone: zone.id,
        domain: zone.name,
        team,
        service_token,
        policy,
        application,
        tunnel,
        config,
        records,
        known,
        owns_record,
    })
}

/// The account's id, and the service token of the set-up.
pub(super) async fn find_service_token(
    session: &mut Session<'_>,
    wanted: &Wanted,
) -> Result<(String, Option<ServiceToken>), Error> {
    let zone = zone(session.api, wanted).await?;
    let known = Known::read(session.secrets)?;
    let look = Look { session, wanted, account: &zone.account.id };
    let token = look.service_token(&known).await?;
    Ok((zone.account.id, token))
}

async fn zone(api: &Api, wanted: &Wanted) -> Result<Zone, Error> {
    let names = wanted.hostname.zones();
    for name in &names {
        let zone = api.zone(name).await.map_err(Error::api(format!("looking for the domain {name}")))?;
        if let Some(zone) = zone {
            return Ok(zone);
        }
    }
    Err(Error::NoZone(names.into_iter().map(str::to_owned).collect()))
}

struct Look<'a, 's> {
    session: &'a Session<'s>,
    wanted: &'a Wanted,
    account: &'a str,
}

impl Look<'_, '_> {
    fn path(&self, rest: &str) -> String {
        format!("accounts/{}/{rest}", self.account)
    }

    /// The id that the ledger has for the thing.
    fn is_noted(&self, thing: Thing, id: &str) -> bool {
        self.session.ledger.id(thing) == Some(id)
    }

    async fn team(&self) -> Result<Option<String>, Error> {
        let path = self.path("access/organizations");
        match self.session.api.read::<Organization>(Permission::Organizations, &path).await {
            Ok(organization) => {
                Ok(organization.auth_domain.strip_suffix(".cloudflareaccess.com").map(str::to_owned))
            }
            Err(api::Error::Refused { .. } | api::Error::NotFound) => Ok(None),
            Err(problem) => Err(Error::api("looking for the team's name")(problem)),
        }
    }

    async fn service_token(&self, known: &Known) -> Result<Option<ServiceToken>, Error> {
        let path = self.path("access/service_tokens");
        let all = self.session.api.list::<ServiceToken>(Permission::ServiceTokens, &path, &[]).await;
        let all = all.map_err(Error::api("looking for the service token"))?;
        let best = pick(
            &all,
            &[
                &|token| self.is_noted(Thing::ServiceToken, &token.id),
                &|token| known.client_id.as_deref() == Some(token.client_id.as_str()),
                &|token| token.name == self.wanted.service_token,
            ],
        );
        Ok(best.cloned())
    }

    async fn application(&self) -> Result<Option<Application>, Error> {
        let path = self.path("access/apps");
        let all = self.session.api.list::<Application>(Permission::AppsAndPolicies, &path, &[]).await;
        let all = all.map_err(Error::api("looking for the Access application"))?;
        Ok(all.into_iter().find(|application| application.protects(self.wanted.hostname.as_str())))
    }

    /// Ours, else the one that stands in for it at the application, else the one of that name.
    async fn policy(&self, application: Option<&Application>) -> Result<Option<Policy>, Error> {
        let path = self.path("access/policies");
        let all = self.session.api.list::<Policy>(Permission::AppsAndPolicies, &path, &[]).await;
        let all = all.map_err(Error::api("looking for the policy"))?;
        let is_attached = |policy: &Policy| {
            application.is_some_and(|application| application.policies.iter().any(|one| one.id == policy.id))
        };
        let is_named = |policy: &Policy| policy.name == self.wanted.policy;
        let is_for_tokens = |policy: &Policy| {
            !policy.include.is_empty()
                && policy.include.iter().all(|rule| rule.get("service_token").is_some())
        };
        let best = pick(
            &all,
            &[
                &|policy| self.is_noted(Thing::Policy, &policy.id),
                &|policy| is_attached(policy) && is_named(policy),
                &|policy| is_attached(policy) && is_for_tokens(policy),
                &|policy| is_named(policy),
            ],
        );
        Ok(best.cloned())
    }

    async fn tunnel(&self) -> Result<Option<Tunnel>, Error> {
        let path = self.path("cfd_tunnel");
        let query = [("name", self.wanted.tunnel.as_str()), ("is_deleted", "false")];
        let all = self.session.api.list::<Tunnel>(Permission::Tunnel, &path, &query).await;
        let all = all.map_err(Error::api("looking for the tunnel"))?;
        Ok(all.into_iter().find(|tunnel| tunnel.name == self.wanted.tunnel))
    }

    async fn config(&self, tunnel: Option<&Tunnel>) -> Result<Value, Error> {
        let Some(tunnel) = tunnel.filter(|tunnel| !tunnel.is_local()) else { return Ok(Value::Null) };
        let path = self.path(&format!("cfd_tunnel/{}/configurations", tunnel.id));
        match self.session.api.read::<Configuration>(Permission::Tunnel, &path).await {
            Ok(configuration) => Ok(configuration.config),
            Err(api::Error::NotFound) => Ok(Value::Null),
            Err(problem) => Err(Error::api("reading the tunnel's ingress")(problem)),
        }
    }

    async fn records(&self, zone: &str) -> Result<Vec<DnsRecord>, Error> {
        let path = format!("zones/{zone}/dns_records");
        let query = [("name", self.wanted.hostname.as_str())];
        let all = self.session.api.list::<DnsRecord>(Permission::Dns, &path, &query).await;
        let mut all = all.map_err(Error::api("looking for the DNS record"))?;
        all.retain(|record| ["A", "AAAA", "CNAME"].contains(&record.kind.as_str()));
        Ok(all)
    }
}

/// The first that meets the first test that any meets.
fn pick<'a, T>(all: &'a [T], tests: &[&dyn Fn(&T) -> bool]) -> Option<&'a T> {
    tests.iter().find_map(|test| all.iter().find(|one| test(one)))
}
