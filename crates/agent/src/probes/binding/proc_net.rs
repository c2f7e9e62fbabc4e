//! Linux: what listens, from the tables of the kernel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use supervise::health::facts::Binding;

/// `TCP_LISTEN` in the kernel's `tcp_states.h`.
const LISTENS: &str = "0A";

/// Who can reach what listens on `port`. The tables are in memory: reading them does not wait for a disk.
pub(super) fn binding(port: u16) -> Binding {
    let table = |name| std::fs::read_to_string(name).unwrap_or_default();
    let tables = [table("/proc/net/tcp"), table("/proc/net/tcp6")];
    judge(tables.iter().flat_map(|table| listeners(table, port)))
}

fn judge(listeners: impl Iterator<Item = IpAddr>) -> Binding {
    let mut binding = Binding::NotKnown;
    for address in listeners {
        if !address.to_canonical().is_loopback() {
            return Binding::Beyond;
        }
        binding = Binding::Loopback;
    }
    binding
}

/// The addresses that something listens at on `port`. A line is `sl local_address rem_address st …`.
fn listeners(table: &str, port: u16) -> impl Iterator<Item = IpAddr> {
    table.lines().skip(1).filter_map(move |line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (local, state) = (words.next()?, words.nth(1)?);
        let (address, its_port) = local.split_once(':')?;
        let fits = state == LISTENS && u16::from_str_radix(its_port, 16) == Ok(port);
        fits.then(|| read(address)).flatten()
    })
}

/// An address is printed in words of 32 bits, each in the machine's own byte order.
fn read(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (place, at) in bytes.chunks_exact_mut(4).zip([0, 8, 16, 24]) {
                place.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

    fn of(local: &str, state: &str) -> Binding {
        let line =
            format!("   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000\n");
        judge(listeners(&format!("{HEAD}{line}"), 11434))
    }

    #[test]
    fn the_kernels_table_is_read() {
        // 11434 is 2CAA in hexadecimal.
        for (local, state, expected) in [
            ("0100007F:2CAA", "0A", Binding::Loopback),
            ("0200007F:2CAA", "0A", Binding::Loopback),
            ("00000000:2CAA", "0A", Binding::Beyond),
            ("0500A8C0:2CAA", "0A", Binding::Beyond),
            ("00000000:2CAB", "0A", Binding::NotKnown),
            ("00000000:2CAA", "01", Binding::NotKnown),
            ("00000000000000000000000001000000:2CAA", "0A", Binding::Loopback),
            ("00000000000000000000000000000000:2CAA", "0A", Binding::Beyond),
            ("0000000000000000FFFF00000100007F:2CAA", "0A", Binding::Loopback),
            ("0000000000000000FFFF00000500A8C0:2CAA", "0A", Binding::Beyond),
            ("nonsense:2CAA", "0A", Binding::NotKnown),
            ("", "", Binding::NotKnown),
        ] {
            assert_eq!(of(local, state), expected, "{local} {state}");
        }
    }

    #[test]
    fn one_open_door_is_enough() {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let all = IpAddr::from(Ipv6Addr::UNSPECIFIED);
        assert_eq!(judge([here, all].into_iter()), Binding::Beyond);
        assert_eq!(judge([here, here].into_iter()), Binding::Loopback);
    }
}
