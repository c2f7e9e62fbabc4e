//! Taking a set-up back.

use crate::support::{HOST, World, shape};
use agent::tunnel::Hostname;
use agent::tunnel::setup::{Error, Ledger, LedgerError, Obstacle};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn what_was_made_goes_in_reverse_order() {
    let world = World::new().await;
    let empty = shape(&world.cloudflare.contents());
    world.run_to_the_end().await;
    let tunnel = world.cloudflare.contents()["tunnels"][0]["id"].as_str().unwrap().to_owned();
    world.cloudflare.connect(&tunnel, true);
    assert_eq!(
        world.undo(false).await.unwrap(),
        [
            "Delete DNS record \"ollama.example.com\"",
            "Delete tunnel \"ollama-tunnel\"",
            "Delete Access application \"Ollama API\"",
            "Delete policy \"Service Token Access\"",
            "Delete service token \"triage-orchestrator\"",
        ]
    );
    assert_eq!(shape(&world.cloudflare.contents()), empty);
    assert_eq!(world.keychain.len(), 0);
    assert!(!world.ledger_path().exists());
    assert!(world.undo(false).await.unwrap().is_empty(), "a second time does nothing");
}

#[tokio::test]
async fn what_was_there_before_stays_as_it_was() {
    let mut world = World::new().await;
    let tunnel = json!({"name": "ollama-tunnel", "config_src": "cloudflare"});
    let tunnel = world.post("ACCOUNT/cfd_tunnel", tunnel).await;
    let path = format!("ACCOUNT/cfd_tunnel/{}/configurations", tunnel["id"].as_str().unwrap());
    let ingress = json!({"config": {"ingress": [{"service": "http_status:503"}]}});
    world.made(Method::PUT, &path, ingress).await;
    let record = json!({"type": "CNAME", "name": HOST, "content": "shop.example.net", "proxied": true});
    world.post("ZONE/dns_records", record).await;
    let before = world.cloudflare.contents();
    world.wanted.overwrite_dns = true;
    world.run_to_the_end().await;
    assert_ne!(world.cloudflare.contents(), before);
    let sentences = world.undo(false).await.unwrap();
    assert!(sentences[0].starts_with("Put back DNS record"), "{sentences:?}");
    assert_eq!(world.cloudflare.contents(), before);
}

#[tokio::test]
async fn an_address_that_was_there_before_is_not_left_open_unasked() {
    let world = World::new().await;
    let tunnel = json!({"name": "ollama-tunnel", "config_src": "cloudflare"});
    let tunnel = world.post("ACCOUNT/cfd_tunnel", tunnel).await;
    let content = format!("{}.cfargotunnel.com", tunnel["id"].as_str().unwrap());
    let record = json!({"type": "CNAME", "name": HOST, "content": content, "proxied": true});
    world.post("ZONE/dns_records", record).await;
    world.run_to_the_end().await;
    let Err(Error::Obstacles(obstacles)) = world.undo(false).await else {
        panic!("it left the address open")
    };
    assert!(matches!(obstacles.as_slice(), [Obstacle::WouldOpen { .. }]), "{obstacles:?}");
    world.undo(true).await.unwrap();
    assert_eq!(world.cloudflare.contents()["apps"], json!([]));
}

/// Somebody deletes parts by hand: the next run makes them again, and undo still knows what is ours.
#[tokio::test]
async fn what_somebody_deleted_is_made_again_and_undone() {
    let world = World::new().await;
    let empty = shape(&world.cloudflare.contents());
    world.run_to_the_end().await;
    let id = |list: &str| {
        world.cloudflare.contents()[list][0]["id"].as_str().map(str::to_owned).unwrap_or_default()
    };
    world.made(Method::DELETE, &format!("ACCOUNT/cfd_tunnel/{}", id("tunnels")), json!({})).await;
    let sentences = world.sentences().await;
    assert_eq!(sentences.len(), 4, "{sentences:?}");
    assert!(sentences[3].starts_with("Change DNS record"), "its own record needs no leave: {sentences:?}");
    world.run_to_the_end().await;
    world.made(Method::DELETE, &format!("ACCOUNT/access/apps/{}", id("apps")), json!({})).await;
    world.made(Method::DELETE, &format!("ZONE/dns_records/{}", id("dns_records")), json!({})).await;
    world.undo(false).await.unwrap();
    assert_eq!(shape(&world.cloudflare.contents()), empty);
    assert_eq!(world.keychain.len(), 0);
}

#[tokio::test]
async fn a_note_about_something_else_is_not_used() {
    let world = World::new().await;
    world.run_to_the_end().await;
    let other = Hostname::parse("other.example.com").unwrap();
    let problem = Ledger::open(&world.ledger_path(), &other).unwrap_err();
    assert!(problem.fix().starts_with("Undo the set-up of ollama.example.com first"), "{problem}");
    std::fs::write(world.ledger_path(), "{").unwrap();
    let problem = Ledger::open(&world.ledger_path(), &world.wanted.hostname).unwrap_err();
    assert!(matches!(problem, LedgerError::Unreadable(_)), "{problem}");
}
