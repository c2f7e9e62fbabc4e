//! Where the system's tables cannot be read without more rights: knock at an address that other machines know.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use supervise::health::facts::Binding;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// An address of this machine answers at once, or a firewall keeps it silent.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// Kept free for documentation (RFC 5737); nothing is sent there.
const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// Who can reach what listens on `port`.
pub(super) async fn binding(port: u16) -> Binding {
    match own_address().await {
        Ok(address) => knock(SocketAddr::new(address, port)).await,
        Err(_) => Binding::NotKnown,
    }
}

async fn knock(address: SocketAddr) -> Binding {
    match timeout(ANSWERS_WITHIN, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Binding::Beyond,
        Ok(Err(problem)) if problem.kind() == ErrorKind::ConnectionRefused => Binding::Loopback,
        Ok(Err(_)) | Err(_) => Binding::NotKnown,
    }
}

/// The address from which this machine would call out. Connecting a datagram socket only chooses a route.
async fn own_address() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.connect(SOMEWHERE).await?;
    let address = socket.local_addr()?.ip();
    if address.is_loopback() || address.is_unspecified() {
        return Err(ErrorKind::AddrNotAvailable.into());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_door_that_opens_is_open_and_one_that_is_shut_is_shut() {
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = open.local_addr().unwrap();
        assert_eq!(knock(address).await, Binding::Beyond);
        drop(open);
        assert_eq!(knock(address).await, Binding::Loopback);
    }

    /// A machine without any network has no such address, and nothing to tell.
    #[tokio::test]
    async fn what_listens_here_only_is_not_reached_from_outside() {
        let here = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = here.local_addr().unwrap().port();
        let expected = if own_address().await.is_ok() { Binding::Loopback } else { Binding::NotKnown };
        assert_eq!(binding(port).await, expected);
    }
}
