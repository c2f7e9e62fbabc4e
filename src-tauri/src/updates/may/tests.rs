use agent::status::TicketStatus;
use supervise::health::overall::Overall;

use super::*;

fn status(paused: bool, tickets: &[(TriageStatus, Option<&str>)]) -> Status {
    let ticket = |(status, provider): &(TriageStatus, Option<&str>)| TicketStatus {
        ticket_id: "7".to_owned(),
        subject: None,
        url: None,
        status: *status,
        category: None,
        priority: None,
        confidence: None,
        provider: provider.map(ToOwned::to_owned),
        latency_ms: None,
        received_at: String::new(),
    };
    Status {
        version: String::new(),
        started_at: String::new(),
        overall: Overall::Healthy,
        sentence: String::new(),
        layer: None,
        paused,
        layers: Vec::new(),
        programs: Vec::new(),
        models: Vec::new(),
        orchestrator: None,
        recent: tickets.iter().map(ticket).collect(),
        alerts: link::Alerts::default(),
        desk: None,
        access_ends_at: None,
        notes: Vec::new(),
    }
}

#[test]
fn nothing_is_installed_while_work_would_be_lost() {
    use TriageStatus::{Failed, Gone, NeedsReview, Queued, Triaged, Triaging, Waiting};
    let resting = [Queued, Waiting, Triaged, NeedsReview, Failed, Gone].map(|status| (status, Some("local")));
    for (paused, tickets, is_pulling, expected) in [
        (false, &[][..], false, Ok(())),
        (false, &resting[..], false, Ok(())),
        (false, &[(Triaging, None)], false, Err(Busy::Ticket)),
        (false, &[(Triaged, Some("local")), (Triaging, Some("local"))], false, Err(Busy::Ticket)),
        (false, &[(Triaging, Some("groq"))], false, Ok(())),
        // Paused, no ticket comes here.
        (true, &[(Triaging, None)], false, Ok(())),
        (true, &[], true, Err(Busy::Download)),
        (false, &[(Triaging, None)], true, Err(Busy::Download)),
    ] {
        let status = status(paused, tickets);
        assert_eq!(may_install(Some(&status), is_pulling), expected, "{paused} {tickets:?} {is_pulling}");
    }
    assert_eq!(may_install(None, false), Ok(()), "without an agent nothing is under way");
    assert_eq!(may_install(None, true), Err(Busy::Download));
}

#[test]
fn it_looks_daily_and_only_when_a_person_wants_it() {
    let hours = |hours| Some(Duration::from_hours(hours));
    for (updates, since, expected) in [
        (Updates::Off, None, false),
        (Updates::Off, hours(1000), false),
        (Updates::Ask, None, true),
        (Updates::Ask, hours(23), false),
        (Updates::Ask, hours(24), true),
    ] {
        assert_eq!(is_due(updates, since), expected, "{updates:?} {since:?}");
    }
}

#[test]
fn what_others_installed_others_update() {
    for (bundle, is_told, expected) in [
        (Some(BundleType::Deb), true, Some("package manager")),
        (Some(BundleType::Rpm), false, Some("package manager")),
        (None, true, Some("build it again")),
        (Some(BundleType::AppImage), false, Some("without an address")),
        (Some(BundleType::AppImage), true, None),
        (Some(BundleType::Msi), true, None),
        (Some(BundleType::App), true, None),
    ] {
        let said = obstacle(bundle.clone(), is_told);
        assert_eq!(said.is_some(), expected.is_some(), "{bundle:?}");
        assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()), "{said:?}");
    }
}
