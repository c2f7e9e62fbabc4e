//! `sims serve`: starts what is asked for, says where it is, shows messages, ends when told to.

use super::{card, say};
use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use sims::discord::{self, Discord};
use sims::edge::{Edge, tunnel_token};
use sims::groq::Groq;
use sims::hubspot::HubSpot;
use sims::ollama::Ollama;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::AsyncReadExt;

const EDGE_ID: &str = "0123456789abcdef0123456789abcdef.access";
const EDGE_SECRET: &str = "cfast_sims00000000000000000000000000000000000000000000";
const TUNNEL: &str = "11111111-2222-4333-8444-555555555555";
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// What to start, and how.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Start everything that is not named, on free ports.
    #[arg(long)]
    all: bool,
    /// Start Discord's webhooks on this address, e.g. 127.0.0.1:0.
    #[arg(long, value_name = "ADDR")]
    discord: Option<SocketAddr>,
    /// Start Ollama on this address.
    #[arg(long, value_name = "ADDR")]
    ollama: Option<SocketAddr>,
    /// Start Groq on this address.
    #[arg(long, value_name = "ADDR")]
    groq: Option<SocketAddr>,
    /// Start HubSpot's API on this address.
    #[arg(long, value_name = "ADDR")]
    hubspot: Option<SocketAddr>,
    /// Start the Access-protected edge on this address.
    #[arg(long, value_name = "ADDR")]
    edge: Option<SocketAddr>,
    /// What the edge protects; the Ollama started here when left out.
    #[arg(long, value_name = "URL")]
    edge_origin: Option<String>,
    /// The edge reaches its origin only through a connected `cloudflared` (see sim-cloudflared), whose tunnel leads to this
    /// address; the line of addresses has the tunnel's token.
    #[arg(long, value_name = "URL")]
    edge_tunnel: Option<String>,
    /// The service token's id.
    #[arg(long, value_name = "ID", default_value = EDGE_ID)]
    edge_client_id: String,
    /// The service token's secret.
    #[arg(long, value_name = "SECRET", default_value = EDGE_SECRET)]
    edge_client_secret: String,
    /// The key that Groq accepts.
    #[arg(long, value_name = "KEY", default_value = sims::groq::KEY)]
    groq_key: String,
    /// The token that HubSpot accepts.
    #[arg(long, value_name = "TOKEN", default_value = sims::hubspot::TOKEN)]
    hubspot_token: String,
    /// The Discord webhook's id.
    #[arg(long, value_name = "ID", default_value = discord::WEBHOOK_ID)]
    webhook_id: String,
    /// The Discord webhook's token.
    #[arg(long, value_name = "TOKEN", default_value = discord::WEBHOOK_TOKEN)]
    webhook_token: String,
    /// How long a model call takes, e.g. 1500ms.
    #[arg(long, value_name = "TIME", value_parser = super::duration, default_value = "0ms")]
    model_delay: Duration,
    /// How many chats Ollama answers at once.
    #[arg(long, value_name = "N", default_value_t = 1)]
    ollama_parallel: usize,
    /// No rate limits anywhere, for load tests.
    #[arg(long)]
    unlimited: bool,
    /// How many requests each journal holds.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    journal: usize,
    /// Print every Discord message, new or edited, as a card.
    #[arg(long)]
    show: bool,
    /// Write the line of addresses into this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    addresses: Option<PathBuf>,
    /// End when standard input closes.
    #[arg(long)]
    until_stdin_closes: bool,
}

/// Handles that keep the servers alive.
#[derive(Default)]
struct Started {
    discord: Option<Discord>,
    ollama: Option<Ollama>,
    groq: Option<Groq>,
    hubspot: Option<HubSpot>,
    edge: Option<Edge>,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let started = start(&options).await?;
    let line = addresses(&started, &options).to_string();
    match &options.addresses {
        Some(file) => write_whole(file, &line).with_context(|| format!("cannot write {}", file.display()))?,
        None => say(&line),
    }
    let showing = started.discord.clone().filter(|_| options.show);
    tokio::select! {
        () = end(options.until_stdin_closes) => {}
        () = show(showing) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever waits for the file never sees half of it.
fn write_whole(file: &Path, line: &str) -> std::io::Result<()> {
    let beside = file.with_extension("part");
    std::fs::write(&beside, format!("{line}\n"))?;
    std::fs::rename(beside, file)
}

async fn start(options: &Options) -> anyhow::Result<Started> {
    let mut started = Started::default();
    let free = options.all.then_some(ANY);
    if let Some(address) = options.discord.or(free) {
        let discord =
            Discord::start_on(address).await.with_context(|| format!("cannot open {address} for Discord"))?;
        discord.remove_webhook(discord::WEBHOOK_ID);
        discord.add_webhook(&options.webhook_id, &options.webhook_token);
        if options.unlimited {
            discord.unlimited();
        }
        discord.journal.keep_last(options.journal);
        started.discord = Some(discord);
    }
    if let Some(address) = options.ollama.or(free) {
        let ollama =
            Ollama::start_on(address).await.with_context(|| format!("cannot open {address} for Ollama"))?;
        ollama.set_delay(options.model_delay);
        ollama.set_queue(options.ollama_parallel, 512);
        ollama.journal.keep_last(options.journal);
        started.ollama = Some(ollama);
    }
    if let Some(address) = options.groq.or(free) {
        let groq =
            Groq::start_on(address).await.with_context(|| format!("cannot open {address} for Groq"))?;
        groq.set_keys(&[&options.groq_key]);
        groq.set_delay(options.model_delay);
        if options.unlimited {
            groq.unlimited();
        }
        groq.journal.keep_last(options.journal);
        started.groq = Some(groq);
    }
    if let Some(address) = options.hubspot.or(free) {
        let hubspot =
            HubSpot::start_on(address).await.with_context(|| format!("cannot open {address} for HubSpot"))?;
        hubspot.set_token(&options.hubspot_token);
        if options.unlimited {
            hubspot.unlimited();
        }
        hubspot.journal.keep_last(options.journal);
        started.hubspot = Some(hubspot);
    }
    if let Some(address) = options.edge.or(free) {
        started.edge = Some(start_edge(address, options, started.ollama.as_ref()).await?);
    }
    if addresses(&started, options) == json!({}) {
        bail!("nothing to start: name at least one of --all, --discord, --ollama, --groq, --hubspot, --edge");
    }
    Ok(started)
}

async fn start_edge(address: SocketAddr, options: &Options, ollama: Option<&Ollama>) -> anyhow::Result<Edge> {
    let origin = options.edge_tunnel.clone().or_else(|| options.edge_origin.clone());
    let origin = origin.or_else(|| ollama.map(Ollama::url));
    let origin = origin
        .context("the edge needs --edge-origin URL, --edge-tunnel URL, or --ollama to stand in front of")?;
    let (id, secret) = (&options.edge_client_id, &options.edge_client_secret);
    let edge = Edge::start_on(address, &origin, id, secret)
        .await
        .with_context(|| format!("cannot open {address} for the edge"))?;
    edge.journal.keep_last(options.journal);
    if let Some(origin) = &options.edge_tunnel {
        edge.lead_tunnel(TUNNEL, origin).map_err(anyhow::Error::msg)?;
    }
    Ok(edge)
}

fn addresses(started: &Started, options: &Options) -> Value {
    let mut all = Map::new();
    if let Some(discord) = &started.discord {
        let (url, id, token) = (discord.url(), &options.webhook_id, &options.webhook_token);
        let webhook = format!("{url}/api/webhooks/{id}/{token}");
        all.insert(
            "discord".to_owned(),
            json!({"url": url, "webhook_url": webhook, "page": format!("{url}/")}),
        );
    }
    if let Some(ollama) = &started.ollama {
        all.insert("ollama".to_owned(), json!({"url": ollama.url()}));
    }
    if let Some(groq) = &started.groq {
        all.insert("groq".to_owned(), json!({"url": groq.base_url(), "key": options.groq_key}));
    }
    if let Some(hubspot) = &started.hubspot {
        all.insert("hubspot".to_owned(), json!({"url": hubspot.url(), "token": options.hubspot_token}));
    }
    if let Some(edge) = &started.edge {
        let (id, secret) = (&options.edge_client_id, &options.edge_client_secret);
        let mut edge = json!({"url": edge.url(), "client_id": id, "client_secret": secret});
        if options.edge_tunnel.is_some() {
            edge["tunnel_token"] = json!(tunnel_token(TUNNEL));
        }
        all.insert("edge".to_owned(), edge);
    }
    Value::Object(all)
}

async fn show(discord: Option<Discord>) {
    let Some(discord) = discord else { return std::future::pending().await };
    let colour = super::has_colour();
    let mut version = 0;
    loop {
        let (next, messages) = discord.changes(version).await;
        version = next;
        for message in messages {
            say(&format!("\n{}", card::render(&message.to_feed(), colour)));
        }
    }
}

async fn end(with_stdin: bool) {
    let closed = async {
        if !with_stdin {
            return std::future::pending().await;
        }
        let mut stdin = tokio::io::stdin();
        let mut chunk = [0; 256];
        while stdin.read(&mut chunk).await.is_ok_and(|read| read > 0) {}
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
        () = closed => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    terminate.expect("signals can be listened to").recv().await;
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
