//! How it is ended: when unready, when the person says so, and not right after sleep.

use std::time::Duration;

use super::super::*;
use super::life::{Life, wait_announced};
use crate::exit::Ending;

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
