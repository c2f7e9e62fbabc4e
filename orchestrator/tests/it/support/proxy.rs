//! A TCP proxy that can be cut or fall silent: the network between the orchestrator and its database.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on while it is whole.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Whole,
    Cut,
    Silent,
}

impl Proxy {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State::Whole));
        let told = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, target, told.subscribe()));
            }
        });
        Self { address, state }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and lets none through.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Answers nothing any more and ends no connection, as a host that has vanished: those that there are stay dead.
    pub(crate) fn fall_silent(&self) {
        self.state.send_replace(State::Silent);
    }

    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn connection(mut client: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    let fate = tokio::select! {
        biased;
        fate = state.wait_for(|state| *state != State::Whole) => fate.map(|fate| *fate),
        () = pass(&mut client, target) => return,
    };
    if fate.is_ok_and(|fate| fate == State::Silent) {
        let _held = client;
        std::future::pending::<()>().await;
    }
}

async fn pass(client: &mut TcpStream, target: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(target).await {
        let _ = tokio::io::copy_bidirectional(client, &mut server).await;
    }
}
