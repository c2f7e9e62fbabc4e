//! What is to be there in the end.

use crate::tunnel::{ALLOWED_PATHS, HOST_HEADER, Hostname, OLLAMA};
use serde_json::{Value, json};

/// How long a service token lives: a year, Cloudflare's own default.
pub(super) const TOKEN_LIFE: &str = "8760h";

/// What is to be there in the end. The names are those of the way by hand, so that what was made by hand is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The public name.
    pub hostname: Hostname,
    /// The tunnel's name.
    pub tunnel: String,
    /// The Access application's name.
    pub application: String,
    /// The policy's name.
    pub policy: String,
    /// The service token's name.
    pub service_token: String,
    /// Whether a record that points elsewhere may be changed.
    pub overwrite_dns: bool,
    /// Whether the service token gets another secret though this one is known; the old one works for another day.
    pub new_secret: bool,
}

impl Wanted {
    /// The usual names.
    #[must_use]
    pub fn new(hostname: Hostname) -> Self {
        Self {
            hostname,
            tunnel: "ollama-tunnel".to_owned(),
            application: "Ollama API".to_owned(),
            policy: "Service Token Access".to_owned(),
            service_token: "triage-orchestrator".to_owned(),
            overwrite_dns: false,
            new_secret: false,
        }
    }

    /// The tunnel's rule for the host name. With a team and an audience cloudflared checks Access' signature itself: a
    /// second lock, should the application be removed by mistake.
    pub(super) fn rule(&self, team: Option<&str>, audience: Option<&str>) -> Value {
        let mut origin = json!({"httpHostHeader": HOST_HEADER, "connectTimeout": 10});
        if let (Some(team), Some(audience)) = (team, audience) {
            origin["access"] = json!({"required": true, "teamName": team, "audTag": [audience]});
        }
        json!({
            "hostname": self.hostname.as_str(), "path": ALLOWED_PATHS, "service": OLLAMA, "originRequest": origin,
        })
    }

    pub(super) fn policy_body(&self, include: &[Value]) -> Value {
        json!({
            "name": self.policy, "decision": "non_identity", "include": include, "exclude": [], "require": [],
        })
    }

    pub(super) fn application_body(&self, policy_id: &str) -> Value {
        json!({
            "name": self.application, "type": "self_hosted", "domain": self.hostname.as_str(),
            "destinations": [{"type": "public", "uri": self.hostname.as_str()}],
            "session_duration": "24h", "app_launcher_visible": false, "service_auth_401_redirect": true,
            "policies": [{"id": policy_id, "precedence": 1}],
        })
    }

    pub(super) fn record_body(&self, tunnel_id: &str) -> Value {
        json!({
            "type": "CNAME", "name": self.hostname.as_str(), "content": crate::tunnel::record_content(tunnel_id),
            "proxied": true, "ttl": 1, "comment": "HubSpot support triage",
        })
    }
}

/// The rule of a policy that lets one service token in.
pub(super) fn includes(token_id: &str) -> Value {
    json!({"service_token": {"token_id": token_id}})
}
