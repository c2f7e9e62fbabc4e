//! Real processes: Ollama and cloudflared as children of this program. Hands and senses of the controller; what is to
//! be done is decided by `supervise`.
//!
//! - [`runner`] starts a program, reports its end, and ends it with everything it started.
//! - [`guard`] ends the programs when this one is killed.
//! - [`logs`] reads what they print, however much it is.
//! - [`pidfile`] recognises a program that outlived this one.
//! - [`find`], [`ollama`] and [`cloudflared`] know where the programs are and how they are started.
//! - [`look`] asks who is at a program's address before another is started.

pub mod cloudflared;
pub mod find;
#[cfg(unix)]
pub mod guard;
pub mod launch;
pub mod logs;
pub mod look;
pub mod ollama;
pub mod pidfile;
mod platform;
pub mod runner;

#[cfg(windows)]
pub use platform::guard;
