//! The machine's side without a window: what keeps the tunnel and the model on this machine at work.

pub mod cli;
pub mod model;
pub mod socket;
pub mod status;
pub mod tunnel;
