//! Installed and loaded models: listing, details, pulling, deleting.

use super::{State, body, failure};
use crate::clock;
use crate::wire::{Reply, Request};
use axum::body::Body;
use futures::stream;
use serde_json::{Value, json};

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
        let pause = {
            let mut settings = self.settings();
            settings.models.retain(|known| known.name != model.name);
            settings.models.push(model.clone());
            settings.pull_step
        };
        if body["stream"] == false {
            return Reply::json(200, &json!({"status": "success"}));
        }
        let lines = progress(&model).into_iter();
        let body = stream::unfold(lines, move |mut lines| async move {
            let line = lines.next()?;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Some((Ok::<_, std::io::Error>(format!("{line}\n")), lines))
        });
        Reply::typed(200, "application/x-ndjson", Body::from_stream(body))
    }
}

fn progress(model: &Model) -> Vec<Value> {
    let digest = format!("sha256:{}", model.digest);
    let status = format!("pulling {}", &model.digest[..12]);
    let mut lines = vec![json!({"status": "pulling manifest"})];
    lines.push(json!({"status": status, "digest": digest, "total": model.size_bytes}));
    for step in 1..=PULL_STEPS {
        let completed = model.size_bytes / PULL_STEPS * step;
        let completed = if step == PULL_STEPS { model.size_bytes } else { completed };
        lines.push(
            json!({"status": status, "digest": digest, "total": model.size_bytes, "completed": completed}),
        );
    }
    let closing = ["verifying sha256 digest", "writing manifest", "removing unused layers", "success"];
    lines.extend(closing.iter().map(|status| json!({"status": status})));
    lines
}
