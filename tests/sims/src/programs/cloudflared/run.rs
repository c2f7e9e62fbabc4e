//! `tunnel run`: which tunnel, the start in the real order of lines, and the graceful end.

use super::connections::Connections;
use super::credentials::{self, Credentials};
use super::file::File;
use super::flags::Flags;
use super::log::Log;
use super::metrics::{self, Metrics};
use super::{Changing, VERSION, complain, fail, setup, usage, variable};
use crate::ingress::Ingress;
use crate::programs::Behaviours;
use crate::programs::signals::{self, Signals};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);
const BAD_TOKEN: &str = "Provided Tunnel token is not valid.";
const NO_TUNNEL: &str = "\"cloudflared tunnel run\" requires the ID or name of the tunnel to run as the last command line \
    argument or in the configuration file.";
const NO_DNS: &str = "Could not lookup srv records on _v2-origintunneld._tcp.argotunnel.com: lookup \
    _v2-origintunneld._tcp.argotunnel.com on 127.0.0.53:53: server misbehaving";

/// The flags of both places, the environment and the file, in that order.
struct Settings {
    flags: Flags,
    file: Option<File>,
}

impl Settings {
    fn get(&self, flag: &str, variable_name: &str) -> Option<String> {
        let given = self.flags.get(flag).map(str::to_owned);
        given.or_else(|| variable(variable_name)).or_else(|| self.file.as_ref()?.text(flag))
    }
}

/// Which tunnel is run, and by which rules.
struct Which {
    credentials: Credentials,
    /// None: managed remotely.
    local: Option<Value>,
}

/// A start that cannot work.
enum Refusal {
    Usage(String),
    Failure(String),
}

pub(super) async fn run(global: &Flags, own: &Flags, reference: Option<&str>, behaviours: Changing) -> u8 {
    let file = match File::find(global) {
        Ok(file) => file,
        Err(problem) => return fail(&problem),
    };
    let settings = Settings { flags: global.clone().with(own.clone()), file };
    let which = match which(&settings, reference) {
        Ok(which) => which,
        Err(Refusal::Usage(line)) => return usage(&line, "tunnel run"),
        Err(Refusal::Failure(line)) => return fail(&line),
    };
    let level = settings.get("loglevel", "TUNNEL_LOGLEVEL");
    let log = Log::new(settings.get("output", "TUNNEL_LOG_OUTPUT").as_deref(), level.as_deref());
    let mut signals = Signals::catch();
    let (connections, metrics) = match start(&settings, which, &log, &behaviours).await {
        Ok(started) => started,
        Err(line) => return fail(&line),
    };
    let signal = tokio::select! {
        signal = asked_to_end(&mut signals, &behaviours) => signal,
        never = connect(&connections, behaviours.clone()) => match never {},
        never = write_pid(&settings, &connections) => match never {},
        never = follow(&metrics, behaviours.clone()) => match never {},
    };
    log.info(&format!("Initiating graceful shutdown due to signal {signal} ..."), &[]);
    let grace = settings.get("grace-period", "TUNNEL_GRACE_PERIOD");
    let grace = grace.and_then(|text| crate::duration(&text)).unwrap_or(GRACE);
    if connections.unregister() {
        tokio::select! {
            () = tokio::time::sleep(grace) => {}
            _ = asked_to_end(&mut signals, &behaviours) => signals::die(),
        }
    }
    log.info("Tunnel server stopped", &[]);
    metrics.stop().await;
    log.info("Metrics server stopped", &[]);
    0
}

/// Everything before the first connection; the error is the last line, printed bare.
async fn start(
    settings: &Settings,
    which: Which,
    log: &Log,
    behaviours: &Changing,
) -> Result<(Arc<Connections>, Metrics), String> {
    let wanted = settings.get("protocol", "TUNNEL_TRANSPORT_PROTOCOL");
    let protocol = if wanted.as_deref() == Some("http2") { "http2" } else { "quic" };
    let Which { credentials, local } = which;
    let tunnel = credentials.tunnel.clone();
    let connections =
        Connections::new(credentials, protocol.to_owned(), local, log.clone(), behaviours.clone());
    let connections = Arc::new(connections);
    first_lines(log, &tunnel, protocol, &connections.connector);
    if behaviours.borrow().no_network {
        log.error("Initiating shutdown", &[("error", NO_DNS.into())]);
        return Err(NO_DNS.to_owned());
    }
    let metrics = serve_metrics(settings, &connections, behaviours).await.map_err(|problem| {
        log.error("Error opening metrics server listener", &[("error", problem.as_str().into())]);
        format!("Error opening metrics server listener: {problem}")
    })?;
    log.info(&format!("Starting metrics server on {}/metrics", metrics.address()), &[]);
    Ok((connections, metrics))
}

fn which(settings: &Settings, reference: Option<&str>) -> Result<Which, Refusal> {
    let bad_token = || Refusal::Usage(BAD_TOKEN.to_owned());
    let token = settings.flags.get("token").map(str::to_owned).or_else(given_token);
    if let Some(token) = token {
        let credentials = Credentials::from_token(&token).ok_or_else(bad_token)?;
        return Ok(Which { credentials, local: None });
    }
    if let Some(file) = settings.get("token-file", "TUNNEL_TOKEN_FILE") {
        let unreadable =
            |problem| Refusal::Usage(format!("Failed to read token file: open {file}: {problem}"));
        let token = std::fs::read_to_string(&file).map_err(unreadable)?;
        let credentials = Credentials::from_token(&token).ok_or_else(bad_token)?;
        return Ok(Which { credentials, local: None });
    }
    let configured = settings.file.as_ref().and_then(|file| file.text("tunnel"));
    let reference = reference.map(str::to_owned).or(configured);
    let reference = reference.ok_or_else(|| Refusal::Usage(NO_TUNNEL.to_owned()))?;
    let path = credentials_file(settings, &reference).map_err(Refusal::Failure)?;
    let not_found = || Refusal::Failure("tunnel credentials file not found".to_owned());
    let credentials = Credentials::from_file(&path).ok_or_else(not_found)?;
    let values = settings.file.as_ref().map(|file| file.values.clone());
    let local = values.filter(Value::is_object).unwrap_or_else(|| json!({}));
    if local["ingress"].is_array() {
        Ingress::read(&local).map_err(Refusal::Failure)?;
    }
    Ok(Which { credentials, local: Some(local) })
}

/// Set but empty counts as a bad token, not as none.
fn given_token() -> Option<String> {
    std::env::var_os("TUNNEL_TOKEN").map(|token| token.to_string_lossy().into_owned())
}

fn credentials_file(settings: &Settings, reference: &str) -> Result<PathBuf, String> {
    if let Some(path) = settings.get("credentials-file", "TUNNEL_CRED_FILE") {
        return Ok(PathBuf::from(path));
    }
    if credentials::is_uuid(reference) {
        return Ok(super::account::certificate(&settings.flags).with_file_name(format!("{reference}.json")));
    }
    let (_, tunnel) = setup::find(reference, &settings.flags)
        .map_err(|problem| format!("error parsing tunnel ID: {problem}"))?;
    Ok(setup::default_file(&tunnel, &settings.flags))
}

fn first_lines(log: &Log, tunnel: &str, protocol: &str, connector: &str) {
    log.info("Starting tunnel", &[("tunnelID", tunnel.into())]);
    log.info(&format!("Version {VERSION} (Checksum da67{:0>60})", "1"), &[]);
    log.info("GOOS: linux, GOVersion: go1.26.0, GoArch: amd64", &[]);
    log.info(&format!("Generated Connector ID: {connector}"), &[]);
    log.info(&format!("Initial protocol {protocol}"), &[]);
}

async fn serve_metrics(
    settings: &Settings,
    connections: &Arc<Connections>,
    behaviours: &Changing,
) -> Result<Metrics, String> {
    let wanted = settings.get("metrics", "TUNNEL_METRICS");
    if behaviours.borrow().port_taken {
        return Err(metrics::taken(metrics::resolve(wanted.as_deref().unwrap_or("127.0.0.1:20241")).await?));
    }
    Metrics::start(wanted.as_deref(), Arc::clone(connections)).await
}

async fn connect(connections: &Arc<Connections>, mut behaviours: Changing) -> Infallible {
    let is_over = |now: &Behaviours| now.slow_ready.is_zero();
    let delay = behaviours.borrow().slow_ready;
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        _ = behaviours.wait_for(is_over) => {}
    }
    Arc::clone(connections).keep().await
}

/// The pid file is there only once a connection is.
async fn write_pid(settings: &Settings, connections: &Connections) -> Infallible {
    connections.first().await;
    if let Some(path) = settings.get("pidfile", "TUNNEL_PIDFILE") {
        let written = std::fs::write(Path::new(&path), std::process::id().to_string());
        if let Err(problem) = written {
            complain(&format!("Unable to write pid to {path}: {problem}"));
        }
    }
    std::future::pending().await
}

async fn follow(metrics: &Metrics, mut behaviours: Changing) -> Infallible {
    loop {
        let hangs = behaviours.borrow_and_update().hang;
        metrics.set_hanging(hangs);
        if behaviours.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// The signal that asks for the end, once one does and the behaviours allow it.
async fn asked_to_end(signals: &mut Signals, behaviours: &Changing) -> &'static str {
    loop {
        let signal = signals.next().await;
        if !behaviours.borrow().ignore_term {
            return signal;
        }
    }
}
