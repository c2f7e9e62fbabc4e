//! What has to be done to what is there. PURE.

use super::wanted::includes;
use super::{Found, Step, Wanted, ingress};
use crate::tunnel::api::{Policy, ServiceToken};
use crate::tunnel::record_content;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use std::fmt;

/// A service token that ends within this is extended.
const ENDS_SOON: Duration = Duration::days(30);
/// So long a replaced secret goes on working: the orchestrator needs time to get the new one.
const OVERLAP: Duration = Duration::hours(24);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// In this order; empty when all is as it should be.
    pub steps: Vec<Step>,
    /// What only a person can decide about; with any, nothing is done.
    pub obstacles: Vec<Obstacle>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Something that only a person can decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The name leads somewhere else.
    RecordElsewhere {
        /// The name.
        hostname: String,
        /// Where to.
        leads_to: String,
    },
    /// The name has several records.
    ManyRecords {
        /// The name.
        hostname: String,
        /// Where to.
        lead_to: Vec<String>,
    },
    /// The application has a policy that lets everyone in.
    OpenPolicy {
        /// The application.
        application: String,
        /// The policy.
        policy: String,
    },
    /// Without the application the address would be open: its record was there before and stays.
    WouldOpen {
        /// The name.
        hostname: String,
        /// The application.
        application: String,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordElsewhere { hostname, leads_to } => {
                write!(f, "{hostname} is in use: its DNS record is {leads_to}")
            }
            Self::ManyRecords { hostname, lead_to } => {
                write!(f, "{hostname} has {} DNS records: {}", lead_to.len(), lead_to.join(", "))
            }
            Self::OpenPolicy { application, policy } => {
                write!(f, "policy \"{policy}\" of Access application \"{application}\" lets everyone in")
            }
            Self::WouldOpen { hostname, application } => write!(
                f,
                "without Access application \"{application}\" everyone could use {hostname}: its DNS record stays"
            ),
        }
    }
}

impl Obstacle {
    /// What a person can do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::RecordElsewhere { hostname, .. } => format!(
                "Choose another host name, or allow the change with --overwrite-dns if nothing needs {hostname} as it is."
            ),
            Self::ManyRecords { hostname, .. } => format!(
                "Delete the A, AAAA and CNAME records of {hostname} in the dashboard under DNS, or choose another host name."
            ),
            Self::OpenPolicy { application, policy } => format!(
                "Remove policy \"{policy}\" from \"{application}\" in the dashboard under Zero Trust › Access › Applications."
            ),
            Self::WouldOpen { hostname, .. } => format!(
                "Delete the DNS record of {hostname} first, or say that the address may be left open."
            ),
        }
    }
}

/// What has to be done to what is there so that it becomes what is wanted. With nothing wrong there is no step.
#[must_use]
pub fn plan(wanted: &Wanted, found: &Found, now: DateTime<Utc>) -> Plan {
    let mut plan = Plan::default();
    match &found.service_token {
        Some(token) => service_token(&mut plan, wanted, found, token, now),
        None => plan.steps.push(Step::CreateServiceToken),
    }
    access(&mut plan, found);
    tunnel(&mut plan, wanted, found);
    record(&mut plan, wanted, found);
    if is_deep(wanted.hostname.as_str(), &found.domain) {
        plan.notes.push(format!(
            "{} is more than one level below {}: it needs an advanced certificate, which Cloudflare charges for.",
            wanted.hostname, found.domain
        ));
    }
    plan
}

/// Cloudflare's own certificate covers names one level below the domain.
fn is_deep(hostname: &str, domain: &str) -> bool {
    let below = hostname.strip_suffix(domain).map(|below| below.trim_end_matches('.'));
    below.is_some_and(|below| below.contains('.'))
}

fn service_token(plan: &mut Plan, wanted: &Wanted, found: &Found, token: &ServiceToken, now: DateTime<Utc>) {
    let id = || token.id.clone();
    if token.enabled == Some(false) {
        plan.steps.push(Step::EnableServiceToken { id: id() });
    }
    if let Some(end) = token.expires_at.filter(|end| *end < now + ENDS_SOON) {
        plan.steps.push(Step::ExtendServiceToken { id: id(), ends: end.date_naive().to_string() });
    }
    let is_unknown = found.known.client_id.as_deref() != Some(token.client_id.as_str());
    if is_unknown || wanted.new_secret {
        let old_ends = (now + OVERLAP).to_rfc3339_opts(SecondsFormat::Secs, true);
        plan.steps.push(Step::RotateServiceToken { id: id(), old_ends, is_unknown });
    }
}

fn access(plan: &mut Plan, found: &Found) {
    match &found.policy {
        None => plan.steps.push(Step::CreatePolicy),
        Some(policy) => {
            let wrong = wrong_policy(policy, found.service_token.as_ref());
            plan.steps.extend(wrong.map(|wrong| Step::MendPolicy { policy: policy.clone(), wrong }));
        }
    }
    let Some(application) = &found.application else {
        plan.steps.push(Step::CreateApplication);
        return;
    };
    let ours = found.policy.as_ref().map(|policy| policy.id.as_str());
    for policy in application.policies.iter().filter(|policy| Some(policy.id.as_str()) != ours) {
        if lets_everyone_in(policy) {
            plan.obstacles.push(Obstacle::OpenPolicy {
                application: application.name.clone(),
                policy: policy.name.clone(),
            });
        }
    }
    if !application.policies.iter().any(|policy| Some(policy.id.as_str()) == ours) {
        plan.steps.push(Step::AttachPolicy { application: application.clone() });
    }
}

fn wrong_policy(policy: &Policy, token: Option<&ServiceToken>) -> Option<String> {
    if policy.decision == "allow" {
        return Some(
            "its action is Allow, which sends callers with a service token to the login page; it becomes Service Auth"
                .to_owned(),
        );
    }
    if policy.decision != "non_identity" {
        return Some(format!("its action is \"{}\"; it becomes Service Auth", policy.decision));
    }
    if policy.include.iter().any(|rule| rule.get("service_token").is_none()) {
        return Some("it lets in others than named service tokens; they are removed".to_owned());
    }
    let token = token.map(|token| includes(&token.id));
    let lets_in = token.is_some_and(|token| policy.include.contains(&token));
    (!lets_in).then(|| "it does not let in this service token; it is added".to_owned())
}

fn lets_everyone_in(policy: &Policy) -> bool {
    let everyone = policy.include.iter().any(|rule| rule.get("everyone").is_some());
    policy.decision == "bypass" || (policy.decision == "non_identity" && everyone)
}

fn tunnel(plan: &mut Plan, wanted: &Wanted, found: &Found) {
    let Some(tunnel) = &found.tunnel else {
        plan.steps.extend([Step::CreateTunnel, Step::SetIngress { wrong: None }, Step::KeepTunnelToken]);
        return;
    };
    if tunnel.is_local() {
        plan.notes.push(format!(
            "Tunnel \"{}\" is managed by a config.yml on the machine that runs it: its ingress is checked there.",
            tunnel.name
        ));
        return;
    }
    let audience = found.application.as_ref().map(|application| application.aud.as_str());
    let rule = wanted.rule(found.team.as_deref(), audience);
    let is_unchecked = || {
        let missing = audience.is_none() && found.team.is_some();
        missing.then(|| "cloudflared does not check the signature of the Access application".to_owned())
    };
    if let Some(wrong) = ingress::wrong(&found.config, &rule).or_else(is_unchecked) {
        plan.steps.push(Step::SetIngress { wrong: Some(wrong).filter(|_| !found.config.is_null()) });
    }
    if found.known.tunnel_id.as_deref() != Some(tunnel.id.as_str()) {
        plan.steps.push(Step::KeepTunnelToken);
    }
}

fn record(plan: &mut Plan, wanted: &Wanted, found: &Found) {
    let hostname = wanted.hostname.as_str().to_owned();
    match found.records.as_slice() {
        [] => plan.steps.push(Step::CreateRecord),
        [record] => {
            let content = found.tunnel.as_ref().map(|tunnel| record_content(&tunnel.id));
            let is_ours = record.kind == "CNAME" && Some(&record.content) == content.as_ref();
            if is_ours && record.proxied {
                return;
            }
            if is_ours || found.owns_record || wanted.overwrite_dns {
                plan.steps.push(Step::MendRecord { record: record.clone() });
            } else {
                plan.obstacles.push(Obstacle::RecordElsewhere { hostname, leads_to: record.describe() });
            }
        }
        several => {
            let lead_to = several.iter().map(crate::tunnel::api::DnsRecord::describe).collect();
            plan.obstacles.push(Obstacle::ManyRecords { hostname, lead_to });
        }
    }
}
