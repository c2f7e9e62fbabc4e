//! The machine's side without a window: what keeps the tunnel and the model on this machine at work.

pub mod model;
pub mod tunnel;
