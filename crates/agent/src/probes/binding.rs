//! Which machines can reach Ollama's port without the tunnel.

use supervise::health::facts::Binding;
use url::{Host, Url};

#[cfg(target_os = "linux")]
mod proc_net;
#[cfg(any(test, not(target_os = "linux")))]
mod try_out;

/// Who can reach the port of Ollama's `address`, if it is one of this machine.
pub(super) async fn of(address: &str) -> Binding {
    let Ok(url) = Url::parse(address) else { return Binding::NotKnown };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.port_or_known_default().filter(|_| is_here) {
        Some(port) => of_port(port).await,
        None => Binding::NotKnown,
    }
}

#[cfg(target_os = "linux")]
#[expect(clippy::unused_async, reason = "other systems have to make a call")]
async fn of_port(port: u16) -> Binding {
    proc_net::binding(port)
}

#[cfg(not(target_os = "linux"))]
async fn of_port(port: u16) -> Binding {
    try_out::binding(port).await
}
