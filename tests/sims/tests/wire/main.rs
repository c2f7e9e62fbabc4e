//! The stand-ins keep to the documented wire: statuses, bodies, headers, limits, and the faults they are told to have.

mod cloudflare;
mod discord;
mod edge;
mod faults;
mod groq;
mod hubspot;
mod ollama;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// Status and JSON body (null when it is none).
async fn ask(call: RequestBuilder) -> (u16, Value) {
    let (status, text) = ask_text(call).await;
    (status, serde_json::from_str(&text).unwrap_or_default())
}

async fn ask_text(call: RequestBuilder) -> (u16, String) {
    let answer = call.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a whole body"))
}

fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name).unwrap_or_else(|| panic!("no header {name}"));
    value.to_str().expect("readable").to_owned()
}
