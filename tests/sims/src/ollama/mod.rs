//! Ollama: models, chat with JSON schemas, its queue, its Host check. Answers come from the ticket's own words.

mod chat;
mod models;

pub use models::Model;

use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::server::{self, Server, Sim};
use crate::wire::{Reply, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Semaphore;

const OWN_FAULTS: &[Kind] = &[
    Kind::Confidence(0.0),
    Kind::Cut,
    Kind::UnknownCategory,
    Kind::EmptySummary,
    Kind::ModelMissing,
    Kind::HostRefused,
];

/// A running stand-in for `ollama serve`.
#[derive(Clone)]
pub struct Ollama {
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    server: Server,
    state: Arc<State>,
}

struct State {
    settings: Arc<Mutex<Settings>>,
    load: Mutex<Load>,
}

struct Settings {
    models: Vec<Model>,
    loaded: BTreeSet<String>,
    delay: Duration,
    pull_step: Duration,
    check_host: bool,
    slots: Arc<Semaphore>,
    queue: usize,
    version: String,
}

impl Settings {
    fn install(&mut self, model: Model) {
        self.models.retain(|known| known.name != model.name);
        self.models.push(model);
    }
}

/// Chats under way.
#[derive(Default)]
struct Load {
    waiting: usize,
    running: usize,
    peak: usize,
    done: usize,
}

impl Ollama {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When no port can be opened.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start() -> std::io::Result<Self> {
        Self::open(server::ANY_PORT)
    }

    /// Starts on the given address.
    ///
    /// # Errors
    /// When the port is taken.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start_on(address: SocketAddr) -> std::io::Result<Self> {
        Self::open(address)
    }

    fn open(address: SocketAddr) -> std::io::Result<Self> {
        let (faults, journal) = (Faults::new(OWN_FAULTS), Journal::default());
        let settings = Settings {
            models: vec![Model::named("llama3.2:latest")],
            loaded: BTreeSet::new(),
            delay: Duration::ZERO,
            pull_step: Duration::ZERO,
            check_host: true,
            slots: Arc::new(Semaphore::new(1)),
            queue: 512,
            version: "0.33.0".to_owned(),
        };
        let state = Arc::new(State { settings: Arc::new(Mutex::new(settings)), load: Mutex::default() });
        let server = Server::start(address, Arc::clone(&state), &faults, &journal)?;
        Ok(Self { faults, journal, server, state })
    }

    /// Replaces the installed models.
    pub fn set_models(&self, names: &[&str]) {
        self.state.settings().models = names.iter().map(|name| Model::named(name)).collect();
    }

    /// How long a chat takes, beside the queue.
    pub fn set_delay(&self, delay: Duration) {
        self.state.settings().delay = delay;
    }

    /// How many chats run at once and how many more may wait. Set it before the first chat.
    pub fn set_queue(&self, parallel: usize, queue: usize) {
        let mut settings = self.state.settings();
        settings.slots = Arc::new(Semaphore::new(parallel));
        settings.queue = queue;
    }

    /// The pause between two lines of a pull's progress.
    pub fn set_pull_step(&self, pause: Duration) {
        self.state.settings().pull_step = pause;
    }

    /// Whether foreign Host headers are refused, as on a loopback address (the default).
    pub fn set_host_check(&self, check: bool) {
        self.state.settings().check_host = check;
    }

    /// The version it says it has.
    pub fn set_version(&self, version: &str) {
        version.clone_into(&mut self.state.settings().version);
    }

    /// Chats being answered at this moment.
    #[must_use]
    pub fn running(&self) -> usize {
        self.state.load().running
    }

    /// The most chats that were ever answered at once.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.state.load().peak
    }

    /// Chats answered to the end.
    #[must_use]
    pub fn chats(&self) -> usize {
        self.state.load().done
    }
}

server::handle!(Ollama);

impl State {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("never held over a panic")
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().expect("never held over a panic")
    }

    fn find(&self, name: &str) -> Option<Model> {
        let full = models::with_tag(name);
        self.settings().models.iter().find(|model| model.name == full).cloned()
    }
}

impl Sim for State {
    fn is_work(&self, request: &Request) -> bool {
        matches!(request.path.as_str(), "/api/chat" | "/api/generate" | "/api/pull")
    }

    fn refuse(&self, request: &Request, status: u16, wait: Option<Duration>) -> Reply {
        let model = request.json.as_ref().and_then(|body| body["model"].as_str()).unwrap_or_default();
        let reply = match status {
            403 => return Reply::empty(403),
            404 => failure(404, &format!("model '{model}' not found")),
            499 => failure(499, "request canceled"),
            500 => failure(500, "llama runner process has terminated: cudaMalloc failed: out of memory"),
            503 => failure(503, "server busy, please try again.  maximum pending requests exceeded"),
            _ => failure(status, "refused"),
        };
        wait.into_iter().fold(reply, |reply, wait| reply.header("retry-after", wait.as_secs_f64().ceil()))
    }

    async fn answer(&self, request: &Request, strike: &Strike) -> Reply {
        let refused = strike.kind == Some(Kind::HostRefused);
        if refused || (self.settings().check_host && !is_own_host(request.header("host"))) {
            return Reply::empty(403);
        }
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        match (request.path.as_str(), is_read, request.method.as_str()) {
            ("/", true, _) => Reply::text(200, "Ollama is running"),
            ("/api/version", true, _) => Reply::json(200, &json!({"version": self.settings().version})),
            ("/api/status", true, _) => {
                Reply::json(200, &json!({"cloud": {"disabled": false, "source": "none"}}))
            }
            ("/api/tags", true, _) => self.tags(),
            ("/api/ps", true, _) => self.loaded(),
            ("/api/show", _, "POST") => self.show(request),
            ("/api/chat", _, "POST") => chat::answer(self, request, strike.kind).await,
            ("/api/pull", _, "POST") => self.pull(request),
            ("/api/delete", _, "DELETE") => self.delete(request),
            (path, _, _) if is_known(path) => Reply::text(405, "405 method not allowed"),
            _ => Reply::text(404, "404 page not found"),
        }
    }
}

fn is_known(path: &str) -> bool {
    let names = [
        "",
        "api/version",
        "api/status",
        "api/tags",
        "api/ps",
        "api/show",
        "api/chat",
        "api/pull",
        "api/delete",
    ];
    path.strip_prefix('/').is_some_and(|name| names.contains(&name))
}

/// Names and addresses a server on a loopback address answers to.
fn is_own_host(host: Option<&str>) -> bool {
    let host = host.unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let name = name.trim_matches(['[', ']']).to_lowercase();
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => {
            let own = [".localhost", ".local", ".internal"];
            name.is_empty() || name == "localhost" || own.iter().any(|end| name.ends_with(end))
        }
    }
}

fn failure(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"error": text}))
}

fn body(request: &Request) -> Result<&Value, Reply> {
    match &request.json {
        Some(body) => Ok(body),
        None if request.body.is_empty() => Err(failure(400, "missing request body")),
        None => Err(failure(400, "invalid character in the request body")),
    }
}
