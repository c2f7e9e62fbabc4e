//! Whether an Ollama can be used at all, as far as that shows without any ticket and without loading a model.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Ollama, join};
use crate::clients::fault::Fault;
use crate::clients::model::Model;
use crate::config::Local;

/// Ollama answers at this address, to these credentials, and has the model. Returns how long its first answer took.
pub async fn prove(local: Local) -> Result<Duration, Fault> {
    let ollama = Ollama::new(local, Value::Null);
    let started = Instant::now();
    ollama.probe().await?;
    let latency = started.elapsed();
    // A POST, as the calls with tickets are: some firewalls let only reading through.
    let show = ollama.http.post(join(&ollama.config.url, "api/show"));
    ollama.send(show.json(&json!({ "model": ollama.config.model }))).await?;
    Ok(latency)
}
