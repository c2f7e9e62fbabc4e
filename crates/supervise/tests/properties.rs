//! Properties of a program's life under any inputs, and of a life in a world that cooperates.

use std::time::Duration;

use proptest::prelude::*;
use supervise::exit::{Ending, Exit, Reason};
use supervise::limits::Limits;
use supervise::program::{Action, Input, Probe, Program, Run, SpawnFailure, State, step};
use supervise::{Kind, Moment};

/// An input with a run number counted back from the latest: 0 is the latest itself.
type Choice = (u8, u64, i32);

fn choices() -> impl Strategy<Value = Vec<(Choice, u64)>> {
    let code = prop_oneof![Just(0), Just(1), Just(11), Just(255)];
    prop::collection::vec(((0u8..20, 0u64..3, code), 0u64..20_000), 1..300)
}

fn input((choice, back, code): Choice, latest: u64) -> Input {
    let run = Run(latest.saturating_sub(back / 2));
    match choice {
        0 | 1 => Input::Start,
        2 => Input::Stop,
        3 => Input::Restart,
        4 => Input::Retry,
        5 => Input::Installed,
        6 => Input::NotInstalled,
        7 => Input::Spawned { run },
        8 => Input::SpawnFailed { run, failure: SpawnFailure::Other("full".into()) },
        9 => Input::SpawnFailed { run, failure: not_started(code) },
        10 => Input::Exited { run, exit: Exit { ending: Ending::Code(code), last_lines: vec![] } },
        11 | 12 => Input::Probed { run, probe: Probe::Ready },
        13 => Input::Probed { run, probe: Probe::NoAnswer },
        14 => Input::AnotherAnswers,
        15 => Input::AnotherHolds,
        16 | 17 => Input::NobodyAnswers,
        18 => Input::Woke,
        _ => Input::Tick,
    }
}

fn not_started(code: i32) -> SpawnFailure {
    let reason = Reason { why: "It is not set up.".into(), what_to_do: "Set it up.".into() };
    if code == 0 { SpawnFailure::NotSetUp(reason) } else { SpawnFailure::NotFound }
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Ollama), Just(Kind::Cloudflared)]
}

fn spawned(actions: &[Action]) -> Option<u64> {
    actions.iter().find_map(|action| match action {
        Action::Spawn { run } => Some(run.0),
        Action::LookForAnother
        | Action::ProbeNow { .. }
        | Action::Terminate { .. }
        | Action::Kill { .. }
        | Action::Say(_) => None,
    })
}

/// The run that an input ends, if it ends one.
fn ended(input: &Input) -> Option<u64> {
    match input {
        Input::Exited { run, .. } | Input::SpawnFailed { run, .. } => Some(run.0),
        Input::Start
        | Input::Stop
        | Input::Restart
        | Input::Retry
        | Input::Quit
        | Input::Installed
        | Input::NotInstalled
        | Input::Spawned { .. }
        | Input::Probed { .. }
        | Input::AnotherAnswers
        | Input::AnotherHolds
        | Input::NobodyAnswers
        | Input::Woke
        | Input::Tick => None,
    }
}

/// The run that the state holds, if it holds one.
fn held(state: &State) -> Option<Run> {
    match state {
        State::Starting { run, .. } | State::Running { run, .. } | State::Stopping { run, .. } => Some(*run),
        State::NotInstalled { .. }
        | State::Stopped
        | State::Looking { .. }
        | State::Adopted { .. }
        | State::BackingOff { .. }
        | State::NotSetUp { .. }
        | State::GaveUp { .. }
        | State::Ended => None,
    }
}

proptest! {
    #[test]
    fn never_two_spawns_without_an_end_between_and_never_a_signal_to_a_stranger(kind in kinds(), choices in choices()) {
        let (mut program, mut now, limits) = (Program::new(kind), Moment::default(), Limits::of(kind));
        let (mut alive, mut latest) = (None, 0);
        for (choice, wait) in choices {
            now = now.plus(Duration::from_millis(wait));
            let input = input(choice, latest);
            if alive.is_some() && ended(&input) == alive {
                alive = None;
            }
            let (next, actions) = step(program, input, now, &limits);
            program = next;
            for action in &actions {
                match action {
                    Action::Spawn { run } => {
                        prop_assert_eq!(alive, None);
                        prop_assert_eq!(run.0, latest + 1);
                        (alive, latest) = (Some(run.0), run.0);
                    }
                    Action::Terminate { run } | Action::Kill { run } | Action::ProbeNow { run } => {
                        prop_assert_eq!(alive, Some(run.0));
                    }
                    Action::LookForAnother | Action::Say(_) => {}
                }
            }
            prop_assert_eq!(held(program.state()).map(|run| run.0), alive);
        }
    }

    #[test]
    fn news_of_an_earlier_run_changes_nothing(kind in kinds(), choices in choices()) {
        let (mut program, mut now, limits) = (Program::new(kind), Moment::default(), Limits::of(kind));
        let mut latest = 0;
        for (choice, wait) in choices {
            now = now.plus(Duration::from_millis(wait));
            let run = Run(if held(program.state()).is_some() { latest - 1 } else { latest });
            for late in [
                Input::Spawned { run },
                Input::SpawnFailed { run, failure: SpawnFailure::NotFound },
                Input::Exited { run, exit: Exit { ending: Ending::Code(255), last_lines: vec![] } },
                Input::Probed { run, probe: Probe::Ready },
                Input::Probed { run, probe: Probe::NoAnswer },
            ] {
                let (after, actions) = step(program.clone(), late, now, &limits);
                prop_assert_eq!(after.state(), program.state());
                prop_assert_eq!(actions, vec![]);
            }
            let (next, actions) = step(program, input(choice, latest), now, &limits);
            program = next;
            latest = spawned(&actions).unwrap_or(latest);
        }
    }

    #[test]
    fn after_quit_nothing_is_spawned_and_the_end_comes(kind in kinds(), before in choices(), after in choices()) {
        let (mut program, mut now, limits) = (Program::new(kind), Moment::default(), Limits::of(kind));
        let mut latest = 0;
        for (choice, wait) in before {
            now = now.plus(Duration::from_millis(wait));
            let (next, actions) = step(program, input(choice, latest), now, &limits);
            program = next;
            latest = spawned(&actions).unwrap_or(latest);
        }
        let (mut program, _) = step(program, Input::Quit, now, &limits);
        for (choice, wait) in after {
            now = now.plus(Duration::from_millis(wait));
            let (next, actions) = step(program, input(choice, latest), now, &limits);
            program = next;
            prop_assert_eq!(spawned(&actions), None);
        }
        now = now.plus(limits.grace);
        let (program, actions) = step(program, Input::Tick, now, &limits);
        if let Some(run) = held(program.state()) {
            let is_killed = actions.contains(&Action::Kill { run });
            prop_assert!(is_killed);
            let exit = Exit { ending: Ending::Signal(9), last_lines: vec![] };
            let (program, _) = step(program, Input::Exited { run, exit }, now, &limits);
            prop_assert_eq!(program.state(), &State::Ended);
        } else {
            prop_assert_eq!(program.state(), &State::Ended);
        }
    }

    #[test]
    fn the_wait_never_exceeds_a_minute(kind in kinds(), choices in choices()) {
        let (mut program, mut now, limits) = (Program::new(kind), Moment::default(), Limits::of(kind));
        let mut latest = 0;
        for (choice, wait) in choices {
            now = now.plus(Duration::from_millis(wait));
            let (next, actions) = step(program, input(choice, latest), now, &limits);
            program = next;
            latest = spawned(&actions).unwrap_or(latest);
            if let State::BackingOff { until, .. } = program.state() {
                prop_assert!(until.since(now) <= Duration::from_secs(60));
            }
        }
    }

    #[test]
    fn whatever_happened_a_start_in_a_world_that_works_leads_to_running(kind in kinds(), choices in choices()) {
        let (mut program, mut now, limits) = (Program::new(kind), Moment::default(), Limits::of(kind));
        let mut latest = 0;
        for (choice, wait) in choices {
            now = now.plus(Duration::from_millis(wait));
            let (next, actions) = step(program, input(choice, latest), now, &limits);
            program = next;
            latest = spawned(&actions).unwrap_or(latest);
        }
        let mut todo = vec![Input::Installed, Input::Start];
        for _ in 0..200 {
            now = now.plus(Duration::from_secs(1));
            todo.push(Input::Tick);
            match program.state() {
                State::Running { run, .. } => todo.push(Input::Probed { run: *run, probe: Probe::Ready }),
                State::Adopted { .. } => todo.push(Input::NobodyAnswers),
                State::NotInstalled { .. } | State::Stopped | State::Looking { .. } | State::Starting { .. }
                | State::BackingOff { .. } | State::Stopping { .. } | State::NotSetUp { .. } | State::GaveUp { .. }
                | State::Ended => {}
            }
            for input in std::mem::take(&mut todo) {
                let (next, actions) = step(program, input, now, &limits);
                program = next;
                todo.extend(actions.into_iter().filter_map(answer));
            }
        }
        let is_running = matches!(program.state(), State::Running { .. });
        prop_assert!(is_running, "{:?}", program.state());
    }
}

/// What a world that works reports for an action.
fn answer(action: Action) -> Option<Input> {
    match action {
        Action::LookForAnother => Some(Input::NobodyAnswers),
        Action::Spawn { run } | Action::ProbeNow { run } => Some(Input::Probed { run, probe: Probe::Ready }),
        Action::Terminate { run } | Action::Kill { run } => {
            Some(Input::Exited { run, exit: Exit { ending: Ending::Code(0), last_lines: vec![] } })
        }
        Action::Say(_) => None,
    }
}
