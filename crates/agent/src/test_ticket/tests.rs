use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use supervise::health::reading::HttpAnswer;

use super::*;

const TRIAGED_AT: &str = "2026-11-23T10:00:00.250Z";
const CONFIRMED_AT: &str = "2026-11-23T10:00:00.562Z";

/// Everything is well.
fn well() -> Seen {
    let mut seen = accepted([Some(21), Some(9), Some(4)]);
    seen.heard(
        Ok(ticket(Some(here()), TestMessage::Confirmed { at: CONFIRMED_AT.to_owned() })),
        4_300,
        false,
    );
    seen
}

#[test]
fn a_ticket_that_was_triaged_here_passed_every_hop_with_what_was_measured() {
    let expected = [
        "reached Orchestrator 38",
        "reached Cloudflare 21",
        "reached Cloudflared 9",
        "reached Ollama 4",
        "reached Model 3870",
        "reached Discord 312",
        "done 4300",
    ];
    assert_eq!(said(&well()), (expected.map(str::to_owned).to_vec(), true));
    let mut unmeasured = accepted([Some(21), None, Some(4)]);
    assert_eq!(
        said(&unmeasured).0,
        expected[..2],
        "no further than the calls show, until somebody triaged it"
    );
    unmeasured.heard(Ok(ticket(Some(here()), TestMessage::Waiting { why: None })), 1, false);
    assert_eq!(said(&unmeasured).0[2..], ["reached Cloudflared -", "reached Ollama 4", "reached Model 3870"]);
}

#[test]
fn what_calls_saw_of_the_tunnel_is_read_for_the_hop_that_answered() {
    let answer = |status, body: &str| {
        Ok(HttpAnswer { status, location: None, content_type: None, body: body.to_owned() })
    };
    let version = || answer(200, r#"{"version":"0.9.0"}"#);
    let connected = |count| answer(200, &format!(r#"{{"status":200,"readyConnections":{count}}}"#));
    for (public, ready, ollama, passed) in [
        (version(), connected(4), version(), "ccc"),
        (answer(530, "error code: 1033"), connected(0), version(), "c-c"),
        (answer(502, ""), connected(1), answer(500, ""), "cc-"),
        (answer(302, ""), connected(4), version(), "-cc"),
        (answer(403, "<html>"), answer(503, "nothing"), version(), "--c"),
    ] {
        let mut seen = Seen::default();
        let known = |answer| Fact::Known { answer, latency: Duration::from_millis(7) };
        seen.looked(&Sight::Public(known(public)));
        seen.looked(&Sight::Ready(known(ready)));
        seen.looked(&Sight::OllamaApi(known(ollama)));
        let found: String = seen.passed_ms.iter().map(|ms| if *ms == Some(7) { 'c' } else { '-' }).collect();
        assert_eq!(found, passed);
    }
    let mut seen = Seen::default();
    seen.looked(&Sight::Public(Fact::NotSetUp));
    assert_eq!(seen.passed_ms, [None]);
}

/// What a ticket that somebody else triaged is said to have failed at, with what the calls took, what is broken here, and
/// what the orchestrator says.
fn failed_at(
    passed: [Option<u64>; 3],
    broken: Option<(&str, &str)>,
    why: Option<&str>,
    triaged: TestTriaged,
) -> String {
    let mut seen = accepted(passed);
    seen.noticed(&status(broken, false));
    let who = elsewhere(&triaged);
    let confirmed = TestMessage::Confirmed { at: CONFIRMED_AT.to_owned() };
    let told = TestTicket { why_not_here: why.map(str::to_owned), ..ticket(Some(triaged), confirmed) };
    seen.heard(Ok(told), 2_000, false);
    let (steps, is_over) = said(&seen);
    let [before @ .., failed, discord, done] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(is_over && before.iter().all(|step| step.starts_with("reached")), "{steps:?}");
    assert_eq!([discord, done], ["reached Discord 312", &format!("done 2000 {who}")], "it still arrives");
    failed.clone()
}

#[test]
fn triaged_elsewhere_the_first_hop_that_fails_is_named_and_the_ticket_still_arrives() {
    let all = [Some(1); 3];
    for (passed, layer, expected) in [
        ([Some(1), None, Some(1)], "cloudflared_process", "failed Cloudflared: It is gone. → Do it."),
        ([Some(1), None, Some(1)], "edge", "failed Cloudflared: It is gone. → Do it."),
        ([None, Some(1), Some(1)], "public_address", "failed Cloudflare: It is gone. → Do it."),
        ([Some(1), Some(1), None], "ollama_api", "failed Ollama: It is gone. → Do it."),
        (all, "model", "failed Model: It is gone. → Do it."),
        // Our own calls pass; the orchestrator's do not.
        (all, "orchestrator_view", "failed Model: It is gone. → Do it."),
    ] {
        assert_eq!(
            failed_at(passed, Some((layer, "It is gone.")), Some("unused"), groq()),
            expected,
            "{layer}"
        );
    }
}

#[test]
fn triaged_elsewhere_with_every_hop_well_the_call_itself_or_its_absence_is_why() {
    let (all, look) = ([Some(1); 3], "→ Look at the ticket's attempts under Tickets, then send another.");
    assert_eq!(
        failed_at(all, None, Some("Confidence is 7."), groq()),
        format!("failed Model: This machine did not triage it: Confidence is 7. {look}")
    );
    assert_eq!(
        failed_at([None, Some(1), Some(1)], None, Some("tunnel down"), groq()),
        format!("failed Cloudflare: This machine did not triage it: tunnel down. {look}")
    );
    let laptop = TestTriaged { provider: "local".to_owned(), device: Some("Laptop".to_owned()), ..groq() };
    assert_eq!(
        failed_at(all, None, None, laptop),
        format!("failed Model: Laptop triaged it: this machine was not asked. {look}")
    );
}

#[test]
fn who_is_paused_is_told_that_and_what_breaks_after_the_verdict_is_not_why() {
    let mut seen = accepted([None; 3]);
    seen.noticed(&status(None, true));
    seen.heard(Ok(ticket(Some(groq()), TestMessage::Waiting { why: None })), 1, false);
    let paused = said(&seen);
    assert!(paused.0[1].contains("failed Cloudflared: Triage on this machine is paused"), "{paused:?}");
    seen.noticed(&status(Some(("model", "It is gone.")), false));
    assert_eq!(said(&seen), paused);
}

#[test]
fn a_ticket_that_nobody_triages_is_said_to_wait_or_to_have_failed_or_to_take_too_long() {
    let with = |status, error: Option<&str>| {
        let error = error.map(str::to_owned);
        TestTicket { status, error, ..ticket(None, TestMessage::Waiting { why: None }) }
    };
    let queued = with(TriageStatus::Queued, None);
    let waiting = with(TriageStatus::Waiting, Some("local model: known to be unavailable"));
    let failed = with(TriageStatus::Failed, Some("No model answered"));
    let down = Some(("edge", "Cloudflare cannot reach this machine."));
    let silent = Err("the orchestrator cannot be reached: no answer in time".to_owned());
    for (answer, broken, is_late, expected) in [
        (Ok(queued.clone()), None, false, None),
        (Ok(waiting.clone()), None, false, None),
        (silent.clone(), down, false, None),
        (Ok(queued), down, true, Some("failed Cloudflared: Nobody has triaged the ticket after 120 s. →")),
        (
            Ok(waiting.clone()),
            down,
            false,
            Some("failed Cloudflared: Cloudflare cannot reach this machine. The ticket waits"),
        ),
        (
            Ok(waiting),
            None,
            true,
            Some("failed Cloudflared: Nobody has triaged the ticket after 120 s: local model: known"),
        ),
        (
            Ok(failed),
            None,
            false,
            Some("failed Cloudflared: The ticket could not be triaged: No model answered. →"),
        ),
        (
            silent,
            None,
            true,
            Some("failed Cloudflared: Nobody has triaged the ticket after 120 s: the orchestrator cannot be"),
        ),
    ] {
        let mut seen = accepted([Some(1), None, None]);
        seen.noticed(&status(broken, false));
        seen.heard(answer.clone(), 120_400, is_late);
        let (steps, is_over) = said(&seen);
        assert_eq!(is_over, expected.is_some(), "{answer:?} {steps:?}");
        let last = steps.last().unwrap();
        assert!(last.starts_with(expected.unwrap_or("reached Cloudflare 1")), "{answer:?}: {last}");
    }
}

#[test]
fn what_became_of_the_message_is_said_as_soon_as_it_is_known() {
    let at = || CONFIRMED_AT.to_owned();
    for (message, is_late, expected) in [
        (TestMessage::Waiting { why: Some("Discord failed (500)".to_owned()) }, false, None),
        (TestMessage::Delivered { at: at() }, false, None),
        (
            TestMessage::Waiting { why: Some("Discord failed (500)".to_owned()) },
            true,
            Some("failed Discord: The message is not in Discord after 120 s: Discord failed (500). →"),
        ),
        (
            TestMessage::Delivered { at: at() },
            true,
            Some("failed Discord: Discord took the message, but has not confirmed it after 120 s. →"),
        ),
        (
            TestMessage::Refused { why: "the webhook is gone".to_owned() },
            false,
            Some(
                "failed Discord: The message is not in Discord: the webhook is gone. → Set DISCORD_WEBHOOK_URL",
            ),
        ),
        (
            TestMessage::NoChannel,
            false,
            Some(
                "failed Discord: The orchestrator has no Discord channel to write to. → Set DISCORD_WEBHOOK_URL",
            ),
        ),
    ] {
        let mut seen = accepted([Some(1); 3]);
        seen.heard(Ok(ticket(Some(here()), message.clone())), 120_000, is_late);
        let (steps, is_over) = said(&seen);
        assert_eq!(is_over, expected.is_some(), "{message:?}");
        assert!(
            steps.last().unwrap().starts_with(expected.unwrap_or("reached Model")),
            "{message:?} {steps:?}"
        );
    }
}

/// Something that is seen.
#[derive(Debug, Clone)]
enum Sighting {
    Look(Option<u64>),
    Broken(Option<&'static str>),
    Answer(Option<bool>, u8),
}

fn sighting() -> impl Strategy<Value = Sighting> {
    let layer = prop::sample::select(vec!["model", "edge", "public_address", "orchestrator_view"]);
    prop_oneof![
        prop::option::of(0..9_u64).prop_map(Sighting::Look),
        prop::option::of(layer).prop_map(Sighting::Broken),
        (prop::option::of(any::<bool>()), 0..5_u8)
            .prop_map(|(here, message)| Sighting::Answer(here, message)),
    ]
}

proptest! {
    #[test]
    fn a_step_that_was_told_stays_while_more_is_seen(sightings in prop::collection::vec(sighting(), 0..12)) {
        let (mut seen, mut told) = (Seen::default(), Vec::new());
        seen.accepted(38);
        let mut verdict = None;
        for sighting in sightings {
            match sighting {
                // All calls are made before it is asked for the first time.
                Sighting::Look(took) if seen.ticket.is_none() && seen.passed_ms.len() < 3 => seen.passed_ms.push(took),
                Sighting::Look(_) => {}
                Sighting::Broken(layer) => seen.noticed(&status(layer.map(|layer| (layer, "It is broken.")), false)),
                Sighting::Answer(is_here, message) => {
                    verdict = verdict.or(is_here);
                    let triaged = verdict.map(|is_here| if is_here { here() } else { groq() });
                    let at = CONFIRMED_AT.to_owned();
                    let message = match message {
                        0 => TestMessage::Confirmed { at },
                        1 => TestMessage::Delivered { at },
                        2 => TestMessage::NoChannel,
                        _ => TestMessage::Waiting { why: None },
                    };
                    seen.heard(Ok(ticket(triaged, message)), 1, false);
                }
            }
            let Way { steps, is_over } = seen.way();
            prop_assert!(steps.starts_with(&told), "{told:?} then {steps:?}");
            told = steps;
            if is_over {
                return Ok(());
            }
        }
    }
}

fn accepted(passed_ms: [Option<u64>; 3]) -> Seen {
    let mut seen = Seen { passed_ms: passed_ms.to_vec(), ..Seen::default() };
    assert_eq!(seen.way(), Way { steps: Vec::new(), is_over: false });
    seen.accepted(38);
    seen
}

fn ticket(triaged: Option<TestTriaged>, message: TestMessage) -> TestTicket {
    TestTicket {
        ticket_id: "test-1".to_owned(),
        status: if triaged.is_some() { TriageStatus::Triaged } else { TriageStatus::Triaging },
        accepted_at: "2026-11-23T10:00:00Z".to_owned(),
        triaged,
        why_not_here: None,
        message,
        error: None,
    }
}

fn here() -> TestTriaged {
    TestTriaged { provider: "local".to_owned(), here: true, latency_ms: 3_870, ..groq() }
}

fn groq() -> TestTriaged {
    TestTriaged {
        provider: "groq".to_owned(),
        here: false,
        device: None,
        model: "m".to_owned(),
        latency_ms: 900,
        at: TRIAGED_AT.to_owned(),
    }
}

fn status(broken: Option<(&str, &str)>, paused: bool) -> Status {
    let layer = |layer: &str, health: &str, sentence: &str| {
        json!({"layer": layer, "title": layer, "health": health, "sentence": sentence, "fix": "Do it.", "because": null,
            "since": "", "latency_ms": null, "history": []})
    };
    let mut layers = vec![layer("ollama_private", "fail", "It is open."), layer("link", "ok", "Linked.")];
    layers.extend(broken.map(|(name, sentence)| layer(name, "fail", sentence)));
    let status = json!({
        "version": "0", "started_at": "", "overall": "down", "sentence": "", "layer": null, "paused": paused,
        "layers": layers, "programs": [], "models": [], "orchestrator": null, "recent": [], "access_ends_at": null,
        "notes": [], "alerts": {"open": [], "recent": []}, "desk": null,
    });
    serde_json::from_value(status).unwrap()
}

/// Each step in a line, and whether it is over.
fn said(seen: &Seen) -> (Vec<String>, bool) {
    let Way { steps, is_over } = seen.way();
    let line = |step: &TestStep| match step {
        TestStep::Reached { hop, took_ms } => {
            format!("reached {hop:?} {}", took_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string()))
        }
        TestStep::Failed { hop, why, what_to_do } => format!("failed {hop:?}: {why} → {what_to_do}"),
        TestStep::Done { total_ms, elsewhere } => {
            format!("done {total_ms} {}", elsewhere.as_deref().unwrap_or_default()).trim().to_owned()
        }
    };
    (steps.iter().map(line).collect(), is_over)
}
