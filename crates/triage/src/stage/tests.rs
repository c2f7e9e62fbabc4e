use super::*;
use crate::ticket::Provider;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

#[test]
fn the_local_model_is_asked_first() {
    assert_eq!(
        next(&present(&[]), &world(Availability::Ready, CloudFallback::Full), NOW),
        ask_local(Form::First)
    );
}

#[test]
fn a_known_down_local_model_costs_no_call() {
    let Step::Ask { who, form, why_cloud } =
        next(&present(&[]), &world(down(), CloudFallback::Redacted), NOW)
    else {
        panic!("asks nobody")
    };
    assert_eq!((who, form), (Who::Groq, Form::First));
    assert_eq!(
        why_cloud.unwrap(),
        "CLOUD_FALLBACK=redacted; the local model is known to be unavailable: tunnel down"
    );
}

#[test]
fn a_bad_answer_is_repaired_once_and_then_the_next_provider_is_asked() {
    let world = world(Availability::Ready, CloudFallback::Redacted);
    let mut run = present(&[(Provider::Local, Form::First, Outcome::BadAnswer)]);
    assert_eq!(next(&run, &world, NOW), ask_local(Form::Repair));
    run.tries.push(tried(Provider::Local, Form::Repair, Outcome::BadAnswer));
    assert!(matches!(next(&run, &world, NOW), Step::Ask { who: Who::Groq, form: Form::First, .. }));
    run.tries.push(tried(Provider::Groq, Form::First, Outcome::BadAnswer));
    assert!(matches!(next(&run, &world, NOW), Step::Ask { who: Who::Groq, form: Form::Repair, .. }));
    run.tries.push(tried(Provider::Groq, Form::Repair, Outcome::BadAnswer));
    assert!(matches!(next(&run, &world, NOW), Step::Retry { about_ticket: true, .. }));
}

#[test]
fn a_prompt_that_is_too_long_is_halved_once() {
    let world = world(Availability::Ready, CloudFallback::Off);
    let mut run = present(&[(Provider::Local, Form::First, Outcome::TooLong)]);
    assert_eq!(next(&run, &world, NOW), ask_local(Form::Halved));
    run.tries.push(tried(Provider::Local, Form::Halved, Outcome::TooLong));
    assert!(matches!(next(&run, &world, NOW), Step::Retry { about_ticket: true, .. }));
}

#[test]
fn with_the_cloud_off_a_down_local_model_means_waiting() {
    let step = next(&present(&[]), &world(down(), CloudFallback::Off), NOW);
    let Step::Wait { until, why } = step else { panic!("{step:?}") };
    assert_eq!(until, NOW.plus(Duration::from_secs(5)));
    assert_eq!(why, "local model: tunnel down; Groq: not allowed (CLOUD_FALLBACK=off)");
}

#[test]
fn text_never_goes_to_the_cloud_when_that_is_off() {
    for outcome in [
        Outcome::BadAnswer,
        Outcome::TooLong,
        Outcome::Down { why: "x".into() },
        Outcome::Busy { retry_after: None },
    ] {
        for form in [Form::First, Form::Repair, Form::Halved] {
            let run = present(&[(Provider::Local, form, outcome.clone())]);
            for local in [Availability::Ready, down(), Availability::NotConfigured] {
                let step = next(&run, &world(local, CloudFallback::Off), NOW);
                assert!(!matches!(step, Step::Ask { who: Who::Groq, .. }), "{step:?}");
            }
        }
    }
}

#[test]
fn failures_of_services_are_retried_with_the_wait_they_asked_for() {
    let run = present(&[
        (Provider::Local, Form::First, Outcome::Down { why: "timed out".into() }),
        (Provider::Groq, Form::First, Outcome::Busy { retry_after: Some(Duration::from_secs(42)) }),
    ]);
    let step = next(&run, &world(Availability::Ready, CloudFallback::Full), NOW);
    assert_eq!(
        step,
        Step::Retry {
            why: "local: timed out; groq: busy".into(),
            retry_after: Some(Duration::from_secs(42)),
            about_ticket: false
        }
    );
}

#[test]
fn a_ticket_is_not_blamed_while_the_other_model_is_merely_down() {
    let run = present(&[
        (Provider::Groq, Form::First, Outcome::BadAnswer),
        (Provider::Groq, Form::Repair, Outcome::BadAnswer),
    ]);
    let step = next(&run, &world(down(), CloudFallback::Full), NOW);
    assert!(matches!(step, Step::Retry { about_ticket: false, .. }), "{step:?}");
}

#[test]
fn a_run_ends_with_its_verdict_or_with_the_ticket() {
    let world = world(Availability::Ready, CloudFallback::Full);
    let run = present(&[(Provider::Local, Form::First, Outcome::Verdict)]);
    assert_eq!(next(&run, &world, NOW), Step::Finish);
    for (source, expected) in [(Source::NotFetched, Step::FetchText), (Source::Gone, Step::Gone)] {
        assert_eq!(next(&Run { source, tries: vec![] }, &world, NOW), expected);
    }
    assert!(matches!(
        next(&Run { source: Source::NoAccess, tries: vec![] }, &world, NOW),
        Step::GiveUp { .. }
    ));
}

#[test]
fn the_least_busy_of_several_machines_is_asked_and_of_equals_the_first() {
    type Busy<'a> = &'a [(&'a str, Availability, u32)];
    let table: [(Busy<'_>, &str); 4] = [
        (&[("a", Availability::Ready, 0), ("b", Availability::Ready, 0)], "a"),
        (&[("a", Availability::Ready, 500), ("b", Availability::Ready, 499)], "b"),
        (&[("a", down(), 0), ("b", Availability::Ready, 3_000)], "b"),
        (&[("a", Availability::Ready, 1_000), ("b", Availability::Ready, 1_000), ("c", down(), 0)], "a"),
    ];
    for (machines, expected) in table {
        let step = next(&present(&[]), &several(machines, CloudFallback::Redacted), NOW);
        let Step::Ask { who, form: Form::First, why_cloud: None } = step else { panic!("{step:?}") };
        assert_eq!(who, local(expected), "{machines:?}");
    }
}

#[test]
fn a_bad_answer_goes_back_to_whom_it_came_from_however_busy_that_is() {
    let world =
        several(&[("a", Availability::Ready, 0), ("b", Availability::Ready, 5_000)], CloudFallback::Off);
    let run = asked(&[("b", Form::First, Outcome::BadAnswer)]);
    assert_eq!(next(&run, &world, NOW), Step::Ask { who: local("b"), form: Form::Repair, why_cloud: None });
    let run = asked(&[("b", Form::First, Outcome::BadAnswer), ("b", Form::Repair, Outcome::BadAnswer)]);
    assert_eq!(next(&run, &world, NOW), Step::Ask { who: local("a"), form: Form::First, why_cloud: None });
}

#[test]
fn a_machine_that_failed_is_followed_by_the_next_and_then_by_groq() {
    let world =
        several(&[("a", Availability::Ready, 0), ("b", Availability::Ready, 0)], CloudFallback::Redacted);
    let mut run = asked(&[("a", Form::First, Outcome::Down { why: "timed out".into() })]);
    assert_eq!(next(&run, &world, NOW), Step::Ask { who: local("b"), form: Form::First, why_cloud: None });
    run.tries.push(Try { who: local("b"), form: Form::First, outcome: Outcome::Busy { retry_after: None } });
    let Step::Ask { who: Who::Groq, why_cloud: Some(why), .. } = next(&run, &world, NOW) else { panic!() };
    assert_eq!(why, "CLOUD_FALLBACK=redacted; no machine can be used: PC a: timed out; PC b: busy");
    run.tries.push(tried(Provider::Groq, Form::First, Outcome::Busy { retry_after: None }));
    let Step::Retry { why, .. } = next(&run, &world, NOW) else { panic!() };
    assert_eq!(why, "PC a: timed out; PC b: busy; groq: busy");
}

#[test]
fn a_wait_names_every_machine_and_ends_when_the_first_may_be_back() {
    let later = Availability::Unavailable { until: NOW.plus(Duration::from_secs(20)), why: "asleep".into() };
    let step = next(&present(&[]), &several(&[("a", later, 0), ("b", down(), 0)], CloudFallback::Off), NOW);
    let Step::Wait { until, why } = step else { panic!("{step:?}") };
    assert_eq!(until, NOW.plus(Duration::from_secs(5)));
    assert_eq!(why, "PC a: asleep; PC b: tunnel down; Groq: not allowed (CLOUD_FALLBACK=off)");
}

proptest! {
    #[test]
    fn a_run_asks_nobody_who_is_not_ready_nobody_after_a_failure_and_comes_to_an_end(
        machines in prop::collection::vec((any::<bool>(), 0..3_000_u32), 0..4),
        outcomes in prop::collection::vec(0..5_u8, 16),
        groq in any::<bool>(),
        cloud in prop::sample::select(vec![CloudFallback::Off, CloudFallback::Redacted]),
    ) {
        let ready = |is: bool| if is { Availability::Ready } else { down() };
        let ids = ["a", "b", "c", "d"];
        let listed: Vec<_> = machines.iter().zip(ids).map(|((is, busy), id)| (id, ready(*is), *busy)).collect();
        let world = World { groq: ready(groq), ..several(&listed, cloud) };
        let mut run = present(&[]);
        let mut outcomes = outcomes.into_iter();
        while let Step::Ask { who, form, why_cloud } = next(&run, &world, NOW) {
            let is_ready = match &who {
                Who::Groq => groq && cloud != CloudFallback::Off,
                Who::Local(id) => world.local.iter().any(|m| m.id == *id && m.availability == Availability::Ready),
            };
            prop_assert!(is_ready, "{:?}", who);
            prop_assert_eq!(why_cloud.is_some(), who == Who::Groq);
            let before = run.tries.iter().rev().find(|t| t.who == who);
            let may_again = before.is_none_or(|t| matches!(t.outcome, Outcome::BadAnswer | Outcome::TooLong));
            prop_assert!(may_again, "asked again after {:?}", before);
            let outcome = match outcomes.next().unwrap_or(0) {
                0 => Outcome::Down { why: "x".into() },
                1 => Outcome::Busy { retry_after: None },
                2 => Outcome::BadAnswer,
                3 => Outcome::TooLong,
                _ => Outcome::Refused { why: "y".into() },
            };
            run.tries.push(Try { who, form, outcome });
            prop_assert!(run.tries.len() <= 3 * (machines.len() + 1));
        }
        for ready in world.local.iter().filter(|m| m.availability == Availability::Ready) {
            prop_assert!(run.tries.iter().any(|t| t.who == Who::Local(ready.id.clone())), "{:?} was passed over", ready);
        }
    }
}

fn several(machines: &[(&str, Availability, u32)], cloud: CloudFallback) -> World {
    let local = machines.iter().map(|(id, availability, busy)| machine(id, availability.clone(), *busy));
    World { local: local.collect(), groq: Availability::Ready, cloud }
}

fn asked(tries: &[(&str, Form, Outcome)]) -> Run {
    let tries =
        tries.iter().map(|(id, form, outcome)| Try { who: local(id), form: *form, outcome: outcome.clone() });
    Run { source: Source::Present, tries: tries.collect() }
}

fn present(tries: &[(Provider, Form, Outcome)]) -> Run {
    Run { source: Source::Present, tries: tries.iter().map(|(p, f, o)| tried(*p, *f, o.clone())).collect() }
}

fn tried(provider: Provider, form: Form, outcome: Outcome) -> Try {
    let who = match provider {
        Provider::Local => local("a"),
        Provider::Groq => Who::Groq,
    };
    Try { who, form, outcome }
}

fn ask_local(form: Form) -> Step {
    Step::Ask { who: local("a"), form, why_cloud: None }
}

fn world(local: Availability, cloud: CloudFallback) -> World {
    let local = match local {
        Availability::NotConfigured => Vec::new(),
        local @ (Availability::Ready | Availability::Unavailable { .. }) => vec![machine("a", local, 0)],
    };
    World { local, groq: Availability::Ready, cloud }
}

fn machine(id: &str, availability: Availability, busy_permille: u32) -> Machine {
    Machine { id: MachineId::new(id), name: format!("PC {id}"), availability, busy_permille }
}

fn local(id: &str) -> Who {
    Who::Local(MachineId::new(id))
}

fn down() -> Availability {
    Availability::Unavailable { until: NOW.plus(Duration::from_secs(5)), why: "tunnel down".into() }
}
