//! Tunnels: created, found, configured, deleted once nobody is connected.

use super::envelope::{failure, fresh, not_found, overlay, page, place, result};
use super::{ACCOUNT_ID, Account};
use crate::wire::{Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

impl Account {
    pub(super) fn live_tunnels(&self) -> impl Iterator<Item = &Value> {
        self.tunnels.iter().filter(|tunnel| tunnel["deleted_at"].is_null())
    }

    pub(super) fn connect(&mut self, id: &str, connected: bool) {
        let Some(place) = place(&self.tunnels, id) else { return };
        let connection = json!({
            "id": crate::clock::uuid(), "uuid": crate::clock::uuid(), "colo_name": "waw02",
            "client_version": "2026.8.2", "is_pending_reconnect": false, "origin_ip": "203.0.113.7",
            "opened_at": crate::clock::stamp(crate::now()),
        });
        let connections = if connected { json!([connection]) } else { json!([]) };
        self.tunnels[place]["connections"] = connections;
        self.tunnels[place]["status"] = json!(if connected { "healthy" } else { "down" });
    }

    pub(super) fn on_tunnels(&mut self, request: &Request, rest: &[&str]) -> Reply {
        let body = request.json.clone().unwrap_or_default();
        match (request.method.as_str(), rest) {
            ("GET", []) => self.list_tunnels(request),
            ("POST", []) => self.create_tunnel(&body),
            (method, [id, rest @ ..]) => {
                let live = place(&self.tunnels, id).filter(|at| self.tunnels[*at]["deleted_at"].is_null());
                let Some(at) = live else { return failure(404, 1003, "Tunnel not found") };
                self.on_tunnel(method, at, rest, &body)
            }
            _ => not_found(),
        }
    }

    fn list_tunnels(&self, request: &Request) -> Reply {
        let (name, deleted) = (request.param("name"), request.param("is_deleted"));
        let fits = |tunnel: &&Value| {
            name.as_ref().is_none_or(|name| tunnel["name"] == name.as_str())
                && deleted
                    .as_ref()
                    .is_none_or(|deleted| tunnel["deleted_at"].is_null() == (deleted == "false"))
        };
        let found: Vec<Value> = self.tunnels.iter().filter(fits).map(shown).collect();
        page(request, &found)
    }

    fn create_tunnel(&mut self, body: &Value) -> Reply {
        let Some(name) = body["name"].as_str().filter(|name| !name.is_empty()) else {
            return failure(400, 1001, "name is required");
        };
        if self.live_tunnels().any(|tunnel| tunnel["name"] == name) {
            let message = "You already have a tunnel with this name. Choose a different name.";
            return failure(409, 1013, message);
        }
        let source = if body["config_src"] == "cloudflare" { "cloudflare" } else { "local" };
        let mut tunnel = fresh(&json!({"name": name, "config_src": source}));
        let secret = STANDARD.encode(format!("{:032x}", crate::clock::scatter()));
        overlay(
            &mut tunnel,
            &json!({
                "account_tag": ACCOUNT_ID, "deleted_at": null, "status": "inactive", "connections": [],
                "remote_config": source == "cloudflare", "secret": secret,
            }),
        );
        let mut answer = shown(&tunnel);
        answer["token"] = json!(token(&tunnel));
        answer["credentials_file"] = json!({
            "AccountTag": ACCOUNT_ID, "TunnelID": tunnel["id"], "TunnelName": name, "TunnelSecret": secret,
        });
        self.tunnels.push(tunnel);
        result(200, &answer)
    }

    fn on_tunnel(&mut self, method: &str, at: usize, rest: &[&str], body: &Value) -> Reply {
        let id = self.tunnels[at]["id"].as_str().unwrap_or_default().to_owned();
        match (method, rest) {
            ("GET", []) => result(200, &shown(&self.tunnels[at])),
            ("PATCH", []) => {
                overlay(&mut self.tunnels[at], body);
                result(200, &shown(&self.tunnels[at]))
            }
            ("DELETE", [])
                if self.tunnels[at]["connections"].as_array().is_some_and(|all| !all.is_empty()) =>
            {
                failure(400, 1022, "Cannot delete tunnel because it has active connections")
            }
            ("DELETE", []) => {
                self.tunnels[at]["deleted_at"] = json!(crate::clock::stamp(crate::now()));
                result(200, &shown(&self.tunnels[at]))
            }
            ("GET", ["token"]) => result(200, &json!(token(&self.tunnels[at]))),
            ("GET", ["connections"]) => result(200, &self.tunnels[at]["connections"]),
            ("DELETE", ["connections"]) => {
                self.connect(&id, false);
                result(200, &Value::Null)
            }
            ("GET", ["configurations"]) => {
                let config = self.configurations.iter().find(|(tunnel, _)| *tunnel == id);
                let config = config.map_or(Value::Null, |(_, config)| config.clone());
                result(200, &configuration(&id, &config))
            }
            ("PUT", ["configurations"]) => self.configure(&id, &body["config"]),
            _ => not_found(),
        }
    }

    fn configure(&mut self, id: &str, config: &Value) -> Reply {
        let rules = config["ingress"].as_array().map(Vec::as_slice).unwrap_or_default();
        let catches_all =
            rules.last().is_some_and(|rule| rule["hostname"].is_null() && rule["path"].is_null());
        if !catches_all {
            return failure(400, 1056, "Bad Configuration: The last ingress rule must match all URLs");
        }
        self.configurations.retain(|(tunnel, _)| tunnel != id);
        self.configurations.push((id.to_owned(), config.clone()));
        result(200, &configuration(id, config))
    }
}

fn configuration(id: &str, config: &Value) -> Value {
    let version = i32::from(!config.is_null());
    json!({"tunnel_id": id, "version": version, "config": config, "source": "cloudflare"})
}

fn shown(tunnel: &Value) -> Value {
    let mut tunnel = tunnel.clone();
    tunnel.as_object_mut().and_then(|fields| fields.shift_remove("secret"));
    tunnel
}

/// What cloudflared runs the tunnel with.
fn token(tunnel: &Value) -> String {
    STANDARD.encode(json!({"a": ACCOUNT_ID, "t": tunnel["id"], "s": tunnel["secret"]}).to_string())
}
