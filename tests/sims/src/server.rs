//! What all stand-ins share: the port, the control calls under `/_sim/`, the journal, and the faults that need no
//! knowledge of the service. A service only answers requests.

use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::listener::{Door, Line};
use crate::wire::{Reply, Request};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Any free port of this machine.
pub(crate) const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// One service's behaviour.
pub(crate) trait Sim: Send + Sync + 'static {
    /// Whether faults strike this request when they do not name a path themselves.
    fn is_work(&self, request: &Request) -> bool;

    /// The service's own error with that status.
    fn refuse(&self, request: &Request, status: u16, wait: Option<Duration>) -> Reply;

    /// The answer, bent by a fault that only the service knows how to show.
    fn answer(&self, request: &Request, strike: &Strike) -> impl Future<Output = Reply> + Send;

    /// Calls of tests and pages, neither journaled nor struck by faults.
    fn control(&self, _request: &Request) -> Option<Reply> {
        None
    }
}

struct Host<S> {
    sim: Arc<S>,
    faults: Faults,
    journal: Journal,
}

/// A server that lives until it is stopped or its last clone is dropped.
#[derive(Clone)]
pub(crate) struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    router: Router,
    running: Mutex<Option<Running>>,
}

struct Running {
    guard: DropGuard,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start<S: Sim>(
        address: SocketAddr,
        sim: Arc<S>,
        faults: &Faults,
        journal: &Journal,
    ) -> io::Result<Self> {
        let host = Arc::new(Host { sim, faults: faults.clone(), journal: journal.clone() });
        let router = Router::new().fallback(
            move |ConnectInfo(line): ConnectInfo<Line>, raw: axum::extract::Request| {
                let host = Arc::clone(&host);
                async move { dispatch(&host, &line, raw).await }
            },
        );
        let closing = CancellationToken::new();
        let door = Door::open(address, closing.clone())?;
        let address = door.address()?;
        let running = Running::spawn(door, router.clone(), closing);
        Ok(Self { shared: Arc::new(Shared { address, router, running: Mutex::new(Some(running)) }) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Closes the port and all connections; returns when callers are refused.
    pub(crate) async fn stop(&self) {
        let running = self.shared.running.lock().expect("never held over a panic").take();
        let Some(Running { guard, accepting }) = running else { return };
        drop(guard);
        // A task that was cancelled with its runtime has closed the port as well.
        drop(accepting.await);
    }

    /// Opens the same port again with everything remembered. Does nothing while it is open.
    pub(crate) fn restart(&self) -> io::Result<()> {
        let mut running = self.shared.running.lock().expect("never held over a panic");
        if running.is_none() {
            let closing = CancellationToken::new();
            let door = Door::open(self.shared.address, closing.clone())?;
            *running = Some(Running::spawn(door, self.shared.router.clone(), closing));
        }
        Ok(())
    }
}

impl Running {
    fn spawn(door: Door, router: Router, closing: CancellationToken) -> Self {
        let guard = closing.clone().drop_guard();
        let service = router.into_make_service_with_connect_info::<Line>();
        let accepting = tokio::spawn(async move {
            let serving = axum::serve(door, service).into_future();
            tokio::select! {
                () = closing.cancelled() => {}
                _ = serving => {}
            }
        });
        Self { guard, accepting }
    }
}

async fn dispatch<S: Sim>(host: &Host<S>, line: &Line, raw: axum::extract::Request) -> Response {
    let request = Arc::new(Request::read(raw).await);
    if let Some(reply) = control(host, &request) {
        return reply.into_response();
    }
    let strike = host.faults.strike(&request, host.sim.is_work(&request));
    if strike.down {
        line.cut();
        return Reply::empty(503).into_response();
    }
    let number = host.journal.note(Arc::clone(&request));
    if !strike.slow.is_zero() {
        tokio::time::sleep(strike.slow).await;
    }
    let reply = match strike.kind {
        Some(Kind::Hang) => std::future::pending().await,
        Some(Kind::Status(status)) => host.sim.refuse(&request, status, strike.wait),
        Some(Kind::Drop) => {
            let reply = host.sim.answer(&request, &Strike::default()).await;
            line.cut();
            reply
        }
        Some(_) | None => host.sim.answer(&request, &strike).await,
    };
    host.journal.answer(number, reply.status);
    reply.into_response()
}

fn control<S: Sim>(host: &Host<S>, request: &Request) -> Option<Reply> {
    if let Some(reply) = host.sim.control(request) {
        return Some(reply);
    }
    if !request.path.starts_with("/_sim/") {
        return None;
    }
    let reply = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/_sim/journal") => Reply::json(200, &host.journal.to_json()),
        ("DELETE", "/_sim/journal") => {
            host.journal.clear();
            Reply::empty(204)
        }
        ("GET", "/_sim/faults") => Reply::text(200, host.faults.describe()),
        ("POST", "/_sim/faults") => match host.faults.script(&request.body) {
            Ok(()) => Reply::empty(204),
            Err(problem) => Reply::text(400, format!("{problem}\n")),
        },
        ("DELETE", "/_sim/faults") => {
            host.faults.clear();
            Reply::empty(204)
        }
        _ => Reply::text(404, "no such control call\n"),
    };
    Some(reply)
}

/// The methods every handle has.
macro_rules! handle {
    ($name:ident) => {
        impl $name {
            /// Where it listens, e.g. `http://127.0.0.1:40123`.
            #[must_use]
            pub fn url(&self) -> String {
                self.server.url()
            }

            /// Its address and port.
            #[must_use]
            pub fn address(&self) -> std::net::SocketAddr {
                self.server.address()
            }

            /// Closes the port and every connection; returns when callers are refused.
            pub async fn stop(&self) {
                self.server.stop().await;
            }

            /// Opens the same port again, with state, faults and journal as they were.
            ///
            /// # Errors
            /// When someone else took the port meanwhile.
            pub fn restart(&self) -> std::io::Result<()> {
                self.server.restart()
            }
        }
    };
}
pub(crate) use handle;
