//! The stand-in programs, run as processes: what they print, answer, leave behind and end with.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]

mod cloudflared;
mod edge;
mod ollama;
mod scene;
mod setup;
mod trouble;
