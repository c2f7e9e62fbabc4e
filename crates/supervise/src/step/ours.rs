//! The states in which a process of ours is alive, or ordered.

use std::time::Duration;

use crate::exit::{Exit, Verdict, classify};
use crate::program::{Action, Input, Probe, Readiness, Run, State, Then};
use crate::saying::Saying;
use crate::{Kind, Moment};

use super::Turn;

/// The fields of [`State::Stopping`].
pub(super) struct End {
    pub(super) run: Run,
    pub(super) since: Moment,
    pub(super) then: Then,
    pub(super) killed: bool,
}

impl Turn<'_> {
    pub(super) fn starting(&mut self, run: Run, since: Moment, input: Input) -> State {
        match input {
            Input::Stop => self.terminate(run, Then::Stop),
            Input::Restart | Input::Retry => self.restart_afresh(run),
            Input::Quit => self.terminate(run, Then::Quit),
            Input::SpawnFailed { run: of, failure } if of == run => self.could_not_spawn(failure),
            Input::Exited { run: of, exit } if of == run => self.exited(since, &exit),
            Input::Probed { run: of, probe: Probe::Ready } if of == run => {
                self.actions.push(Action::Say(Saying::Ready));
                State::Running { run, since, readiness: Readiness::Ready { since: self.now } }
            }
            Input::Woke => {
                self.actions.push(Action::ProbeNow { run });
                State::Starting { run, since }
            }
            Input::Tick if self.now.since(since) >= self.limits.start && !self.is_just_awake() => {
                let seconds = self.limits.start.as_secs();
                self.end_unready(
                    run,
                    format!("{} was not ready within {seconds} s of its start.", self.kind()),
                )
            }
            Input::Start
            | Input::Installed
            | Input::NotInstalled
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherAnswers
            | Input::AnotherHolds
            | Input::NobodyAnswers
            | Input::Tick => State::Starting { run, since },
        }
    }

    pub(super) fn running(&mut self, run: Run, since: Moment, readiness: Readiness, input: Input) -> State {
        if self.is_well(&readiness) {
            self.program.failures = 0;
        }
        match input {
            Input::Stop => self.terminate(run, Then::Stop),
            Input::Restart | Input::Retry => self.restart_afresh(run),
            Input::Quit => self.terminate(run, Then::Quit),
            // Whoever answered the probe, it was not a process of ours.
            Input::SpawnFailed { run: of, failure } if of == run => self.could_not_spawn(failure),
            Input::Exited { run: of, exit } if of == run => self.exited(since, &exit),
            Input::Probed { run: of, probe } if of == run => {
                let readiness = self.probed(readiness, probe);
                State::Running { run, since, readiness }
            }
            Input::Woke => {
                self.actions.push(Action::ProbeNow { run });
                State::Running { run, since, readiness }
            }
            Input::Tick => match readiness {
                Readiness::Unready { since: unready }
                    if self.now.since(unready) >= self.limits.unready && !self.is_just_awake() =>
                {
                    self.end_unready(run, self.unready_sentence())
                }
                Readiness::Ready { .. } | Readiness::Unready { .. } => {
                    State::Running { run, since, readiness }
                }
            },
            Input::Start
            | Input::Installed
            | Input::NotInstalled
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherAnswers
            | Input::AnotherHolds
            | Input::NobodyAnswers => State::Running { run, since, readiness },
        }
    }

    pub(super) fn stopping(&mut self, end: End, input: Input) -> State {
        let End { run, since, then, killed } = end;
        match input {
            Input::Start | Input::Restart | Input::Retry => {
                State::Stopping { run, since, then: wish(then, Then::Restart { failure: None }), killed }
            }
            Input::Stop => State::Stopping { run, since, then: wish(then, Then::Stop), killed },
            Input::Quit => State::Stopping { run, since, then: Then::Quit, killed },
            // The order to end came before there was a process to end.
            Input::Spawned { run: of } if of == run => {
                self.actions.push(if killed { Action::Kill { run } } else { Action::Terminate { run } });
                State::Stopping { run, since, then, killed }
            }
            Input::SpawnFailed { run: of, .. } | Input::Exited { run: of, .. } if of == run => {
                self.over(then)
            }
            Input::Tick if self.now.since(since) >= self.limits.grace => {
                if !killed {
                    self.actions.push(Action::Say(Saying::Killed));
                }
                self.actions.push(Action::Kill { run });
                State::Stopping { run, since: self.now, then, killed: true }
            }
            Input::Installed
            | Input::NotInstalled
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Exited { .. }
            | Input::Probed { .. }
            | Input::AnotherAnswers
            | Input::AnotherHolds
            | Input::NobodyAnswers
            | Input::Woke
            | Input::Tick => State::Stopping { run, since, then, killed },
        }
    }

    fn probed(&mut self, readiness: Readiness, probe: Probe) -> Readiness {
        match (readiness, probe) {
            (Readiness::Ready { since }, Probe::Ready) => Readiness::Ready { since },
            (Readiness::Ready { .. }, Probe::NotReady | Probe::NoAnswer) => {
                self.actions.push(Action::Say(Saying::Unready));
                Readiness::Unready { since: self.now }
            }
            (Readiness::Unready { .. }, Probe::Ready) => {
                self.actions.push(Action::Say(Saying::Ready));
                Readiness::Ready { since: self.now }
            }
            (Readiness::Unready { since }, Probe::NotReady | Probe::NoAnswer) => Readiness::Unready { since },
        }
    }

    fn exited(&mut self, since: Moment, exit: &Exit) -> State {
        match classify(self.kind(), exit, self.now.since(since)) {
            Verdict::Clean => self.back_off(format!("{} was ended by something else.", self.kind())),
            Verdict::Restart { why } => self.back_off(why),
            // A second time in a row without health between, "at once" would spin.
            Verdict::RestartAtOnce { why } if self.program.failures > 0 => self.back_off(why),
            Verdict::RestartAtOnce { why } => {
                self.program.failures = 1;
                let after = Duration::ZERO;
                self.actions.push(Action::Say(Saying::StartsAgain { why, after }));
                self.look()
            }
            Verdict::CannotWork(reason) => self.give_up(reason),
        }
    }

    fn restart_afresh(&mut self, run: Run) -> State {
        self.program.failures = 0;
        self.terminate(run, Then::Restart { failure: None })
    }

    fn end_unready(&mut self, run: Run, why: String) -> State {
        self.actions.push(Action::Say(Saying::EndedForBeingUnready { why: why.clone() }));
        self.terminate(run, Then::Restart { failure: Some(why) })
    }

    fn terminate(&mut self, run: Run, then: Then) -> State {
        self.actions.push(Action::Terminate { run });
        State::Stopping { run, since: self.now, then, killed: false }
    }

    fn over(&mut self, then: Then) -> State {
        match then {
            Then::Stop => State::Stopped,
            Then::Restart { failure: None } => self.look(),
            Then::Restart { failure: Some(why) } => self.back_off(why),
            Then::Quit => State::Ended,
        }
    }

    fn is_well(&self, readiness: &Readiness) -> bool {
        match readiness {
            Readiness::Ready { since } => self.now.since(*since) >= self.limits.healthy,
            Readiness::Unready { .. } => false,
        }
    }

    fn unready_sentence(&self) -> String {
        let seconds = self.limits.unready.as_secs();
        match self.kind() {
            Kind::Ollama => format!("Ollama has not answered for {seconds} s."),
            Kind::Cloudflared => format!("cloudflared has had no connection to Cloudflare for {seconds} s."),
        }
    }
}

/// What follows the end, after the person wished for `new`. A quit is not taken back.
fn wish(old: Then, new: Then) -> Then {
    match old {
        Then::Quit => Then::Quit,
        Then::Stop | Then::Restart { .. } => new,
    }
}
