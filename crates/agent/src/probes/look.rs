//! One look at each thing.

use std::time::Duration;

use reqwest::Client;
use supervise::health::facts::{Binding, Fact, Models};
use supervise::health::reading::{Call, CallError};
use tokio::time::{Instant, timeout};

use super::call::{get, observed};
use super::{Probe, Seen, Targets, binding};
use crate::ollama_api::{Installed, Loaded, OllamaApi};
use crate::tunnel::http;
use crate::tunnel::verify::{self, Credentials};

/// No single call of a look may take longer, whatever the look's own limit.
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// What all looks have in common; made anew when old connections are not to be trusted.
#[derive(Debug)]
pub(super) struct Eyes {
    http: Client,
    targets: Targets,
}

impl Eyes {
    pub(super) fn new(targets: Targets) -> Self {
        Self { http: http::client(CALL_LIMIT), targets }
    }

    /// Looks once. Never takes much longer than the probe's time limit.
    pub(super) async fn look(&self, probe: Probe) -> Seen {
        let limit = probe.time_limit();
        match probe {
            Probe::OllamaApi => {
                Seen::OllamaApi(self.plain(&self.targets.ollama, "/api/version", limit).await)
            }
            Probe::Models => self.models(limit).await,
            Probe::Binding => Seen::Binding(self.binding(limit).await),
            Probe::Ready => Seen::Ready(match &self.targets.metrics {
                Some(metrics) => self.plain(metrics, "/ready", limit).await,
                None => Fact::NotSetUp,
            }),
            Probe::Public => Seen::Public(match &self.targets.credentials {
                Some(credentials) => self.public(Some(credentials), limit).await,
                None => Fact::NotSetUp,
            }),
            Probe::WithoutToken => Seen::WithoutToken(self.public(None, limit).await),
        }
    }

    async fn plain(&self, address: &str, path: &str, limit: Duration) -> Fact<Call> {
        let url = format!("{}{path}", address.trim_end_matches('/'));
        let begun = Instant::now();
        let answer = match timeout(limit, get(&self.http, &url)).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::TimedOut),
        };
        Fact::Known { answer, latency: begun.elapsed() }
    }

    async fn models(&self, limit: Duration) -> Seen {
        let ollama = OllamaApi::new(self.http.clone(), &self.targets.ollama);
        let begun = Instant::now();
        let listing =
            async { Ok::<_, crate::ollama_api::Error>((ollama.installed().await?, ollama.loaded().await?)) };
        let Ok(Ok((installed, loaded))) = timeout(limit, listing).await else {
            return Seen::Models(Fact::NotYet, Vec::new());
        };
        let answer = Models {
            installed: installed.into_iter().map(|Installed { name, .. }| name).collect(),
            loaded: loaded.iter().map(|Loaded { name, .. }| name.clone()).collect(),
            pull: None,
        };
        Seen::Models(Fact::Known { answer, latency: begun.elapsed() }, loaded)
    }

    async fn binding(&self, limit: Duration) -> Binding {
        let looking = binding::of(&self.targets.ollama);
        timeout(limit, looking).await.unwrap_or(Binding::NotKnown)
    }

    async fn public(&self, credentials: Option<&Credentials>, limit: Duration) -> Fact<Call> {
        let Some(address) = &self.targets.public else { return Fact::NotSetUp };
        let begun = Instant::now();
        let answer = match timeout(limit, verify::probe(&self.http, address, credentials)).await {
            Ok(observation) => observed(observation),
            Err(_) => Some(Err(CallError::TimedOut)),
        };
        answer.map_or(Fact::NotSetUp, |answer| Fact::Known { answer, latency: begun.elapsed() })
    }
}
