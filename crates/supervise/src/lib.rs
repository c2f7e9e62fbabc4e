//! Every decision about the two programs on the team's machine and about the chain of hops a ticket takes through
//! it, and nothing else: no clock, no randomness, no environment, no files, no network, no async. The agent performs
//! what these functions say.

pub mod backoff;
pub mod exit;
pub mod health;
pub mod history;
pub mod install;
pub mod kind;
pub mod limits;
pub mod moment;
pub mod program;
pub mod saying;
mod step;

pub use kind::Kind;
pub use moment::Moment;
