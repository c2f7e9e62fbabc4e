//! Against stand-ins for Cloudflare's API, the edge, Ollama, cloudflared's metrics and a desktop.

mod children;
mod cloudflared;
mod interrupted;
#[cfg(target_os = "linux")]
mod keychain;
#[cfg(target_os = "linux")]
mod link;
#[cfg(target_os = "linux")]
mod notices;
mod ollama_api;
mod probes;
mod setup;
mod support;
#[cfg(target_os = "linux")]
mod tunnel_setup;
mod undo;
mod verify;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod whole;
#[cfg(target_os = "linux")]
mod window;
