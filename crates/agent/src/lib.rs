//! The machine's side without a window: what keeps the tunnel and the model on this machine at work.

pub mod children;
pub mod tunnel;
