use super::*;
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_millis(1_000_000);

#[test]
fn three_failures_in_a_row_open_it_and_a_success_between_starts_again() {
    let mut breaker = Breaker::new(Limits::default());
    for signal in [failed(), failed(), Signal::Works, failed(), failed()] {
        breaker.record(signal, START);
        assert_eq!(breaker.admits(START), Admission::Yes);
    }
    breaker.record(failed(), START);
    assert!(matches!(breaker.admits(START), Admission::No { .. }));
}

#[test]
fn one_definite_failure_is_enough() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.record(definite(), START);
    let Admission::No { until, why } = breaker.admits(START) else { panic!("still admits") };
    assert_eq!((until, why.as_str()), (START.plus(Duration::from_secs(5)), "tunnel down"));
}

#[test]
fn an_open_breaker_admits_nobody_until_one_probe_came_back() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.record(definite(), START);
    let later = START.plus(Duration::from_secs(5));
    assert!(!breaker.begin_probe(START), "too early");
    assert!(matches!(breaker.admits(later), Admission::No { .. }), "a real call is never the probe");
    assert!(breaker.begin_probe(later));
    assert!(!breaker.begin_probe(later), "one at a time");
    breaker.end_probe(Ok(()), later);
    assert_eq!(breaker.admits(later), Admission::Yes);
    breaker.begin_call(later);
    assert!(matches!(breaker.admits(later), Admission::No { .. }), "one trial at a time");
    breaker.record(Signal::Works, later);
    assert!(!breaker.is_open());
}

#[test]
fn the_cool_down_doubles_up_to_its_limit() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.record(definite(), START);
    let mut now = START;
    for expected in [10, 20, 40, 60, 60] {
        now = breaker.probe_due().unwrap();
        assert!(breaker.begin_probe(now));
        breaker.end_probe(Err("still down".into()), now);
        assert_eq!(breaker.probe_due(), Some(now.plus(Duration::from_secs(expected))));
    }
    assert!(now > START);
}

#[test]
fn a_lost_probe_or_trial_does_not_block_for_ever() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.record(definite(), START);
    let now = breaker.probe_due().unwrap();
    assert!(breaker.begin_probe(now));
    let much_later = now.plus(Duration::from_secs(180));
    assert!(breaker.begin_probe(much_later));
    breaker.end_probe(Ok(()), much_later);
    breaker.begin_call(much_later);
    assert_eq!(breaker.admits(much_later.plus(Duration::from_secs(180))), Admission::Yes);
}

#[test]
fn a_busy_service_is_left_alone_but_not_called_broken() {
    let mut breaker = Breaker::new(Limits::default());
    let until = START.plus(Duration::from_secs(7));
    breaker.record(Signal::Busy { until }, START);
    assert!(!breaker.is_open());
    assert!(matches!(breaker.admits(START), Admission::No { .. }));
    assert_eq!(breaker.admits(until), Admission::Yes);
}

#[test]
fn what_the_machine_says_holds_it_at_once_and_releases_it_for_one_probe_and_one_trial() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.report(down(), START);
    let Admission::No { why, .. } = breaker.admits(START) else { panic!("still admits") };
    assert_eq!(
        (why.as_str(), breaker.held(), breaker.broken()),
        ("ollama does not run", Some("ollama does not run"), None)
    );
    let later = START.plus(Duration::from_secs(3600));
    assert_eq!(
        (breaker.probe_due(), breaker.begin_probe(later)),
        (None, false),
        "what is known to be down is not probed"
    );

    for back in [Report::Usable, Report::Silent, Report::Unknown] {
        let mut breaker = breaker.clone();
        breaker.report(back.clone(), later);
        assert!(matches!(breaker.admits(later), Admission::No { .. }), "not before a probe: {back:?}");
        assert!(breaker.begin_probe(later), "{back:?}");
        breaker.end_probe(Ok(()), later);
        assert_eq!((breaker.admits(later), breaker.broken()), (Admission::Yes, None));
        assert_eq!(breaker.doubted(), None, "no call ever failed");
        breaker.begin_call(later);
        assert!(matches!(breaker.admits(later), Admission::No { .. }), "one trial at a time");
        breaker.record(Signal::Works, later);
        assert!(!breaker.is_open());
    }
}

#[test]
fn what_a_call_found_broken_is_doubted_until_a_call_shows_that_it_is_mended() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.record(definite(), START);
    let later = breaker.probe_due().unwrap();
    assert!(breaker.begin_probe(later));
    breaker.end_probe(Ok(()), later);
    assert_eq!((breaker.broken(), breaker.doubted()), (None, Some("tunnel down")));
    breaker.begin_call(later);
    breaker.record(Signal::Works, later);
    assert_eq!(breaker.doubted(), None);
}

#[test]
fn reports_that_repeat_change_nothing() {
    for report in [Report::Usable, Report::Unknown, Report::Silent, down()] {
        let mut breaker = Breaker::new(Limits::default());
        breaker.record(definite(), START);
        breaker.report(report.clone(), START);
        let once = breaker.clone();
        breaker.report(report.clone(), START.plus(Duration::from_secs(1)));
        assert_eq!(breaker, once, "{report:?}");
    }
}

#[test]
fn our_own_findings_keep_their_cool_down_while_the_machine_sees_nothing_wrong() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.report(Report::Usable, START);
    breaker.record(definite(), START);
    let due = breaker.probe_due();
    breaker.report(Report::Usable, START);
    assert_eq!((breaker.probe_due(), breaker.broken()), (due, Some("tunnel down")));
    breaker.report(Report::Silent, START);
    assert_eq!(breaker.probe_due(), Some(START), "its silence is news");
}

#[test]
fn a_call_that_ends_well_while_the_machine_says_no_does_not_overrule_it() {
    let mut breaker = Breaker::new(Limits::default());
    breaker.begin_call(START);
    breaker.report(down(), START);
    breaker.record(Signal::Works, START);
    assert!(matches!(breaker.admits(START), Admission::No { .. }));
}

proptest! {
    #[test]
    fn never_more_than_one_probe_or_trial_and_always_a_way_back(inputs in prop::collection::vec((0u8..11, 0u64..20_000), 1..200)) {
        let mut breaker = Breaker::new(Limits::default());
        let mut now = START;
        for (input, wait) in inputs {
            now = now.plus(Duration::from_millis(wait));
            match input {
                0 => breaker.record(Signal::Works, now),
                1 => breaker.record(failed(), now),
                2 => breaker.record(definite(), now),
                3 => breaker.record(Signal::Busy { until: now.plus(Duration::from_millis(wait)) }, now),
                4 => if breaker.begin_probe(now) { prop_assert!(!breaker.begin_probe(now)); },
                7 => breaker.report(Report::Usable, now),
                8 => breaker.report(down(), now),
                9 => breaker.report(Report::Silent, now),
                10 => breaker.report(Report::Unknown, now),
                5 => breaker.end_probe(if wait % 2 == 0 { Ok(()) } else { Err("down".into()) }, now),
                _ => if breaker.admits(now) == Admission::Yes {
                    breaker.begin_call(now);
                    prop_assert!(!breaker.is_open() || breaker.admits(now) != Admission::Yes);
                },
            }
            let far = now.plus(Duration::from_secs(600));
            if breaker.held().is_some() {
                prop_assert!(matches!(breaker.admits(far), Admission::No { .. }), "a call while it is held");
                prop_assert!(!breaker.clone().begin_probe(far), "a probe while it is held");
            }
            let mut later = breaker.clone();
            if later.held().is_some() { later.report(if wait % 2 == 0 { Report::Usable } else { Report::Silent }, far); }
            if later.begin_probe(far) { later.end_probe(Ok(()), far); }
            prop_assert_eq!(later.admits(far), Admission::Yes);
        }
    }
}

fn failed() -> Signal {
    Signal::Failed { definite: false, why: "timed out".into() }
}

fn down() -> Report {
    Report::Unusable { why: "ollama does not run".into() }
}

fn definite() -> Signal {
    Signal::Failed { definite: true, why: "tunnel down".into() }
}
