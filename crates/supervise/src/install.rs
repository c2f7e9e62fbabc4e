//! How a program is installed, for people who do not have it.

use serde::{Deserialize, Serialize};

use crate::Kind;

/// The family of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Any Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

/// What to type, or where to go, to install `kind`.
pub const fn command(kind: Kind, platform: Platform) -> &'static str {
    match (kind, platform) {
        (Kind::Ollama, Platform::Linux) => "curl -fsSL https://ollama.com/install.sh | sh",
        (Kind::Ollama, Platform::Macos) => "brew install --cask ollama",
        (Kind::Ollama, Platform::Windows) => "winget install --id Ollama.Ollama",
        (Kind::Cloudflared, Platform::Linux) => {
            "add the repository of https://pkg.cloudflare.com, then install cloudflared"
        }
        (Kind::Cloudflared, Platform::Macos) => "brew install cloudflared",
        (Kind::Cloudflared, Platform::Windows) => "winget install --id Cloudflare.cloudflared",
    }
}
