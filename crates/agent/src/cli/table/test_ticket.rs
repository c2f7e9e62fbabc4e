//! The way of a test ticket. PURE.

use supervise::health::Health;

use super::{Look, mark, paragraph};
use crate::test_ticket::{TestHop, TestStep};

/// Every hop with its name for people, in their order.
const HOPS: [(TestHop, &str); 6] = [
    (TestHop::Orchestrator, "Orchestrator"),
    (TestHop::Cloudflare, "Cloudflare"),
    (TestHop::Cloudflared, "cloudflared"),
    (TestHop::Ollama, "Ollama"),
    (TestHop::Model, "Model"),
    (TestHop::Discord, "Discord"),
];

/// The width of the names.
const WIDTH: usize = 12;

/// What a step adds to those before: a row for its hop, after rows for those that the ticket did not take.
pub fn test_step(last: Option<&TestStep>, step: &TestStep, look: Look) -> String {
    let mut text = String::new();
    if let Some(hop) = hop(step) {
        let before = last.and_then(self::hop);
        let skipped =
            HOPS.iter().filter(|(known, _)| *known < hop && before.is_none_or(|last| *known > last));
        skipped.for_each(|(_, title)| text.push_str(&row(title, Health::Unknown, "not taken", look)));
    }
    match step {
        TestStep::Reached { hop, took_ms } => {
            let took = took_ms.map_or_else(|| "passed, not measured".to_owned(), took);
            text.push_str(&row(title(*hop), Health::Ok, &took, look));
        }
        TestStep::Failed { hop, why, what_to_do } => {
            text.push_str(&row(title(*hop), Health::Fail, why, look));
            text.push_str(&paragraph("    → ", "      ", what_to_do));
        }
        TestStep::Done { total_ms, elsewhere } => {
            let by = elsewhere.as_ref().map(|who| format!(", triaged by {who}")).unwrap_or_default();
            text.push_str(&format!("\n  It is in Discord{by}: {} in all.\n", took(*total_ms)));
        }
    }
    text
}

const fn hop(step: &TestStep) -> Option<TestHop> {
    match step {
        TestStep::Reached { hop, .. } | TestStep::Failed { hop, .. } => Some(*hop),
        TestStep::Done { .. } => None,
    }
}

fn title(hop: TestHop) -> &'static str {
    HOPS.iter().find(|(known, _)| *known == hop).map_or("", |(_, title)| title)
}

fn row(title: &str, health: Health, words: &str, look: Look) -> String {
    let lead = format!("  {} {title:WIDTH$}  ", mark(health, look));
    paragraph(&lead, &" ".repeat(WIDTH + 6), words)
}

fn took(millis: u64) -> String {
    match millis {
        ..1000 => format!("{millis} ms"),
        _ => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn text(steps: &[TestStep]) -> String {
        let look = Look { colour: false, now: DateTime::from_timestamp(0, 0).unwrap() };
        let before = [None].into_iter().chain(steps.iter().map(Some));
        before.zip(steps).map(|(last, step)| test_step(last, step, look)).collect()
    }

    fn reached(hop: TestHop, took_ms: u64) -> TestStep {
        TestStep::Reached { hop, took_ms: Some(took_ms) }
    }

    #[test]
    fn each_hop_has_its_row_and_what_it_took() {
        let mut steps: Vec<TestStep> = HOPS.iter().map(|(hop, _)| reached(*hop, 1_250)).collect();
        steps[3] = TestStep::Reached { hop: TestHop::Ollama, took_ms: None };
        steps.push(TestStep::Done { total_ms: 912, elsewhere: None });
        assert_eq!(
            text(&steps),
            "  ● Orchestrator  1.2 s\n  ● Cloudflare    1.2 s\n  ● cloudflared   1.2 s\n  \
             ● Ollama        passed, not measured\n  ● Model         1.2 s\n  ● Discord       1.2 s\n\n  \
             It is in Discord: 912 ms in all.\n"
        );
    }

    #[test]
    fn a_hop_that_failed_says_why_and_those_behind_it_were_not_taken() {
        let why = "cloudflared is not running.".to_owned();
        let steps = [
            reached(TestHop::Orchestrator, 38),
            TestStep::Failed { hop: TestHop::Cloudflared, why, what_to_do: "Restart it.".to_owned() },
            reached(TestHop::Discord, 300),
            TestStep::Done { total_ms: 2000, elsewhere: Some("Groq".to_owned()) },
        ];
        assert_eq!(
            text(&steps),
            "  ● Orchestrator  38 ms\n  ○ Cloudflare    not taken\n  ✕ cloudflared   cloudflared is not running.\n    \
             → Restart it.\n  ○ Ollama        not taken\n  ○ Model         not taken\n  ● Discord       300 ms\n\n  \
             It is in Discord, triaged by Groq: 2.0 s in all.\n"
        );
    }
}
