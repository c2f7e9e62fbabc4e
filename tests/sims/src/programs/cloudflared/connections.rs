//! The four connections to the edge: registering one after the other, holding them, coming back with backoff.

use super::credentials::Credentials;
use super::line::{Line, Lost, paced};
use super::log::Log;
use super::{Changing, VERSION, variable};
use crate::clock;
use crate::edge::tunnels::Hello;
use crate::programs::Behaviours;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

const COUNT: usize = 4;
const SPACING: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF_EXPONENT: u32 = 6;

/// What a live connection is known by.
#[derive(Debug, Clone)]
pub(super) struct Link {
    id: String,
    pub(super) location: String,
    pub(super) ip: String,
}

/// All connections of this process.
pub(super) struct Connections {
    pub(super) connector: String,
    pub(super) credentials: Credentials,
    pub(super) protocol: String,
    log: Log,
    behaviours: Changing,
    edge: Option<String>,
    client: reqwest::Client,
    state: Mutex<State>,
    /// True once one was registered.
    first: watch::Sender<bool>,
}

struct State {
    slots: [Option<Link>; COUNT],
    version: i64,
    config: Value,
    is_local: bool,
    registered: u64,
    refused: u64,
    /// After a goodbye nothing is registered any more.
    is_closed: bool,
}

impl Connections {
    /// Nothing is connected yet. `local` is the configuration of a tunnel that is managed here.
    pub(super) fn new(
        credentials: Credentials,
        protocol: String,
        local: Option<Value>,
        log: Log,
        behaviours: Changing,
    ) -> Self {
        let state = State {
            slots: [const { None }; COUNT],
            version: -1,
            is_local: local.is_some(),
            config: local.unwrap_or_else(|| json!({})),
            registered: 0,
            refused: 0,
            is_closed: false,
        };
        Self {
            connector: clock::uuid(),
            credentials,
            protocol,
            log,
            behaviours,
            edge: variable("SIM_EDGE").map(|edge| edge.trim_end_matches('/').to_owned()),
            client: crate::http_client(),
            state: Mutex::new(state),
            first: watch::channel(false).0,
        }
    }

    /// How many `/ready` speaks of: the truth, unless it is to be stale.
    pub(super) fn shown(&self) -> usize {
        if self.behaviours.borrow().stale_ready { COUNT } else { self.held().len() }
    }

    pub(super) fn held(&self) -> Vec<(usize, Link)> {
        let state = self.state();
        state.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.clone()?))).collect()
    }

    pub(super) fn config(&self) -> (i64, Value) {
        let state = self.state();
        (state.version, state.config.clone())
    }

    /// Registered and refused so far.
    pub(super) fn registrations(&self) -> (u64, u64) {
        let state = self.state();
        (state.registered, state.refused)
    }

    /// Returns once the first connection is there.
    pub(super) async fn first(&self) {
        // Fails only when the sender is gone, and that is held here.
        drop(self.first.subscribe().wait_for(|is_there| *is_there).await);
    }

    /// Keeps all slots; ends only by being dropped, which closes what is open.
    pub(super) async fn keep(self: Arc<Self>) -> Infallible {
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..COUNT {
            tasks.spawn(Arc::clone(&self).keep_one(index));
        }
        while tasks.join_next().await.is_some() {}
        std::future::pending().await
    }

    /// Says goodbye to what is connected and forgets it; true when something was.
    pub(super) fn unregister(&self) -> bool {
        let held = self.held();
        for (index, link) in &held {
            self.log.info(
                "Unregistered tunnel connection",
                &[("connIndex", (*index).into()), ("event", 0.into()), ("ip", link.ip.as_str().into())],
            );
        }
        let mut state = self.state();
        state.slots = [const { None }; COUNT];
        state.is_closed = true;
        !held.is_empty()
    }

    async fn keep_one(self: Arc<Self>, index: usize) {
        if index > 0 {
            self.first().await;
            tokio::time::sleep(paced(SPACING * u32::try_from(index).unwrap_or(1))).await;
        }
        let mut behaviours = self.behaviours.clone();
        let mut failures = 0;
        loop {
            let wanted = |now: &Behaviours| index < now.connections.unwrap_or(COUNT) && !now.stale_ready;
            drop(behaviours.wait_for(wanted).await);
            let lost = match self.register(index).await {
                Ok(line) => {
                    failures = 0;
                    let lost = self.hold(index, line).await;
                    self.state().slots[index] = None;
                    lost
                }
                Err(lost) => lost,
            };
            if self.tell(index, &lost) {
                let seconds = 1_u64 << (failures + 1).min(LONGEST_BACKOFF_EXPONENT);
                let message = format!("Retrying connection in up to {seconds}s");
                self.log.info(&message, &[("connIndex", index.into()), ("event", 0.into())]);
                tokio::time::sleep(paced(Duration::from_secs(seconds) / 2)).await;
                failures += 1;
            }
        }
    }

    async fn register(&self, index: usize) -> Result<Option<Line>, Lost> {
        if self.behaviours.borrow().refuse_registration {
            return Err(Lost::Refused("Unauthorized: Failed to get tunnel".to_owned()));
        }
        let Some(edge) = &self.edge else {
            let words = json!({"connection": clock::uuid(), "location": "waw02", "ip": "198.41.200.13"});
            self.note(index, &words);
            return Ok(None);
        };
        let config = {
            let state = self.state();
            if state.is_local { state.config.clone() } else { Value::Null }
        };
        let hello = Hello {
            tunnel: self.credentials.tunnel.clone(),
            secret: self.credentials.secret.clone(),
            connector: self.connector.clone(),
            index,
            version: VERSION.to_owned(),
            config,
        };
        let mut line = Line::open(&self.client, edge, &hello).await?;
        let words = line.next().await.ok_or(Lost::ByEdge)?;
        self.note(index, &words["registered"]);
        Ok(Some(line))
    }

    fn note(&self, index: usize, words: &Value) {
        let text = |key: &str| words[key].as_str().unwrap_or_default().to_owned();
        let link = Link { id: text("connection"), location: text("location"), ip: text("ip") };
        self.log.info(
            "Registered tunnel connection",
            &[
                ("connIndex", index.into()),
                ("connection", link.id.as_str().into()),
                ("event", 0.into()),
                ("ip", link.ip.as_str().into()),
                ("location", link.location.as_str().into()),
                ("protocol", self.protocol.as_str().into()),
            ],
        );
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        state.slots[index] = Some(link);
        state.registered += 1;
        drop(state);
        self.first.send_replace(true);
    }

    /// Holds a connection to its end; without a line there is none but by the behaviours.
    async fn hold(&self, index: usize, mut line: Option<Line>) -> Lost {
        let mut behaviours = self.behaviours.clone();
        let unwanted = |now: &Behaviours| {
            index >= now.connections.unwrap_or(COUNT) || now.stale_ready || now.refuse_registration
        };
        loop {
            let news = async {
                match &mut line {
                    Some(line) => line.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                words = news => match words {
                    Some(words) => self.take_config(&words),
                    None => return Lost::ByEdge,
                },
                _ = behaviours.wait_for(unwanted) => return Lost::Unwanted,
            }
        }
    }

    fn take_config(&self, words: &Value) {
        let Some(version) = words["version"].as_i64() else { return };
        let mut state = self.state();
        if version > state.version {
            state.version = version;
            state.config = words["config"].clone();
            let fields = [("config", words["config"].to_string().into()), ("version", version.into())];
            self.log.info("Updated to new configuration", &fields);
        }
    }

    /// Logs the end of a connection; true when waiting before the next try is due.
    fn tell(&self, index: usize, lost: &Lost) -> bool {
        let fields = |error: &str| {
            [
                ("connIndex", index.into()),
                ("error", error.into()),
                ("event", 0.into()),
                ("ip", "198.41.200.13".into()),
            ]
        };
        match lost {
            Lost::Unwanted => {
                self.log.info(
                    "Unregistered tunnel connection",
                    &[("connIndex", index.into()), ("event", 0.into())],
                );
                false
            }
            Lost::ByEdge => {
                self.log.info("Lost connection with the edge", &[("connIndex", index.into())]);
                let others = !self.held().is_empty();
                let (message, problem) = ("Serve tunnel error", fields("connection with edge closed"));
                if others {
                    self.log.warn(message, &problem)
                } else {
                    self.log.error(message, &problem)
                }
                true
            }
            Lost::Unreachable(problem) => {
                self.log.error("Unable to establish connection with Cloudflare edge", &fields(problem));
                self.log.error("Serve tunnel error", &fields(problem));
                true
            }
            Lost::Refused(problem) => {
                self.state().refused += 1;
                self.log.error("Register tunnel error from server side", &fields(problem));
                true
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("never held over a panic")
    }
}
