//! Real processes: the stand-ins for Ollama and cloudflared, and a program that keeps them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a scene that cannot be made fails the test")]

mod flood;
mod guard;
mod look;
mod pidfile;
mod runner;
pub(crate) mod scene;
