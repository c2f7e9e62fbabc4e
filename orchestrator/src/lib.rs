//! The orchestrator: takes HubSpot's webhooks, never loses one, has tickets triaged by a model, tells Discord.
//!
//! [`run`] is the whole service; `main.rs` and the tests call it with a listener and a stop signal. A ticket's way
//! through the modules: `http` → `queue` → `worker` → `clients`, with every decision taken in the `triage` crate.

pub mod app;
pub mod clients;
pub mod clock;
pub mod commands;
pub mod config;
mod error;
pub mod http;
pub mod queue;
pub mod store;
pub mod telemetry;
pub mod worker;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::app::App;
use crate::store::Schema;

/// Serves until `stop`: then no request and no job is taken any more, and what is in progress is finished or handed back.
pub async fn run(app: Arc<App>, listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    info!(event = "listening", %address, "ready for webhooks");
    let drain = {
        let app = Arc::clone(&app);
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            app.drain();
        }
    };
    let server = axum::serve(listener, http::router(Arc::clone(&app))).with_graceful_shutdown(drain);
    let (served, (), (), ()) = tokio::join!(
        server.into_future(),
        worker::run(Arc::clone(&app), stop.clone()),
        queue::wake::listen(app.store.clone(), Arc::clone(&app.wake), stop.clone()),
        keep_time(&app, &stop),
    );
    served?;
    app.store.close().await;
    info!(event = "stopped", "nothing is in progress any more");
    Ok(())
}

/// Follows the database's clock, and says so when its schema is behind.
async fn keep_time(app: &App, stop: &CancellationToken) {
    loop {
        if let Err(error) = app.clock.sync(&app.store).await {
            warn!(event = "database_unreachable", error = %error.chain(), "the database cannot be reached; webhooks are refused meanwhile");
        } else if let Ok(Schema::Behind(missing)) = app.store.schema().await {
            warn!(
                event = "schema_behind",
                missing, "the database's schema is behind: run `orchestrator migrate`"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(clock::SYNC_EVERY) => {}
        }
    }
}
