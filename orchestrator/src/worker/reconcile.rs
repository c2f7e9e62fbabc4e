//! Reconciliation: every five minutes one orchestrator looks in HubSpot for tickets whose webhook never came.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use triage::reconcile::{EVERY, next_run, since};
use triage::time::Timestamp;

use super::find::{Finder, Means, Trouble};
use crate::app::App;
use crate::clients::hubspot::HubSpot;
use crate::store::{self, Run, RunEnd, Turn};

/// Pause after the database failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);

/// How a run went.
enum Outcome {
    /// So many tickets were seen, and so many of them were enqueued.
    Completed {
        found: usize,
        unknown: usize,
        pages: usize,
    },
    Failed(Trouble),
    /// Somebody else has taken it over.
    Lost,
}

/// Reconciles until `stop`, when there is a token to search HubSpot with.
pub(super) async fn run(app: &App, stop: &CancellationToken) {
    let Some(hubspot) = &app.hubspot else { return };
    loop {
        let turn = turn(app, hubspot, stop).await;
        let pause = async {
            match turn {
                Ok(due) => app.clock.sleep_until(due).await,
                Err(error) => {
                    debug!(error = %error.chain(), "cannot look whether to reconcile");
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = pause => {}
        }
    }
}

/// Makes the next run if it is due and nobody else does; returns when to look again.
async fn turn(app: &App, hubspot: &HubSpot, stop: &CancellationToken) -> store::Result<Timestamp> {
    let now = app.clock.now();
    let run = match app.store.begin_reconciliation(now.plus(EVERY), now).await? {
        Turn::Run(run) => run,
        Turn::NotYet { due } => return Ok(due),
        Turn::Began { due } => {
            info!(event = "reconciliation_began", since = %now.to_rfc3339(), "from now on tickets are looked for whose webhook never comes; earlier ones with `orchestrator reconcile --since`");
            return Ok(due);
        }
    };
    let outcome = tokio::select! {
        outcome = perform(app, hubspot, &run) => outcome,
        () = stop.cancelled() => {
            app.store.end_reconciliation(&run, RunEnd::Abandoned, app.clock.now(), app.clock.now()).await?;
            return Ok(app.clock.now());
        }
    };
    end(app, &run, outcome).await
}

async fn perform(app: &App, hubspot: &HubSpot, run: &Run) -> Outcome {
    let means = Means {
        hubspot,
        store: &app.store,
        intake: &app.intake,
        clock: &app.clock,
        portal_id: app.config.hubspot.portal_id,
    };
    let mut finder = Finder::new(means, since(run.mark, run.began));
    let (mut found, mut unknown, mut pages) = (0, 0, 0);
    loop {
        match finder.next().await {
            Ok(Some(seen)) => {
                found += seen.ids.len();
                unknown += seen.enqueued;
                pages += 1;
            }
            Ok(None) => return Outcome::Completed { found, unknown, pages },
            Err(trouble) => return Outcome::Failed(trouble),
        }
        if finder.is_over() {
            continue;
        }
        match app.store.extend_reconciliation(run, app.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return Outcome::Lost,
            Err(error) => return Outcome::Failed(error.into()),
        }
    }
}

async fn end(app: &App, run: &Run, outcome: Outcome) -> store::Result<Timestamp> {
    let now = app.clock.now();
    match outcome {
        Outcome::Completed { found, unknown, pages } => {
            let due = next_run(run.started, rand::random()).max(now);
            app.store.end_reconciliation(run, RunEnd::Done, due, now).await?;
            let since = since(run.mark, run.began).to_rfc3339();
            info!(event = "reconciliation_completed", %since, found, unknown, pages, "every ticket that HubSpot has is known");
            Ok(due)
        }
        Outcome::Failed(Trouble { error_type, why, retry_after }) => {
            if run.failing.as_deref() == Some(error_type) {
                debug!(error_type, error_message = %why, "HubSpot still cannot be searched");
            } else {
                warn!(event = "reconciliation_failed", error_type, error_message = %why, "cannot look for tickets whose webhook never came; this is said once until it works again");
            }
            let due = now.plus(retry_after);
            app.store.end_reconciliation(run, RunEnd::Failed { error_type, error: &why }, due, now).await?;
            Ok(due)
        }
        Outcome::Lost => Ok(now),
    }
}
