//! Groq's OpenAI-shaped API: models, chat completions with its schema rules, rate-limit headers.

mod completion;
mod limits;

use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::server::{self, Server, Sim};
use crate::wire::{Reply, Request};
use limits::Limits;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The key that works unless others are set.
pub const KEY: &str = "gsk_sims0000000000000000000000000000";

const OWN_FAULTS: &[Kind] = &[
    Kind::Confidence(0.0),
    Kind::Cut,
    Kind::UnknownCategory,
    Kind::EmptySummary,
    Kind::ModelMissing,
    Kind::JsonValidateFailed,
    Kind::NoJsonSchema,
    Kind::Blocked1010,
];

/// A running stand-in for Groq.
#[derive(Clone)]
pub struct Groq {
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    server: Server,
    state: Arc<State>,
}

struct State {
    settings: Mutex<Settings>,
}

struct Settings {
    keys: Vec<String>,
    models: Vec<String>,
    delay: Duration,
    limits: Limits,
}

impl Groq {
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
        let models = ["openai/gpt-oss-20b", "openai/gpt-oss-120b"].map(str::to_owned).to_vec();
        let settings = Settings {
            keys: vec![KEY.to_owned()],
            models,
            delay: Duration::ZERO,
            limits: Limits::generous(),
        };
        let state = Arc::new(State { settings: Mutex::new(settings) });
        let server = Server::start(address, Arc::clone(&state), &faults, &journal)?;
        Ok(Self { faults, journal, server, state })
    }

    /// The address with version, as clients take it.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/openai/v1", self.url())
    }

    /// Replaces the keys that work.
    pub fn set_keys(&self, keys: &[&str]) {
        self.state.settings().keys = keys.iter().map(|key| (*key).to_owned()).collect();
    }

    /// Replaces the models.
    pub fn set_models(&self, models: &[&str]) {
        self.state.settings().models = models.iter().map(|model| (*model).to_owned()).collect();
    }

    /// How long a completion takes.
    pub fn set_delay(&self, delay: Duration) {
        self.state.settings().delay = delay;
    }

    /// The organisation's limits: requests a day and tokens a minute, from full.
    pub fn set_limits(&self, requests_per_day: u32, tokens_per_minute: u32) {
        self.state.settings().limits = Limits::new(requests_per_day, tokens_per_minute);
    }

    /// No limit that a load test could reach.
    pub fn unlimited(&self) {
        self.set_limits(1_000_000_000, 2_000_000_000);
    }
}

server::handle!(Groq);

impl State {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("never held over a panic")
    }

    fn models(&self) -> Reply {
        let owner = |id: &str| if id.starts_with("openai/") { "OpenAI" } else { "Groq" };
        let data: Vec<Value> = self
            .settings()
            .models
            .iter()
            .map(|id| {
                json!({"id": id, "object": "model", "created": 1_754_407_957, "owned_by": owner(id), "active": true,
                    "context_window": 131_072, "max_completion_tokens": 65_536, "public_apps": null})
            })
            .collect();
        Reply::json(200, &json!({"object": "list", "data": data}))
    }
}

impl Sim for State {
    fn is_work(&self, request: &Request) -> bool {
        request.path.ends_with("/chat/completions")
    }

    fn refuse(&self, request: &Request, status: u16, wait: Option<Duration>) -> Reply {
        let model = request.json.as_ref().and_then(|body| body["model"].as_str()).unwrap_or_default();
        match status {
            429 => {
                let settings = self.settings();
                let wait = wait.unwrap_or(Duration::from_secs(1));
                settings.limits.exceeded(model, wait)
            }
            401 => failure(401, "Invalid API Key", ("invalid_request_error", Some("invalid_api_key"))),
            404 => completion::missing_model(model),
            413 => failure(
                413,
                "Request too large for the model on tokens per minute (TPM)",
                ("tokens", Some("rate_limit_exceeded")),
            ),
            498 => {
                failure(498, "No capacity at the moment", ("capacity_exceeded", Some("capacity_exceeded")))
            }
            500.. => failure(status, "Internal Server Error", ("internal_server_error", None)),
            _ => failure(status, "Refused", ("invalid_request_error", None)),
        }
    }

    async fn answer(&self, request: &Request, strike: &Strike) -> Reply {
        if strike.kind == Some(Kind::Blocked1010) {
            return Reply::text(403, "error code: 1010");
        }
        let key = request.bearer().unwrap_or_default();
        if !self.settings().keys.iter().any(|known| known == key) {
            return self.refuse(request, 401, None);
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/openai/v1/models") => self.models(),
            ("POST", "/openai/v1/chat/completions") => completion::answer(self, request, strike.kind).await,
            (method, path) => {
                let text = format!("Unknown request URL: {method} {path}. Please check the URL for typos.");
                failure(404, &text, ("invalid_request_error", Some("unknown_url")))
            }
        }
    }
}

/// Groq's error shape; `kind` is type and code.
fn failure(status: u16, message: &str, kind: (&str, Option<&str>)) -> Reply {
    let mut error = json!({"message": message, "type": kind.0});
    if let Some(code) = kind.1 {
        error["code"] = json!(code);
    }
    Reply::json(status, &json!({"error": error}))
}
