//! The workers: one loop per kind of job that claims what is due, performs it beside others and keeps its lease.

mod announce;
mod devices;
pub mod find;
pub mod outside;
pub mod providers;
mod reconcile;
pub mod test_ticket;
mod triage;
pub mod tunnel;
pub mod write_back;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

pub use self::triage::PATIENCE_WITH_NEW_TICKETS;
use crate::app::App;
use crate::queue::{EXTEND_EVERY, Job, Kind, Proof};
use crate::store::{self, Store, Ticket};

/// How often the queue is looked at when nobody says that there is work: of a shared database other orchestrators
/// notify us; with the file of an embedded one, a command such as `triage retry` cannot.
const fn poll(store: &Store) -> Duration {
    Duration::from_secs(if store.is_shared() { 5 } else { 1 })
}

/// How long a free slot may stay so under load, for others to become free too. Messages are written one after the other,
/// so whoever takes them has time.
const fn gather(kind: Kind) -> Duration {
    match kind {
        Kind::Triage | Kind::HubSpot => Duration::from_millis(2),
        Kind::Discord => Duration::from_millis(50),
    }
}

/// When nothing has come for so long, it is worth asking what is due next.
const LULL: Duration = Duration::from_millis(20);

/// How often tickets are looked for that wait too long.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// Pause after the database failed.
const DATABASE_PAUSE: Duration = Duration::from_millis(500);

/// How long work in progress may take to end after a stop; then it is handed back.
pub const DRAIN: Duration = Duration::from_secs(20);

/// How long handing back may take: a database that is silent is not waited for, and leases end by themselves.
const HAND_BACK: Duration = Duration::from_secs(2);

/// Pauses between attempts to store something double until they reach this: some 20 seconds in all.
const INSIST_UP_TO: Duration = Duration::from_secs(12);

/// Claims of the same job that no worker survived, after which a person has to look.
pub const MOST_TAKEOVERS: u32 = 5;

/// Discord jobs held at once; their messages are written one after the other, but their ends are stored together.
const ANNOUNCERS: usize = 64;

/// Verdicts written into HubSpot at once: its limits are per account, and its reader is in no hurry.
const WRITERS: usize = 4;

/// Runs the workers until `stop`, then lets them finish or hands their jobs back.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let abandon = CancellationToken::new();
    let loops = [(Kind::Triage, app.config.workers), (Kind::Discord, ANNOUNCERS), (Kind::HubSpot, WRITERS)];
    let loops = loops.map(|(kind, size)| {
        let crew = Crew {
            app: Arc::clone(&app),
            kind,
            size,
            slots: Arc::new(Semaphore::new(size)),
            tasks: tasks.clone(),
            abandon: abandon.clone(),
        };
        crew.run(stop.clone())
    });
    let wake_waiting = wake_waiting(&app, &stop);
    let probe = app.providers.probe_broken(&stop);
    let reconcile = reconcile::run(&app, &stop);
    let devices = devices::follow(&app, &stop);
    let outside = outside::run(&app, &stop);
    let all = async {
        tokio::join!(
            futures::future::join_all(loops),
            wake_waiting,
            probe,
            sweep(&app, &stop),
            reconcile,
            devices,
            outside
        );
        tasks.close();
        tasks.wait().await;
    };
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(app.drain_for).await;
    };
    tokio::select! {
        () = all => return,
        () = too_long => {}
    }
    warn!(event = "work_handed_back", jobs = tasks.len(), "handing back what could not be finished in time");
    abandon.cancel();
    tasks.close();
    let _ = tokio::time::timeout(HAND_BACK, tasks.wait()).await;
}

/// Brings forward what waited when this process starts, and from then on when a provider, Discord or HubSpot may be back.
async fn wake_waiting(app: &App, stop: &CancellationToken) {
    let mut due: Vec<_> = Kind::ALL.into_iter().map(|kind| (kind, Proof::Answers)).collect();
    loop {
        due = wake(app, due).await;
        let retry = async {
            if due.is_empty() {
                std::future::pending().await
            } else {
                tokio::time::sleep(DATABASE_PAUSE).await
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = retry => {}
            proof = app.providers.recovered() => due.push((Kind::Triage, proof)),
            () = app.hubspot_reads.works() => due.push((Kind::Triage, Proof::Reads)),
            () = app.discord_works() => due.push((Kind::Discord, Proof::Works)),
            () = app.hubspot_recovery.works() => due.push((Kind::HubSpot, Proof::Works)),
        }
    }
}

/// Tells the team of tickets that wait too long, where there is a channel to tell it.
async fn sweep(app: &App, stop: &CancellationToken) {
    while app.discord.is_some() {
        match app.store.announce_waiting(app.clock.now()).await {
            Ok(ids) => {
                for ticket_id in &ids {
                    warn!(
                        event = "waiting_announced",
                        ticket_id, "this ticket waits too long; a person should look"
                    );
                }
                if !ids.is_empty() {
                    app.wake.wake(Kind::Discord);
                    app.wake.changed();
                }
            }
            Err(error) => debug!(error = %error.chain(), "cannot look for waiting tickets"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

/// Returns what could not be woken because the database failed.
async fn wake(app: &App, due: Vec<(Kind, Proof)>) -> Vec<(Kind, Proof)> {
    let mut left = Vec::new();
    for (kind, proof) in due {
        match app.store.wake_waiting(kind, proof, app.clock.now()).await {
            Ok(woken) => {
                if woken > 0 {
                    info!(
                        event = "waiting_woken",
                        kind = kind.as_str(),
                        jobs = woken,
                        "what was waiting is tried again"
                    );
                }
                app.wake.wake(kind);
            }
            Err(error) => {
                debug!(error = %error.chain(), "cannot wake waiting jobs");
                left.push((kind, proof));
            }
        }
    }
    left
}

/// Whether a claim left jobs that are due.
enum More {
    Perhaps,
    No,
}

/// What has been read for a job, in one go with others.
#[derive(Default)]
struct Known {
    ticket: Option<Ticket>,
    subject: Option<announce::Read>,
}

/// The workers of one kind of job.
struct Crew {
    app: Arc<App>,
    kind: Kind,
    size: usize,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    abandon: CancellationToken,
}

impl Crew {
    async fn run(self, stop: CancellationToken) {
        if self.kind == Kind::Triage {
            tokio::select! {
                () = stop.cancelled() => return,
                // A ticket must not be sent to a machine that has said elsewhere that it cannot be used.
                () = self.app.providers.known() => {}
            }
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                // Free slots, to be taken when there are jobs for them.
                () = self.some_free() => {}
            }
            // Listen before looking, so that work which arrives in between is not missed.
            let mut woken = pin!(self.app.wake.woken(self.kind));
            woken.as_mut().enable();
            if stop.is_cancelled() {
                return;
            }
            let pause = match self.claim().await {
                Ok(More::Perhaps) => continue,
                Ok(More::No) => tokio::select! {
                    () = stop.cancelled() => return,
                    () = woken.as_mut() => continue,
                    () = tokio::time::sleep(LULL) => self.until_next_due().await,
                },
                Err(error) => {
                    warn!(event = "claim_failed", kind = self.kind.as_str(), error = %error.chain(), "cannot claim jobs");
                    DATABASE_PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = woken => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Completes when there is a free slot; under load shortly after, when there may be more of them: a claim costs the
    /// same for one job as for several.
    async fn some_free(&self) {
        drop(self.slots.acquire().await);
        let several = u32::try_from(self.size / 4).unwrap_or(u32::MAX).max(1);
        let _ = tokio::time::timeout(gather(self.kind), self.slots.acquire_many(several)).await;
    }

    /// Claims as many jobs as there are free slots and starts on them.
    async fn claim(&self) -> store::Result<More> {
        if self.is_stopped() {
            return Ok(More::No);
        }
        let free = self.slots.available_permits();
        let jobs = self.app.store.claim(self.kind, free, self.app.clock.now()).await?;
        let more = if jobs.len() < free { More::No } else { More::Perhaps };
        if self.kind == Kind::Triage && !jobs.is_empty() && self.app.providers.has_devices() {
            // What a device said to another orchestrator counts from this claim on, whether or not the news came through.
            let heard = self.app.providers.refresh(&self.app.store).await;
            heard.inspect_err(|error| debug!(error = %error.chain(), "cannot look what devices say")).ok();
        }
        let mut known = self.read(&jobs).await;
        for job in jobs {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { break };
            let (app, abandon) = (Arc::clone(&self.app), self.abandon.clone());
            let known = known.remove(job.ticket_id.as_str()).unwrap_or_default();
            self.tasks.spawn(async move {
                work(&app, &job, known, &abandon).await;
                drop(slot);
            });
        }
        Ok(more)
    }

    /// What the jobs are about, all at once; what cannot be read is read again, each by its worker.
    async fn read(&self, jobs: &[Job]) -> HashMap<String, Known> {
        let store = &self.app.store;
        match self.kind {
            Kind::Triage if !jobs.is_empty() => {
                let tickets = store.tickets_of(jobs).await.unwrap_or_default().into_iter();
                tickets.map(|(id, ticket)| (id, Known { ticket: Some(ticket), subject: None })).collect()
            }
            Kind::Discord if !jobs.is_empty() => {
                let at = Instant::now();
                let subjects = store.subjects_of(self.kind, jobs).await.unwrap_or_default().into_iter();
                let read = |subject| Some(announce::Read { subject, at });
                subjects.map(|(id, subject)| (id, Known { ticket: None, subject: read(subject) })).collect()
            }
            Kind::Triage | Kind::Discord | Kind::HubSpot => HashMap::new(),
        }
    }

    /// A webhook that is gone is not called again.
    fn is_stopped(&self) -> bool {
        self.kind == Kind::Discord && self.app.discord_stopped().is_some()
    }

    async fn until_next_due(&self) -> Duration {
        let poll = poll(&self.app.store);
        if self.is_stopped() {
            return poll;
        }
        match self.app.store.next_due(self.kind).await {
            Ok(Some(due)) => due.since(self.app.clock.now()).clamp(Duration::from_millis(10), poll),
            Ok(None) | Err(_) => poll,
        }
    }
}

/// Stores how a piece of work ended, again and again while the lease holds: a short absence of the database must not
/// cost a model call, or a second message.
async fn insist<T, F: Future<Output = store::Result<T>>>(store: impl Fn() -> F) -> store::Result<T> {
    let mut pause = Duration::from_millis(200);
    loop {
        match store().await {
            Err(error) if !error.is_about_data() && pause < INSIST_UP_TO => {
                warn!(event = "database_unreachable", error = %error.chain(), "trying again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            end => return end,
        }
    }
}

async fn work(app: &App, job: &Job, known: Known, abandon: &CancellationToken) {
    if job.takeovers > 0 {
        warn!(event = "job_taken_over", ticket_id = %job.ticket_id, kind = job.kind.as_str(), takeovers = job.takeovers, "its worker did not come back");
    }
    let perform = async {
        match job.kind {
            Kind::Triage => triage::perform(app, job, known.ticket).await,
            Kind::Discord => announce::perform(app, job, known.subject).await,
            Kind::HubSpot => write_back::perform(app, job).await,
        }
    };
    tokio::select! {
        done = perform => {
            // However it ended, a step of the ticket's life was stored.
            app.wake.changed();
            if let Err(error) = done {
                // The lease runs out, and the job is taken up again.
                error!(event = "job_interrupted", ticket_id = %job.ticket_id, kind = job.kind.as_str(), error = %error.chain(), "the database failed during a job");
            }
        }
        () = lose_lease(app, job) => {
            warn!(event = "lease_lost", ticket_id = %job.ticket_id, kind = job.kind.as_str(), "somebody else has this job");
        }
        () = abandon.cancelled() => {
            if let Err(error) = app.store.hand_back(job, app.clock.now()).await {
                warn!(event = "hand_back_failed", ticket_id = %job.ticket_id, error = %error.chain(), "its lease has to run out");
            }
        }
    }
}

/// Extends the lease for as long as it is ours; completes when it is not.
async fn lose_lease(app: &App, job: &Job) {
    loop {
        tokio::time::sleep(EXTEND_EVERY).await;
        match app.store.extend(job, app.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => debug!(error = %error.chain(), "cannot extend a lease"),
        }
    }
}
