//! The orchestrator: takes HubSpot's webhooks, never loses one, has tickets triaged by a model, tells Discord.
//!
//! [`run`] is the whole service; `main.rs` and the tests call it with a listener and a stop signal. A ticket's way
//! through the modules: `http` → `queue` → `worker` → `clients`, with every decision taken in the `triage` crate.

pub mod alerting;
pub mod app;
mod clean;
pub mod clients;
pub mod clock;
pub mod commands;
pub mod config;
pub mod devices;
mod error;
pub mod feed;
pub mod http;
mod network;
pub mod pairing;
pub mod queue;
pub mod sealed;
pub mod store;
pub mod telemetry;
pub mod tunnels;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::app::App;
use crate::store::Schema;

/// How long leaving the database may take at a stop.
const GOODBYE: Duration = Duration::from_secs(2);

/// Serves until `stop`: then no request and no job is taken any more, and what is in progress is finished or handed back.
pub async fn run(app: Arc<App>, listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    app.listens_at(address);
    info!(event = "listening", %address, "ready for webhooks");
    let server = http::serve(listener, http::router(Arc::clone(&app)), http::Bounds::default(), &stop);
    let work = async {
        // Leases and retries are times of the database's clock.
        look_at_database(&app).await;
        tokio::join!(
            worker::run(Arc::clone(&app), stop.clone()),
            keep_looking(&app, &stop),
            begin(&app, &stop),
            alerting::run(&app, &stop)
        );
    };
    let listen = queue::wake::listen(app.store.clone(), Arc::clone(&app.wake), stop.clone());
    let tell = queue::wake::tell(&app.store, &app.wake, &stop);
    let drain = async {
        stop.cancelled().await;
        app.drain();
        tokio::time::sleep(app.drain_for).await;
    };
    // A client that never finishes its request must not keep the process alive.
    let server = async {
        tokio::select! {
            biased;
            () = drain => {}
            () = server => {}
        }
    };
    tokio::join!(server, work, listen, tell, feed::run(&app, &stop));
    let goodbye = async {
        queue::wake::tell_rest(&app.store, &app.wake).await;
        app.store.close().await;
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    info!(event = "stopped", "nothing is in progress any more");
    Ok(())
}

/// Follows the database's clock, and says when the database cannot be used or its schema is behind.
async fn look_at_database(app: &App) {
    if let Err(error) = app.clock.sync(&app.store).await {
        warn!(event = "database_unreachable", error = %error.chain(), "the database cannot be reached; webhooks are refused meanwhile");
    } else if let Ok(Schema::Behind(missing)) = app.store.schema().await {
        warn!(
            event = "schema_behind",
            missing, "the database's schema is behind: run `orchestrator migrate`"
        );
    }
}

/// Does what is done once, as soon as the database can be used.
async fn begin(app: &App, stop: &CancellationToken) {
    while let Err(error) = devices::begin(app).await {
        debug!(error = %error.chain(), "devices are looked after when the database can be used");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(clock::SYNC_EVERY) => {}
        }
    }
}

async fn keep_looking(app: &App, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(clock::SYNC_EVERY) => look_at_database(app).await,
        }
    }
}
