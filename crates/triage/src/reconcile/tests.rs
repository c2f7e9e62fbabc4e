use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);

#[test]
fn it_looks_a_quarter_of_an_hour_behind_the_mark_and_never_before_it_began() {
    let minute = |n: u64| NOW.plus(Duration::from_secs(60 * n));
    assert_eq!(since(minute(60), NOW), minute(45));
    assert_eq!(since(minute(15), NOW), NOW);
    assert_eq!(since(NOW, NOW), NOW, "what was there before is nobody's loss");
}

#[test]
fn runs_follow_each_other_within_five_minutes() {
    assert_eq!(next_run(NOW, 0.0), NOW.plus(EVERY));
    assert_eq!(next_run(NOW, 1.0), NOW.plus(Duration::from_secs(285)));
}

#[test]
fn never_more_than_four_searches_in_a_second() {
    let mut pace = Pace::default();
    let at: Vec<_> = (0..5).map(|_| pace.take(NOW).since(NOW).as_millis()).collect();
    assert_eq!(at, [0, 250, 500, 750, 1000]);
    let later = NOW.plus(Duration::from_secs(60));
    assert_eq!(pace.take(later), later, "a rested pace does not wait");
}

#[test]
fn each_failure_has_its_consequence() {
    let later = |seconds: Option<u64>| Failure::Later { retry_after: seconds.map(Duration::from_secs) };
    let seconds = Duration::from_secs;
    let table = [
        ("SECONDLY", later(Some(1)), 1, Then::SearchAgain(seconds(1))),
        ("TEN_SECONDLY_ROLLING", later(Some(10)), 1, Then::SearchAgain(seconds(10))),
        ("DAILY", later(Some(3600)), 1, Then::EndRun(seconds(3600))),
        ("migration in progress", later(Some(24 * 3600)), 1, Then::EndRun(seconds(3600))),
        ("no wait named", later(None), 2, Then::SearchAgain(seconds(2))),
        ("still failing", later(None), 3, Then::EndRun(seconds(60))),
        ("still limited", later(Some(1)), 3, Then::EndRun(seconds(60))),
        ("refused", Failure::Refused, 1, Then::EndRun(EVERY)),
    ];
    for (name, failure, failures, expected) in table {
        assert_eq!(after_failure(failure, failures, 0.0), expected, "{name}");
    }
    assert_eq!(after_failure(later(Some(10)), 1, 1.0), Then::SearchAgain(seconds(12)));
}

#[test]
fn moments_are_read_and_anything_else_is_explained() {
    let read = |text: &str| text.parse::<Since>().map(|since| since.seen_from(NOW));
    let ago = |seconds: u64| Ok(NOW.minus(Duration::from_secs(seconds)));
    let table = [
        ("2026-11-23T00:00:00Z", Ok(NOW)),
        ("2026-11-23T01:00:00.5+01:00", Ok(NOW.plus(Duration::from_millis(500)))),
        ("45s", ago(45)),
        ("90m", ago(5400)),
        (" 1h ", ago(3600)),
        ("7d", ago(7 * 86_400)),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), expected, "{text}");
    }
    for text in [
        "",
        "h",
        "1",
        "1w",
        "-1h",
        "1.5h",
        "yesterday",
        "2026-11-23",
        "99999999999999999999d",
        "1ä",
        "18446744073709551615d",
    ] {
        assert_eq!(read(text), Err(NoMoment), "{text}");
    }
}

#[test]
fn a_search_that_loses_its_order_is_noticed() {
    let pass = |ids: &[u64], has_more| Walk::new(NOW).pass(ids.iter().copied(), has_more);
    assert_eq!(pass(&[1, 2, 9], true), Ok(()));
    assert_eq!(pass(&[], false), Ok(()));
    assert_eq!(pass(&[10, 9], true), Err(OutOfOrder), "sorted as text, or not at all");
    assert_eq!(pass(&[3, 3], false), Err(OutOfOrder));
    assert_eq!(pass(&[], true), Err(OutOfOrder), "there would never be an end");
    let mut walk = Walk::new(NOW);
    walk.pass([1, 2], true).unwrap();
    assert_eq!(walk.pass([2, 3], false), Err(OutOfOrder), "the filter was not heard");
}

/// What happens in HubSpot between two pages.
#[derive(Debug, Clone)]
enum Meanwhile {
    Created(u64),
    Deleted(u64),
    Nothing,
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        (1u64..400).prop_map(Meanwhile::Created),
        (1u64..400).prop_map(Meanwhile::Deleted),
        Just(Meanwhile::Nothing)
    ]
}

proptest! {
    #[test]
    fn every_ticket_that_is_there_all_the_time_is_seen_once(
        created in prop::collection::btree_map(1u64..400, 0u64..100, 0..300),
        size in 1usize..20,
        since in 0u64..100,
        changes in prop::collection::vec(meanwhile(), 0..40),
    ) {
        let moment = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
        let mut tickets: BTreeMap<u64, Timestamp> = created.into_iter().map(|(id, at)| (id, moment(at))).collect();
        let mut stayed: BTreeSet<u64> = tickets.iter().filter(|(_, at)| **at >= moment(since)).map(|(id, _)| *id).collect();
        let mut changes = changes.into_iter();
        let (mut seen, mut walk, mut pages) = (Vec::new(), Walk::new(moment(since)), 0);
        while let Some(search) = walk.next() {
            let mut found = tickets.iter().filter(|(id, at)| **id > search.above && **at >= search.since).map(|(id, _)| *id);
            let page: Vec<u64> = found.by_ref().take(size).collect();
            let has_more = found.next().is_some();
            walk.pass(page.iter().copied(), has_more).unwrap();
            seen.extend(page);
            match changes.next().unwrap_or(Meanwhile::Nothing) {
                Meanwhile::Created(id) => { tickets.entry(id).or_insert(moment(200)); }
                Meanwhile::Deleted(id) => { tickets.remove(&id); stayed.remove(&id); }
                Meanwhile::Nothing => {}
            }
            pages += 1;
            prop_assert!(pages <= 400, "a walk ends");
        }
        let once: BTreeSet<u64> = seen.iter().copied().collect();
        prop_assert_eq!(once.len(), seen.len(), "nothing is seen twice");
        prop_assert!(stayed.is_subset(&once), "missed {:?}", stayed.difference(&once));
    }

    #[test]
    fn waits_never_run_away(retry_after in prop::option::of(0u64..100_000), failures in 1u32..10, jitter in 0.0f64..=1.0) {
        let failure = Failure::Later { retry_after: retry_after.map(Duration::from_secs) };
        match after_failure(failure, failures, jitter) {
            Then::SearchAgain(wait) => {
                prop_assert!(failures < 3 && wait <= Duration::from_secs(15));
                prop_assert!(wait >= Duration::from_secs(retry_after.unwrap_or(2)));
            }
            Then::EndRun(wait) => prop_assert!(wait >= Duration::from_secs(60) && wait <= Duration::from_secs(3600)),
        }
    }
}
