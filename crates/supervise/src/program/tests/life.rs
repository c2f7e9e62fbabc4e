//! A program whose inputs are given by hand.

use std::time::Duration;

use super::super::*;
use crate::exit::Ending;

/// A program and its clock.
pub(super) struct Life {
    pub(super) program: Program,
    now: Moment,
}

impl Life {
    pub(super) fn of(kind: Kind) -> Self {
        Self { program: Program::new(kind), now: Moment::default() }
    }

    pub(super) fn running(kind: Kind) -> Self {
        let mut life = Self::of(kind);
        life.all([Input::Start, Input::NobodyAnswers, Input::Spawned { run: Run(1) }]);
        life.probe(Probe::Ready);
        assert!(matches!(life.program.state, State::Running { .. }), "{:?}", life.program.state);
        life
    }

    pub(super) fn tell(&mut self, input: Input) -> Vec<Action> {
        let limits = Limits::of(self.program.kind);
        let (program, actions) = step(self.program.clone(), input, self.now, &limits);
        self.program = program;
        actions
    }

    pub(super) fn all<const N: usize>(&mut self, inputs: [Input; N]) {
        for input in inputs {
            self.tell(input);
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    pub(super) fn pass(&mut self, seconds: u64, each: impl Fn(&mut Self)) {
        for _ in 0..seconds {
            self.wait(1);
            each(self);
        }
    }

    pub(super) fn probe(&mut self, probe: Probe) {
        self.tell(Input::Probed { run: self.program.last_run, probe });
    }

    pub(super) fn exit(&mut self, ending: Ending) -> Vec<Action> {
        self.exit_saying(ending, "")
    }

    pub(super) fn exit_saying(&mut self, ending: Ending, line: &str) -> Vec<Action> {
        let exit = Exit { ending, last_lines: vec![line.to_owned()] };
        self.tell(Input::Exited { run: self.program.last_run, exit })
    }
}

pub(super) fn wait_announced(actions: &[Action]) -> Option<Duration> {
    actions.iter().find_map(|action| match action {
        Action::Say(Saying::StartsAgain { after, .. }) => Some(*after),
        Action::LookForAnother
        | Action::Spawn { .. }
        | Action::ProbeNow { .. }
        | Action::Terminate { .. }
        | Action::Kill { .. }
        | Action::Say(_) => None,
    })
}
