//! The stream of changes: followed for ever, resumed where it broke off.

use std::time::Duration;

use ::link::Change;
use reqwest::Response;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::pace::Pace;
use super::sse::{Event, Parser};
use super::{Client, Error, Heard, Means};
use crate::model::linked::{MOST_RECENT, Said};

/// The orchestrator says something every 15 seconds; a stream that is silent for longer is dead.
const SILENT_FOR: Duration = Duration::from_secs(45);

/// Why a stream ended.
enum End {
    /// Nobody listens here.
    Unwanted,
    /// It broke off after it had worked.
    Broken,
    /// It could not be opened.
    Refused(Error),
}

/// Follows until nobody wants to know.
pub(super) async fn run(client: Client, means: Means, mut heard: watch::Receiver<Heard>) {
    let mut pace = Pace::default();
    loop {
        let Ok(_) = heard.wait_for(|heard| heard.answer.is_some()).await.map(drop) else { return };
        let asked = match follow(&client, &means).await {
            End::Unwanted => return,
            End::Broken => {
                pace.reset();
                None
            }
            End::Refused(error) => {
                debug!(event = "events_refused", %error, "the stream of changes cannot be opened");
                // What it does not take as a beginning would never be taken.
                if matches!(error, Error::Refused { status: 400, .. }) {
                    *means.kept.last_event() = None;
                }
                error.retry_after()
            }
        };
        sleep(pace.failed(asked, rand::random())).await;
    }
}

async fn follow(client: &Client, means: &Means) -> End {
    let after = means.kept.last_event().clone();
    let stream = match client.events(after.as_deref()).await {
        Ok(stream) => stream,
        Err(error) => return End::Refused(error),
    };
    // From an open stream on nothing is missed; what was before is asked for.
    let before = match beforehand(client, after.is_none()).await {
        Ok(before) => before,
        Err(error) => return End::Refused(error),
    };
    for said in before {
        if means.said.send(said).await.is_err() {
            return End::Unwanted;
        }
    }
    read(stream, means).await
}

/// The desk, which is another one only after the orchestrator was started anew, and everything of which changes tell.
async fn beforehand(client: &Client, is_first: bool) -> Result<Vec<Said>, Error> {
    let mut before = vec![Said::Desk(Box::new(client.me().await?.desk))];
    if is_first {
        before.push(Said::Tickets(client.triages(MOST_RECENT).await?.items));
        before.push(Said::Alerts(Box::new(client.alerts().await?)));
    }
    Ok(before)
}

async fn read(mut stream: Response, means: &Means) -> End {
    let mut parser = Parser::default();
    let mut was_read = false;
    while let Ok(Ok(Some(bytes))) = timeout(SILENT_FOR, stream.chunk()).await {
        was_read = true;
        for Event { id, data } in parser.read(&bytes) {
            match serde_json::from_str::<Change>(&data) {
                Ok(change) => {
                    if means.said.send(Said::Changed(Box::new(change))).await.is_err() {
                        return End::Unwanted;
                    }
                }
                // A newer orchestrator may say more than this agent understands.
                Err(error) => debug!(event = "change_unreadable", %error, "a change is not understood"),
            }
            if id.is_some() {
                *means.kept.last_event() = id;
            }
        }
    }
    if was_read {
        End::Broken
    } else {
        End::Refused(Error::Unreachable("the stream ended at once".to_owned()))
    }
}
