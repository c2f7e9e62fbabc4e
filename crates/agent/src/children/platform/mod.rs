//! What the systems do differently: groups of processes, their start times, folders for one pair of eyes.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::*;
#[cfg(windows)]
pub use windows::guard;
#[cfg(windows)]
pub(crate) use windows::*;
