//! Machines as paired devices would make them known: written straight into the database, so that what reads it is tested alone.

use link::Usability;
use orchestrator::app::App;
use orchestrator::queue::wake::News;
use orchestrator::sealed::Sealer;
use orchestrator::store::NewDevice;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sims::edge::Edge;
use sims::ollama::Ollama;

use super::{Database, TestApp, until};

/// 32 bytes in base64.
pub(crate) const SECRETS_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A machine: Ollama behind an edge of its own.
pub(crate) struct Pc {
    pub(crate) ollama: Ollama,
    pub(crate) edge: Edge,
}

impl Pc {
    /// With the service token `old` / `old-secret`.
    pub(crate) async fn start() -> Self {
        let ollama = Ollama::start().await.unwrap();
        ollama.set_queue(16, 512);
        let edge = Edge::start(&ollama.url(), "old", "old-secret").await.unwrap();
        Self { ollama, edge }
    }

    /// Calls with the right credentials to a path.
    pub(crate) fn calls(&self, path: &str) -> usize {
        let entries = self.edge.journal.entries_on(path);
        entries
            .iter()
            .filter(|entry| matches!(entry.header("cf-access-client-id"), Some("old" | "new")))
            .count()
    }
}

/// Pairs a device whose token is its id, and has it hand over this machine's tunnel.
pub(crate) async fn pair(database: &Database, app: &App, id: &str, pc: &Pc) {
    add(app, id).await;
    hand_over(database, app, id, pc, "old").await;
    known(app, id).await;
}

/// A device without a tunnel.
pub(crate) async fn add(app: &App, id: &str) {
    let token_hash = Sha256::digest(id.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let device = NewDevice {
        id: id.to_owned(),
        name: format!("PC {id}"),
        platform: "linux".to_owned(),
        version: "0.1.0".to_owned(),
        token_hash,
    };
    app.store.add_device(&device, app.clock.now()).await.unwrap();
}

/// Replaces what the device handed over: `token` with the secret `{token}-secret`, sealed as it is kept.
pub(crate) async fn hand_over(database: &Database, app: &App, id: &str, pc: &Pc, token: &str) {
    let sealer = Sealer::parse(SECRETS_KEY).unwrap();
    let seal = |column: &str, text: &str| {
        sealer.seal(&format!("tunnels/{id}/{column}"), &SecretString::from(text.to_owned()))
    };
    let (client_id, secret) = (seal("client_id", token), seal("client_secret", &format!("{token}-secret")));
    let (url, now) = (pc.edge.url(), app.clock.now().as_millis());
    database
        .execute(format!(
            "insert into tunnels (device_id, url, model, client_id, client_secret, verified_at)
             values ('{id}', '{url}', 'llama3.2:latest', '{client_id}', '{secret}', {now})
             on conflict (device_id) do update set url = excluded.url, client_id = excluded.client_id,
                client_secret = excluded.client_secret, verified_at = excluded.verified_at"
        ))
        .await;
    app.wake.spread(News::Devices);
}

/// The device's heartbeat, as it is stored; nobody is told.
pub(crate) async fn says(database: &Database, app: &App, id: &str, state: Usability, why: &str) {
    let state = match state {
        Usability::Usable => "usable",
        Usability::Unusable => "unusable",
        Usability::Unknown => "unknown",
    };
    let now = app.clock.now().as_millis();
    database
        .execute(format!(
            "update devices set standing = '{state}', standing_why = '{why}', last_seen_at = {now} where id = '{id}'"
        ))
        .await;
}

/// Waits until the orchestrator uses the device's tunnel.
pub(crate) async fn known(app: &App, id: &str) {
    app.wake.spread(News::Devices);
    let name = format!("PC {id}");
    until(&format!("{name} to be known"), async || {
        app.providers.local().iter().any(|machine| machine.name == name).then_some(())
    })
    .await;
}

/// Waits until the orchestrator knows this of the machine.
pub(crate) async fn troubled(app: &TestApp, id: &str, why: Option<&str>) {
    let name = format!("PC {id}");
    until(&format!("{name} to be in this state: {why:?}"), async || {
        let machines = app.app.providers.local();
        let machine = machines.iter().find(|machine| machine.name == name)?;
        (machine.trouble.as_deref() == why).then_some(())
    })
    .await;
}
