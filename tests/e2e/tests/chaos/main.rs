//! Crashes, stops and absences, as the built programs live through them. Every test has a Postgres of its own or none.
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]

mod database;
mod dies;
mod disk;
mod stops;
mod storm;

use e2e::{Orchestrator, World, text};

/// A world on a Postgres of its own, migrated.
async fn on(server: &e2e::postgres::Server) -> World {
    let mut world = World::start().await;
    world.set("DATABASE_URL", &server.url);
    let migrated = world.run(&["migrate"]);
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    world
}

async fn status(orchestrator: &Orchestrator, path: &str) -> u16 {
    let answer = sims::http_client().get(format!("{}{path}", orchestrator.url)).send().await;
    answer.unwrap().status().as_u16()
}

async fn health(orchestrator: &Orchestrator) -> serde_json::Value {
    let answer = sims::http_client().get(format!("{}/health", orchestrator.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}
