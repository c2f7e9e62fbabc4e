//! Stand-ins for every outside service: in-process HTTP servers that speak the documented wire, keep a journal of
//! what was asked, and fail on demand. Tests hold their handles; the `sims` binary starts them for a trial run.
//! The programs `ollama` and `cloudflared` have stand-ins too, see [`programs`].
//! They share no code with the parts they check.

mod brain;
mod clock;
pub mod cloudflare;
pub mod discord;
pub mod edge;
mod fault_text;
mod faults;
pub mod groq;
pub mod hubspot;
mod ingress;
mod journal;
mod listener;
#[cfg(target_os = "linux")]
pub mod machine;
#[cfg(target_os = "linux")]
pub mod notices;
pub mod ollama;
#[cfg(target_os = "linux")]
pub mod panel;
pub mod programs;
pub mod samples;
pub mod sender;
mod server;
#[cfg(target_os = "linux")]
pub mod session;
mod wire;

pub use clock::now;
pub use fault_text::duration;
pub use faults::{Fault, Faults, Kind, Lasts};
pub use journal::{Entry, Journal};
pub use wire::Request;

use std::time::Duration;

/// How long the `wait_for…` methods wait before they panic.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A client for tests and for the binary: no proxy, no redirects, five seconds to connect.
#[must_use]
pub fn http_client() -> reqwest::Client {
    // Already installed by someone else in this process: just as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .user_agent("sims/1.0")
        .build()
        .expect("a client without special settings can be built")
}
