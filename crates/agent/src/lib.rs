//! The machine's side without a window: what keeps the tunnel and the model on this machine at work.

pub mod diagnostics;
pub mod paths;
pub mod secrets;
pub mod service;
pub mod settings;
pub mod tunnel;
