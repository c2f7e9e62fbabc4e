//! One program's life: started once, watched, started again when it ends, ended when the person says so.
//!
//! ```text
//!  NotInstalled <-- Looking --nobody--> Starting --ready--> Running
//!                      |  ^                |   |               | ended, unready
//!         somebody else|  |until           |   +--cannot--> GaveUp, NotSetUp
//!                      v  |                v
//!                   Adopted  BackingOff <--+--- Stopping (asked to end, then killed) --> Stopped, Ended
//! ```
//!
//! The runner does what the actions say and reports back. It owes two things: every [`Action::Spawn`] is answered by
//! `Spawned` or `SpawnFailed`, and every `Spawned` by one `Exited`. While the state is `Starting` or `Running` it
//! probes the program every few seconds; while it is `Adopted` it looks at the address instead. A `Tick` about once a
//! second moves time.

use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Reason};
use crate::limits::Limits;
use crate::saying::Saying;
use crate::step::Turn;
use crate::{Kind, Moment};

/// The number of a start: every spawn has its own, so that late news of an earlier one is known as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Run(pub u64);

/// Whether a running program can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Yes.
    Ready {
        /// Since when without interruption.
        since: Moment,
    },
    /// No.
    Unready {
        /// Since when without interruption.
        since: Moment,
    },
}

/// What follows when a program that was asked to end has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Nothing until the person says so.
    Stop,
    /// It is started again.
    Restart {
        /// The sentence why, when it was not the person's wish: it then counts as a failure.
        failure: Option<String>,
    },
    /// Nothing any more.
    Quit,
}

/// Where a program stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It is not on this machine.
    NotInstalled {
        /// It is to be started once it is.
        wanted: bool,
    },
    /// It is not to run.
    Stopped,
    /// Its address is looked at, so that it is never started beside another.
    Looking {
        /// When the last look was ordered.
        since: Moment,
    },
    /// Somebody else's process does the work. It is watched, never ended.
    Adopted {
        /// Nobody has been at the address since.
        gone_since: Option<Moment>,
    },
    /// Ours, ordered, and not ready so far.
    Starting {
        /// Which start.
        run: Run,
        /// When it was ordered.
        since: Moment,
    },
    /// Ours, and it has been ready.
    Running {
        /// Which start.
        run: Run,
        /// When it was ordered.
        since: Moment,
        /// Whether it can be used.
        readiness: Readiness,
    },
    /// It ended; it is left alone until then.
    BackingOff {
        /// Ends in a row.
        attempt: u32,
        /// When the next try is due.
        until: Moment,
        /// The sentence why.
        why: String,
    },
    /// It was asked to end.
    Stopping {
        /// Which start.
        run: Run,
        /// When it was last asked or killed.
        since: Moment,
        /// What follows.
        then: Then,
        /// It did not end in time and was killed.
        killed: bool,
    },
    /// There is nothing for it to do before somebody sets it up.
    NotSetUp {
        /// What is missing, and what to do.
        reason: Reason,
    },
    /// Starting it again cannot help.
    GaveUp {
        /// Why, and what to do.
        reason: Reason,
    },
    /// The agent quits; nothing is started any more.
    Ended,
}

impl State {
    /// Which start of ours is to be probed, and when it was ordered; `None` while none is.
    pub fn alive(&self) -> Option<(Run, Moment)> {
        match self {
            Self::Starting { run, since } | Self::Running { run, since, .. } => Some((*run, *since)),
            Self::NotInstalled { .. }
            | Self::Stopped
            | Self::Looking { .. }
            | Self::Adopted { .. }
            | Self::BackingOff { .. }
            | Self::Stopping { .. }
            | Self::NotSetUp { .. }
            | Self::GaveUp { .. }
            | Self::Ended => None,
        }
    }
}

/// Why a process could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpawnFailure {
    /// There is no such file.
    NotFound,
    /// The file may not be executed.
    NotPermitted,
    /// It has nothing to do before somebody sets it up.
    NotSetUp(Reason),
    /// What it needs is there and cannot be used.
    CannotWork(Reason),
    /// Anything else, in the system's words.
    Other(String),
}

/// What a probe of our own process found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It can be used (cloudflared: `/ready` says 200; Ollama: `/api/version` answers).
    Ready,
    /// It answers and says that it cannot be used.
    NotReady,
    /// It does not answer.
    NoAnswer,
}

/// What a program's life is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The person wants it to run.
    Start,
    /// The person does not want it to run.
    Stop,
    /// The person wants it to start afresh.
    Restart,
    /// The person has mended what made it give up.
    Retry,
    /// The agent quits.
    Quit,
    /// It is on this machine.
    Installed,
    /// It is not on this machine.
    NotInstalled,
    /// A start has a process.
    Spawned {
        /// Which.
        run: Run,
    },
    /// A start has no process.
    SpawnFailed {
        /// Which.
        run: Run,
        /// Why.
        failure: SpawnFailure,
    },
    /// A process has ended.
    Exited {
        /// Which.
        run: Run,
        /// How.
        exit: Exit,
    },
    /// A process was probed.
    Probed {
        /// Which.
        run: Run,
        /// With what result.
        probe: Probe,
    },
    /// A look at the address: somebody else's program answers as this one would.
    AnotherAnswers,
    /// A look at the address: somebody holds it without answering as this program would.
    AnotherHolds,
    /// A look at the address: nobody is there (the connection is refused).
    NobodyAnswers,
    /// The machine woke from sleep.
    Woke,
    /// Time has passed.
    Tick,
}

/// What the runner is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Look who is at the program's address, and report.
    LookForAnother,
    /// Start a process.
    Spawn {
        /// The number of this start.
        run: Run,
    },
    /// Probe our process at once, out of turn.
    ProbeNow {
        /// Which.
        run: Run,
    },
    /// Ask the process to end (SIGTERM; on Windows Ctrl+Break).
    Terminate {
        /// Which.
        run: Run,
    },
    /// End the process and everything it started.
    Kill {
        /// Which.
        run: Run,
    },
    /// Note it in the log, and tell who listens.
    Say(Saying),
}

/// One program and what must be remembered of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) last_run: Run,
    pub(crate) failures: u32,
    pub(crate) woke: Option<Moment>,
}

impl Program {
    /// A program nobody has asked for so far.
    pub fn new(kind: Kind) -> Self {
        Self { kind, state: State::Stopped, last_run: Run(0), failures: 0, woke: None }
    }

    /// Which program.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How often it has been started.
    pub fn starts(&self) -> u64 {
        self.last_run.0
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// Takes one input at `now`: the program after it, and what is to be done, in order.
pub fn step(program: Program, input: Input, now: Moment, limits: &Limits) -> (Program, Vec<Action>) {
    Turn::new(program, now, limits).take(input)
}

#[cfg(test)]
mod tests;
