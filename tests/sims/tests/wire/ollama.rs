//! Ollama's wire.

use crate::{ask, ask_text};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sims::ollama::Ollama;
use std::time::Duration;

fn question() -> Value {
    json!({"model": "llama3.2:latest", "stream": false,
        "messages": [{"role": "system", "content": "Answer in JSON."},
            {"role": "user", "content": "<ticket-1a2b>\nSubject: Invoice wrong\n\nThe invoice has a wrong VAT number, \
                please correct the payment.\n</ticket-1a2b>"}],
        "format": {"type": "object", "required": ["category", "summary", "confidence"], "properties": {
            "category": {"type": "string", "enum": ["billing", "bug", "other"]},
            "summary": {"type": "string"}, "confidence": {"type": "number"}}}})
}

fn chat(ollama: &Ollama, body: &Value) -> RequestBuilder {
    sims::http_client().post(format!("{}/api/chat", ollama.url())).json(body)
}

fn content(answer: &Value) -> Value {
    serde_json::from_str(answer["message"]["content"].as_str().expect("text")).expect("JSON")
}

#[tokio::test]
async fn a_chat_fills_in_the_schema() {
    let ollama = Ollama::start().await.unwrap();
    let (status, answer) = ask(chat(&ollama, &question())).await;
    assert_eq!(status, 200);
    assert_eq!((&answer["done"], &answer["done_reason"]), (&json!(true), &json!("stop")));
    assert!(answer["total_duration"].as_u64().unwrap() > 0);
    let verdict = content(&answer);
    assert_eq!(verdict["category"], "billing");
    let keys: Vec<&String> = verdict.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["category", "summary", "confidence"]);
}

#[tokio::test]
async fn a_chat_streams_lines_unless_told_not_to() {
    let ollama = Ollama::start().await.unwrap();
    let mut body = question();
    body.as_object_mut().unwrap().remove("stream");
    let (_, text) = ask_text(chat(&ollama, &body)).await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 2);
    assert!(lines.iter().rev().skip(1).all(|line| line["done"] == false));
    assert_eq!(lines.last().unwrap()["done"], true);
    let whole: String = lines.iter().map(|line| line["message"]["content"].as_str().unwrap()).collect();
    assert_eq!(serde_json::from_str::<Value>(&whole).unwrap()["category"], "billing");
}

#[tokio::test]
async fn model_faults_bend_the_answer() {
    let ollama = Ollama::start().await.unwrap();
    ollama.faults.script("confidence 1e12 once; unknown category once; empty summary once").unwrap();
    assert_eq!(content(&ask(chat(&ollama, &question())).await.1)["confidence"], 1e12);
    assert_eq!(content(&ask(chat(&ollama, &question())).await.1)["category"], "no_such_category");
    assert_eq!(content(&ask(chat(&ollama, &question())).await.1)["summary"], "  ");
    ollama.faults.script("cut once; bad json once; model missing once; host refused once").unwrap();
    let (_, cut) = ask(chat(&ollama, &question())).await;
    assert_eq!(cut["done_reason"], "length");
    let (_, bad) = ask(chat(&ollama, &question())).await;
    assert!(serde_json::from_str::<Value>(bad["message"]["content"].as_str().unwrap()).is_err());
    let missing = ask(chat(&ollama, &question())).await;
    assert_eq!(missing, (404, json!({"error": "model 'llama3.2:latest' not found"})));
    assert_eq!(ask_text(chat(&ollama, &question())).await, (403, String::new()));
}

#[tokio::test]
async fn the_queue_overflows_with_the_exact_text() {
    let ollama = Ollama::start().await.unwrap();
    ollama.set_queue(1, 1);
    ollama.set_delay(Duration::from_secs(3600));
    let (first, second) = (tokio::spawn(chat(&ollama, &question()).send()), chat(&ollama, &question()));
    let second = tokio::spawn(second.send());
    ollama.journal.wait_for(2).await;
    let full = ask(chat(&ollama, &question()));
    let text = "server busy, please try again.  maximum pending requests exceeded";
    assert_eq!(full.await, (503, json!({"error": text})));
    assert_eq!((ollama.running(), ollama.peak(), ollama.chats()), (1, 1, 0));
    first.abort();
    second.abort();
}

#[tokio::test]
async fn foreign_hosts_get_an_empty_403() {
    let ollama = Ollama::start().await.unwrap();
    let version =
        |host: &str| sims::http_client().get(format!("{}/api/version", ollama.url())).header("host", host);
    assert_eq!(ask_text(version("ollama.example.com")).await, (403, String::new()));
    for host in ["localhost:11434", "127.0.0.1", "box.local", "192.168.1.5:80"] {
        assert_eq!(ask(version(host)).await.0, 200, "{host}");
    }
}

#[tokio::test]
async fn models_are_listed_loaded_pulled_and_missing() {
    let ollama = Ollama::start().await.unwrap();
    let client = sims::http_client();
    let url = |path: &str| format!("{}{path}", ollama.url());
    let (_, tags) = ask(client.get(url("/api/tags"))).await;
    assert_eq!(tags["models"][0]["name"], "llama3.2:latest");
    assert_eq!(ask(client.get(url("/api/ps"))).await.1["models"], json!([]));
    let load = json!({"model": "llama3.2", "messages": []});
    assert_eq!(ask(chat(&ollama, &load)).await.1["done_reason"], "load");
    assert_eq!(ask(client.get(url("/api/ps"))).await.1["models"][0]["name"], "llama3.2:latest");
    let show = |model: &str| client.post(url("/api/show")).json(&json!({"model": model}));
    assert_eq!(ask(show("tiny:1b")).await.0, 404);
    let (_, text) = ask_text(client.post(url("/api/pull")).json(&json!({"model": "tiny:1b"}))).await;
    assert!(text.lines().last().unwrap().contains("success"));
    assert_eq!(ask(show("tiny:1b")).await.0, 200);
    assert_eq!(ask_text(client.get(url("/"))).await.1, "Ollama is running");
    assert_eq!(ask(client.get(url("/api/chat"))).await.0, 405);
    assert_eq!(ask(client.get(url("/nothing"))).await.0, 404);
}
