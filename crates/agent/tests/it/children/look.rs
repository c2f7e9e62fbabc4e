//! Who is at a program's address?

use super::scene::{RUN, Scene, TUNNEL};
use agent::children::look::Look;
use agent::tunnel::http;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use supervise::Kind;
use supervise::program::Input;

fn look() -> Look {
    Look::new(http::client(Duration::from_secs(5)))
}

/// An address that nobody holds any more.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The first address in a line that speaks of one.
fn address(line: &str) -> SocketAddr {
    let start = line.find("127.0.0.1:").unwrap();
    let end = line[start..].find(|letter: char| !".:".contains(letter) && !letter.is_ascii_digit());
    line[start..start + end.unwrap_or(line.len() - start)].parse().unwrap()
}

#[tokio::test]
async fn an_ollama_is_told_from_a_stranger_and_from_nobody() {
    assert_eq!(look().ollama(free()).await, Input::NobodyAnswers);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(look().ollama(silent.local_addr().unwrap()).await, Input::AnotherHolds);
    let mut scene = Scene::new();
    scene.spawn(Kind::Ollama, "");
    scene.spawned().await;
    let ollama = address(&scene.prints(Kind::Ollama, "Listening on 127").await);
    assert_eq!(look().ollama(ollama).await, Input::AnotherAnswers);
    scene.spawn(Kind::Cloudflared, "");
    scene.spawned().await;
    let metrics = address(&scene.prints(Kind::Cloudflared, "Starting metrics server on").await);
    assert_eq!(look().ollama(metrics).await, Input::AnotherHolds, "something else that speaks HTTP");
    for kind in [Kind::Ollama, Kind::Cloudflared] {
        scene.runner.kill(kind, RUN);
        scene.exited().await;
    }
}

#[tokio::test]
async fn a_cloudflared_counts_when_it_runs_our_tunnel() {
    let mut scene = Scene::new();
    scene.spawn(Kind::Cloudflared, "");
    scene.spawned().await;
    let port = address(&scene.prints(Kind::Cloudflared, "Starting metrics server on").await).port();
    let other = "99999999-2222-4333-8444-555555555555";
    assert_eq!(look().cloudflared(port, Some(TUNNEL)).await, Input::AnotherAnswers);
    assert_eq!(look().cloudflared(port, None).await, Input::AnotherAnswers);
    assert_eq!(look().cloudflared(port, Some(other)).await, Input::AnotherHolds);
    let nobody = free().port();
    assert_eq!(look().cloudflared(nobody, Some(other)).await, Input::NobodyAnswers);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = silent.local_addr().unwrap().port();
    assert_eq!(look().cloudflared(held, Some(other)).await, Input::AnotherHolds);
    scene.runner.kill(Kind::Cloudflared, RUN);
    scene.exited().await;
}
