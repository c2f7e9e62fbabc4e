//! One turn of a program's life: every state against every input. The states without a process of ours are here,
//! those with one in `ours`.

mod ours;

use crate::backoff;
use crate::exit::Reason;
use crate::limits::Limits;
use crate::program::{Action, Input, Program, Run, SpawnFailure, State};
use crate::saying::Saying;
use crate::{Kind, Moment};

/// One input being taken.
pub(crate) struct Turn<'a> {
    program: Program,
    now: Moment,
    limits: &'a Limits,
    actions: Vec<Action>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(program: Program, now: Moment, limits: &'a Limits) -> Self {
        Self { program, now, limits, actions: Vec::new() }
    }

    pub(crate) fn take(mut self, input: Input) -> (Program, Vec<Action>) {
        if input == Input::Woke {
            self.program.woke = Some(self.now);
        }
        let state = match self.program.state.clone() {
            State::NotInstalled { wanted } => self.not_installed(wanted, input),
            State::Stopped => self.stopped(input),
            State::Looking { since } => self.looking(since, input),
            State::Adopted { gone_since } => self.adopted(gone_since, input),
            State::Starting { run, since } => self.starting(run, since, input),
            State::Running { run, since, readiness } => self.running(run, since, readiness, input),
            State::BackingOff { attempt, until, why } => self.backing_off(attempt, until, why, input),
            State::Stopping { run, since, then, killed } => {
                self.stopping(ours::End { run, since, then, killed }, input)
            }
            State::NotSetUp { reason } => self.at_rest(State::NotSetUp { reason }, input),
            State::GaveUp { reason } => self.at_rest(State::GaveUp { reason }, input),
            State::Ended => State::Ended,
        };
        self.program.state = state;
        (self.program, self.actions)
    }

    fn not_installed(&mut self, wanted: bool, input: Input) -> State {
        match input {
            // It may run here all the same: in a container, or where the search did not find it.
            Input::Start | Input::Restart | Input::Retry => {
                self.program.failures = 0;
                self.actions.push(Action::LookForAnother);
                State::NotInstalled { wanted: true }
            }
            Input::Stop => State::NotInstalled { wanted: false },
            Input::Quit => State::Ended,
            Input::Installed if wanted => self.look(),
            Input::Installed => State::Stopped,
            Input::AnotherAnswers if wanted => self.adopt(),
            Input::NotInstalled
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherAnswers
            | Input::AnotherHolds
            | Input::NobodyAnswers
            | Input::Woke
            | Input::Tick => State::NotInstalled { wanted },
        }
    }

    fn stopped(&mut self, input: Input) -> State {
        match input {
            Input::Start | Input::Restart | Input::Retry => self.look_afresh(),
            Input::Quit => State::Ended,
            Input::NotInstalled => State::NotInstalled { wanted: false },
            Input::Stop
            | Input::Installed
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherAnswers
            | Input::AnotherHolds
            | Input::NobodyAnswers
            | Input::Woke
            | Input::Tick => State::Stopped,
        }
    }

    fn looking(&mut self, since: Moment, input: Input) -> State {
        match input {
            Input::Stop => State::Stopped,
            Input::Quit => State::Ended,
            Input::NotInstalled => {
                self.actions.push(Action::LookForAnother);
                State::NotInstalled { wanted: true }
            }
            Input::AnotherAnswers => self.adopt(),
            Input::AnotherHolds => {
                let why = format!("Something else holds {}'s address.", self.program.kind);
                self.back_off(why)
            }
            Input::NobodyAnswers => self.spawn(),
            Input::Woke => self.look(),
            Input::Tick if self.now.since(since) >= self.limits.look => self.look(),
            Input::Start
            | Input::Restart
            | Input::Retry
            | Input::Installed
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::Tick => State::Looking { since },
        }
    }

    fn adopted(&mut self, gone_since: Option<Moment>, input: Input) -> State {
        match input {
            Input::Stop => {
                self.actions.push(Action::Say(Saying::NotOurs));
                State::Stopped
            }
            Input::Restart => {
                self.actions.push(Action::Say(Saying::NotOurs));
                State::Adopted { gone_since }
            }
            Input::Quit => State::Ended,
            Input::AnotherAnswers | Input::AnotherHolds => State::Adopted { gone_since: None },
            Input::NobodyAnswers => {
                let gone = gone_since.unwrap_or(self.now);
                if self.now.since(gone) < self.limits.gone || self.is_just_awake() {
                    return State::Adopted { gone_since: Some(gone) };
                }
                self.program.failures = 0;
                self.actions.push(Action::Say(Saying::AdoptedGone));
                self.spawn()
            }
            Input::Woke => {
                self.actions.push(Action::LookForAnother);
                State::Adopted { gone_since }
            }
            Input::Start
            | Input::Retry
            | Input::Installed
            | Input::NotInstalled
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::Tick => State::Adopted { gone_since },
        }
    }

    fn backing_off(&mut self, attempt: u32, until: Moment, why: String, input: Input) -> State {
        match input {
            Input::Start | Input::Restart | Input::Retry => self.look_afresh(),
            Input::Stop => State::Stopped,
            Input::Quit => State::Ended,
            Input::NotInstalled => State::NotInstalled { wanted: true },
            Input::AnotherAnswers => self.adopt(),
            Input::Tick if self.now >= until => self.look(),
            Input::Installed
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherHolds
            | Input::NobodyAnswers
            | Input::Woke
            | Input::Tick => State::BackingOff { attempt, until, why },
        }
    }

    /// Nothing is tried before the person wants it.
    fn at_rest(&mut self, state: State, input: Input) -> State {
        match input {
            Input::Start | Input::Restart | Input::Retry => self.look_afresh(),
            Input::Stop => State::Stopped,
            Input::Quit => State::Ended,
            Input::NotInstalled => State::NotInstalled { wanted: true },
            Input::AnotherAnswers => self.adopt(),
            Input::Installed
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherHolds
            | Input::NobodyAnswers
            | Input::Woke
            | Input::Tick => state,
        }
    }

    /// The person's wish: what went wrong before no longer counts.
    fn look_afresh(&mut self) -> State {
        self.program.failures = 0;
        self.look()
    }

    fn look(&mut self) -> State {
        self.actions.push(Action::LookForAnother);
        State::Looking { since: self.now }
    }

    fn adopt(&mut self) -> State {
        self.program.failures = 0;
        self.actions.push(Action::Say(Saying::Adopted));
        State::Adopted { gone_since: None }
    }

    fn spawn(&mut self) -> State {
        let run = Run(self.program.last_run.0 + 1);
        self.program.last_run = run;
        self.actions.push(Action::Spawn { run });
        State::Starting { run, since: self.now }
    }

    /// Counts a failure and waits before the next try.
    fn back_off(&mut self, why: String) -> State {
        self.program.failures = self.program.failures.saturating_add(1);
        let (attempt, after) = (self.program.failures, backoff::delay(self.program.failures));
        self.actions.push(Action::Say(Saying::StartsAgain { why: why.clone(), after }));
        State::BackingOff { attempt, until: self.now.plus(after), why }
    }

    fn give_up(&mut self, reason: Reason) -> State {
        self.actions.push(Action::Say(Saying::GaveUp(reason.clone())));
        State::GaveUp { reason }
    }

    fn could_not_spawn(&mut self, failure: SpawnFailure) -> State {
        let kind = self.program.kind;
        match failure {
            SpawnFailure::NotFound => self.give_up(Reason {
                why: format!("{kind} is not where it is expected to be."),
                what_to_do: "Install it, or correct the path to it in the settings, then choose Retry."
                    .to_owned(),
            }),
            SpawnFailure::NotPermitted => self.give_up(Reason {
                why: format!("The system does not allow {kind} to be started."),
                what_to_do: "Make the file executable for this account, then choose Retry.".to_owned(),
            }),
            SpawnFailure::NotSetUp(reason) => {
                self.actions.push(Action::Say(Saying::NotSetUp(reason.clone())));
                State::NotSetUp { reason }
            }
            SpawnFailure::CannotWork(reason) => self.give_up(reason),
            SpawnFailure::Other(why) => self.back_off(format!("{kind} could not be started: {why}.")),
        }
    }

    /// So shortly after sleep, silence says nothing.
    fn is_just_awake(&self) -> bool {
        self.program.woke.is_some_and(|woke| self.now.since(woke) < self.limits.wake)
    }

    fn kind(&self) -> Kind {
        self.program.kind
    }
}
