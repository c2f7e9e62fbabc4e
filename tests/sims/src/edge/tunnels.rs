//! The edge's side of tunnels: which connectors are connected right now, and where their rules send a request.
//!
//! The wire between `sim-cloudflared` and the edge is our own: `POST /_sim/connections` with [`Hello`] registers one
//! connection, which lives as long as its answer, a stream of JSON lines: first `{"registered": …}`, then
//! `{"config": …, "version": n}` whenever the remote configuration changes. Whoever closes it, both sides notice.

use super::State;
use crate::clock;
use crate::ingress::{Ingress, Rule};
use crate::wire::{Reply, Request};
use axum::body::Body;
use chrono::{DateTime, Utc};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, mpsc};

pub(crate) const CONNECT: &str = "/_sim/connections";
const LOCATIONS: [&str; 4] = ["waw02", "fra08", "waw01", "fra16"];

/// What a connector says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) tunnel: String,
    /// Base64.
    pub(crate) secret: String,
    pub(crate) connector: String,
    pub(crate) index: usize,
    pub(crate) version: String,
    /// The local configuration; null when the tunnel is managed remotely.
    pub(crate) config: Value,
}

/// One live connection of a tunnel.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its own id.
    pub id: String,
    /// The tunnel's id.
    pub tunnel: String,
    /// The id of the process that holds it; several connectors may serve one tunnel.
    pub connector: String,
    /// 0 to 3 within its connector.
    pub index: usize,
    /// What runs there, e.g. `2026.8.2`.
    pub client_version: String,
    /// The data centre, e.g. `waw02`.
    pub colo: &'static str,
    /// Since when.
    pub opened_at: DateTime<Utc>,
}

/// Everything about connectors; clones share it.
#[derive(Clone, Default)]
pub(super) struct Tunnels {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    changed: Notify,
}

#[derive(Default)]
struct Table {
    live: Vec<Live>,
    remote: HashMap<String, Remote>,
    secrets: HashMap<String, String>,
    refuses: bool,
}

struct Live {
    connection: Connection,
    /// None: the remote configuration of the tunnel holds.
    ingress: Option<Arc<Ingress>>,
    lines: mpsc::UnboundedSender<Value>,
}

struct Remote {
    version: u64,
    config: Value,
    ingress: Arc<Ingress>,
}

/// Where a request goes.
pub(super) enum Way {
    /// Nothing is connected.
    NoTunnel,
    /// The tunnel has no rules.
    NoRules,
    /// By this rule, under this public name.
    Rule(Box<Rule>, String),
}

/// Takes the connection off the table when its stream ends.
struct Hold {
    tunnels: Tunnels,
    id: String,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.tunnels.table().live.retain(|live| live.connection.id != self.id);
        self.tunnels.shared.changed.notify_waiters();
    }
}

impl Tunnels {
    pub(super) fn register(&self, request: &Request) -> Reply {
        let hello: Result<Hello, _> = serde_json::from_str(&request.body);
        let Ok(hello) = hello else { return Reply::text(400, "no connector's words\n") };
        let ingress = Ingress::read(&hello.config).ok().map(Arc::new);
        let (lines, receiver) = mpsc::unbounded_channel();
        let mut table = self.table();
        if let Some(refusal) = table.refusal(&hello) {
            return Reply::json(401, &json!({"error": refusal}));
        }
        let connection = Connection {
            id: clock::uuid(),
            tunnel: hello.tunnel,
            connector: hello.connector,
            index: hello.index,
            client_version: hello.version,
            colo: LOCATIONS[hello.index % LOCATIONS.len()],
            opened_at: crate::now(),
        };
        let registered = json!({"registered": {"connection": connection.id, "location": connection.colo,
            "ip": format!("198.41.{}.13", 192 + connection.index * 8)}});
        // The receiver is at hand: nothing is lost.
        drop(lines.send(registered));
        if hello.config.is_null() {
            table
                .remote
                .get(&connection.tunnel)
                .into_iter()
                .for_each(|remote| drop(lines.send(remote.line())));
        }
        let hold = Hold { tunnels: self.clone(), id: connection.id.clone() };
        table.live.push(Live { connection, ingress, lines });
        drop(table);
        self.shared.changed.notify_waiters();
        let body = stream::unfold((receiver, hold), |(mut receiver, hold)| async move {
            let line = receiver.recv().await?;
            Some((Ok::<_, std::io::Error>(format!("{line}\n")), (receiver, hold)))
        });
        Reply::typed(200, "application/x-ndjson", Body::from_stream(body))
    }

    pub(super) fn way(&self, host: &str, path: &str) -> Way {
        let table = self.table();
        let named = !host.is_empty() && super::proxy::is_public_name(host);
        let mut newest_first = table.live.iter().rev();
        let meant = |live: &&Live| named && table.rules(live).is_some_and(|rules| rules.names(host));
        let Some(live) = newest_first.clone().find(meant).or_else(|| newest_first.next()) else {
            return Way::NoTunnel;
        };
        let Some(rules) = table.rules(live) else { return Way::NoRules };
        let host = if named { host } else { rules.first_hostname().unwrap_or("ollama.example.com") };
        match rules.find(host, path) {
            Some((_, rule)) => Way::Rule(Box::new(rule.clone()), host.to_owned()),
            None => Way::NoRules,
        }
    }

    pub(super) fn connections(&self) -> Vec<Connection> {
        self.table().live.iter().map(|live| live.connection.clone()).collect()
    }

    pub(super) async fn wait_for(&self, n: usize) {
        let waiting = async {
            loop {
                let mut changed = std::pin::pin!(self.shared.changed.notified());
                changed.as_mut().enable();
                if self.table().live.len() == n {
                    return;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(crate::PATIENCE, waiting).await;
        let there = self.connections().len();
        assert!(waited.is_ok(), "waited {:?} for {n} connections; there are {there}", crate::PATIENCE);
    }

    pub(super) fn drop_all(&self) {
        // Ends the streams, whose holds then find nothing left to remove.
        let dropped = std::mem::take(&mut self.table().live);
        drop(dropped);
        self.shared.changed.notify_waiters();
    }

    pub(super) fn refuse(&self, refuses: bool) {
        self.table().refuses = refuses;
    }

    pub(super) fn allow(&self, tunnel: &str, secret: &str) {
        self.table().secrets.insert(tunnel.to_owned(), secret.to_owned());
    }

    pub(super) fn forget(&self, tunnel: &str) {
        let mut table = self.table();
        table.secrets.remove(tunnel);
        table.remote.remove(tunnel);
        drop(table);
        self.drop_of(tunnel);
    }

    fn drop_of(&self, tunnel: &str) {
        // Dropped after the table is free again: a stream's end looks at it.
        let gone: Vec<Live> = {
            let mut table = self.table();
            let live = std::mem::take(&mut table.live).into_iter();
            let (gone, left) = live.partition(|live| live.connection.tunnel == tunnel);
            table.live = left;
            gone
        };
        drop(gone);
        self.shared.changed.notify_waiters();
    }

    pub(super) fn set_remote(&self, tunnel: &str, config: &Value) -> Result<u64, String> {
        let config = if config["config"].is_object() { &config["config"] } else { config };
        let ingress = Arc::new(Ingress::read(config)?);
        let mut table = self.table();
        let version = table.remote.get(tunnel).map_or(1, |known| known.version + 1);
        let remote = Remote { version, config: config.clone(), ingress };
        let concerned = |live: &&Live| live.ingress.is_none() && live.connection.tunnel == tunnel;
        for live in table.live.iter().filter(concerned) {
            // A connector that just went away needs no news.
            drop(live.lines.send(remote.line()));
        }
        table.remote.insert(tunnel.to_owned(), remote);
        Ok(version)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.shared.table.lock().expect("never held over a panic")
    }
}

impl Table {
    fn refusal(&self, hello: &Hello) -> Option<&'static str> {
        let strict = !self.secrets.is_empty();
        match self.secrets.get(&hello.tunnel) {
            _ if self.refuses => Some("Unauthorized: Failed to get tunnel"),
            None if strict => Some("Unauthorized: Tunnel not found"),
            Some(secret) if *secret != hello.secret => Some("Unauthorized: Invalid tunnel secret"),
            Some(_) | None => None,
        }
    }

    fn rules<'a>(&'a self, live: &'a Live) -> Option<&'a Ingress> {
        let remote = || self.remote.get(&live.connection.tunnel).map(|remote| &remote.ingress);
        live.ingress.as_ref().or_else(remote).map(Arc::as_ref)
    }
}

impl Remote {
    fn line(&self) -> Value {
        json!({"config": self.config, "version": self.version})
    }
}

impl Connection {
    fn to_json(&self) -> Value {
        json!({"id": self.id, "tunnel": self.tunnel, "connector": self.connector, "index": self.index,
            "version": self.client_version, "colo_name": self.colo, "opened_at": clock::stamp(self.opened_at)})
    }
}

impl State {
    /// Connectors speak here; everything else is the public's.
    pub(super) fn connector(&self, request: &Request) -> Option<Reply> {
        if request.path != CONNECT {
            return None;
        }
        match request.method.as_str() {
            "POST" => Some(self.tunnels.register(request)),
            "GET" => {
                let all = self.tunnels.connections().iter().map(Connection::to_json).collect();
                Some(Reply::json(200, &Value::Array(all)))
            }
            "DELETE" => {
                self.tunnels.drop_of(&request.param("tunnel").unwrap_or_default());
                Some(Reply::empty(204))
            }
            _ => None,
        }
    }
}
