//! The machine's side without a window: what keeps the tunnel and the model on this machine at work.
//!
//! One loop, the [`controller`], owns all state ([`model`]); the other modules are its hands and senses.

pub mod children;
pub mod cli;
pub mod context;
pub mod controller;
pub mod diagnostics;
pub mod environment;
pub mod evidence;
pub mod handle;
pub mod link;
pub mod logging;
pub mod model;
pub mod notices;
pub mod ollama_api;
pub mod pairing;
pub mod paths;
pub mod probes;
pub mod resident;
pub mod secrets;
pub mod service;
pub mod settings;
pub mod signals;
pub mod socket;
pub mod status;
pub mod test_ticket;
pub mod tunnel;
pub mod tunnel_setup;
pub mod window;
