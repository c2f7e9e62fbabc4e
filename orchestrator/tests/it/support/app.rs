//! An orchestrator among stand-ins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use link::{Triage, TriageDetail, TriageStatus};
use orchestrator::app::App;
use orchestrator::clock::Clock;
use orchestrator::config::Config;
use orchestrator::queue::Kind;
use orchestrator::store::Store;
use serde_json::Value;
use sims::discord::Discord;
use sims::edge::Edge;
use sims::groq::Groq;
use sims::hubspot::HubSpot;
use sims::ollama::Ollama;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::{Database, until_ok};

pub(crate) const TOKEN: &str = "webhook-token-of-the-tests";

/// The outside services.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) ollama: Ollama,
    pub(crate) edge: Edge,
    pub(crate) groq: Groq,
    pub(crate) discord: Discord,
    pub(crate) hubspot: HubSpot,
}

/// Changes the settings of a test's orchestrator; an empty value takes one away.
pub(crate) type Edit<'a> = &'a [(&'a str, &'a str)];

/// How long an orchestrator waits; where nothing is said, as long as in real life.
#[derive(Clone, Copy, Default)]
pub(crate) struct Patience {
    pub(crate) with_statements: Option<Duration>,
    pub(crate) at_a_stop: Option<Duration>,
}

/// A running orchestrator; it ends when this is dropped.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) url: String,
    pub(crate) world: World,
    pub(super) http: reqwest::Client,
    stop: CancellationToken,
    running: Option<JoinHandle<std::io::Result<()>>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let ollama = Ollama::start().await.unwrap();
        ollama.set_queue(16, 512);
        let edge = Edge::start(&ollama.url(), "id.access", "secret-of-the-tests").await.unwrap();
        let (groq, discord) = (Groq::start().await.unwrap(), Discord::start().await.unwrap());
        let hubspot = HubSpot::start().await.unwrap();
        groq.unlimited();
        discord.unlimited();
        hubspot.unlimited();
        Self { ollama, edge, groq, discord, hubspot }
    }

    fn settings(&self, database_url: &str) -> BTreeMap<String, String> {
        let settings = [
            ("APP_ENV", "test".to_owned()),
            ("DATABASE_URL", database_url.to_owned()),
            ("HUBSPOT_WEBHOOK_TOKEN", TOKEN.to_owned()),
            ("HUBSPOT_API_URL", self.hubspot.url()),
            ("HUBSPOT_ACCESS_TOKEN", sims::hubspot::TOKEN.to_owned()),
            ("DISCORD_WEBHOOK_URL", self.discord.webhook_url()),
            ("LOCAL_LLM_URL", self.edge.url()),
            ("LOCAL_LLM_TIMEOUT", "5s".to_owned()),
            ("LOCAL_LLM_CONCURRENCY", "8".to_owned()),
            ("CF_ACCESS_CLIENT_ID", "id.access".to_owned()),
            ("CF_ACCESS_CLIENT_SECRET", "secret-of-the-tests".to_owned()),
            ("GROQ_API_URL", self.groq.base_url()),
            ("GROQ_API_KEY", sims::groq::KEY.to_owned()),
            ("WORKERS", "16".to_owned()),
        ];
        settings.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

impl TestApp {
    /// An orchestrator among stand-ins of its own.
    pub(crate) async fn start(database: &Database, edit: Edit<'_>) -> Self {
        Self::join(database, World::start().await, edit).await
    }

    /// One more orchestrator in an existing world.
    pub(crate) async fn join(database: &Database, world: World, edit: Edit<'_>) -> Self {
        Self::join_at(database, world, edit, None).await
    }

    /// The same, with another time of day than the database's.
    pub(crate) async fn join_at(
        database: &Database,
        world: World,
        edit: Edit<'_>,
        at: Option<Timestamp>,
    ) -> Self {
        Self::join_with(database, world, edit, at, Patience::default()).await
    }

    /// The same, with its own idea of how long it waits.
    pub(crate) async fn join_with(
        database: &Database,
        world: World,
        edit: Edit<'_>,
        at: Option<Timestamp>,
        patience: Patience,
    ) -> Self {
        let mut settings = world.settings(&database.url);
        settings.extend(edit.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = Config::read(&settings).unwrap();
        let mut store = Store::open(&settings["DATABASE_URL"], 12).await.unwrap();
        if let Some(limit) = patience.with_statements {
            store = store.limited_to(limit);
        }
        store.migrate().await.unwrap();
        let start = at.unwrap_or(Timestamp::from_millis(store.now_millis().await.unwrap()));
        let mut app = App::new(config, store, Clock::manual(start));
        app.drain_for = patience.at_a_stop.unwrap_or(app.drain_for);
        let app = Arc::new(app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let running = Some(tokio::spawn(orchestrator::run(Arc::clone(&app), listener, stop.clone())));
        Self { app, url, world, http: sims::http_client(), stop, running }
    }

    /// Stops it as a SIGTERM would.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        self.running.take().unwrap().await.unwrap().unwrap();
    }

    /// Moves the clock, when no worker is in the middle of something, and lets the workers look.
    pub(crate) async fn advance_at_rest(&self, database: &Database, by: Duration) {
        database.rested().await;
        self.advance(by);
    }

    /// Moves the clock and lets the workers look.
    pub(crate) fn advance(&self, by: Duration) {
        self.app.clock.advance(by);
        Kind::ALL.into_iter().for_each(|kind| self.app.wake.wake(kind));
    }

    /// Sends a webhook with the right token.
    pub(crate) async fn send(&self, body: &Value) -> (u16, Value) {
        self.post(
            body.to_string().into_bytes(),
            &[("authorization", &format!("Bearer {TOKEN}")), ("content-type", "application/json")],
        )
        .await
    }

    /// Sends anything to the webhook's address.
    pub(crate) async fn post(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> (u16, Value) {
        let mut request = self.http.post(format!("{}/webhooks/hubspot", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Sends a workflow's webhook and expects it to be accepted.
    pub(crate) async fn ticket(&self, id: &str, subject: &str, content: &str) {
        let (status, answer) =
            self.send(&serde_json::json!({ "ticket_id": id, "subject": subject, "content": content })).await;
        assert_eq!((status, &answer["accepted"]), (202, &serde_json::json!(1)), "{answer}");
    }

    pub(crate) async fn detail(&self, id: &str) -> Option<TriageDetail> {
        self.app.store.triage(&TicketId::parse(id).unwrap()).await.unwrap()
    }

    /// Waits until a ticket stands where it should, and its deliveries are through.
    pub(crate) async fn wait_for(&self, id: &str, status: TriageStatus) -> TriageDetail {
        let what = format!("ticket {id} to be {status:?}");
        until_ok(&what, async || match self.detail(id).await {
            Some(detail)
                if detail.triage.status == status
                    && detail.triage.deliveries.iter().all(|d| d.status != "pending") =>
            {
                Ok(detail)
            }
            other => Err(other),
        })
        .await
    }

    pub(crate) async fn wait_for_triage(&self, id: &str, what: &str, is: impl Fn(&Triage) -> bool) -> Triage {
        until_ok(&format!("ticket {id} {what}"), async || match self.detail(id).await {
            Some(detail) if is(&detail.triage) => Ok(detail.triage),
            other => Err(other),
        })
        .await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
