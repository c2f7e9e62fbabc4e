//! Against stand-ins for Cloudflare's API and the edge.

mod cloudflared;
mod interrupted;
#[cfg(target_os = "linux")]
mod keychain;
mod setup;
mod support;
mod undo;
mod verify;
