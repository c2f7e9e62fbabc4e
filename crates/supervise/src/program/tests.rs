//! Walks through a program's life, one situation each: how it is started, adopted, and started again.

mod ending;
mod life;

use std::time::Duration;

use super::*;
use crate::exit::Ending;
use life::{Life, wait_announced};

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
        (SpawnFailure::CannotWork(reason()), true),
        (SpawnFailure::Other("too many processes".into()), false),
    ] {
        let mut life = Life::of(Kind::Ollama);
        life.all([Input::Start, Input::NobodyAnswers]);
        life.tell(Input::SpawnFailed { run: Run(1), failure });
        assert_eq!(matches!(life.program.state, State::GaveUp { .. }), gives_up, "{:?}", life.program.state);
    }
}

#[test]
fn what_is_not_set_up_rests_without_being_given_up_until_the_person_has_set_it_up() {
    for wish in [Input::Start, Input::Restart, Input::Retry] {
        let mut life = Life::of(Kind::Cloudflared);
        life.all([Input::Start, Input::NobodyAnswers]);
        let failure = SpawnFailure::NotSetUp(reason());
        assert_eq!(
            life.tell(Input::SpawnFailed { run: Run(1), failure }),
            [Action::Say(Saying::NotSetUp(reason()))]
        );
        life.pass(3600, |life| assert_eq!(life.tell(Input::Tick), []));
        assert_eq!(life.program.state, State::NotSetUp { reason: reason() });
        assert_eq!(life.tell(wish), [Action::LookForAnother]);
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

fn reason() -> Reason {
    Reason { why: "The tunnel is not set up.".into(), what_to_do: "Set it up.".into() }
}

#[test]
fn the_state_is_shown_in_snake_case() {
    let life = Life::running(Kind::Ollama);
    let json = serde_json::to_value(&life.program.state).unwrap();
    let expected = r#"{"state":"running","run":1,"since":0,"readiness":{"ready":{"since":0}}}"#;
    assert_eq!(json, serde_json::from_str::<serde_json::Value>(expected).unwrap());
}
