//! The metrics server: `/ready` and what else the real one answers, all of it as plain text.

use super::connections::Connections;
use super::flags::Flags;
use super::{VERSION, fail, variable};
use crate::faults::{Fault, Faults, Kind, Strike};
use crate::journal::Journal;
use crate::server::{ANY_PORT, Server, Sim};
use crate::wire::{Reply, Request};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_PORTS: std::ops::RangeInclusive<u16> = 20241..=20245;

/// The running server.
pub(super) struct Metrics {
    server: Server,
    faults: Faults,
}

impl Metrics {
    /// On the wanted address, or on the first free one of the default ports.
    pub(super) async fn start(wanted: Option<&str>, connections: Arc<Connections>) -> Result<Self, String> {
        let places = match wanted {
            Some(address) => vec![resolve(address).await?],
            None => {
                let usual = DEFAULT_PORTS.map(|port| SocketAddr::new(ANY_PORT.ip(), port));
                usual.chain([ANY_PORT]).collect()
            }
        };
        let (faults, journal) = (Faults::new(&[]), Journal::default());
        journal.keep_last(100);
        let sim = Arc::new(Answers { connections });
        let mut problem = String::new();
        for address in places {
            match Server::start(address, Arc::clone(&sim), &faults, &journal) {
                Ok(server) => return Ok(Self { server, faults }),
                Err(found) if found.kind() == std::io::ErrorKind::AddrInUse => problem = taken(address),
                Err(found) => problem = format!("listen tcp {address}: {found}"),
            }
        }
        Err(problem)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Whether connections are accepted and never answered.
    pub(super) fn set_hanging(&self, hangs: bool) {
        self.faults.clear();
        if hangs {
            self.faults.add(Fault { on: Some("/".to_owned()), ..Fault::new(Kind::Hang) });
        }
    }

    pub(super) async fn stop(&self) {
        self.server.stop().await;
    }
}

pub(super) fn taken(address: SocketAddr) -> String {
    format!("listen tcp {address}: bind: address already in use")
}

pub(super) async fn resolve(address: &str) -> Result<SocketAddr, String> {
    let found = tokio::net::lookup_host(address).await.ok().and_then(|mut all| all.next());
    found.ok_or_else(|| format!("listen tcp: lookup {address}: no such host"))
}

/// `cloudflared tunnel --metrics … ready`.
pub(super) async fn ask_ready(flags: &Flags) -> u8 {
    let Some(address) = flags.get("metrics").map(str::to_owned).or_else(|| variable("TUNNEL_METRICS")) else {
        return fail("--metrics has to be provided");
    };
    let call = crate::http_client().get(format!("http://{address}/ready"));
    match call.send().await {
        Ok(answer) if answer.status().is_success() => 0,
        Ok(answer) => fail(&format!(
            "http://{address}/ready endpoint returned status code {}",
            answer.status().as_u16()
        )),
        Err(_) => fail(&format!("Get \"http://{address}/ready\": connection refused")),
    }
}

struct Answers {
    connections: Arc<Connections>,
}

impl Sim for Answers {
    fn is_work(&self, _request: &Request) -> bool {
        true
    }

    fn refuse(&self, _request: &Request, status: u16, _wait: Option<Duration>) -> Reply {
        Reply::text(status, "")
    }

    async fn answer(&self, request: &Request, _strike: &Strike) -> Reply {
        match request.path.as_str() {
            "/ready" => self.ready(),
            "/healthcheck" => Reply::text(200, "OK\n"),
            "/metrics" => Reply::text(200, self.metrics()),
            "/quicktunnel" => plain(200, &json!({"hostname": ""})),
            "/config" => {
                let (version, config) = self.connections.config();
                plain(200, &json!({"version": version, "config": config}))
            }
            "/diag/tunnel" => plain(200, &self.tunnel()),
            "/diag/configuration" => plain(200, &json!({"uid": "1000"})),
            "/debug/pprof/cmdline" => Reply::text(403, "Forbidden\n"),
            _ => Reply::text(404, "404 page not found\n"),
        }
    }
}

fn plain(status: u16, body: &Value) -> Reply {
    Reply::text(status, format!("{body}\n"))
}

impl Answers {
    fn ready(&self) -> Reply {
        let count = self.connections.shown();
        let status = if count > 0 { 200 } else { 503 };
        let connector = &self.connections.connector;
        plain(status, &json!({"status": status, "readyConnections": count, "connectorId": connector}))
    }

    fn tunnel(&self) -> Value {
        let mut answer = Map::new();
        answer.insert("tunnelID".to_owned(), self.connections.credentials.tunnel.as_str().into());
        answer.insert("connectorID".to_owned(), self.connections.connector.as_str().into());
        let protocol = u8::from(self.connections.protocol == "quic");
        let held: Vec<Value> = self
            .connections
            .held()
            .into_iter()
            .map(|(index, link)| {
                let mut line = json!({"isConnected": true, "edgeAddress": link.ip});
                // Zero values are left out.
                if protocol != 0 {
                    line["protocol"] = protocol.into();
                }
                if index != 0 {
                    line["index"] = index.into();
                }
                line
            })
            .collect();
        if !held.is_empty() {
            answer.insert("connections".to_owned(), held.into());
        }
        Value::Object(answer)
    }

    fn metrics(&self) -> String {
        let held = self.connections.held();
        // Counts attempts to serve: not 0 while nothing is connected.
        let attempts = self.connections.shown().max(1);
        let (version, _) = self.connections.config();
        let (registered, refused) = self.connections.registrations();
        let locations: String = held
            .iter()
            .map(|(index, link)| {
                let labels = format!("connection_id=\"{index}\",edge_location=\"{}\"", link.location);
                format!("cloudflared_tunnel_server_locations{{{labels}}} 1\n")
            })
            .collect();
        format!(
            "# HELP build_info Build and version information\n# TYPE build_info gauge\n\
             build_info{{goversion=\"go1.26.0\",revision=\"\",type=\"\",version=\"{VERSION}\"}} 1\n\
             # TYPE cloudflared_orchestration_config_version gauge\n\
             cloudflared_orchestration_config_version {version}\n\
             # HELP cloudflared_tunnel_ha_connections Number of active ha connections\n\
             # TYPE cloudflared_tunnel_ha_connections gauge\ncloudflared_tunnel_ha_connections {attempts}\n\
             # TYPE cloudflared_tunnel_request_errors counter\ncloudflared_tunnel_request_errors 0\n\
             # TYPE cloudflared_tunnel_server_locations gauge\n{locations}\
             # TYPE cloudflared_tunnel_total_requests counter\ncloudflared_tunnel_total_requests 0\n\
             # TYPE cloudflared_tunnel_tunnel_register_fail counter\n\
             cloudflared_tunnel_tunnel_register_fail{{error=\"server_error\",rpcName=\"registerConnection\"}} {refused}\n\
             # TYPE cloudflared_tunnel_tunnel_register_success counter\n\
             cloudflared_tunnel_tunnel_register_success{{rpcName=\"registerConnection\"}} {registered}\n"
        )
    }
}
