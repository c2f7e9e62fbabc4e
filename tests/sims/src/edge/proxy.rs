//! The way through: what the edge answers itself, and the call to the origin with its body passed on as it comes.

use super::State;
use super::tunnels::Way;
use crate::clock;
use crate::wire::{Reply, Request};
use axum::body::Body;
use futures::stream;

const ALLOWED: [&str; 5] = ["/api/version", "/api/tags", "/api/ps", "/api/show", "/api/chat"];
/// Not passed on: the token itself, and what belongs to one hop.
const DROPPED: [&str; 9] = [
    "cf-access-client-id",
    "cf-access-client-secret",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "keep-alive",
    "upgrade",
    "expect",
];

pub(super) fn page(status: u16, title: &str, text: &str) -> Reply {
    let ray = format!("{:016x}", clock::scatter());
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>{title}</title></head>\n<body><h1>{title}</h1>\
         <p>{text}</p><p>Cloudflare Ray ID: {ray}</p></body></html>\n"
    );
    Reply::html(status, html).header("server", "cloudflare").header("cf-ray", format!("{ray}-SIM"))
}

pub(super) fn unauthorised() -> Reply {
    page(401, "Unauthorized", "The request was refused by Access.")
}

pub(super) fn login_redirect(request: &Request) -> Reply {
    let host = request.header("host").unwrap_or("ollama.example.com");
    let place: String = url::form_urlencoded::byte_serialize(request.path.as_bytes()).collect();
    let login = format!(
        "https://acme.cloudflareaccess.com/cdn-cgi/access/login/{host}?kid=0123456789abcdef&redirect_url={place}&meta=e30"
    );
    page(302, "302 Found", "Redirecting to the login page.").header("location", login)
}

/// Where a request is taken, and under which Host header.
struct Target {
    origin: String,
    host: String,
}

/// Whether a Host header holds a name, so that the caller did not come by address.
pub(super) fn is_public_name(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    let numbers = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !(numbers || host.starts_with('[') || name == "localhost")
}

fn target(state: &State, request: &Request) -> Result<Target, Reply> {
    let (needs_connection, protected) = {
        let settings = state.settings();
        (settings.needs_connection, settings.protected)
    };
    if !needs_connection {
        return straight(state, request);
    }
    match state.tunnels.way(request.header("host").unwrap_or_default(), &request.path) {
        Way::NoTunnel => Err(page(530, "Cloudflare Tunnel error", "error code: 1033")),
        Way::NoRules => Err(Reply::empty(503).header("server", "cloudflare")),
        Way::Rule(rule, _) if rule.needs_access && !protected => {
            Err(Reply::empty(403).header("server", "cloudflare"))
        }
        Way::Rule(rule, host) => match rule.service.strip_prefix("http_status:") {
            Some(status) => Err(Reply::empty(status.parse().unwrap_or(502)).header("server", "cloudflare")),
            None => Ok(Target { origin: rule.service, host: rule.host_header.unwrap_or(host) }),
        },
    }
}

fn straight(state: &State, request: &Request) -> Result<Target, Reply> {
    let settings = state.settings();
    if settings.allow_paths && !ALLOWED.contains(&request.path.as_str()) {
        return Err(Reply::empty(404).header("server", "cloudflare"));
    }
    // A caller that came by address stands for one that used the public name.
    let host = settings.host_header.clone().unwrap_or_else(|| "ollama.example.com".to_owned());
    Ok(Target { origin: settings.origin.clone(), host })
}

pub(super) async fn forward(state: &State, request: &Request) -> Reply {
    let Target { origin, host } = match target(state, request) {
        Ok(target) => target,
        Err(reply) => return reply,
    };
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let method = request.method.parse().unwrap_or(reqwest::Method::GET);
    let mut call = state.client.request(method, format!("{origin}{}{query}", request.path));
    for (name, value) in request.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str())) {
        call = call.header(name, value);
    }
    call = call
        .header("host", host)
        .header("cf-access-jwt-assertion", "sims.placeholder.jwt")
        .header("cf-connecting-ip", "203.0.113.7")
        .body(request.body.clone());
    match call.send().await {
        Ok(answer) => pass_on(answer),
        Err(problem) if problem.is_connect() => {
            page(502, "Bad gateway", "Unable to reach the origin service. error code: 502")
        }
        Err(_) => page(502, "Bad gateway", "The origin closed the connection. error code: 502"),
    }
}

fn pass_on(answer: reqwest::Response) -> Reply {
    let mut reply = Reply::empty(answer.status().as_u16());
    for (name, value) in answer.headers() {
        let is_hop = DROPPED.contains(&name.as_str());
        if let Some(value) = value.to_str().ok().filter(|_| !is_hop) {
            reply = reply.header(name.as_str(), value);
        }
    }
    let pieces = stream::unfold(answer, |mut answer| async move {
        match answer.chunk().await {
            Ok(Some(piece)) => Some((Ok(piece), answer)),
            Ok(None) => None,
            Err(problem) => Some((Err(std::io::Error::other(problem)), answer)),
        }
    });
    reply.header("server", "cloudflare").with_body(Body::from_stream(pieces))
}
