//! The way from the public address through the edge and a running tunnel to a running model server.

use crate::scene::{Running, SECRET, Scene, TUNNEL, done, get, json, ready, until};
use rustix::process::Signal;
use serde_json::{Value, json as value};
use sims::edge::Edge;
use sims::ollama::Ollama;

const ID: &str = "0123456789abcdef0123456789abcdef.access";
const ACCESS: &str = "cfast_sims";

struct World {
    scene: Scene,
    edge: Edge,
    ollama: Ollama,
}

impl World {
    async fn new() -> Self {
        let ollama = Ollama::start().await.unwrap();
        let edge = Edge::start(&ollama.url(), ID, ACCESS).await.unwrap();
        edge.require_connection(true);
        Self { scene: Scene::new(), edge, ollama }
    }

    /// A tunnel with its own rules in a file.
    fn local(&self, more: &str) -> Running {
        let credentials =
            value!({"AccountTag": "0123", "TunnelSecret": SECRET, "TunnelID": TUNNEL, "Endpoint": ""});
        let credentials = self.scene.write("credentials.json", &credentials.to_string());
        let config = self.scene.write(
            "config.yml",
            &format!(
                "tunnel: {TUNNEL}\ncredentials-file: {}\nmetrics: 127.0.0.1:0\nno-autoupdate: true\ningress:\n  \
                 - hostname: ollama.example.com\n    path: ^/api/(version|tags|ps|show|chat)$\n    service: {}\n    \
                 originRequest:\n      httpHostHeader: localhost:11434\n{more}  - service: http_status:404\n",
                credentials.display(),
                self.ollama.url()
            ),
        );
        let words = format!("tunnel --config {} --output json --grace-period 10ms run", config.display());
        let mut command = self.scene.cloudflared(&words);
        command.env("SIM_EDGE", self.edge.url());
        Running::start(command)
    }

    fn remote(&self) -> Running {
        let mut command = self.scene.tunnel();
        command.env("SIM_EDGE", self.edge.url());
        Running::start(command)
    }

    fn rules(&self) -> Value {
        value!({"config": {"ingress": [
            {"hostname": "ollama.example.com", "service": self.ollama.url(),
                "originRequest": {"httpHostHeader": "localhost:11434", "connectTimeout": 10}},
            {"service": "http_status:404"}]}})
    }

    async fn ask(&self, path: &str) -> u16 {
        let call = sims::http_client().get(format!("{}{path}", self.edge.url()));
        let call = call.header("CF-Access-Client-Id", ID).header("CF-Access-Client-Secret", ACCESS);
        call.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn requests_pass_by_the_tunnels_own_rules_while_it_is_connected() {
    let world = World::new().await;
    assert_eq!(world.ask("/api/version").await, 530);
    let running = world.local("");
    world.edge.wait_for_connections(4).await;
    assert_eq!(world.ask("/api/version").await, 200);
    assert_eq!(world.ollama.journal.last().unwrap().header("host"), Some("localhost:11434"));
    assert_eq!(world.ask("/api/delete").await, 404);
    assert_eq!(get(&format!("{}/api/version", world.edge.url())).await.0, 302, "Access stands before it");
    assert_eq!(world.ollama.journal.count(), 1);
    running.signal(Signal::TERM);
    world.edge.wait_for_connections(0).await;
    assert_eq!(world.ask("/api/version").await, 530);
    assert_eq!(running.ends().await.code, Some(0));
}

#[tokio::test]
async fn a_killed_tunnel_is_noticed() {
    let world = World::new().await;
    let mut running = world.local("");
    world.edge.wait_for_connections(4).await;
    running.signal(Signal::KILL);
    running.dies().await;
    world.edge.wait_for_connections(0).await;
    assert_eq!(world.ask("/api/version").await, 530);
}

#[tokio::test]
async fn an_origin_that_is_away_is_502_while_the_tunnel_says_4() {
    let world = World::new().await;
    let running = world.local("");
    world.edge.wait_for_connections(4).await;
    world.ollama.stop().await;
    assert_eq!(world.ask("/api/version").await, 502);
    assert_eq!(json(&format!("{}/ready", running.metrics().await)).await.1["readyConnections"], 4);
}

#[tokio::test]
async fn dropped_connections_come_back_by_themselves() {
    let world = World::new().await;
    let running = world.local("");
    world.edge.wait_for_connections(4).await;
    let before = world.edge.connections();
    world.edge.drop_connections();
    running.err.find("Lost connection with the edge").await;
    running.err.find("Retrying connection in up to 2s").await;
    world.edge.wait_for_connections(4).await;
    let same = |now: &sims::edge::Connection| before.iter().any(|known| known.id == now.id);
    assert!(!world.edge.connections().iter().any(same));
    assert_eq!(world.edge.connections()[0].connector, before[0].connector);
}

#[tokio::test]
async fn a_stale_tunnel_says_4_and_carries_nothing() {
    let world = World::new().await;
    let running = world.local("");
    world.edge.wait_for_connections(4).await;
    world.scene.control().apply("stale-ready").await.unwrap();
    world.edge.wait_for_connections(0).await;
    assert_eq!(world.ask("/api/version").await, 530);
    let metrics = running.metrics().await;
    assert_eq!(json(&format!("{metrics}/ready")).await.1["readyConnections"], 4);
    world.scene.control().apply("").await.unwrap();
    world.edge.wait_for_connections(4).await;
}

#[tokio::test]
async fn an_edge_that_is_away_is_tried_again_until_it_is_back() {
    let world = World::new().await;
    world.edge.stop().await;
    let running = world.local("");
    let metrics = running.metrics().await;
    running.err.find("Unable to establish connection with Cloudflare edge").await;
    assert_eq!(get(&format!("{metrics}/ready")).await.0, 503);
    world.edge.restart().unwrap();
    ready(&metrics, 4).await;
}

#[tokio::test]
async fn an_edge_that_knows_its_tunnels_refuses_others() {
    let world = World::new().await;
    world.edge.allow_tunnel(TUNNEL, "another secret");
    let running = world.local("");
    let metrics = running.metrics().await;
    let refused = running.err.find("Register tunnel error from server side").await;
    assert!(refused.contains("Unauthorized: Invalid tunnel secret"), "{refused}");
    assert_eq!(get(&format!("{metrics}/ready")).await.0, 503);
    world.edge.allow_tunnel(TUNNEL, SECRET);
    world.edge.wait_for_connections(4).await;
    world.edge.refuse_registration(true);
    world.edge.forget_tunnel(TUNNEL);
    ready(&metrics, 0).await;
    assert!(running.err.text().contains("Lost connection with the edge"));
}

#[tokio::test]
async fn a_token_tunnel_follows_the_configuration_of_the_account() {
    let world = World::new().await;
    let running = world.remote();
    let metrics = running.metrics().await;
    world.edge.wait_for_connections(4).await;
    assert_eq!(world.ask("/api/version").await, 503, "no rules yet");
    assert_eq!(world.edge.set_remote_ingress(TUNNEL, &world.rules()), Ok(1));
    assert_eq!(world.ask("/api/version").await, 200);
    let config = format!("{metrics}/config");
    until("the configuration", async || json(&config).await.1["version"] == 1).await;
    assert_eq!(json(&config).await.1["config"], world.rules()["config"]);
    running.err.find("Updated to new configuration").await;
    let closed = value!({"ingress": [{"service": "http_status:418"}]});
    assert_eq!(world.edge.set_remote_ingress(TUNNEL, &closed), Ok(2));
    assert_eq!(world.ask("/api/version").await, 418);
    until("the second version", async || json(&config).await.1["version"] == 2).await;
    assert!(world.edge.set_remote_ingress(TUNNEL, &value!({"ingress": []})).is_err());
}

#[tokio::test]
async fn a_tunnel_that_asks_for_access_is_a_second_lock() {
    let world = World::new().await;
    let _running =
        world.local("      access:\n        required: true\n        teamName: acme\n        audTag: [aud]\n");
    world.edge.wait_for_connections(4).await;
    assert_eq!(world.ask("/api/version").await, 200);
    world.edge.set_protected(false);
    assert_eq!(world.ask("/api/version").await, 403);
    assert_eq!(world.ollama.journal.count(), 1);
}

#[tokio::test]
async fn live_connections_are_listed_and_cleaned_up_before_a_tunnel_is_deleted() {
    let world = World::new().await;
    let tunnel = |words: &str| {
        let mut command = world.scene.cloudflared(&format!("tunnel {words}"));
        command.env("SIM_EDGE", world.edge.url());
        done(command)
    };
    assert_eq!(tunnel("login").await.code, Some(0));
    assert_eq!(tunnel("create box").await.code, Some(0));
    let mut command = world.scene.cloudflared("tunnel --metrics 127.0.0.1:0 run box");
    command.env("SIM_EDGE", world.edge.url());
    let running = Running::start(command);
    world.edge.wait_for_connections(4).await;
    let listed: Value = serde_json::from_str(&tunnel("list --output json").await.out).unwrap();
    assert_eq!(listed[0]["connections"].as_array().unwrap().len(), 4);
    let info: Value = serde_json::from_str(&tunnel("info --output json box").await.out).unwrap();
    assert_eq!(info["conns"][0]["conns"].as_array().unwrap().len(), 4);
    assert_eq!(info["conns"][0]["version"], "2026.8.2");
    let refused = tunnel("delete box").await;
    assert!(refused.code == Some(1) && refused.err.contains("has active connections"), "{}", refused.err);
    assert_eq!(tunnel("delete -f box").await.code, Some(0));
    running.signal(Signal::KILL);
}
