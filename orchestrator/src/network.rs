//! Which addresses nobody on the internet can connect from, or be reached at.

use std::net::IpAddr;

/// This machine's or a private network's; Railway's edge uses the shared range 100.64.0.0/10.
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0b1100_0000 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The same of a host as addresses of services name it: names without a dot, and those under `.internal` and `.localhost`, lead
/// nowhere on the internet.
pub(crate) fn is_private_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
    match host.parse() {
        Ok(ip) => is_private(ip),
        Err(_) => !host.contains('.') || host.ends_with(".internal") || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_and_of_private_networks_are_told_apart() {
        for host in [
            "localhost",
            "db",
            "postgres.railway.internal",
            "127.0.0.1",
            "10.1.2.3",
            "100.64.0.2",
            "[::1]",
            "fd12::3",
        ] {
            assert!(is_private_host(host), "{host}");
        }
        for host in [
            "db.example.com",
            "roundhouse.proxy.rlwy.net",
            "internal.example.com",
            "203.0.113.7",
            "[2001:db8::1]",
        ] {
            assert!(!is_private_host(host), "{host}");
        }
    }
}
