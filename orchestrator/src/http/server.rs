//! The accept loop: HTTP/1.1 with bounds on what one client can hold.
//!
//! axum's own `serve` has no limits; hyper underneath has them.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use tracing::warn;

use super::peer::Peer;

/// What clients may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Connections at once.
    most_connections: usize,
    /// How long a client may take to send its headers, and may be idle between two requests.
    slowest_headers: Duration,
}

impl Default for Bounds {
    /// HubSpot opens ten connections per account. Proxies keep idle ones for a minute, and one that is closed just as
    /// it is used again costs them an error.
    fn default() -> Self {
        Self { most_connections: 1024, slowest_headers: Duration::from_secs(75) }
    }
}

/// Bytes of headers; Railway's edge lets no more through.
const LARGEST_HEADERS: usize = 32 * 1024;

/// Number of headers.
const MOST_HEADERS: usize = 64;

/// Pause after the system refused to accept, for example because there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a client hears for which there is no room. It is not said when to come back: HubSpot's workflows would read
/// milliseconds, everybody else seconds, and here nobody has said yet which route is meant. Without it all of them go by
/// their own schedules.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves until `stop`; then no connection is accepted, and each one ends with the request that it is in.
pub(crate) async fn serve(listener: TcpListener, router: Router, bounds: Bounds, stop: &CancellationToken) {
    let room = Arc::new(Semaphore::new(bounds.most_connections));
    let open = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.slowest_headers)
        .max_buf_size(LARGEST_HEADERS)
        .max_headers(MOST_HEADERS);
    while let Some((stream, address)) = accept(&listener, stop).await {
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            // No waiting for a client while there is no room: what does not fit into its buffer is lost.
            let _ = stream.try_write(FULL);
            continue;
        };
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(address.ip()));
            router.clone().call(request.map(Body::new))
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // It fails when the client breaks off or is too slow, which is the client's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The next connection; `None` when it is time to stop.
async fn accept(listener: &TcpListener, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                // An answer is written at once; it must not wait for more to be sent with it.
                let _ = stream.set_nodelay(true);
                return Some((stream, address));
            }
            Err(error) if is_of_one_connection(error.kind()) => {}
            Err(error) => {
                warn!(event = "accept_failed", %error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The client gave up before it was accepted.
fn is_of_one_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n";

    async fn start(bounds: Bounds) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(async || "hello"));
        let stopped = stop.clone();
        let served = tokio::spawn(async move { serve(listener, router, bounds, &stopped).await });
        (address, stop, served)
    }

    async fn all(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_client_that_never_finishes_its_headers_is_cut_off() {
        let slowest_headers = Duration::from_millis(50);
        let (address, ..) = start(Bounds { slowest_headers, ..Bounds::default() }).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert!(!all(&mut stream).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn headers_without_end_are_refused() {
        let (address, ..) = start(Bounds::default()).await;
        let mut long = TcpStream::connect(address).await.unwrap();
        long.write_all(&[REQUEST, b"long: ", &[b'x'; LARGEST_HEADERS]].concat()).await.unwrap();
        assert!(all(&mut long).await.starts_with("HTTP/1.1 431"));
        let mut many = TcpStream::connect(address).await.unwrap();
        many.write_all(&[REQUEST, &b"a: b\r\n".repeat(MOST_HEADERS), b"\r\n"].concat()).await.unwrap();
        assert!(all(&mut many).await.starts_with("HTTP/1.1 431"));
    }

    #[tokio::test]
    async fn one_connection_too_many_is_told_that_there_is_no_room() {
        let (address, stop, served) = start(Bounds { most_connections: 1, ..Bounds::default() }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let answer = all(&mut second).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(!answer.contains("retry-after"), "of which unit? {answer}");
        // The request that is in progress is answered although it is time to stop.
        first.write_all(b"\r\n").await.unwrap();
        let mut begin = [0; 15];
        first.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200 OK");
        stop.cancel();
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
