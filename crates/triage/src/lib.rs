//! Every decision about a support ticket, and nothing else: no clock, no randomness, no environment, no files,
//! no network, no async. The orchestrator performs what these functions say.

pub mod answer;
pub mod breaker;
pub mod desk;
mod invisible;
mod language;
pub mod message;
pub mod prompt;
pub mod reconcile;
pub mod redact;
pub mod retry;
pub mod signature;
pub mod stage;
pub mod ticket;
pub mod time;
pub mod webhook;
pub mod writeback;

pub use invisible::without_invisible;
