use proptest::prelude::*;
use serde_json::json;
use supervise::install::Platform;
use supervise::program::State;

use super::*;

const START: &str = "2026-11-23T10:00:00Z";

fn facts() -> Facts {
    Facts {
        platform: Platform::Linux,
        ollama: State::Stopped,
        cloudflared: State::Stopped,
        ollama_api: Fact::NotYet,
        models: Fact::NotYet,
        wanted_model: "llama3.2".to_owned(),
        binding: supervise::health::facts::Binding::NotKnown,
        ready: Fact::NotYet,
        public: Fact::NotYet,
        without_token: Fact::NotYet,
        outside: Outside::NotKnown,
        link: Fact::NotYet,
        view: Fact::NotYet,
    }
}

/// An answer whose clock says `START` and so many seconds.
fn heard(seconds: i64, more: serde_json::Value) -> Said {
    let time = START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds);
    let mut answer = json!({
        "server": {"version": "0.1.0", "public_url": null}, "time": time.to_rfc3339(), "next_in_ms": 15_000,
        "view": {"state": "usable", "why": null}, "layers": [], "elsewhere": "groq",
        "tunnel": {"url": "https://a.example.com", "model": "m", "verified_at": START, "expires_at": null},
        "receipt": null,
    });
    for (key, value) in more.as_object().unwrap() {
        answer[key] = value.clone();
    }
    let answer = serde_json::from_value(answer).unwrap();
    Said::Heard { answer, latency: Duration::from_millis(5), ahead_seconds: 0 }
}

fn ticket(id: &str, status: &str, received_at: &str) -> serde_json::Value {
    json!({
        "ticket_id": id, "subject": "SECRET WORDS", "url": null, "status": status, "provider": "local",
        "model": "m", "device_id": null, "latency_ms": 900, "attempts": 1, "received_at": received_at,
        "triaged_at": null, "deliveries": [], "error": null,
        "verdict": {"category": "billing", "priority": "high", "sentiment": "neutral", "language": "en",
            "summary": "SECRET WORDS", "reason": "SECRET WORDS", "confidence": 0.4, "team": "billing",
            "suggested_reply": null},
    })
}

fn changed(id: &str, status: &str, at: &str) -> Said {
    let change = json!({"id": 1, "kind": status, "at": at, "ticket_id": id, "triage": ticket(id, status, at), "alert": null});
    Said::Changed(serde_json::from_value(change).unwrap())
}

fn alert(at: &str, cleared_at: Option<&str>) -> Said {
    let alert = json!({
        "id": "a1", "kind": "device_silent", "subject": "d", "severity": "page", "sentence": "It is silent.",
        "what_to_do": "Wake it.", "raised_at": at, "cleared_at": cleared_at,
    });
    let change =
        json!({"id": 2, "kind": "alert_raised", "at": at, "ticket_id": null, "triage": null, "alert": alert});
    Said::Changed(serde_json::from_value(change).unwrap())
}

fn receipt(closed: bool, refused: Option<bool>, url: &str) -> serde_json::Value {
    let check = json!({"what": "/api/pull", "refused": refused, "status": 200, "sentence": "It was served."});
    json!({"checked_at": "2026-11-23T09:30:00Z", "url": url, "closed": closed, "checks": [check]})
}

#[test]
fn an_answer_is_the_fact_about_the_link_and_the_view() {
    let (mut linked, mut facts) = (Linked::default(), facts());
    let mut take = |said| {
        linked.take(said, &mut facts, Moment::from_millis(1_000));
        (linked.elsewhere(), facts.link.clone(), facts.view.clone())
    };
    let latency = Duration::from_millis(5);
    let known = |view| Fact::Known { answer: view, latency };
    let accepted = Fact::Known { answer: LinkAnswer::Accepted, latency };
    let unusable = json!({"view": {"state": "unusable", "why": "it was answered 403."}, "elsewhere": "wait"});
    for (more, elsewhere, view) in [
        (json!({}), Elsewhere::Groq, View::Usable),
        (unusable, Elsewhere::Wait, View::Unusable("it was answered 403".to_owned())),
        (
            json!({"view": {"state": "unknown", "why": null}, "elsewhere": "another_device"}),
            Elsewhere::AnotherDevice,
            View::NotTried,
        ),
    ] {
        assert_eq!(take(heard(0, more)), (elsewhere, accepted.clone(), known(view)));
    }
    let unreachable = LinkAnswer::Unreachable("no route".to_owned());
    let (elsewhere, link, view) = take(Said::NotHeard { answer: unreachable.clone(), latency });
    assert_eq!((elsewhere, view), (Elsewhere::AnotherDevice, Fact::NotYet), "what it said last");
    assert_eq!(link, Fact::Known { answer: unreachable, latency });
    let revoked = Said::NotHeard { answer: LinkAnswer::NotPaired, latency };
    assert_eq!(take(revoked).0, Elsewhere::NotKnown);
    assert_eq!(take(Said::NotSetUp), (Elsewhere::NotKnown, Fact::NotSetUp, Fact::NotSetUp));
}

#[test]
fn a_receipt_counts_for_its_own_address_and_only_what_was_served_is_open() {
    let (mut linked, mut facts) = (Linked::default(), facts());
    let open =
        Outside::Open { what: "/api/pull was answered".to_owned(), at: "2026-11-23 09:30 UTC".to_owned() };
    for (receipt, expected) in [
        (receipt(true, Some(true), "https://a.example.com/"), Outside::Closed),
        (receipt(false, Some(false), "https://a.example.com"), open),
        (receipt(false, None, "https://a.example.com"), Outside::NotKnown),
        (receipt(false, Some(false), "https://b.example.com"), Outside::NotKnown),
    ] {
        linked.take(heard(0, json!({"receipt": receipt})), &mut facts, Moment::default());
        assert_eq!(facts.outside, expected, "{receipt}");
    }
    let closed = serde_json::from_value(receipt(true, Some(true), "https://a.example.com")).unwrap();
    linked.take(Said::Checked(closed), &mut facts, Moment::default());
    assert_eq!(facts.outside, Outside::Closed);
}

#[test]
fn only_what_happened_since_the_start_and_not_long_ago_is_told() {
    let started = Moment::from_millis(60_000);
    for (at, passed, is_told) in [
        ("2026-11-23T10:00:00Z", 0, true),
        ("2026-11-23T09:59:01Z", 0, true),
        ("2026-11-23T09:58:59Z", 0, false),
        ("2026-11-23T10:00:00Z", 600, true),
        ("2026-11-23T10:00:00Z", 601, false),
        ("yesterday", 0, false),
    ] {
        let now = started.plus(Duration::from_secs(passed));
        for said in [changed("7", "needs_review", at), alert(at, None)] {
            let (mut linked, mut facts) = (Linked::default(), facts());
            assert_eq!(linked.take(said.clone(), &mut facts, started), None, "no clock, no news");
            linked.take(heard(0, json!({})), &mut facts, started);
            let event = linked.take(said, &mut facts, now);
            assert_eq!(matches!(event, Some(Event::Happened { .. })), is_told, "{at} {passed} {event:?}");
            assert!(!format!("{event:?}").contains("SECRET"), "notices are logged");
        }
    }
}

#[test]
fn what_needs_nobody_any_more_is_withdrawn() {
    let (mut linked, mut facts) = (Linked::default(), facts());
    let event = linked.take(changed("7", "triaged", START), &mut facts, Moment::default());
    let (happening, subject) = (Happening::NeedsReview, "7".to_owned());
    assert_eq!(event, Some(Event::Withdrawn { happening, subject }));
    let event = linked.take(alert(START, Some(START)), &mut facts, Moment::default());
    let (happening, subject) = (Happening::NewAlert, "a1".to_owned());
    assert_eq!(event, Some(Event::Withdrawn { happening, subject }));
}

#[test]
fn alerts_are_open_until_they_pass_and_the_newest_stand_first() {
    let (mut linked, mut facts) = (Linked::default(), facts());
    let named = |id: &str, raised_at: &str, cleared_at: Option<&str>| {
        let Said::Changed(mut change) = alert(raised_at, cleared_at) else { unreachable!("it is a change") };
        if let Some(alert) = &mut change.alert {
            alert.id = id.to_owned();
        }
        Said::Changed(change)
    };
    let ids = |alerts: &[Alert]| alerts.iter().map(|alert| alert.id.clone()).collect::<Vec<_>>();
    for (id, raised_at, cleared_at) in [
        ("a", "2026-11-23T10:00:00Z", None),
        ("c", "2026-11-23T10:02:00Z", None),
        ("b", "2026-11-23T10:01:00Z", None),
        // It is told again when its words change.
        ("a", "2026-11-23T10:00:00Z", None),
    ] {
        linked.take(named(id, raised_at, cleared_at), &mut facts, Moment::default());
    }
    assert_eq!(ids(&linked.alerts().open), ["c", "b", "a"]);
    linked.take(named("b", START, Some(START)), &mut facts, Moment::default());
    assert_eq!(
        (ids(&linked.alerts().open), ids(&linked.alerts().recent)),
        (vec!["c".into(), "a".into()], vec!["b".into()])
    );
    for number in 0..2 * MOST_PASSED {
        linked.take(named(&number.to_string(), START, Some(START)), &mut facts, Moment::default());
    }
    assert_eq!(linked.alerts().recent.len(), MOST_PASSED);
    let all = Alerts { open: linked.alerts().recent.clone(), recent: linked.alerts().open.clone() };
    linked.take(Said::Alerts(Box::new(all.clone())), &mut facts, Moment::default());
    assert_eq!(*linked.alerts(), all);
    linked.take(Said::Begun, &mut facts, Moment::default());
    assert_eq!(*linked.alerts(), Alerts::default(), "they were another orchestrator's");
}

#[test]
fn a_desk_without_categories_is_none() {
    let (mut linked, mut facts) = (Linked::default(), facts());
    let desk: Desk = serde_json::from_value(json!({
        "categories": [{"key": "marmalade", "label": "Marmalade", "team": "jam", "enabled": true}],
        "teams": [{"key": "jam", "label": "Jam makers"}],
    }))
    .unwrap();
    linked.take(Said::Desk(Box::new(desk.clone())), &mut facts, Moment::default());
    assert_eq!(linked.desk(), Some(&desk));
    linked.take(Said::Desk(Box::default()), &mut facts, Moment::default());
    assert_eq!(linked.desk(), None);
}

#[test]
fn clocks_far_apart_and_a_refused_tunnel_are_noted() {
    let (mut linked, mut facts) = (Linked::default(), facts());
    for (ahead, words) in [(60, None), (61, Some("61 s ahead of")), (-7200, Some("2 h behind"))] {
        let Said::Heard { answer, latency, .. } = heard(0, json!({})) else { unreachable!("it is heard") };
        linked.take(Said::Heard { answer, latency, ahead_seconds: ahead }, &mut facts, Moment::default());
        let notes = linked.notes().join(" ");
        assert!(words.map_or(notes.is_empty(), |words| notes.contains(words)), "{ahead}: {notes}");
    }
    linked.take(Said::NotHandedOver("Access refused the token.".to_owned()), &mut facts, Moment::default());
    assert!(linked.notes()[0].contains("Access refused the token."), "{:?}", linked.notes());
    let tunnel =
        json!({"url": "https://a.example.com", "model": "m", "verified_at": START, "expires_at": null});
    let taken = serde_json::from_value(tunnel).unwrap();
    linked.take(Said::HandedOver(taken), &mut facts, Moment::default());
    assert_eq!(linked.notes().len(), 1);
}

proptest! {
    #[test]
    fn the_newest_tickets_are_kept_once_each_and_in_order(ids in prop::collection::vec((0u8..40, 0u8..60, any::<bool>()), 0..120)) {
        let (mut linked, mut facts) = (Linked::default(), facts());
        let mut latest = std::collections::BTreeMap::new();
        for (id, minute, in_bulk) in ids {
            let (id, at) = (id.to_string(), format!("2026-11-23T10:{minute:02}:00Z"));
            latest.insert(id.clone(), at.clone());
            let said = if in_bulk {
                Said::Tickets(vec![serde_json::from_value(ticket(&id, "queued", &at)).unwrap()])
            } else {
                changed(&id, "triaged", &at)
            };
            linked.take(said, &mut facts, Moment::default());
            let recent = linked.recent();
            prop_assert!(recent.len() <= MOST_RECENT);
            prop_assert!(recent.windows(2).all(|two| two[0].received_at >= two[1].received_at));
            let ids: std::collections::BTreeSet<_> = recent.iter().map(|ticket| &ticket.ticket_id).collect();
            prop_assert_eq!(ids.len(), recent.len());
            prop_assert!(recent.iter().all(|ticket| latest[&ticket.ticket_id] == ticket.received_at));
        }
    }
}
