//! Who is calling, as far as it matters for limits.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::network::is_private;

static REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

impl Peer {
    /// Whom a request is counted for: the address that Railway's edge names in `X-Real-IP`, if the request comes from
    /// a private network as the edge does, else the connection's. Of IPv6 addresses the /64 that one customer has.
    pub(super) fn client(self, headers: &HeaderMap) -> IpAddr {
        let mut named = headers.get_all(&REAL_IP).iter();
        let named = match (named.next().and_then(address), named.next()) {
            (Some(named), None) if is_private(self.0) => named,
            (Some(_) | None, _) => self.0,
        };
        match named.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        }
    }
}

fn address(value: &HeaderValue) -> Option<IpAddr> {
    value.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_private_network_may_name_another_client() {
        for (connected, named, client) in [
            ("203.0.113.7", None, "203.0.113.7"),
            ("203.0.113.7", Some("198.51.100.1"), "203.0.113.7"),
            ("100.64.0.2", Some("198.51.100.1"), "198.51.100.1"),
            ("100.64.0.2", Some("no address"), "100.64.0.2"),
            ("100.128.0.2", Some("198.51.100.1"), "100.128.0.2"),
            ("::ffff:10.0.0.3", Some(" 198.51.100.1 "), "198.51.100.1"),
            ("fd12::3", Some("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::"),
            ("2001:db8:1:2:3:4:5:6", Some("198.51.100.1"), "2001:db8:1:2::"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(named) = named {
                headers.insert(&REAL_IP, named.parse().unwrap());
            }
            let peer = Peer(connected.parse().unwrap());
            assert_eq!(peer.client(&headers), client.parse::<IpAddr>().unwrap(), "{connected} {named:?}");
        }
    }

    #[test]
    fn two_names_for_one_client_count_as_none() {
        let mut headers = HeaderMap::new();
        headers.append(&REAL_IP, HeaderValue::from_static("198.51.100.1"));
        headers.append(&REAL_IP, HeaderValue::from_static("198.51.100.2"));
        let peer = Peer("10.0.0.1".parse().unwrap());
        assert_eq!(peer.client(&headers), peer.0);
    }
}
