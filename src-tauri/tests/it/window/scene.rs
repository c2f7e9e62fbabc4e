//! Everything at once: a desktop with a keychain and notices, the tray app and its programs, the built orchestrator, and
//! stand-ins for what is outside of both.

use std::collections::HashMap;
use std::net::SocketAddr;

use agent::socket::{Reply, Request, ask};
use e2e::machine::{ACCESS_ID, ACCESS_SECRET, TUNNEL};
use e2e::{Orchestrator, World};
use sims::edge::tunnel_token;
use sims::notices::Notices;
use supervise::health::{Health, Layer};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::driver::{self, Page};
use crate::app::{App, Machine, until};
use crate::desktop::Desktop;

/// 32 bytes in base64.
const SECRETS_KEY: &str = "c2VhbHMtc2VjcmV0cy1vZi10aGUtdGVzdHMtMzJieXQ=";

/// A secret as the keychain hands it out: session, parameters, value, kind.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) struct Scene {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) world: World,
    pub(crate) notices: Notices,
    pub(crate) machine: Machine,
    pub(crate) desktop: Desktop,
    engine: SocketAddr,
}

impl Scene {
    /// `None` where the programs are not installed, which is no excuse in CI.
    pub(crate) async fn start() -> Option<Self> {
        if !driver::is_installed() {
            return None;
        }
        let mut desktop = Desktop::start().await?;
        desktop.unlock();
        let notices = Notices::start_at(desktop.address()).await;
        let mut world = World::start().await;
        // The way to the model is known to nobody before the machine brings it.
        for name in ["LOCAL_LLM_URL", "CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET"] {
            world.settings.remove(name);
        }
        world.set("SECRETS_KEY", SECRETS_KEY);
        world.set("PORT", &driver::place().port().to_string());
        let orchestrator = world.serve().await;
        let (engine, mut machine) = (driver::place(), Machine::new(&desktop));
        machine.unset("TUNNEL_TOKEN");
        machine.set("SIM_EDGE", &world.edge.url());
        machine.set("TRIAGE_AGENT_PUBLIC_URL", &world.edge.url());
        for (name, value) in driver::environment(engine) {
            machine.set(name, &value);
        }
        machine.settings("[notices]\nsettle_seconds = 2\n");
        world.edge.add_token(ACCESS_ID, ACCESS_SECRET);
        world.edge.lead_tunnel(TUNNEL, &format!("http://{}", machine.ollama())).unwrap();
        Some(Self { orchestrator, world, notices, machine, desktop, engine })
    }

    /// The window that is open, or is about to be.
    pub(crate) async fn page(&self, app: &mut App) -> Page {
        app.until_window(&self.desktop).await;
        Page::attach(self.engine).await
    }

    /// Closes the window, and waits until its processes are gone.
    pub(crate) async fn close(&self, page: Page, app: &App) {
        let processes = app.until_engine().await;
        page.leave();
        self.desktop.close_window();
        until("the window's processes to be gone", || !processes.iter().any(|id| crate::app::runs(*id)))
            .await;
    }

    /// The link that `orchestrator pair` prints.
    pub(crate) fn pairing_link(&self) -> String {
        let made = self.world.run(&["pair"]);
        let said = e2e::text(&made.stdout);
        let link = said.split_whitespace().find(|word| word.starts_with("hubspot-triage://"));
        link.unwrap_or_else(|| panic!("no link: {said}{}", e2e::text(&made.stderr))).to_owned()
    }

    /// Gives the agent what the steps of Setup would, but for the pairing.
    pub(crate) async fn give_secrets(&self, app: &App) {
        app.until_answering().await;
        for (entry, value) in [
            ("tunnel-token", tunnel_token(TUNNEL)),
            ("cf-access-client-id", ACCESS_ID.to_owned()),
            ("cf-access-client-secret", ACCESS_SECRET.to_owned()),
        ] {
            let request = Request::Secret { entry: entry.to_owned(), value };
            let reply = ask(app.socket(), &request).await.unwrap().next().await.unwrap();
            assert!(matches!(reply, Some(Reply::Done { .. })), "{reply:?}");
        }
    }

    /// Every secret that the keychain holds.
    pub(crate) async fn kept(&self) -> Vec<String> {
        let (name, path) = ("org.freedesktop.secrets", "/org/freedesktop/secrets");
        let service = zbus::Proxy::new(self.desktop.bus(), name, path, "org.freedesktop.Secret.Service");
        let service = service.await.unwrap();
        let (_, session): (OwnedValue, OwnedObjectPath) =
            service.call("OpenSession", &("plain", Value::from(""))).await.unwrap();
        let (open, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            service.call("SearchItems", &(HashMap::<&str, &str>::new())).await.unwrap();
        let secrets: HashMap<OwnedObjectPath, Secret> =
            service.call("GetSecrets", &(open, session)).await.unwrap();
        secrets.into_values().map(|(_, _, value, _)| e2e::text(&value)).collect()
    }

    /// Waits until tickets can take the whole way.
    pub(crate) async fn until_usable(&self, app: &App) {
        let wanted = [Layer::PublicAddress, Layer::AccessClosed, Layer::Link, Layer::OrchestratorView];
        app.until_status("every hop to work", |status| {
            let works = |wanted: &Layer| {
                status.layers.iter().any(|state| state.layer == *wanted && state.health == Health::Ok)
            };
            wanted.iter().all(works)
        })
        .await;
    }
}
