//! The Access-protected public address in front of an origin: service tokens, policies, the tunnel's own answers.

mod proxy;
pub(crate) mod tunnels;

pub use tunnels::Connection;

use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::server::{self, Server, Sim};
use crate::wire::{Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tunnels::Tunnels;

const OWN_FAULTS: &[Kind] =
    &[Kind::TunnelDown, Kind::OriginDown, Kind::AccessRefused, Kind::LoginPage, Kind::Blocked1010];

/// How refused callers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 302 to the login page, for wrong tokens too.
    Legacy,
    /// As legacy, with the application's switch that answers 401.
    Legacy401,
    /// 401 for wrong tokens, 302 without any.
    Strict,
}

/// A running stand-in for the edge.
#[derive(Clone)]
pub struct Edge {
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    server: Server,
    state: Arc<State>,
}

struct State {
    settings: Mutex<Settings>,
    tunnels: Tunnels,
    client: reqwest::Client,
}

struct Settings {
    origin: String,
    tokens: HashMap<String, Token>,
    mode: Mode,
    protected: bool,
    host_header: Option<String>,
    allow_paths: bool,
    needs_connection: bool,
}

struct Token {
    secret: String,
    let_in: bool,
}

impl Edge {
    /// Starts on a free port in front of `origin_url`, with one service token that is let in.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(origin_url: &str, client_id: &str, client_secret: &str) -> std::io::Result<Self> {
        Self::start_on(server::ANY_PORT, origin_url, client_id, client_secret).await
    }

    /// The same on the given address.
    ///
    /// # Errors
    /// When the port is taken.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start_on(
        address: SocketAddr,
        origin_url: &str,
        client_id: &str,
        client_secret: &str,
    ) -> std::io::Result<Self> {
        let (faults, journal) = (Faults::new(OWN_FAULTS), Journal::default());
        let settings = Settings {
            origin: origin_url.trim_end_matches('/').to_owned(),
            tokens: HashMap::new(),
            mode: Mode::Legacy,
            protected: true,
            host_header: Some("localhost:11434".to_owned()),
            allow_paths: false,
            needs_connection: false,
        };
        let tunnels = Tunnels::default();
        let state = Arc::new(State { settings: Mutex::new(settings), tunnels, client: crate::http_client() });
        let server = Server::start(address, Arc::clone(&state), &faults, &journal)?;
        let edge = Self { faults, journal, server, state };
        edge.add_token(client_id, client_secret);
        Ok(edge)
    }

    /// Adds a service token that a policy lets in, or changes its secret.
    pub fn add_token(&self, id: &str, secret: &str) {
        let token = Token { secret: secret.to_owned(), let_in: true };
        self.state.settings().tokens.insert(id.to_owned(), token);
    }

    /// Revokes a service token.
    pub fn remove_token(&self, id: &str) {
        self.state.settings().tokens.remove(id);
    }

    /// Whether a policy lets the token in; without one a right token gets 403.
    pub fn set_policy(&self, id: &str, let_in: bool) {
        if let Some(token) = self.state.settings().tokens.get_mut(id) {
            token.let_in = let_in;
        }
    }

    /// How refused callers are told.
    pub fn set_mode(&self, mode: Mode) {
        self.state.settings().mode = mode;
    }

    /// Without an Access application everyone passes.
    pub fn set_protected(&self, protected: bool) {
        self.state.settings().protected = protected;
    }

    /// The Host header the origin gets (`localhost:11434` from the start); `None` passes the public name on.
    pub fn set_host_header(&self, host: Option<&str>) {
        self.state.settings().host_header = host.map(str::to_owned);
    }

    /// Whether only `/api/{version,tags,ps,show,chat}` pass.
    pub fn set_path_allow_list(&self, only: bool) {
        self.state.settings().allow_paths = only;
    }

    /// Puts another origin behind it.
    pub fn set_origin(&self, url: &str) {
        url.trim_end_matches('/').clone_into(&mut self.state.settings().origin);
    }

    /// Whether requests go through a connected `cloudflared` (see [`crate::programs`]) by its ingress rules, and get
    /// 530 with error 1033 while none is; from the start they go straight to the origin.
    pub fn require_connection(&self, required: bool) {
        self.state.settings().needs_connection = required;
    }

    /// The configuration of a tunnel that is run by token, `{"config": {"ingress": […]}}` as the API takes it;
    /// connected connectors hear of it. Returns its version, 1 for the first.
    ///
    /// # Errors
    /// When a rule would be refused, in `cloudflared`'s words.
    pub fn set_remote_ingress(&self, tunnel: &str, config: &Value) -> Result<u64, String> {
        self.state.tunnels.set_remote(tunnel, config)
    }

    /// From now on the only way is through connectors of this tunnel, run by [`tunnel_token`]; of the origin behind it they
    /// serve what a model needs and nothing else.
    ///
    /// # Errors
    /// When `origin_url` is no address, in `cloudflared`'s words.
    pub fn lead_tunnel(&self, tunnel: &str, origin_url: &str) -> Result<(), String> {
        let rules = serde_json::json!([
            {
                "path": "^/api/(version|tags|ps|show|chat)$",
                "service": origin_url.trim_end_matches('/'),
                "originRequest": { "httpHostHeader": "localhost:11434" },
            },
            { "service": "http_status:404" },
        ]);
        self.set_remote_ingress(tunnel, &serde_json::json!({ "config": { "ingress": rules } }))?;
        self.require_connection(true);
        Ok(())
    }

    /// From the first call on only tunnels named here may connect, with their secret (base64).
    pub fn allow_tunnel(&self, tunnel: &str, secret: &str) {
        self.state.tunnels.allow(tunnel, secret);
    }

    /// Deletes a tunnel: its connections end, its configuration and its secret go.
    pub fn forget_tunnel(&self, tunnel: &str) {
        self.state.tunnels.forget(tunnel);
    }

    /// Whether every registration is refused as unauthorised.
    pub fn refuse_registration(&self, refuses: bool) {
        self.state.tunnels.refuse(refuses);
    }

    /// Ends all connections; connectors come back by themselves.
    pub fn drop_connections(&self) {
        self.state.tunnels.drop_all();
    }

    /// What is connected, oldest first.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.state.tunnels.connections()
    }

    /// Waits until exactly `n` connections are there.
    ///
    /// # Panics
    /// When that did not happen within [`crate::PATIENCE`].
    pub async fn wait_for_connections(&self, n: usize) {
        self.state.tunnels.wait_for(n).await;
    }
}

/// The token by which `cloudflared` runs a tunnel.
#[must_use]
pub fn tunnel_token(tunnel: &str) -> String {
    let secret = STANDARD.encode([0; 32]);
    STANDARD.encode(serde_json::json!({ "a": "0123", "s": secret, "t": tunnel }).to_string())
}

server::handle!(Edge);

impl State {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("never held over a panic")
    }

    /// The refusal, unless Access lets the request pass.
    fn gate(&self, request: &Request, strike: &Strike) -> Option<Reply> {
        let settings = self.settings();
        if !settings.protected {
            return None;
        }
        let (id, secret) = (request.header("cf-access-client-id"), request.header("cf-access-client-secret"));
        let token =
            id.and_then(|id| settings.tokens.get(id)).filter(|token| Some(token.secret.as_str()) == secret);
        let token = token.filter(|_| strike.kind != Some(Kind::AccessRefused));
        let Some(token) = token else {
            let tried = id.is_some() || secret.is_some();
            let refused = match settings.mode {
                Mode::Legacy401 => proxy::unauthorised(),
                Mode::Strict if tried => proxy::unauthorised(),
                Mode::Strict | Mode::Legacy => proxy::login_redirect(request),
            };
            return Some(refused);
        };
        (!token.let_in).then(|| {
            proxy::page(
                403,
                "Forbidden",
                "You don't have permission to view this. Please contact your administrator.",
            )
        })
    }
}

impl Sim for State {
    fn is_work(&self, _request: &Request) -> bool {
        true
    }

    fn refuse(&self, _request: &Request, status: u16, wait: Option<Duration>) -> Reply {
        let reply = match status {
            401 => proxy::unauthorised(),
            429 => proxy::page(429, "Error 1015", "You are being rate limited. error code: 1015"),
            502 => proxy::page(502, "Bad gateway", "The origin refused the connection."),
            524 => proxy::page(524, "A timeout occurred", "The origin took too long. error code: 524"),
            530 => proxy::page(530, "Cloudflare Tunnel error", "error code: 1033"),
            _ => proxy::page(status, "Error", &format!("error code: {status}")),
        };
        wait.into_iter().fold(reply, |reply, wait| reply.header("retry-after", wait.as_secs_f64().ceil()))
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        self.connector(request)
    }

    async fn answer(&self, request: &Request, strike: &Strike) -> Reply {
        if strike.kind == Some(Kind::Blocked1010) {
            return Reply::text(403, "error code: 1010").header("server", "cloudflare");
        }
        if strike.kind == Some(Kind::LoginPage) {
            return proxy::page(
                200,
                "Sign in ・ Cloudflare Access",
                "Log in to ollama.example.com with your e-mail.",
            );
        }
        if let Some(refused) = self.gate(request, strike) {
            return refused;
        }
        match strike.kind {
            Some(Kind::TunnelDown) => self.refuse(request, 530, None),
            Some(Kind::OriginDown) => self.refuse(request, 502, None),
            Some(Kind::BadJson) => Reply::typed(200, "application/json", "{\"model\":"),
            Some(_) | None => proxy::forward(self, request).await,
        }
    }
}
