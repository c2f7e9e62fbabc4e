//! The two calls against an edge in each of its moods, and against an edge that shows what the set-up did.

use crate::support::{HOST, World};
use agent::tunnel::http::client;
use agent::tunnel::setup::Entry;
use agent::tunnel::verify::{Credentials, Finding, Verdict, Verification, classify, probe, verify};
use sims::edge::{Edge, Mode};
use sims::ollama::Ollama;
use std::time::Duration;

const ID: &str = "0123456789abcdef0123456789abcdef.access";
const SECRET: &str = "cfast_sims";

fn credentials(secret: &str) -> Credentials {
    Credentials { client_id: ID.to_owned(), client_secret: secret.into() }
}

async fn scene() -> (Edge, Ollama) {
    let ollama = Ollama::start().await.expect("a port");
    (Edge::start(&ollama.url(), ID, SECRET).await.expect("a port"), ollama)
}

async fn look(edge: &Edge, secret: &str) -> Verification {
    verify(&client(Duration::from_secs(10)), &edge.url(), &credentials(secret)).await
}

#[tokio::test]
async fn a_closed_address_that_works() {
    let (edge, ollama) = scene().await;
    for mode in [Mode::Legacy, Mode::Legacy401, Mode::Strict] {
        edge.set_mode(mode);
        let seen = look(&edge, SECRET).await;
        assert!(seen.is_ok(), "{mode:?}: {seen:?}");
    }
    assert!(ollama.journal.entries().iter().all(|call| call.header("cf-access-client-secret").is_none()));
}

#[tokio::test]
async fn a_wrong_token_is_told_in_every_mode() {
    let (edge, _ollama) = scene().await;
    for (mode, finding) in [
        (Mode::Legacy, Finding::LoginRedirect),
        (Mode::Legacy401, Finding::Unauthorised),
        (Mode::Strict, Finding::Unauthorised),
    ] {
        edge.set_mode(mode);
        let seen = look(&edge, "wrong").await;
        assert_eq!(seen.public_address.finding, finding);
        assert!(!seen.public_address.ok() && seen.access_closed.ok(), "{seen:?}");
    }
    edge.set_policy(ID, false);
    assert_eq!(look(&edge, SECRET).await.public_address.finding, Finding::NotLetIn);
}

#[tokio::test]
async fn an_open_address_is_exposed_whatever_stands_behind_it() {
    let (edge, ollama) = scene().await;
    edge.set_protected(false);
    assert_eq!(look(&edge, SECRET).await.access_closed.verdict, Verdict::Exposed);
    edge.set_host_header(None);
    let seen = look(&edge, SECRET).await;
    assert_eq!(
        (seen.public_address.finding, seen.access_closed.verdict),
        (Finding::HostRefused, Verdict::Exposed)
    );
    ollama.stop().await;
    let seen = look(&edge, SECRET).await;
    assert_eq!(
        (seen.public_address.finding, seen.access_closed.verdict),
        (Finding::OriginDown, Verdict::Exposed)
    );
}

#[tokio::test]
async fn the_edges_own_answers_are_told_apart() {
    let (edge, _ollama) = scene().await;
    for (fault, finding) in [
        ("tunnel down once", Finding::TunnelDown),
        ("origin down once", Finding::OriginDown),
        ("524 once", Finding::OriginSlow),
        ("1010 once", Finding::Blocked { code: 1010 }),
        ("429 once", Finding::RateLimited),
        ("login page once", Finding::LoginPage),
        ("522 once", Finding::EdgeFailed { status: 522 }),
        ("bad json once", Finding::NotOllama { status: 200 }),
    ] {
        edge.faults.script(fault).unwrap();
        let seen = look(&edge, SECRET).await;
        assert_eq!(seen.public_address.finding, finding, "{fault}");
        assert!(seen.access_closed.ok(), "{fault}: {seen:?}");
    }
}

#[tokio::test]
async fn what_fails_below_http_is_told_apart() {
    let (edge, _ollama) = scene().await;
    let found = async |http: &reqwest::Client, address: &str| classify(&probe(http, address, None).await);
    let http = client(Duration::from_secs(10));
    let tls = found(&http, &edge.url().replace("http://", "https://")).await;
    assert!(matches!(tls, Finding::Tls { .. }), "{tls:?}");
    assert_eq!(found(&http, "https://no-such-name.invalid").await, Finding::NoSuchName);
    assert_eq!(found(&http, "http://ollama.example.com").await, Finding::NotAnAddress);
    edge.faults.script("hang once").unwrap();
    assert_eq!(found(&client(Duration::from_millis(50)), &edge.url()).await, Finding::Timeout);
    edge.stop().await;
    let gone = found(&http, &edge.url()).await;
    assert!(matches!(gone, Finding::Unreachable { .. }), "{gone:?}");
    let broken = Credentials { client_id: "a\nb".to_owned(), client_secret: "x".into() };
    let seen = classify(&probe(&http, &edge.url(), Some(&broken)).await);
    assert_eq!(seen, Finding::UnusableToken);
}

/// The edge does what the account says: what the set-up made must work from outside, and its undoing must close it.
#[tokio::test]
async fn a_set_up_ends_with_an_address_that_works_and_is_closed() {
    let world = World::new().await;
    let (edge, _ollama) = scene().await;
    world.cloudflare.show(&edge, HOST);
    world.run_to_the_end().await;
    let kept = |entry| world.keychain.secret(entry).unwrap();
    let credentials = Credentials {
        client_id: kept(Entry::AccessClientId),
        client_secret: kept(Entry::AccessClientSecret).into(),
    };
    let seen = verify(&client(Duration::from_secs(10)), &edge.url(), &credentials).await;
    assert!(seen.is_ok(), "{seen:?}");
    let drifted = world.cloudflare.contents()["policies"][0].clone();
    let path = format!("ACCOUNT/access/policies/{}", drifted["id"].as_str().unwrap());
    let mut allow = drifted;
    allow["decision"] = "allow".into();
    world.made(reqwest::Method::PUT, &path, allow).await;
    let seen = verify(&client(Duration::from_secs(10)), &edge.url(), &credentials).await;
    assert!(!seen.public_address.ok() && seen.access_closed.ok(), "{seen:?}");
    assert!(seen.public_address.fix.unwrap().contains("Service Auth, not Allow"));
    world.run_to_the_end().await;
    assert!(verify(&client(Duration::from_secs(10)), &edge.url(), &credentials).await.is_ok());
}
