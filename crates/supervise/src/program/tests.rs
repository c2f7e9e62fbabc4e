//! Walks through a program's life, one situation each.

use std::time::Duration;

use super::*;
use crate::exit::Ending;

#[test]
fn what_answers_already_is_adopted_and_never_started_beside() {
    let mut life = Life::of(Kind::Ollama);
    assert_eq!(life.tell(Input::Start), [Action::LookForAnother]);
    assert_eq!(life.tell(Input::AnotherAnswers), [Action::Say(Saying::Adopted)]);
    assert_eq!(life.tell(Input::Restart), [Action::Say(Saying::NotOurs)]);
    life.pass(3600, |life| assert_eq!(life.tell(Input::AnotherAnswers), []));
    assert_eq!(life.tell(Input::Stop), [Action::Say(Saying::NotOurs)]);
    assert_eq!(life.program.state, State::Stopped);
}

#[test]
fn an_adopted_program_gone_for_long_gives_way_to_ours() {
    let mut life = Life::of(Kind::Ollama);
    life.all([Input::Start, Input::AnotherAnswers, Input::NobodyAnswers]);
    life.wait(29);
    assert_eq!(life.tell(Input::NobodyAnswers), []);
    assert_eq!(life.tell(Input::AnotherHolds), [], "somebody is there: the count begins anew");
    life.wait(1);
    assert_eq!(life.tell(Input::NobodyAnswers), []);
    life.wait(30);
    let actions = life.tell(Input::NobodyAnswers);
    assert_eq!(actions, [Action::Say(Saying::AdoptedGone), Action::Spawn { run: Run(1) }]);
}

#[test]
fn an_adopted_program_gone_over_a_sleep_gets_half_a_minute_to_come_back() {
    let mut life = Life::of(Kind::Ollama);
    life.all([Input::Start, Input::AnotherAnswers, Input::NobodyAnswers]);
    life.wait(8 * 3600);
    assert_eq!(life.tell(Input::Woke), [Action::LookForAnother]);
    life.wait(29);
    assert_eq!(life.tell(Input::NobodyAnswers), []);
    life.wait(1);
    assert_eq!(life.tell(Input::NobodyAnswers).last(), Some(&Action::Spawn { run: Run(1) }));
}

#[test]
fn somebody_who_holds_the_address_without_answering_is_waited_for() {
    let mut life = Life::of(Kind::Ollama);
    life.all([Input::Start, Input::AnotherHolds]);
    let State::BackingOff { why, .. } = &life.program.state else { panic!("{:?}", life.program.state) };
    assert_eq!(why, "Something else holds Ollama's address.");
    life.wait(1);
    assert_eq!(life.tell(Input::Tick), [Action::LookForAnother]);
}

#[test]
fn ends_in_a_row_are_answered_more_and_more_slowly_and_a_minute_of_health_forgives() {
    let mut life = Life::of(Kind::Cloudflared);
    life.tell(Input::Start);
    for seconds in [1, 2, 5, 10, 30, 60, 60] {
        life.tell(Input::NobodyAnswers);
        let actions = life.exit(Ending::Code(1));
        assert_eq!(wait_announced(&actions), Some(Duration::from_secs(seconds)));
        life.wait(seconds - 1);
        assert_eq!(life.tell(Input::Tick), []);
        life.wait(1);
        assert_eq!(life.tell(Input::Tick), [Action::LookForAnother]);
    }
    life.tell(Input::NobodyAnswers);
    life.probe(Probe::Ready);
    life.wait(60);
    assert_eq!(wait_announced(&life.exit(Ending::Code(1))), Some(Duration::from_secs(1)));
}

#[test]
fn fifty_nine_seconds_of_health_do_not_forgive() {
    let mut life = Life::running(Kind::Cloudflared);
    life.exit(Ending::Code(1));
    life.wait(1);
    life.all([Input::Tick, Input::NobodyAnswers]);
    life.probe(Probe::Ready);
    life.wait(59);
    assert_eq!(wait_announced(&life.exit(Ending::Code(1))), Some(Duration::from_secs(2)));
}

#[test]
fn no_network_at_start_never_makes_it_give_up() {
    let mut life = Life::of(Kind::Cloudflared);
    life.tell(Input::Start);
    for _ in 0..100 {
        life.tell(Input::NobodyAnswers);
        life.exit_saying(Ending::Code(1), "Could not lookup srv records: no such host");
        assert!(matches!(life.program.state, State::BackingOff { .. }), "{:?}", life.program.state);
        life.wait(60);
        life.tell(Input::Tick);
    }
}

#[test]
fn a_bad_token_makes_it_give_up_until_the_person_retries() {
    let mut life = Life::of(Kind::Cloudflared);
    life.all([Input::Start, Input::NobodyAnswers]);
    let actions = life.exit_saying(Ending::Code(255), "Provided Tunnel token is not valid.");
    let [Action::Say(Saying::GaveUp(reason))] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(reason.why, "The tunnel token is not valid.");
    life.pass(3600, |life| assert_eq!(life.tell(Input::Tick), []));
    assert_eq!(life.tell(Input::Retry), [Action::LookForAnother]);
}

#[test]
fn what_somebody_starts_in_the_meantime_is_adopted() {
    for code in [1, 255] {
        let mut life = Life::of(Kind::Cloudflared);
        life.all([Input::Start, Input::NobodyAnswers]);
        life.exit(Ending::Code(code));
        assert_eq!(life.tell(Input::AnotherAnswers), [Action::Say(Saying::Adopted)]);
    }
}

#[test]
fn the_persons_wish_forgives_what_went_wrong_before() {
    for wish in [Input::Start, Input::Restart, Input::Retry] {
        let mut life = Life::of(Kind::Cloudflared);
        life.all([Input::Start, Input::NobodyAnswers]);
        life.exit(Ending::Code(1));
        assert_eq!(life.tell(wish), [Action::LookForAnother], "at once");
        life.tell(Input::NobodyAnswers);
        assert_eq!(wait_announced(&life.exit(Ending::Code(1))), Some(Duration::from_secs(1)));
        life.wait(1);
        life.all([Input::Tick, Input::NobodyAnswers, Input::Restart]);
        life.exit(Ending::Code(0));
        life.tell(Input::NobodyAnswers);
        assert_eq!(wait_announced(&life.exit(Ending::Code(1))), Some(Duration::from_secs(1)));
    }
}

#[test]
fn a_missing_file_makes_it_give_up_and_a_full_system_does_not() {
    for (failure, gives_up) in [
        (SpawnFailure::NotFound, true),
        (SpawnFailure::NotPermitted, true),
        (SpawnFailure::Other("too many processes".into()), false),
    ] {
        let mut life = Life::of(Kind::Ollama);
        life.all([Input::Start, Input::NobodyAnswers]);
        life.tell(Input::SpawnFailed { run: Run(1), failure });
        assert_eq!(matches!(life.program.state, State::GaveUp { .. }), gives_up, "{:?}", life.program.state);
    }
}

#[test]
fn an_update_is_followed_at_once_but_not_in_circles() {
    let mut life = Life::running(Kind::Cloudflared);
    assert_eq!(life.exit(Ending::Code(11)).last(), Some(&Action::LookForAnother));
    life.tell(Input::NobodyAnswers);
    life.probe(Probe::Ready);
    assert_eq!(wait_announced(&life.exit(Ending::Code(11))), Some(Duration::from_secs(2)));
}

#[test]
fn unready_for_too_long_is_ended_killed_and_started_again() {
    for (kind, limit, grace) in [(Kind::Cloudflared, 45, 10), (Kind::Ollama, 30, 5)] {
        let mut life = Life::running(kind);
        life.probe(Probe::NoAnswer);
        life.wait(limit - 1);
        life.probe(Probe::NotReady);
        assert_eq!(life.tell(Input::Tick), []);
        life.wait(1);
        assert_eq!(life.tell(Input::Tick).last(), Some(&Action::Terminate { run: Run(1) }));
        life.wait(grace - 1);
        assert_eq!(life.tell(Input::Tick), []);
        life.wait(1);
        assert_eq!(life.tell(Input::Tick), [Action::Say(Saying::Killed), Action::Kill { run: Run(1) }]);
        life.wait(grace);
        assert_eq!(life.tell(Input::Tick), [Action::Kill { run: Run(1) }], "until it is gone");
        assert_eq!(wait_announced(&life.exit(Ending::Signal(9))), Some(Duration::from_secs(1)));
    }
}

#[test]
fn a_moment_of_readiness_starts_the_count_anew() {
    let mut life = Life::running(Kind::Cloudflared);
    for _ in 0..10 {
        life.probe(Probe::NotReady);
        life.wait(44);
        assert_eq!(life.tell(Input::Tick), []);
        life.probe(Probe::Ready);
    }
}

#[test]
fn a_start_that_never_gets_ready_is_given_up_after_its_own_limit() {
    let mut life = Life::of(Kind::Ollama);
    life.all([Input::Start, Input::NobodyAnswers]);
    life.wait(59);
    life.probe(Probe::NoAnswer);
    assert_eq!(life.tell(Input::Tick), []);
    life.wait(1);
    assert_eq!(life.tell(Input::Tick).last(), Some(&Action::Terminate { run: Run(1) }));
}

#[test]
fn a_start_over_a_sleep_gets_half_a_minute_more() {
    let mut life = Life::of(Kind::Cloudflared);
    life.all([Input::Start, Input::NobodyAnswers]);
    life.wait(8 * 3600);
    assert_eq!(life.tell(Input::Woke), [Action::ProbeNow { run: Run(1) }]);
    life.pass(29, |life| assert_eq!(life.tell(Input::Tick), []));
    life.wait(1);
    assert_eq!(life.tell(Input::Tick).last(), Some(&Action::Terminate { run: Run(1) }));
}

#[test]
fn after_sleep_it_is_probed_and_left_alone_for_half_a_minute() {
    let mut life = Life::running(Kind::Cloudflared);
    life.probe(Probe::NotReady);
    life.wait(8 * 3600);
    assert_eq!(life.tell(Input::Woke), [Action::ProbeNow { run: Run(1) }]);
    life.pass(29, |life| assert_eq!(life.tell(Input::Tick), []));
    life.wait(1);
    assert_eq!(life.tell(Input::Tick).last(), Some(&Action::Terminate { run: Run(1) }));
}

#[test]
fn a_quit_ends_ours_and_leaves_others() {
    let mut life = Life::running(Kind::Ollama);
    assert_eq!(life.tell(Input::Quit), [Action::Terminate { run: Run(1) }]);
    assert_eq!(life.tell(Input::Start), [], "a quit is not taken back");
    assert_eq!(life.exit(Ending::Code(0)), []);
    assert_eq!(life.program.state, State::Ended);

    let mut life = Life::of(Kind::Ollama);
    life.all([Input::Start, Input::AnotherAnswers]);
    assert_eq!(life.tell(Input::Quit), []);
    assert_eq!(life.program.state, State::Ended);
}

#[test]
fn a_stop_before_there_is_a_process_ends_it_when_there_is_one() {
    let mut life = Life::of(Kind::Ollama);
    life.all([Input::Start, Input::NobodyAnswers, Input::Stop]);
    assert_eq!(life.tell(Input::Spawned { run: Run(1) }), [Action::Terminate { run: Run(1) }]);
    life.exit(Ending::Code(0));
    assert_eq!(life.program.state, State::Stopped);
}

#[test]
fn the_last_wish_counts_while_it_ends() {
    let mut life = Life::running(Kind::Ollama);
    life.all([Input::Restart, Input::Stop, Input::Start]);
    assert_eq!(life.exit(Ending::Code(0)), [Action::LookForAnother]);
    let mut life = Life::running(Kind::Ollama);
    life.all([Input::Restart, Input::Stop]);
    assert_eq!(life.exit(Ending::Code(0)), []);
    assert_eq!(life.program.state, State::Stopped);
}

#[test]
fn what_is_not_installed_is_still_looked_for_and_starts_when_it_comes() {
    let mut life = Life::of(Kind::Ollama);
    life.tell(Input::NotInstalled);
    assert_eq!(life.tell(Input::Start), [Action::LookForAnother]);
    assert_eq!(life.tell(Input::NobodyAnswers), []);
    assert_eq!(life.program.state, State::NotInstalled { wanted: true });
    assert_eq!(life.tell(Input::Installed), [Action::LookForAnother]);
    let mut life = Life::of(Kind::Ollama);
    life.all([Input::NotInstalled, Input::Start, Input::AnotherAnswers]);
    assert_eq!(life.program.state, State::Adopted { gone_since: None });
}

#[test]
fn a_lost_look_is_made_again() {
    let mut life = Life::of(Kind::Cloudflared);
    life.tell(Input::Start);
    life.wait(9);
    assert_eq!(life.tell(Input::Tick), []);
    life.wait(1);
    assert_eq!(life.tell(Input::Tick), [Action::LookForAnother]);
    assert_eq!(life.tell(Input::Woke), [Action::LookForAnother], "sleep may have swallowed it");
}

#[test]
fn the_state_is_shown_in_snake_case() {
    let life = Life::running(Kind::Ollama);
    let json = serde_json::to_value(&life.program.state).unwrap();
    let expected = r#"{"state":"running","run":1,"since":0,"readiness":{"ready":{"since":0}}}"#;
    assert_eq!(json, serde_json::from_str::<serde_json::Value>(expected).unwrap());
}

/// A program and its clock.
struct Life {
    program: Program,
    now: Moment,
}

impl Life {
    fn of(kind: Kind) -> Self {
        Self { program: Program::new(kind), now: Moment::default() }
    }

    fn running(kind: Kind) -> Self {
        let mut life = Self::of(kind);
        life.all([Input::Start, Input::NobodyAnswers, Input::Spawned { run: Run(1) }]);
        life.probe(Probe::Ready);
        assert!(matches!(life.program.state, State::Running { .. }), "{:?}", life.program.state);
        life
    }

    fn tell(&mut self, input: Input) -> Vec<Action> {
        let limits = Limits::of(self.program.kind);
        let (program, actions) = step(self.program.clone(), input, self.now, &limits);
        self.program = program;
        actions
    }

    fn all<const N: usize>(&mut self, inputs: [Input; N]) {
        for input in inputs {
            self.tell(input);
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    fn pass(&mut self, seconds: u64, each: impl Fn(&mut Self)) {
        for _ in 0..seconds {
            self.wait(1);
            each(self);
        }
    }

    fn probe(&mut self, probe: Probe) {
        self.tell(Input::Probed { run: self.program.last_run, probe });
    }

    fn exit(&mut self, ending: Ending) -> Vec<Action> {
        self.exit_saying(ending, "")
    }

    fn exit_saying(&mut self, ending: Ending, line: &str) -> Vec<Action> {
        let exit = Exit { ending, last_lines: vec![line.to_owned()] };
        self.tell(Input::Exited { run: self.program.last_run, exit })
    }
}

fn wait_announced(actions: &[Action]) -> Option<Duration> {
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
