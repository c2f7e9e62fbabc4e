//! The outside services: one client each, which speaks the wire, tells failures apart and decides nothing.

pub mod discord;
pub mod fault;
pub mod groq;
mod http;
pub mod hubspot;
pub mod model;
pub mod ollama;
pub mod outside;
pub mod webhook;
