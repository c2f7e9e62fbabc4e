//! Faults, the journal, control over HTTP, stopping and coming back: the same for every stand-in.

use crate::{ask, ask_text};
use serde_json::json;
use sims::ollama::Ollama;
use sims::{Fault, Kind};
use std::time::Duration;

fn chat() -> serde_json::Value {
    json!({"model": "llama3.2", "stream": false, "messages": [{"role": "user", "content": "Subject: Invoice"}]})
}

#[tokio::test]
async fn scripted_faults_strike_in_order_and_end() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    ollama.faults.script("503 twice; 500 once").unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(ask(client.post(format!("{}/api/chat", ollama.url())).json(&chat())).await.0);
    }
    assert_eq!(seen, [503, 503, 500, 200]);
    assert!(ollama.faults.is_empty());
    let statuses: Vec<_> = ollama.journal.entries().iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(503), Some(503), Some(500), Some(200)]);
}

#[tokio::test]
async fn faults_leave_side_calls_alone_unless_they_name_them() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    let tags = || client.get(format!("{}/api/tags", ollama.url()));
    ollama.faults.script("503").unwrap();
    assert_eq!(ask(tags()).await.0, 200);
    ollama.faults.script("500 once on /api/tags").unwrap();
    assert_eq!(ask(tags()).await.0, 500);
    assert_eq!(ask(tags()).await.0, 200);
}

#[tokio::test]
async fn dropped_requests_do_their_work_and_get_no_answer() {
    let discord = sims::discord::Discord::start().await.unwrap();
    discord.faults.script("drop once").unwrap();
    let call = sims::http_client().post(discord.webhook_url()).json(&json!({"content": "hello"}));
    assert!(call.send().await.is_err());
    assert_eq!(discord.wait_for_messages(1).await[0].content, "hello");
}

#[tokio::test]
async fn hanging_requests_are_in_the_journal_and_end_with_the_server() {
    let ollama = Ollama::start().await.unwrap();
    ollama.faults.add(Fault::new(Kind::Hang).times(1));
    let call = sims::http_client().post(format!("{}/api/chat", ollama.url())).json(&chat());
    let hanging = tokio::spawn(call.send());
    let entries = ollama.journal.wait_for(1).await;
    assert_eq!(entries[0].status, None);
    ollama.stop().await;
    assert!(hanging.await.unwrap().is_err());
}

#[tokio::test]
async fn a_stopped_server_refuses_and_comes_back_on_its_port() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    let (url, address) = (format!("{}/api/version", ollama.url()), ollama.address());
    assert_eq!(ask(client.get(&url)).await.0, 200);
    ollama.stop().await;
    assert!(client.get(&url).send().await.unwrap_err().is_connect());
    ollama.restart().unwrap();
    assert_eq!(ask(client.get(&url)).await.0, 200);
    assert_eq!(ollama.journal.count(), 2, "memory is kept");
    ollama.stop().await;
    let other = Ollama::start_on(address).await.unwrap();
    assert_eq!(ask(client.get(&url)).await.0, 200);
    drop(other);
}

#[tokio::test]
async fn the_last_handle_takes_the_server_with_it() {
    let ollama = Ollama::start().await.unwrap();
    let url = ollama.url();
    let copy = ollama.clone();
    drop(ollama);
    assert_eq!(ask(sims::http_client().get(&url)).await.0, 200);
    drop(copy);
    // The port closes as soon as the accepting task has noticed.
    let closed = async {
        while sims::http_client().get(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(sims::PATIENCE, closed).await.expect("the port closes");
}

#[tokio::test]
async fn down_drops_everything_but_control() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    let control = format!("{}/_sim/faults", ollama.url());
    assert_eq!(ask(client.post(&control).body("down")).await.0, 204);
    assert!(client.get(ollama.url()).send().await.is_err());
    assert_eq!(ollama.journal.count(), 0);
    assert_eq!(ask(client.delete(&control)).await.0, 204);
    assert_eq!(ask(client.get(ollama.url())).await.0, 200);
}

#[tokio::test]
async fn control_over_http_shows_the_journal_and_explains_faults() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    ask(client.post(format!("{}/api/chat?a=1", ollama.url())).json(&chat())).await;
    let (status, journal) = ask(client.get(format!("{}/_sim/journal", ollama.url()))).await;
    assert_eq!((status, &journal["count"]), (200, &json!(1)));
    let entry = &journal["entries"][0];
    assert_eq!(
        (&entry["path"], &entry["query"], &entry["status"]),
        (&json!("/api/chat"), &json!("a=1"), &json!(200))
    );
    assert_eq!(entry["json"]["model"], "llama3.2");
    let (status, text) = ask_text(client.post(format!("{}/_sim/faults", ollama.url())).body("burst")).await;
    assert_eq!(status, 400);
    assert!(text.contains("\"burst\"") && text.contains("model missing"), "{text}");
    assert_eq!(ask(client.delete(format!("{}/_sim/journal", ollama.url()))).await.0, 204);
    assert_eq!(ollama.journal.count(), 0);
}

#[tokio::test]
async fn faults_by_time_end_by_the_clock() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    ollama.faults.add(Fault::new(Kind::Status(503)).lasting(Duration::from_millis(50)));
    let recovered = async {
        while ask(client.post(format!("{}/api/chat", ollama.url())).json(&chat())).await.0 != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(sims::PATIENCE, recovered).await.expect("the fault ends");
    assert_eq!(ollama.journal.entries()[0].status, Some(503));
}
