//! The parts of Cloudflare's API v4 that setting up a protected tunnel needs: tunnels, DNS records, Access applications,
//! policies and service tokens, in one account with one zone. What is set up can be shown to an [`Edge`].

mod access;
mod dns;
mod edge;
mod envelope;
mod permissions;
mod service_tokens;
mod tunnels;

pub use permissions::Permission;

use crate::edge::Edge;
use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::server::{self, Server, Sim};
use crate::wire::{Reply, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The account's id.
pub const ACCOUNT_ID: &str = "0123456789abcdef0123456789abcdef";
/// The zone's id.
pub const ZONE_ID: &str = "fedcba9876543210fedcba9876543210";
/// The zone's name.
pub const ZONE: &str = "example.com";
/// The API token that works.
pub const TOKEN: &str = "sims-cloudflare-api-token-0000000000000000";
/// The Zero Trust team's name.
pub const TEAM: &str = "acme";

const OWN_FAULTS: &[Kind] = &[];

/// A running stand-in for Cloudflare's API.
#[derive(Clone)]
pub struct Cloudflare {
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    server: Server,
    state: Arc<State>,
}

struct State {
    account: Mutex<Account>,
    /// Who follows what is set up, and for which name.
    shown: Mutex<Vec<(Edge, String)>>,
}

struct Account {
    permissions: BTreeSet<Permission>,
    strict: bool,
    tunnels: Vec<Value>,
    configurations: Vec<(String, Value)>,
    records: Vec<Value>,
    applications: Vec<Value>,
    policies: Vec<Value>,
    service_tokens: Vec<service_tokens::Token>,
}

impl Cloudflare {
    /// Starts on a free port with an empty account and all permissions.
    ///
    /// # Errors
    /// When no port can be opened.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start() -> std::io::Result<Self> {
        Self::open(server::ANY_PORT)
    }

    /// The same on the given address.
    ///
    /// # Errors
    /// When the port is taken.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start_on(address: SocketAddr) -> std::io::Result<Self> {
        Self::open(address)
    }

    fn open(address: SocketAddr) -> std::io::Result<Self> {
        let (faults, journal) = (Faults::new(OWN_FAULTS), Journal::default());
        let account = Account {
            permissions: Permission::ALL.into_iter().collect(),
            strict: false,
            tunnels: Vec::new(),
            configurations: Vec::new(),
            records: Vec::new(),
            applications: Vec::new(),
            policies: Vec::new(),
            service_tokens: Vec::new(),
        };
        let state = Arc::new(State { account: Mutex::new(account), shown: Mutex::default() });
        let server = Server::start(address, Arc::clone(&state), &faults, &journal)?;
        Ok(Self { faults, journal, server, state })
    }

    /// From now on that edge protects and forwards `hostname` the way the account says.
    pub fn show(&self, edge: &Edge, hostname: &str) {
        self.state.shown.lock().expect("never held over a panic").push((edge.clone(), hostname.to_owned()));
        self.state.tell();
    }

    /// Takes a permission away from the API token.
    pub fn revoke(&self, permission: Permission) {
        self.state.account().permissions.remove(&permission);
    }

    /// Gives it back.
    pub fn grant(&self, permission: Permission) {
        self.state.account().permissions.insert(permission);
    }

    /// Whether a tunnel has connections; with some it cannot be deleted.
    pub fn connect(&self, tunnel_id: &str, connected: bool) {
        self.state.account().connect(tunnel_id, connected);
    }

    /// Sets when a service token ends, as RFC 3339.
    pub fn set_expiry(&self, token_name: &str, expires_at: &str) {
        for token in &mut self.state.account().service_tokens {
            if token.shown["name"] == token_name {
                token.shown["expires_at"] = json!(expires_at);
            }
        }
        self.state.tell();
    }

    /// Everything that is there, by collection, without secrets and without times.
    #[must_use]
    pub fn contents(&self) -> Value {
        self.state.account().contents()
    }

    /// The service tokens with their secrets: (client id, client secret).
    #[must_use]
    pub fn credentials(&self) -> Vec<(String, String)> {
        let account = self.state.account();
        account.service_tokens.iter().map(|token| (token.client_id(), token.secret.clone())).collect()
    }
}

server::handle!(Cloudflare);

impl State {
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("never held over a panic")
    }

    fn tell(&self) {
        let shown = self.shown.lock().expect("never held over a panic").clone();
        let account = self.account();
        shown.iter().for_each(|(edge, hostname)| edge::tell(&account, edge, hostname));
    }
}

impl Account {
    fn answer(&mut self, request: &Request) -> Reply {
        let segments = request.segments();
        if segments.get(..2) == Some(&["client", "v4"]) {
            return self.route(request, &segments[2..]);
        }
        self.route(request, &segments)
    }

    fn route(&mut self, request: &Request, segments: &[&str]) -> Reply {
        let Some(bearer) = request.bearer() else {
            return envelope::failure(400, 6003, "Invalid request headers");
        };
        if bearer != TOKEN {
            return match segments {
                ["user", "tokens", "verify"] => envelope::failure(401, 1000, "Invalid API Token"),
                _ => envelope::failure(400, 9109, "Invalid access token"),
            };
        }
        let needed = permissions::needed(segments);
        if needed.is_some_and(|needed| !self.permissions.contains(&needed)) {
            return envelope::refused();
        }
        match segments {
            ["user", "tokens", "verify"] => {
                envelope::result(200, &json!({"id": "ed17574386854bf78a67040be0a770b0", "status": "active"}))
            }
            ["zones"] => dns::zones(request),
            ["zones", zone, "dns_records", rest @ ..] if *zone == ZONE_ID => self.on_records(request, rest),
            ["accounts", account, rest @ ..] if *account == ACCOUNT_ID => self.in_account(request, rest),
            _ => envelope::not_found(),
        }
    }

    fn in_account(&mut self, request: &Request, segments: &[&str]) -> Reply {
        match segments {
            ["cfd_tunnel", rest @ ..] => self.on_tunnels(request, rest),
            ["access", "apps", rest @ ..] => self.on_applications(request, rest),
            ["access", "policies", rest @ ..] => self.on_policies(request, rest),
            ["access", "service_tokens", rest @ ..] => self.on_service_tokens(request, rest),
            ["access", "organizations"] => self.on_organization(request),
            _ => envelope::not_found(),
        }
    }

    fn on_organization(&mut self, request: &Request) -> Reply {
        if ["PATCH", "PUT"].contains(&request.method.as_str()) {
            let wanted = request.json.as_ref().map(|body| body["strict_service_token_auth"] == true);
            self.strict = wanted.unwrap_or(self.strict);
        }
        let shown = json!({
            "name": TEAM, "auth_domain": format!("{TEAM}.cloudflareaccess.com"),
            "strict_service_token_auth": self.strict,
        });
        envelope::result(200, &shown)
    }

    fn contents(&self) -> Value {
        let timeless = |items: &[Value]| -> Vec<Value> {
            let mut items = items.to_vec();
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                for key in ["created_at", "updated_at", "modified_on", "expires_at", "last_seen_at", "secret"]
                {
                    item.shift_remove(key);
                }
            }
            items
        };
        let tokens: Vec<Value> = self.service_tokens.iter().map(|token| token.shown.clone()).collect();
        let tunnels: Vec<Value> = self.live_tunnels().cloned().collect();
        let live = |id: &str| tunnels.iter().any(|tunnel| tunnel["id"] == id);
        let configurations: Vec<Value> = self
            .configurations
            .iter()
            .filter(|(id, _)| live(id))
            .map(|(id, configuration)| json!({"tunnel_id": id, "config": configuration}))
            .collect();
        let mut applications = timeless(&self.applications);
        for application in &mut applications {
            application["policies"] = json!(access::policy_ids(application));
        }
        json!({
            "tunnels": timeless(&tunnels), "configurations": configurations,
            "dns_records": timeless(&self.records), "apps": applications,
            "policies": timeless(&self.policies), "service_tokens": timeless(&tokens),
        })
    }
}

impl Sim for State {
    fn is_work(&self, _request: &Request) -> bool {
        true
    }

    fn refuse(&self, _request: &Request, status: u16, wait: Option<Duration>) -> Reply {
        let reply = match status {
            403 => envelope::refused(),
            429 => envelope::failure(429, 10_429, "More than 1200 requests per 300 seconds reached."),
            _ => envelope::failure(status, 10_001, "Internal error"),
        };
        wait.into_iter().fold(reply, |reply, wait| reply.header("retry-after", wait.as_secs_f64().ceil()))
    }

    async fn answer(&self, request: &Request, strike: &Strike) -> Reply {
        let reply = self.account().answer(request);
        self.tell();
        if strike.kind == Some(Kind::BadJson) { reply.with_body("{\"success\":tru") } else { reply }
    }
}
