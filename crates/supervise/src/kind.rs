//! The two programs that are looked after.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A supervised program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Program"))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `ollama serve`, which runs the model.
    Ollama,
    /// `cloudflared tunnel … run`, which connects the machine to Cloudflare.
    Cloudflared,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ollama => "Ollama",
            Self::Cloudflared => "cloudflared",
        })
    }
}
