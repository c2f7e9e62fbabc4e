//! The look before a start: who is at the program's address?

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use supervise::program::Input;

use super::cloudflared::metrics_address;

/// Where cloudflared puts its status page when nobody says where (cloudflared 2026.8).
const USUAL_METRICS_PORTS: RangeInclusive<u16> = 20241..=20245;
/// A program on this machine that does not answer within this does not answer. Seven calls take less than the 10 s
/// after which a look is taken for lost.
const TIMEOUT: Duration = Duration::from_secs(1);
/// More is no status page.
const MOST_BYTES: usize = 64 * 1024;

/// Looks with one client that is kept.
#[derive(Debug, Clone)]
pub struct Look {
    client: Client,
}

/// What one call found.
enum Answer {
    /// The connection is refused.
    Nobody,
    /// Something that speaks JSON.
    Json(StatusCode, Value),
    /// Something else.
    Strange,
}

/// Who is at one port of cloudflared.
enum Tenant {
    Nobody,
    /// cloudflared, with the tunnel that is wanted.
    Wanted,
    Another,
}

impl Look {
    /// With a client that asks this machine directly; see [`crate::tunnel::http::client`].
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Who is at Ollama's address?
    pub async fn ollama(&self, address: SocketAddr) -> Input {
        match self.ask(address, "/api/version").await {
            Answer::Nobody => Input::NobodyAnswers,
            Answer::Json(StatusCode::OK, body) if body["version"].is_string() => Input::AnotherAnswers,
            Answer::Json(..) | Answer::Strange => Input::AnotherHolds,
        }
    }

    /// Does a cloudflared run the tunnel already, and is our port for its status page free? Without a known tunnel any
    /// cloudflared is taken for the one.
    pub async fn cloudflared(&self, metrics_port: u16, tunnel_id: Option<&str>) -> Input {
        let own = self.tenant(metrics_port, tunnel_id).await;
        if let Tenant::Wanted = own {
            return Input::AnotherAnswers;
        }
        for port in USUAL_METRICS_PORTS.filter(|port| *port != metrics_port) {
            if let Tenant::Wanted = self.tenant(port, tunnel_id).await {
                return Input::AnotherAnswers;
            }
        }
        match own {
            Tenant::Nobody => Input::NobodyAnswers,
            Tenant::Wanted | Tenant::Another => Input::AnotherHolds,
        }
    }

    async fn tenant(&self, port: u16, tunnel_id: Option<&str>) -> Tenant {
        let address = metrics_address(port);
        match self.ask(address, "/ready").await {
            Answer::Nobody => return Tenant::Nobody,
            // Without a connection it says 503 and the same words.
            Answer::Json(_, body) if body["readyConnections"].is_u64() => {}
            Answer::Json(..) | Answer::Strange => return Tenant::Another,
        }
        let Some(wanted) = tunnel_id else { return Tenant::Wanted };
        match self.ask(address, "/diag/tunnel").await {
            Answer::Json(StatusCode::OK, body) if body["tunnelID"] == wanted => Tenant::Wanted,
            Answer::Nobody | Answer::Json(..) | Answer::Strange => Tenant::Another,
        }
    }

    async fn ask(&self, address: SocketAddr, path: &str) -> Answer {
        let call = self.client.get(format!("http://{address}{path}")).timeout(TIMEOUT);
        let mut response = match call.send().await {
            Ok(response) => response,
            Err(problem) if is_refused(&problem) => return Answer::Nobody,
            Err(_) => return Answer::Strange,
        };
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Answer::Strange;
            }
        }
        serde_json::from_slice(&body).map_or(Answer::Strange, |body| Answer::Json(response.status(), body))
    }
}

/// Whether nobody listens: the system said so at once.
fn is_refused(problem: &reqwest::Error) -> bool {
    let mut inner = problem.source();
    while let Some(source) = inner {
        let kind = source.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::ConnectionRefused) {
            return true;
        }
        inner = source.source();
    }
    false
}
