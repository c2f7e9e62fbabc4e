//! Starts programs, reports what becomes of them, and ends them. Each leads a process group of its own; when the leader
//! has ended, the rest of its group is ended too.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use supervise::Kind;
use supervise::exit::{Ending, Exit};
use supervise::program::{Input, Run, SpawnFailure};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::guard::Guard;
use super::launch::{Launch, Placed};
use super::logs::{Log, Stream, drain};
use super::pidfile::PidFiles;
use super::platform::{self, Group};

/// How many last lines go with an end. A help text begins with what it is known by, a hundred lines before its end.
const LAST_LINES: usize = 200;
/// After the end of a group its pipes are empty at once; what left the group may hold them open.
const DRAIN: Duration = Duration::from_secs(1);

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Of which program.
    pub kind: Kind,
    /// Of which start; each program counts its own.
    pub run: Run,
    /// What.
    pub what: What,
}

/// What became of a start. Each is answered by `SpawnFailed`, or by `Spawned` and later `Exited`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// There is a process.
    Spawned {
        /// Its number, and that of its group.
        pid: u32,
    },
    /// There is none.
    SpawnFailed {
        /// Why.
        failure: SpawnFailure,
    },
    /// It has ended, and what it started with it.
    Exited {
        /// How.
        exit: Exit,
        /// How long it was there.
        ran: Duration,
    },
}

impl News {
    /// The same for the program's life.
    #[must_use]
    pub fn into_input(self) -> Input {
        let run = self.run;
        match self.what {
            What::Spawned { .. } => Input::Spawned { run },
            What::SpawnFailed { failure } => Input::SpawnFailed { run, failure },
            What::Exited { exit, .. } => Input::Exited { run, exit },
        }
    }
}

/// What goes along with every program.
#[derive(Debug)]
pub struct Keep {
    /// Ends the programs when we are killed. None when it could not be started.
    pub guard: Option<Guard>,
    /// Notes which processes are ours.
    pub pids: PidFiles,
    /// What Ollama prints.
    pub ollama: Log,
    /// What cloudflared prints.
    pub cloudflared: Log,
}

impl Keep {
    /// The log of a program.
    #[must_use]
    pub fn log(&self, kind: Kind) -> &Log {
        match kind {
            Kind::Ollama => &self.ollama,
            Kind::Cloudflared => &self.cloudflared,
        }
    }
}

/// Runs the programs.
#[derive(Debug, Clone)]
pub struct Runner(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    news: mpsc::Sender<News>,
    keep: Keep,
    live: Mutex<BTreeMap<(Kind, Run), Live>>,
}

#[derive(Debug)]
struct Live {
    group: Group,
    private_file: Option<Placed>,
}

impl Runner {
    /// Reports to `news`.
    #[must_use]
    pub fn new(news: mpsc::Sender<News>, keep: Keep) -> Self {
        Self(Arc::new(Shared { news, keep, live: Mutex::default() }))
    }

    /// What goes along with the programs.
    #[must_use]
    pub fn keep(&self) -> &Keep {
        &self.0.keep
    }

    /// Starts a program.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(&self, run: Run, launch: &Launch) {
        let (runner, kind) = (self.clone(), launch.kind);
        match self.start(run, launch) {
            Ok((child, pid)) => drop(tokio::spawn(runner.attend(kind, run, child, pid))),
            Err(failure) => {
                drop(tokio::spawn(
                    async move { runner.tell(kind, run, What::SpawnFailed { failure }).await },
                ));
            }
        }
    }

    /// The program can be used: its private file has been read and goes.
    pub fn ready(&self, kind: Kind, run: Run) {
        if let Some(live) = self.live().get_mut(&(kind, run)) {
            live.private_file = None;
        }
    }

    /// Asks the program to end. It may take its time, and ends its own children.
    pub fn terminate(&self, kind: Kind, run: Run) {
        if let Some(live) = self.live().get(&(kind, run)) {
            live.group.terminate();
        }
    }

    /// Ends the program and everything in its group.
    pub fn kill(&self, kind: Kind, run: Run) {
        if let Some(live) = self.live().get(&(kind, run)) {
            live.group.kill();
        }
    }

    fn start(&self, run: Run, launch: &Launch) -> Result<(Child, u32), SpawnFailure> {
        let placed = launch.private_file.as_ref().map(super::launch::PrivateFile::place).transpose();
        let private_file = placed.map_err(|problem| other("its private file", &problem))?;
        let log = self.0.keep.log(launch.kind);
        log.begin(launch.secrets());
        let mut child = command(launch).spawn().map_err(|problem| failure(&problem))?;
        let group = Group::of(&child).map_err(|problem| {
            drop(child.start_kill());
            other("its group", &problem)
        })?;
        let pid = child.id().unwrap_or_default();
        if let Some(guard) = &self.0.keep.guard {
            guard.watch(pid);
        }
        if let Err(problem) = self.0.keep.pids.record(launch.kind, pid) {
            log.note(&format!("Its process id cannot be noted: {problem}."));
        }
        self.live().insert((launch.kind, run), Live { group, private_file });
        Ok((child, pid))
    }

    /// From the start of a process to its end.
    async fn attend(self, kind: Kind, run: Run, mut child: Child, pid: u32) {
        let (started, log) = (Instant::now(), self.0.keep.log(kind).clone());
        let out = child.stdout.take().map(|pipe| tokio::spawn(drain(log.clone(), Stream::Out, pipe)));
        let err = child.stderr.take().map(|pipe| tokio::spawn(drain(log.clone(), Stream::Err, pipe)));
        self.tell(kind, run, What::Spawned { pid }).await;
        let ending = child.wait().await.map_or(Ending::Code(-1), platform::ending);
        let ran = started.elapsed();
        if let Some(live) = self.live().remove(&(kind, run)) {
            live.group.kill();
        }
        if let Some(guard) = &self.0.keep.guard {
            guard.release(pid);
        }
        self.0.keep.pids.forget(kind, pid);
        for pipe in [out, err].into_iter().flatten() {
            // What left the group keeps its pipe, and the end is reported without the rest.
            drop(tokio::time::timeout(DRAIN, pipe).await);
        }
        let exit = Exit { ending, last_lines: log.last_words(LAST_LINES) };
        self.tell(kind, run, What::Exited { exit, ran }).await;
    }

    async fn tell(&self, kind: Kind, run: Run, what: What) {
        // Nobody listens when everything ends.
        drop(self.0.news.send(News { kind, run, what }).await);
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<(Kind, Run), Live>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.program);
    for name in &launch.env_remove {
        command.env_remove(name);
    }
    command.args(&launch.args).envs(launch.env.iter().map(|(name, value)| (name, value.text())));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Group::prepare(&mut command);
    command
}

fn failure(problem: &io::Error) -> SpawnFailure {
    let kind = problem.kind();
    if kind == io::ErrorKind::NotFound {
        SpawnFailure::NotFound
    } else if kind == io::ErrorKind::PermissionDenied {
        SpawnFailure::NotPermitted
    } else {
        SpawnFailure::Other(problem.to_string())
    }
}

fn other(what: &str, problem: &io::Error) -> SpawnFailure {
    SpawnFailure::Other(format!("{what}: {problem}"))
}
