//! The machine's side without a window: what keeps the tunnel and the model on this machine at work.

pub mod notices;
pub mod ollama_api;
pub mod probes;
pub mod tunnel;
