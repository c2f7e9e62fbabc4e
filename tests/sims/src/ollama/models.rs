//! Installed and loaded models: listing, details, pulling, deleting.

use super::{State, body, failure};
use crate::clock;
use crate::wire::{Reply, Request};
use axum::body::Body;
use futures::stream;
use serde_json::{Value, json};
use std::sync::Arc;

const PULL_STEPS: u64 = 5;

/// An installed model.
#[derive(Debug, Clone)]
pub struct Model {
    /// Always with a tag.
    pub name: String,
    /// 64 hexadecimal digits.
    pub digest: String,
    /// On disk.
    pub size_bytes: u64,
}

impl Model {
    /// A model of llama3.2's size with a made-up digest; the real digest for `llama3.2:latest`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = with_tag(name);
        let digest = if name == "llama3.2:latest" {
            "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72".to_owned()
        } else {
            // Any digits will do as long as two models differ.
            let sum =
                name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
            format!("{sum:016x}").repeat(4)
        };
        Self { name, digest, size_bytes: 2_019_393_189 }
    }

    fn details() -> Value {
        json!({"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
            "parameter_size": "3.2B", "quantization_level": "Q4_K_M"})
    }
}

pub(super) fn with_tag(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

impl State {
    pub(super) fn tags(&self) -> Reply {
        let modified = clock::stamp(crate::now());
        let settings = self.settings();
        let models: Vec<Value> = settings
            .models
            .iter()
            .map(|model| {
                json!({"name": model.name, "model": model.name, "modified_at": modified, "size": model.size_bytes,
                    "digest": model.digest, "details": Model::details(), "capabilities": ["completion", "tools"]})
            })
            .collect();
        Reply::json(200, &json!({"models": models}))
    }

    pub(super) fn loaded(&self) -> Reply {
        let expires = clock::stamp(crate::now() + chrono::TimeDelta::minutes(5));
        let settings = self.settings();
        let models: Vec<Value> = settings
            .models
            .iter()
            .filter(|model| settings.loaded.contains(&model.name))
            .map(|model| {
                json!({"name": model.name, "model": model.name, "size": 3_410_000_000_u64, "digest": model.digest,
                    "details": Model::details(), "expires_at": expires, "size_vram": 3_410_000_000_u64,
                    "context_length": 4096})
            })
            .collect();
        Reply::json(200, &json!({"models": models}))
    }

    pub(super) fn show(&self, request: &Request) -> Reply {
        let body = match body(request) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        let name = body["model"].as_str().or(body["name"].as_str()).unwrap_or_default();
        if self.find(name).is_none() {
            return failure(404, &format!("model '{name}' not found"));
        }
        let answer = json!({"license": "", "modelfile": format!("FROM {name}\n"), "parameters": "", "template": "",
            "details": Model::details(),
            "model_info": {"general.architecture": "llama", "general.parameter_count": 3_212_749_888_u64,
                "llama.context_length": 131_072},
            "capabilities": ["completion", "tools"], "modified_at": clock::stamp(crate::now())});
        Reply::json(200, &answer)
    }

    pub(super) fn delete(&self, request: &Request) -> Reply {
        let body = match body(request) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        let name = with_tag(body["model"].as_str().unwrap_or_default());
        let mut settings = self.settings();
        let before = settings.models.len();
        settings.models.retain(|model| model.name != name);
        settings.loaded.remove(&name);
        if settings.models.len() == before {
            return failure(404, &format!("model '{name}' not found"));
        }
        Reply::empty(200)
    }

    pub(super) fn pull(&self, request: &Request) -> Reply {
        let body = match body(request) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        let name = body["model"].as_str().or(body["name"].as_str()).unwrap_or_default();
        if name.is_empty() {
            return failure(400, "model is required");
        }
        if name.contains("nope") {
            return failure(500, "pull model manifest: file does not exist");
        }
        let model = Model::named(name);
        if body["stream"] == false {
            self.settings().install(model);
            return Reply::json(200, &json!({"status": "success"}));
        }
        let (settings, pause) = (Arc::clone(&self.settings), self.settings().pull_step);
        let mut lines = progress(&model).into_iter().peekable();
        let body = stream::unfold((), move |()| {
            let line = lines.next();
            // A pull that was cut before its end leaves nothing behind.
            if line.is_some() && lines.peek().is_none() {
                settings.lock().expect("never held over a panic").install(model.clone());
            }
            async move {
                let line = line?;
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Some((Ok::<_, std::io::Error>(format!("{line}\n")), ()))
            }
        });
        Reply::typed(200, "application/x-ndjson", Body::from_stream(body))
    }
}

/// The layers beside the weights, as every model of that family has them: template, licences, parameters, settings.
const SMALL_LAYERS: [(&str, u64); 5] = [
    ("966de95ca8a6", 1_429),
    ("fcc5a6bec9da", 7_711),
    ("a70ff7e570d9", 6_016),
    ("56bb8bd477a5", 96),
    ("34bb5ab01051", 561),
];

fn progress(model: &Model) -> Vec<Value> {
    let mut lines = vec![json!({"status": "pulling manifest"})];
    let weights = &model.digest[..12];
    let small: u64 = SMALL_LAYERS.iter().map(|(_, size_bytes)| size_bytes).sum();
    lines.extend(layer(weights, model.size_bytes - small, PULL_STEPS));
    for (digest, size_bytes) in SMALL_LAYERS {
        lines.extend(layer(digest, size_bytes, 1));
    }
    let closing = ["verifying sha256 digest", "writing manifest", "removing unused layers", "success"];
    lines.extend(closing.iter().map(|status| json!({"status": status})));
    lines
}

/// A line without progress, then one per step; the last one is complete.
fn layer(short: &str, size_bytes: u64, steps: u64) -> Vec<Value> {
    let digest = format!("sha256:{short:0<64}");
    let status = format!("pulling {short}");
    let mut lines = vec![json!({"status": status, "digest": digest, "total": size_bytes})];
    lines.extend((1..=steps).map(|step| {
        let completed = if step == steps { size_bytes } else { size_bytes / steps * step };
        json!({"status": status, "digest": digest, "total": size_bytes, "completed": completed})
    }));
    lines
}
