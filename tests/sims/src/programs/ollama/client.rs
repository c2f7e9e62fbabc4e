//! The commands that ask a running server.

use super::host::Host;
use super::{VERSION, complain, fail, say};
use serde_json::{Value, json};

const NOT_RUNNING: &str = "Error: ollama server not responding - could not connect to ollama server, run 'ollama serve' to start it";

pub(super) async fn version() -> u8 {
    let Ok(answer) = get("/api/version").await else {
        say("Warning: could not connect to a running Ollama instance");
        say(&format!("Warning: client version is {VERSION}"));
        return 0;
    };
    let server = answer["version"].as_str().unwrap_or_default();
    say(&format!("ollama version is {server}"));
    if server != VERSION {
        say(&format!("Warning: client version is {VERSION}"));
    }
    0
}

pub(super) async fn list(path: &str) -> u8 {
    let Ok(answer) = get(path).await else { return fail(NOT_RUNNING) };
    say("NAME                    ID              SIZE");
    for model in answer["models"].as_array().into_iter().flatten() {
        let (name, digest) = (model["name"].as_str(), model["digest"].as_str());
        let tenths_gb = model["size"].as_u64().unwrap_or_default() / 100_000_000;
        let id: String = digest.unwrap_or_default().chars().take(12).collect();
        say(&format!("{:<24}{id:<16}{}.{} GB", name.unwrap_or_default(), tenths_gb / 10, tenths_gb % 10));
    }
    0
}

async fn get(path: &str) -> reqwest::Result<Value> {
    crate::http_client().get(Host::from_environment().url(path)).send().await?.json().await
}

pub(super) async fn pull(model: &str) -> u8 {
    let url = Host::from_environment().url("/api/pull");
    let answer = crate::http_client().post(url).json(&json!({"model": model})).send().await;
    let Ok(mut answer) = answer else { return fail(NOT_RUNNING) };
    let mut rest = Vec::new();
    loop {
        let ended = match answer.chunk().await {
            Ok(Some(piece)) => {
                rest.extend_from_slice(&piece);
                false
            }
            Ok(None) => {
                rest.push(b'\n');
                true
            }
            Err(_) => return fail("Error: unexpected EOF"),
        };
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let line: Value = serde_json::from_slice(&line).unwrap_or_default();
            if let Some(problem) = line["error"].as_str() {
                return fail(&format!("Error: {problem}"));
            }
            if line["status"] == "success" {
                complain("success");
                return 0;
            }
            show(&line);
        }
        if ended {
            return fail("Error: unexpected EOF");
        }
    }
}

fn show(line: &Value) {
    let Some(status) = line["status"].as_str() else { return };
    match (line["completed"].as_u64(), line["total"].as_u64()) {
        (Some(completed), Some(total)) if total > 0 => {
            complain(&format!("{status}: {:>3}%", completed * 100 / total));
        }
        _ => complain(status),
    }
}
