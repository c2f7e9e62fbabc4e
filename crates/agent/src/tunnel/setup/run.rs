//! Does the steps of a plan, one after the other.

use super::ledger::Thing;
use super::secrets::Entry;
use super::wanted::{TOKEN_LIFE, includes};
use super::{Error, Found, Plan, Session, Step, Wanted, ingress};
use crate::tunnel::api::{Application, DnsRecord, Minted, Permission, Policy, PolicyLink, Tunnel};
use secrecy::SecretString;
use serde_json::{Value, json};

/// Does the plan, telling `done` of each step after it. A run that stops can be repeated: find, plan, run.
///
/// # Errors
/// [`Error::Obstacles`] before anything is done; else the first step that failed, with all steps before it done.
pub async fn run(
    session: &mut Session<'_>,
    wanted: &Wanted,
    found: &Found,
    plan: &Plan,
    done: &mut (dyn FnMut(&Step) + Send),
) -> Result<(), Error> {
    if !plan.obstacles.is_empty() {
        return Err(Error::Obstacles(plan.obstacles.clone()));
    }
    let mut work = Work { ids: Ids::of(found), session, wanted, found };
    for step in &plan.steps {
        work.perform(step).await?;
        done(step);
    }
    Ok(())
}

/// Ids of what is there, as steps make it.
struct Ids {
    service_token: String,
    policy: String,
    audience: String,
    tunnel: String,
}

impl Ids {
    fn of(found: &Found) -> Self {
        Self {
            service_token: found.service_token.as_ref().map(|token| token.id.clone()).unwrap_or_default(),
            policy: found.policy.as_ref().map(|policy| policy.id.clone()).unwrap_or_default(),
            audience: found
                .application
                .as_ref()
                .map(|application| application.aud.clone())
                .unwrap_or_default(),
            tunnel: found.tunnel.as_ref().map(|tunnel| tunnel.id.clone()).unwrap_or_default(),
        }
    }
}

struct Work<'a, 's> {
    session: &'a mut Session<'s>,
    wanted: &'a Wanted,
    found: &'a Found,
    ids: Ids,
}

impl Work<'_, '_> {
    async fn perform(&mut self, step: &Step) -> Result<(), Error> {
        let doing = step.sentence(self.wanted);
        match step {
            Step::CreateServiceToken => self.create_service_token(&doing).await,
            Step::EnableServiceToken { id } => {
                let path = self.path(&format!("access/service_tokens/{id}"));
                let body = json!({"name": self.wanted.service_token, "enabled": true});
                self.replace(&doing, Permission::ServiceTokens, &path, &body).await
            }
            Step::ExtendServiceToken { id, .. } => {
                let path = self.path(&format!("access/service_tokens/{id}/refresh"));
                let answer =
                    self.session.api.create::<Value>(Permission::ServiceTokens, &path, &json!({})).await;
                answer.map(drop).map_err(Error::api(doing))
            }
            Step::RotateServiceToken { id, old_ends, .. } => {
                let minted = self.session.api.rotate(&self.found.account, id, old_ends).await;
                self.keep(&minted.map_err(Error::api(doing))?)
            }
            Step::CreatePolicy => self.create_policy(&doing).await,
            Step::MendPolicy { policy, .. } => self.mend_policy(&doing, policy).await,
            Step::CreateApplication => self.create_application(&doing).await,
            Step::AttachPolicy { application } => self.attach_policy(&doing, application).await,
            Step::CreateTunnel => self.create_tunnel(&doing).await,
            Step::SetIngress { .. } => self.set_ingress(&doing).await,
            Step::KeepTunnelToken => self.keep_tunnel_token(&doing).await,
            Step::CreateRecord => self.create_record(&doing).await,
            Step::MendRecord { record } => self.mend_record(&doing, record).await,
        }
    }

    async fn create_service_token(&mut self, doing: &str) -> Result<(), Error> {
        let name = self.wanted.service_token.as_str();
        self.session.ledger.intend(Thing::ServiceToken, name)?;
        let (path, body) =
            (self.path("access/service_tokens"), json!({"name": name, "duration": TOKEN_LIFE}));
        let minted: Minted = self.create(doing, Permission::ServiceTokens, &path, &body).await?;
        self.keep(&minted)?;
        self.session.ledger.created(Thing::ServiceToken, name, &minted.token.id)?;
        self.ids.service_token = minted.token.id;
        Ok(())
    }

    /// The secret first: the id beside an old secret would look complete.
    fn keep(&self, minted: &Minted) -> Result<(), Error> {
        let secrets = self.session.secrets;
        secrets.put(Entry::AccessClientSecret, &minted.client_secret)?;
        secrets.put(Entry::AccessClientId, &SecretString::from(minted.token.client_id.clone()))?;
        Ok(())
    }

    async fn create_policy(&mut self, doing: &str) -> Result<(), Error> {
        self.session.ledger.intend(Thing::Policy, &self.wanted.policy)?;
        let body = self.wanted.policy_body(&[includes(&self.ids.service_token)]);
        let path = self.path("access/policies");
        let policy: Policy = self.create(doing, Permission::AppsAndPolicies, &path, &body).await?;
        self.session.ledger.created(Thing::Policy, &self.wanted.policy, &policy.id)?;
        self.ids.policy = policy.id;
        Ok(())
    }

    async fn mend_policy(&mut self, doing: &str, policy: &Policy) -> Result<(), Error> {
        let ours = includes(&self.ids.service_token);
        let is_token = |rule: &&Value| rule.get("service_token").is_some() && **rule != ours;
        let mut include: Vec<Value> = policy.include.iter().filter(is_token).cloned().collect();
        include.push(ours.clone());
        let body = policy_body(policy, "non_identity", &include);
        let before = policy_body(policy, &policy.decision, &policy.include);
        self.session.ledger.change(Thing::Policy, &policy.name, &policy.id, before)?;
        let path = self.path(&format!("access/policies/{}", policy.id));
        self.replace(doing, Permission::AppsAndPolicies, &path, &body).await
    }

    async fn create_application(&mut self, doing: &str) -> Result<(), Error> {
        let name = self.wanted.application.as_str();
        self.session.ledger.intend(Thing::Application, name)?;
        let (path, body) = (self.path("access/apps"), self.wanted.application_body(&self.ids.policy));
        let application: Application = self.create(doing, Permission::AppsAndPolicies, &path, &body).await?;
        self.session.ledger.created(Thing::Application, name, &application.id)?;
        self.ids.audience = application.aud;
        Ok(())
    }

    async fn attach_policy(&mut self, doing: &str, application: &Application) -> Result<(), Error> {
        let links: Vec<&str> = application.policies.iter().map(|policy| policy.id.as_str()).collect();
        let before = application_body(application, &links);
        self.session.ledger.change(Thing::Application, &application.name, &application.id, before)?;
        let links: Vec<&str> = links.into_iter().chain([self.ids.policy.as_str()]).collect();
        let path = self.path(&format!("access/apps/{}", application.id));
        let body = application_body(application, &links);
        self.replace(doing, Permission::AppsAndPolicies, &path, &body).await
    }

    async fn create_tunnel(&mut self, doing: &str) -> Result<(), Error> {
        let name = self.wanted.tunnel.as_str();
        self.session.ledger.intend(Thing::Tunnel, name)?;
        let (path, body) = (self.path("cfd_tunnel"), json!({"name": name, "config_src": "cloudflare"}));
        let tunnel: Tunnel = self.create(doing, Permission::Tunnel, &path, &body).await?;
        self.session.ledger.created(Thing::Tunnel, name, &tunnel.id)?;
        self.ids.tunnel = tunnel.id;
        Ok(())
    }

    async fn set_ingress(&mut self, doing: &str) -> Result<(), Error> {
        let id = self.ids.tunnel.clone();
        // The ingress of a tunnel that was made here goes with the tunnel.
        if !self.session.ledger.is_ours(Thing::Tunnel) {
            let before =
                if self.found.config.is_null() { ingress::empty() } else { self.found.config.clone() };
            self.session.ledger.change(Thing::Ingress, &self.wanted.tunnel, &id, before)?;
        }
        let audience = Some(self.ids.audience.as_str());
        let rule = self.wanted.rule(self.found.team.as_deref(), audience);
        let body = json!({"config": ingress::with_rule(&self.found.config, &rule)});
        let path = self.path(&format!("cfd_tunnel/{id}/configurations"));
        self.replace(doing, Permission::Tunnel, &path, &body).await
    }

    async fn keep_tunnel_token(&mut self, doing: &str) -> Result<(), Error> {
        let path = self.path(&format!("cfd_tunnel/{}/token", self.ids.tunnel));
        let token: SecretString =
            self.session.api.read(Permission::Tunnel, &path).await.map_err(Error::api(doing))?;
        self.session.secrets.put(Entry::TunnelToken, &token)?;
        Ok(())
    }

    async fn create_record(&mut self, doing: &str) -> Result<(), Error> {
        let name = self.wanted.hostname.as_str();
        self.session.ledger.intend(Thing::DnsRecord, name)?;
        let path = format!("zones/{}/dns_records", self.found.zone);
        let body = self.wanted.record_body(&self.ids.tunnel);
        let record: DnsRecord = self.create(doing, Permission::Dns, &path, &body).await?;
        self.session.ledger.created(Thing::DnsRecord, name, &record.id)?;
        Ok(())
    }

    async fn mend_record(&mut self, doing: &str, record: &DnsRecord) -> Result<(), Error> {
        let before = json!(record);
        self.session.ledger.change(Thing::DnsRecord, &record.name, &record.id, before)?;
        let path = format!("zones/{}/dns_records/{}", self.found.zone, record.id);
        self.replace(doing, Permission::Dns, &path, &self.wanted.record_body(&self.ids.tunnel)).await
    }

    fn path(&self, rest: &str) -> String {
        format!("accounts/{}/{rest}", self.found.account)
    }

    async fn create<T: serde::de::DeserializeOwned>(
        &self,
        doing: &str,
        permission: Permission,
        path: &str,
        body: &Value,
    ) -> Result<T, Error> {
        self.session.api.create(permission, path, body).await.map_err(Error::api(doing))
    }

    async fn replace(
        &self,
        doing: &str,
        permission: Permission,
        path: &str,
        body: &Value,
    ) -> Result<(), Error> {
        self.session.api.replace(permission, path, body).await.map_err(Error::api(doing))
    }
}

/// What only Cloudflare sets.
const READ_ONLY: [&str; 4] = ["id", "created_at", "updated_at", "app_count"];

/// The policy as it is sent back.
fn policy_body(policy: &Policy, decision: &str, include: &[Value]) -> Value {
    let mut body = writable(json!(policy));
    body["decision"] = json!(decision);
    body["include"] = json!(include);
    body
}

/// The application as it is sent back, with its policies named instead of whole.
fn application_body(application: &Application, policies: &[&str]) -> Value {
    let mut body = writable(json!(application));
    if let Some(fields) = body.as_object_mut() {
        fields.shift_remove("aud");
    }
    let links = policies.iter().enumerate().map(|(place, id)| PolicyLink { id, precedence: place + 1 });
    body["policies"] = links.map(|link| json!(link)).collect();
    body
}

fn writable(mut body: Value) -> Value {
    for key in READ_ONLY {
        body.as_object_mut().and_then(|fields| fields.shift_remove(key));
    }
    body
}
