use agent::status::{LayerStatus, Status, TicketStatus};
use link::TriageStatus;
use supervise::Kind;
use supervise::health::overall::Overall;
use supervise::health::{Health, Layer};

use super::*;
use crate::view::icon::{Mark, Panel, icon};

fn status(overall: Overall, sentence: &str, flaws: &[(Layer, Health, &str)]) -> Status {
    let layer = |layer: Layer| {
        let flaw = flaws.iter().find(|(flawed, ..)| *flawed == layer);
        let (health, sentence) = flaw.map_or((Health::Ok, "It works."), |(_, health, said)| (*health, *said));
        LayerStatus {
            layer,
            title: layer.to_string(),
            health,
            sentence: sentence.to_owned(),
            fix: None,
            because: None,
            since: String::new(),
            latency_ms: None,
            history: Vec::new(),
        }
    };
    Status {
        version: "0.1.0".to_owned(),
        started_at: String::new(),
        overall,
        sentence: sentence.to_owned(),
        layer: None,
        paused: overall == Overall::Paused,
        layers: Layer::ALL.into_iter().map(layer).collect(),
        programs: Vec::new(),
        models: Vec::new(),
        orchestrator: None,
        recent: Vec::new(),
        alerts: link::Alerts::default(),
        desk: None,
        access_ends_at: None,
        notes: Vec::new(),
    }
}

fn triage(
    number: usize,
    status: TriageStatus,
    priority: Option<&str>,
    subject: Option<&str>,
) -> TicketStatus {
    TicketStatus {
        ticket_id: number.to_string(),
        subject: subject.map(ToOwned::to_owned),
        url: None,
        status,
        category: priority.map(|_| "billing".to_owned()),
        priority: priority.map(ToOwned::to_owned),
        confidence: None,
        provider: None,
        latency_ms: None,
        received_at: String::new(),
    }
}

fn seen(status: Status) -> Seen {
    Seen::Status(Box::new(status))
}

fn words(menu: &Menu) -> Vec<String> {
    let word = |item: &Item| match item {
        Item::Text(text) => format!("({text})"),
        Item::Rule => "---".to_owned(),
        Item::Action(_, label) => label.clone(),
        Item::Switch(_, label, is_on) => format!("[{}] {label}", if *is_on { "x" } else { " " }),
    };
    menu.items.iter().map(word).collect()
}

#[test]
fn each_state_has_its_first_line_its_actions_and_its_icon() {
    let down = [
        (Layer::CloudflaredProcess, Health::Fail, "cloudflared has ended."),
        (Layer::Edge, Health::Unknown, "Not checked."),
    ];
    let rest = [
        "Open",
        "Pause",
        "Restart Ollama",
        "Restart tunnel",
        "Copy diagnostics",
        "[ ] Start at login",
        "---",
        "Quit",
    ];
    let paused_rest =
        ["Open", "Resume", "Restart Ollama", "Copy diagnostics", "[ ] Start at login", "---", "Quit"];
    let bare = ["Open", "Copy diagnostics", "[ ] Start at login", "---", "Quit"];
    let cases: [(Seen, Mark, &[&str], &[&str]); 7] = [
        (Seen::Nothing, Mark::Starting, &["(○ Starting: the agent is being asked.)"], &bare),
        (Seen::Lost("settings:\n  wrong".to_owned()), Mark::Down, &["(✕ settings: wrong)"], &bare),
        (
            seen(status(Overall::Healthy, "Tickets are triaged here.", &[])),
            Mark::Healthy,
            &["(● Healthy: Tickets are triaged here.)", "(Tunnel: ● works)", "(Ollama: ● works)"],
            &rest,
        ),
        (
            seen(status(Overall::Down, "New tickets wait.", &down)),
            Mark::Down,
            &["(✕ Down: New tickets wait.)", "(Tunnel: ✕ cloudflared has ended.)", "(Ollama: ● works)"],
            &rest,
        ),
        (
            seen(status(Overall::Degraded, "S.", &[(Layer::Model, Health::Warn, "It is slow.")])),
            Mark::Degraded,
            &["(◐ Degraded: S.)", "(Tunnel: ● works)", "(Ollama: ◐ It is slow.)"],
            &rest,
        ),
        (
            seen(status(Overall::Starting, "S.", &[(Layer::OllamaApi, Health::Unknown, "Not asked.")])),
            Mark::Starting,
            &["(○ Starting: S.)", "(Tunnel: ● works)", "(Ollama: ○ Not asked.)"],
            &rest,
        ),
        (
            seen(status(Overall::Paused, "S.", &[])),
            Mark::Paused,
            &["(‖ Paused: S.)", "(Tunnel: ● works)", "(Ollama: ● works)"],
            &paused_rest,
        ),
    ];
    for (seen, mark, first, last) in cases {
        let expected: Vec<&str> = first.iter().chain(&["---"]).chain(last).copied().collect();
        let menu = menu(&seen, false, None);
        assert_eq!(words(&menu), expected);
        assert_eq!(format!("({})", menu.headline()), first[0], "what the icon says under the pointer");
        assert_eq!(icon(&seen, Panel::Dark).mark, mark);
    }
}

#[test]
fn of_two_broken_hops_the_first_is_named_because_the_other_hangs_on_it() {
    let flaws = [(Layer::Edge, Health::Fail, "First."), (Layer::PublicAddress, Health::Fail, "Second.")];
    let menu = menu(&seen(status(Overall::Down, "S.", &flaws)), false, None);
    assert_eq!(menu.items[1], Item::Text("Tunnel: ✕ First.".to_owned()));
}

#[test]
fn an_open_alert_has_a_line_and_the_others_are_counted() {
    let mut status = status(Overall::Healthy, "S.", &[]);
    assert!(words(&menu(&seen(status.clone()), false, None)).iter().all(|line| !line.contains("Alert")));
    let alert = |sentence: &str| link::Alert {
        id: sentence.to_owned(),
        kind: "success_rate".to_owned(),
        subject: String::new(),
        severity: "page".to_owned(),
        sentence: sentence.to_owned(),
        what_to_do: "Look at it.".to_owned(),
        raised_at: String::new(),
        cleared_at: None,
    };
    status.alerts.recent = vec![alert("It has passed.")];
    status.alerts.open = vec![alert("Half of the calls\nfail.")];
    assert_eq!(words(&menu(&seen(status.clone()), false, None))[3], "(Alert: Half of the calls fail.)");
    status.alerts.open = vec![alert(&"long ".repeat(40)), alert("Second."), alert("Third.")];
    let line = words(&menu(&seen(status), false, None))[3].clone();
    assert!(line.ends_with("… (and 2 more))") && line.chars().count() <= LONGEST_LINE + 2, "{line}");
}

#[test]
fn the_last_five_tickets_are_offered_with_what_matters_first() {
    let mut status = status(Overall::Healthy, "S.", &[]);
    status.recent = vec![
        triage(1, TriageStatus::Triaged, Some("urgent"), Some("Cannot log in")),
        triage(2, TriageStatus::NeedsReview, Some("low"), None),
        triage(3, TriageStatus::Waiting, None, Some("")),
        triage(4, TriageStatus::Failed, None, Some(&"long ".repeat(40))),
        triage(5, TriageStatus::Triaged, Some("high"), Some("R&D")),
        triage(6, TriageStatus::Triaged, Some("low"), Some("Too old")),
    ];
    let menu = menu(&seen(status), true, None);
    let words = words(&menu);
    assert_eq!(
        words[3..8],
        [
            "---",
            "▲ Cannot log in (urgent, billing)",
            "? Ticket 2 (low, billing)",
            "… Ticket 3",
            &format!("✕ {}…", "long ".repeat(40)[..69].trim_end()),
        ]
    );
    assert_eq!(words[8], "△ R&D (high, billing)");
    assert!(words.contains(&"[x] Start at login".to_owned()) && !words.join("").contains("Too old"));
    assert_eq!(menu.items[4], Item::Action(Act::Ticket("1".to_owned()), words[4].clone()));
}

#[test]
fn a_menu_is_changed_in_place_only_when_its_lines_do_the_same() {
    let healthy = menu(&seen(status(Overall::Healthy, "S.", &[])), false, None);
    let down = menu(&seen(status(Overall::Down, "Other.", &[])), true, None);
    assert!(healthy != down && healthy.has_shape_of(&down));
    let paused = menu(&seen(status(Overall::Paused, "S.", &[])), false, None);
    assert!(!paused.has_shape_of(&healthy));
    let mut with_ticket = status(Overall::Healthy, "S.", &[]);
    with_ticket.recent = vec![triage(1, TriageStatus::Queued, None, None)];
    let mut with_another = with_ticket.clone();
    with_another.recent[0].ticket_id = "2".to_owned();
    let [one, other] = [with_ticket, with_another].map(|status| menu(&seen(status), false, None));
    assert!(!one.has_shape_of(&healthy) && !one.has_shape_of(&other) && one.has_shape_of(&one));
}

#[test]
fn a_click_is_known_by_its_id() {
    let acts = [
        Act::Ticket("31/4 15".to_owned()),
        Act::Open,
        Act::Pause,
        Act::Resume,
        Act::Restart(Kind::Ollama),
        Act::Restart(Kind::Cloudflared),
        Act::CopyDiagnostics,
        Act::StartAtLogin,
        Act::Quit,
    ];
    for act in acts {
        assert_eq!(Act::of(&act.id()), Some(act));
    }
    assert_eq!(Act::of("format-disk"), None);
}

#[test]
fn a_newer_version_is_a_line_that_is_gone_with_it() {
    let seen = seen(status(Overall::Healthy, "S.", &[]));
    let offered = menu(&seen, false, Some("1.2.3"));
    assert!(offered.items.contains(&Item::Action(Act::Update, "Update to 1.2.3…".to_owned())));
    assert!(!offered.has_shape_of(&menu(&seen, false, None)));
    assert!(offered.has_shape_of(&menu(&seen, false, Some("1.2.4"))));
}
