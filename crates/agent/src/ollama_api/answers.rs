//! What Ollama answers.

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
}

#[derive(Deserialize)]
pub(super) struct Models<T> {
    pub(super) models: Vec<T>,
}

/// A model on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Installed {
    /// With its tag.
    pub name: String,
    /// On the disk.
    #[serde(rename = "size", default)]
    pub size_bytes: u64,
}

/// A model in memory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Loaded {
    /// With its tag.
    pub name: String,
    /// In memory; 0 when Ollama does not know.
    #[serde(rename = "size", default)]
    pub size_bytes: u64,
    /// Thereof in the graphics card's memory.
    #[serde(rename = "size_vram", default)]
    pub vram_bytes: u64,
}

impl Loaded {
    /// How much of it the graphics card holds, in per cent; the rest is computed by the processor, slowly. `None`
    /// when Ollama does not know.
    #[must_use]
    pub fn on_gpu_percent(&self) -> Option<u8> {
        let percent = (u128::from(self.vram_bytes) * 100).checked_div(u128::from(self.size_bytes))?;
        u8::try_from(percent.min(100)).ok()
    }
}

/// What is known about a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Shown")]
pub struct Details {
    /// Such as `3.2B`; empty when unknown.
    pub parameter_size: String,
    /// Such as `Q4_K_M`; empty when unknown.
    pub quantization: String,
    /// How many tokens it can be given at most.
    pub context_tokens: Option<u64>,
    /// Such as `completion`.
    pub capabilities: Vec<String>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    details: ShownDetails,
    #[serde(default)]
    model_info: Map<String, Value>,
    #[serde(default)]
    capabilities: Vec<String>,
}

#[derive(Deserialize, Default)]
struct ShownDetails {
    #[serde(default)]
    parameter_size: String,
    #[serde(default)]
    quantization_level: String,
}

impl From<Shown> for Details {
    fn from(shown: Shown) -> Self {
        let architecture = shown.model_info.get("general.architecture").and_then(Value::as_str);
        let key = architecture.map(|architecture| format!("{architecture}.context_length"));
        Self {
            parameter_size: shown.details.parameter_size,
            quantization: shown.details.quantization_level,
            context_tokens: key.and_then(|key| shown.model_info.get(&key)?.as_u64()),
            capabilities: shown.capabilities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_graphics_card_is_known_only_of_known_sizes() {
        for (size_bytes, vram_bytes, percent) in [
            (0, 0, None),
            (0, 10, None),
            (3_410_000_000, 0, Some(0)),
            (3_410_000_000, 3_410_000_000, Some(100)),
            (1000, 333, Some(33)),
            (10, 20, Some(100)),
            (u64::MAX, u64::MAX, Some(100)),
        ] {
            let loaded = Loaded { name: "llama3.2:latest".to_owned(), size_bytes, vram_bytes };
            assert_eq!(loaded.on_gpu_percent(), percent, "{loaded:?}");
        }
    }

    #[test]
    fn sizes_and_details_may_be_missing() {
        let loaded: Models<Loaded> = serde_json::from_str(r#"{"models":[{"name":"a:b"}]}"#).unwrap();
        assert_eq!(loaded.models[0].on_gpu_percent(), None);
        let details: Details = serde_json::from_str("{}").unwrap();
        assert_eq!((details.parameter_size.as_str(), details.context_tokens), ("", None));
    }
}
