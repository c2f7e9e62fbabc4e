//! The edge's wire, with an Ollama behind it.

use crate::{ask, ask_text, header};
use reqwest::RequestBuilder;
use sims::edge::{Edge, Mode};
use sims::ollama::Ollama;

const ID: &str = "0123456789abcdef0123456789abcdef.access";
const SECRET: &str = "cfast_sims";

async fn start() -> (Edge, Ollama) {
    let ollama = Ollama::start().await.expect("a port");
    let edge = Edge::start(&ollama.url(), ID, SECRET).await.expect("a port");
    (edge, ollama)
}

fn version(edge: &Edge) -> RequestBuilder {
    sims::http_client().get(format!("{}/api/version", edge.url()))
}

fn with_token(edge: &Edge) -> RequestBuilder {
    version(edge).header("CF-Access-Client-Id", ID).header("CF-Access-Client-Secret", SECRET)
}

fn with_secret(edge: &Edge, secret: &str) -> RequestBuilder {
    version(edge).header("CF-Access-Client-Id", ID).header("CF-Access-Client-Secret", secret)
}

#[tokio::test]
async fn the_right_token_passes_and_stays_at_the_edge() {
    let (edge, ollama) = start().await;
    let (status, body) = ask(with_token(&edge)).await;
    assert_eq!((status, body["version"].as_str()), (200, Some("0.33.0")));
    let seen = ollama.journal.last().unwrap();
    assert_eq!(seen.header("host"), Some("localhost:11434"));
    assert_eq!((seen.header("cf-access-client-id"), seen.header("cf-access-client-secret")), (None, None));
    assert!(seen.header("cf-access-jwt-assertion").is_some());
}

#[tokio::test]
async fn refusals_follow_the_mode() {
    let (edge, ollama) = start().await;
    let legacy = with_secret(&edge, "wrong").send().await.unwrap();
    assert_eq!(legacy.status(), 302);
    assert!(
        header(&legacy, "location").starts_with("https://acme.cloudflareaccess.com/cdn-cgi/access/login/")
    );
    edge.set_mode(Mode::Strict);
    assert_eq!(ask(with_secret(&edge, "wrong")).await.0, 401);
    assert_eq!(ask(version(&edge)).await.0, 302);
    edge.set_mode(Mode::Legacy401);
    assert_eq!(ask(version(&edge)).await.0, 401);
    edge.set_policy(ID, false);
    assert_eq!(ask(with_token(&edge)).await.0, 403);
    assert_eq!(ollama.journal.count(), 0);
    edge.set_protected(false);
    assert_eq!(ask(version(&edge)).await.0, 200);
}

#[tokio::test]
async fn the_tunnels_faults_have_their_pages() {
    let (edge, ollama) = start().await;
    edge.faults.script("tunnel down once; origin down once; 524 once; 1010 once; login page once").unwrap();
    let (status, body) = ask_text(with_token(&edge)).await;
    assert!(status == 530 && body.contains("error code: 1033") && body.contains("<html"), "{status} {body}");
    assert_eq!(ask(with_token(&edge)).await.0, 502);
    assert_eq!(ask(with_token(&edge)).await.0, 524);
    assert_eq!(ask_text(with_token(&edge)).await, (403, "error code: 1010".to_owned()));
    let login = with_token(&edge).send().await.unwrap();
    assert_eq!(login.status(), 200);
    assert!(header(&login, "content-type").starts_with("text/html"));
    ollama.stop().await;
    assert_eq!(ask(with_token(&edge)).await.0, 502, "an origin that refuses");
    ollama.restart().unwrap();
    assert_eq!(ask(with_token(&edge)).await.0, 200);
}

#[tokio::test]
async fn the_host_header_and_the_path_list_are_the_tunnels_settings() {
    let (edge, _ollama) = start().await;
    edge.set_host_header(None);
    assert_eq!(ask_text(with_token(&edge)).await, (403, String::new()), "Ollama's own refusal");
    edge.set_host_header(Some("localhost:11434"));
    edge.set_path_allow_list(true);
    assert_eq!(ask(with_token(&edge)).await.0, 200);
    let other = sims::http_client().get(format!("{}/api/delete", edge.url()));
    let other = other.header("CF-Access-Client-Id", ID).header("CF-Access-Client-Secret", SECRET);
    assert_eq!(ask_text(other).await, (404, String::new()));
}
