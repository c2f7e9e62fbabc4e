//! Speaks with the agent: runs it in this process, or follows the one that runs already.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use agent::context::Context;
use agent::handle::Handle;
use agent::resident::{NoSeat, Seat};
use agent::socket::{Page, Reply, Request};
use agent::status::Status;
use link::Triage;
use tokio_util::sync::CancellationToken;

/// How long after a failure the next try begins.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What the shell is told.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// How everything is.
    Status(Box<Status>),
    /// A ticket is new, or stands elsewhere than before.
    Triage(Box<Triage>),
    /// A person wants to see this.
    Open(Page, Option<String>),
    /// There is no agent, in sentences.
    Lost(String),
}

/// The way to the agent of the moment.
#[derive(Debug, Default)]
pub struct Line(RwLock<Option<Handle>>);

impl Line {
    /// The agent, when there is one.
    #[must_use]
    pub fn agent(&self) -> Option<Handle> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, handle: Option<Handle>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = handle;
    }
}

/// Runs or follows an agent until `stop`. When it returns, everything that an agent here started has ended.
pub async fn keep(line: &Line, tell: impl Fn(News), stop: CancellationToken) {
    again(line, &tell, &stop, || join(line, &tell, &stop)).await;
}

/// Follows the agent of another process until `stop`.
pub async fn follow(line: &Line, tell: impl Fn(News), stop: CancellationToken) {
    again(line, &tell, &stop, || async {
        match Context::read() {
            Ok(context) => follow_there(line, context.socket(), &tell, &stop).await,
            Err(problem) => problem.to_string(),
        }
    })
    .await;
}

/// `join` returns why there is no agent any more.
async fn again<F: Future<Output = String>>(
    line: &Line,
    tell: &impl Fn(News),
    stop: &CancellationToken,
    join: impl Fn() -> F,
) {
    loop {
        let why = join().await;
        line.set(None);
        if stop.is_cancelled() {
            return;
        }
        tell(News::Lost(why));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

/// Returns why there is no agent any more.
async fn join(line: &Line, tell: &impl Fn(News), stop: &CancellationToken) -> String {
    let context = match Context::read() {
        Ok(context) => context,
        Err(problem) => return problem.to_string(),
    };
    let socket = context.socket();
    match Seat::take(context) {
        Ok(seat) => {
            let agent = seat.handle();
            line.set(Some(agent.clone()));
            tokio::select! {
                () = seat.run(stop.clone()) => {}
                // It asks before the agent answers, and has nothing more to say when the agent has ended.
                () = async { watch(&agent, tell).await; std::future::pending::<()>().await } => {}
            }
            "The agent has ended.".to_owned()
        }
        Err(NoSeat::Taken) => follow_there(line, socket, tell, stop).await,
        Err(problem) => problem.to_string(),
    }
}

async fn follow_there(
    line: &Line,
    socket: PathBuf,
    tell: &impl Fn(News),
    stop: &CancellationToken,
) -> String {
    let agent = Handle::There(socket);
    line.set(Some(agent.clone()));
    tokio::select! {
        () = stop.cancelled() => {}
        () = watch(&agent, tell) => {}
    }
    "The agent that ran has ended.".to_owned()
}

async fn watch(agent: &Handle, tell: &impl Fn(News)) {
    let Ok(mut replies) = agent.ask(Request::Watch).await else { return };
    while let Some(reply) = replies.recv().await {
        match reply {
            Reply::Status(status) => tell(News::Status(status)),
            Reply::Triage(triage) => tell(News::Triage(triage)),
            Reply::Open { page, ticket_id } => tell(News::Open(page, ticket_id)),
            Reply::Failed { why, what_to_do } => tell(News::Lost(format!("{why} {what_to_do}"))),
            Reply::Line { .. }
            | Reply::Missed { .. }
            | Reply::Evidence { .. }
            | Reply::Secrets { .. }
            | Reply::Tested { .. }
            | Reply::Test { .. }
            | Reply::Answered { .. }
            | Reply::Done { .. } => {}
        }
    }
}
