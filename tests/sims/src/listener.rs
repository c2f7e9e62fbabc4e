//! A listener whose connections can be cut from outside: to drop a caller without an answer, and to close the port
//! for good although a handler hangs.

use axum::serve::IncomingStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

const BACKLOG: u32 = 1024;

/// Accepts until it is dropped; `closing` ends all its connections.
pub(crate) struct Door {
    listener: TcpListener,
    closing: CancellationToken,
}

impl Door {
    pub(crate) fn open(address: SocketAddr, closing: CancellationToken) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(BACKLOG)?, closing })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl axum::serve::Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            // Without it answers are only later, not wrong.
            drop(stream.set_nodelay(true));
            let cut = self.closing.child_token();
            let ended = Box::pin(cut.clone().cancelled_owned());
            return (Connection { stream, cut, ended }, address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address()
    }
}

/// A TCP stream that fails as reset once it is cut.
pub(crate) struct Connection {
    stream: TcpStream,
    cut: CancellationToken,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    fn is_cut(&mut self, context: &mut Context<'_>) -> bool {
        self.cut.is_cancelled() || self.ended.as_mut().poll(context).is_ready()
    }
}

fn reset<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_cut(context) {
            return reset();
        }
        Pin::new(&mut this.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.cut.is_cancelled() {
            return reset();
        }
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.cut.is_cancelled() {
            return reset();
        }
        Pin::new(&mut this.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A handler's hold on the connection it serves.
#[derive(Debug, Clone)]
pub(crate) struct Line(CancellationToken);

impl Line {
    /// Ends the connection; whatever is answered afterwards does not reach the caller.
    pub(crate) fn cut(&self) {
        self.0.cancel();
    }
}

impl axum::extract::connect_info::Connected<IncomingStream<'_, Door>> for Line {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(stream.io().cut.clone())
    }
}
