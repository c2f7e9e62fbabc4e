//! The way through: what the edge answers itself, and the call to the origin with its body passed on as it comes.

use super::State;
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

pub(super) async fn forward(state: &State, request: &Request) -> Reply {
    let (origin, host, only_allowed) = {
        let settings = state.settings();
        (settings.origin.clone(), settings.host_header.clone(), settings.allow_paths)
    };
    if only_allowed && !ALLOWED.contains(&request.path.as_str()) {
        return Reply::empty(404).header("server", "cloudflare");
    }
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let method = request.method.parse().unwrap_or(reqwest::Method::GET);
    let mut call = state.client.request(method, format!("{origin}{}{query}", request.path));
    for (name, value) in request.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str())) {
        call = call.header(name, value);
    }
    // A caller that came by address stands for one that used the public name.
    let host = host.unwrap_or_else(|| "ollama.example.com".to_owned());
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
