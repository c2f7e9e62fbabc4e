//! What is known through the orchestrator, as text. PURE.

use chrono::{DateTime, Utc};
use link::{Alert, TriageStatus};
use supervise::health::Health;

use super::{Look, age, finding, paragraph};
use crate::status::{OrchestratorStatus, Status, TicketStatus};

/// A service token that ends sooner deserves an arrow.
const SOON_DAYS: i64 = 30;

/// Whom the machine is paired with, the look from outside, and when the service token ends.
pub(super) fn about(status: &Status, look: Look) -> String {
    let mut text = String::new();
    if let Some(orchestrator) = &status.orchestrator {
        text.push_str(&paragraph("  ", "  ", &introduced(orchestrator, look)));
        text.push_str(&receipt(orchestrator));
    }
    if let Some(sentence) = status.access_ends_at.as_deref().and_then(|ends| countdown(ends, look)) {
        text.push_str(&paragraph("  ", "    ", &sentence));
    }
    text
}

/// What the orchestrator wants a person to look at.
pub(super) fn alerts(status: &Status, look: Look) -> String {
    let told = |alert: &Alert| {
        // What is urgent enough to call somebody is as bad as a hop that does not work.
        let health = if alert.severity == "page" { Health::Fail } else { Health::Warn };
        let raised = alert.raised_at.parse::<DateTime<Utc>>().ok();
        let lasting = raised.map(|raised| format!(" (for {})", age((look.now - raised).num_seconds())));
        let sentence = format!("Alert: {}{}", alert.sentence, lasting.unwrap_or_default());
        finding(health, &sentence, Some(&alert.what_to_do), look)
    };
    status.alerts.open.iter().map(told).collect()
}

/// The last tickets, a line each.
pub(super) fn recent(status: &Status) -> String {
    if status.recent.is_empty() {
        return String::new();
    }
    let lines: Vec<[String; 6]> = status.recent.iter().map(columns).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = "\n  Recent tickets\n".to_owned();
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let row = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("  {}\n", row.trim_end()));
    }
    text
}

fn introduced(orchestrator: &OrchestratorStatus, look: Look) -> String {
    let OrchestratorStatus { url, version, heard_at, tunnel, .. } = orchestrator;
    let version = version.as_ref().map(|version| format!(" (version {version})")).unwrap_or_default();
    let heard = heard_at.as_deref().and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let heard = heard.map_or_else(
        || ", not heard so far".to_owned(),
        |at| format!(", heard {} ago", age((look.now - at).num_seconds())),
    );
    let tunnel = tunnel.as_ref().map_or_else(
        || "; it has no tunnel of this machine".to_owned(),
        |tunnel| format!("; it calls {} and asks {}", tunnel.url, tunnel.model),
    );
    format!("Paired with {url}{version}{heard}{tunnel}")
}

fn receipt(orchestrator: &OrchestratorStatus) -> String {
    let Some(receipt) = &orchestrator.receipt else { return String::new() };
    let open = receipt.checks.iter().filter(|check| check.refused == Some(false)).count();
    let found = match (receipt.closed, open) {
        (true, _) => "everything that must be refused was refused".to_owned(),
        (false, 0) => "not every call was answered, so it could not be judged".to_owned(),
        (false, open) => {
            format!("{open} of {} calls that must be refused were answered", receipt.checks.len())
        }
    };
    paragraph("  ", "    ", &format!("Seen from outside {}: {found}", minute(&receipt.checked_at)))
}

fn countdown(ends: &str, look: Look) -> Option<String> {
    let ends: DateTime<Utc> = ends.parse().ok()?;
    let left = ends - look.now;
    Some(match left.num_days() {
        _ if left.num_seconds() <= 0 => {
            format!("The service token ended {}. → triage-agent tunnel setup", ends.format("%Y-%m-%d"))
        }
        days if days <= SOON_DAYS => {
            format!(
                "The service token ends in {}. → triage-agent tunnel setup extends it",
                age(left.num_seconds())
            )
        }
        days => format!("The service token ends in {days} days."),
    })
}

fn columns(ticket: &TicketStatus) -> [String; 6] {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let took = ticket.latency_ms.map(|millis| format!(" {millis} ms")).unwrap_or_default();
    let subject = ticket.subject.clone().unwrap_or_else(|| ticket.ticket_id.clone());
    [
        minute(&ticket.received_at),
        or_dash(&ticket.priority),
        or_dash(&ticket.category),
        format!("{}{took}", or_dash(&ticket.provider)),
        stands(ticket),
        subject,
    ]
}

/// With the model's doubt, where it is the reason.
fn stands(ticket: &TicketStatus) -> String {
    let doubt = ticket.confidence.filter(|_| ticket.status == TriageStatus::NeedsReview);
    let doubt = doubt.map(|confidence| format!(" ({:.0} %)", confidence * 100.0)).unwrap_or_default();
    format!("{}{doubt}", state(ticket.status))
}

const fn state(status: TriageStatus) -> &'static str {
    match status {
        TriageStatus::Queued => "queued",
        TriageStatus::Triaging => "triaging",
        TriageStatus::Waiting => "waiting",
        TriageStatus::Triaged => "triaged",
        TriageStatus::NeedsReview => "needs review",
        TriageStatus::Failed => "failed",
        TriageStatus::Gone => "deleted",
    }
}

fn minute(at: &str) -> String {
    at.parse::<DateTime<Utc>>()
        .map_or_else(|_| at.to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-23T10:00:10Z";

    fn look() -> Look {
        Look { colour: false, now: NOW.parse().unwrap() }
    }

    #[test]
    fn the_orchestrator_is_named_with_what_it_saw() {
        let orchestrator = json!({
            "url": "https://triage.example.com", "version": "0.1.0", "heard_at": "2026-11-23T10:00:00Z",
            "tunnel": {"url": "https://a.example.com", "model": "m", "verified_at": NOW, "expires_at": null},
            "receipt": {"checked_at": NOW, "url": "https://a.example.com", "closed": true, "checks": []},
        });
        let orchestrator: OrchestratorStatus = serde_json::from_value(orchestrator).unwrap();
        assert_eq!(
            introduced(&orchestrator, look()),
            "Paired with https://triage.example.com (version 0.1.0), heard 10 s ago; it calls https://a.example.com and asks m"
        );
        let said = "  Seen from outside 2026-11-23 10:00 UTC: everything that must be refused was refused\n";
        assert_eq!(receipt(&orchestrator), said);
    }

    #[test]
    fn an_open_alert_is_told_with_its_age_and_what_to_do() {
        let mut status = super::super::tests::sample();
        let alert = |severity: &str, raised_at: &str| -> Alert {
            let alert = json!({
                "id": "a", "kind": "success_rate", "subject": "", "severity": severity, "sentence": "1 of 4 failed.",
                "what_to_do": "Look at them.", "raised_at": raised_at, "cleared_at": null,
            });
            serde_json::from_value(alert).unwrap()
        };
        status.alerts.open = vec![alert("page", "2026-11-23T09:50:10Z"), alert("email", "?")];
        let expected = "  ✕ Alert: 1 of 4 failed. (for 10 min)\n    → Look at them.\n  ◐ Alert: 1 of 4 failed.\n    → Look at them.\n";
        assert_eq!(alerts(&status, look()), expected);
        assert!(super::super::status(&status, look()).contains("Alert: 1 of 4 failed."));
    }

    #[test]
    fn the_end_of_the_token_is_counted_down() {
        for (ends, words) in [
            ("2027-11-23T10:00:10Z", "ends in 365 days."),
            ("2026-12-23T10:00:10Z", "ends in 30 days. →"),
            ("2026-11-23T20:00:10Z", "ends in 10 h. →"),
            ("2026-11-23T10:00:10Z", "ended 2026-11-23. →"),
        ] {
            let said = countdown(ends, look()).unwrap();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn tickets_stand_in_columns() {
        let ticket = |priority: Option<&str>, provider: &str, status: &str, subject: &str| -> TicketStatus {
            let ticket = json!({
                "ticket_id": "7", "subject": subject, "url": null, "status": status, "category": "billing",
                "priority": priority, "confidence": 0.62, "provider": provider, "latency_ms": 900, "received_at": NOW,
            });
            serde_json::from_value(ticket).unwrap()
        };
        let first = columns(&ticket(Some("urgent"), "local", "needs_review", "Invoice"));
        let expected =
            ["2026-11-23 10:00 UTC", "urgent", "billing", "local 900 ms", "needs review (62 %)", "Invoice"];
        assert_eq!(first, expected);
        let second = columns(&ticket(None, "groq", "triaged", ""));
        assert_eq!((second[1].as_str(), second[4].as_str()), ("–", "triaged"));
    }
}
