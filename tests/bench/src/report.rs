//! What was measured, beside the bar it has to reach; as Markdown for people and JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::database::Engine;
use crate::stats::{median, spread};

/// A limit from the design.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

/// One measured thing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// The scenario that measured it.
    pub scenario: &'static str,
    /// What it is.
    pub what: String,
    /// Unit of the values.
    pub unit: &'static str,
    /// One value per round.
    pub rounds: Vec<f64>,
    /// What it has to reach.
    pub bar: Option<Bar>,
}

/// All figures of a run, and what was wrong with it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// In the order in which they were measured.
    pub figures: Vec<Figure>,
    /// Facts that are no numbers: whole-table reads, settings.
    pub notes: Vec<(&'static str, String)>,
    /// Wrong counts: the figures cannot be trusted.
    pub mistakes: Vec<String>,
}

impl Figure {
    /// The median of the rounds.
    pub(crate) fn value(&self) -> f64 {
        median(&self.rounds)
    }

    /// Whether it reaches its bar; `None` without one.
    pub(crate) fn is_reached(&self) -> Option<bool> {
        Some(match self.bar? {
            Bar::AtLeast(bar) => self.value() >= bar,
            Bar::AtMost(bar) => self.value() <= bar,
        })
    }
}

impl Report {
    /// Adds a figure without a bar.
    pub(crate) fn add(
        &mut self,
        scenario: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        rounds: Vec<f64>,
    ) {
        self.figures.push(Figure { scenario, what: what.into(), unit, rounds, bar: None });
    }

    /// Gives the figure that was added last its bar.
    pub(crate) fn bar(&mut self, bar: Bar) {
        if let Some(figure) = self.figures.last_mut() {
            figure.bar = Some(bar);
        }
    }

    /// The same for a bar that only Postgres has to reach.
    pub(crate) fn bar_of(&mut self, engine: Engine, bar: Bar) {
        if engine == Engine::Postgres {
            self.bar(bar);
        }
    }

    /// Notes a mistake unless two counts agree.
    pub(crate) fn check(&mut self, what: &str, counted: i64, expected: usize) {
        if usize::try_from(counted) != Ok(expected) {
            self.mistakes.push(format!("{what}: {counted}, not {expected}"));
        }
    }

    /// Everything: what has a bar first, then one table per scenario.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.against_the_bars();
        let mut scenario = "";
        for figure in &self.figures {
            if figure.scenario != scenario {
                scenario = figure.scenario;
                let _ = write!(text, "\n### {scenario}\n\n");
                for (_, note) in self.notes.iter().filter(|(of, _)| *of == scenario) {
                    let _ = write!(text, "{note}\n\n");
                }
                text.push_str("| | median | rounds from – to | bar | |\n|---|---:|---:|---:|---|\n");
            }
            let Row { value, range, bar, reached } = Row::of(figure);
            let _ = writeln!(text, "| {} | {value} | {range} | {bar} | {reached} |", figure.what);
        }
        for mistake in &self.mistakes {
            let _ = write!(text, "\n**Not to be trusted:** {mistake}\n");
        }
        text
    }
    fn against_the_bars(&self) -> String {
        let mut text =
            "\n### Against the bars\n\n| | | median | bar | |\n|---|---|---:|---:|---|\n".to_owned();
        for figure in self.figures.iter().filter(|figure| figure.bar.is_some()) {
            let Row { value, bar, reached, .. } = Row::of(figure);
            let _ = writeln!(text, "| {} | {} | {value} | {bar} | {reached} |", figure.scenario, figure.what);
        }
        text
    }
}

/// A figure's cells.
struct Row {
    value: String,
    range: String,
    bar: String,
    reached: &'static str,
}

impl Row {
    fn of(figure: &Figure) -> Self {
        let (low, high) = spread(&figure.rounds);
        let has_range = figure.rounds.len() > 1;
        Self {
            value: format!("{} {}", number(figure.value()), figure.unit).trim_end().to_owned(),
            range: if has_range { format!("{} – {}", number(low), number(high)) } else { String::new() },
            bar: match figure.bar {
                Some(Bar::AtLeast(bar)) => format!("≥ {}", number(bar)),
                Some(Bar::AtMost(bar)) => format!("≤ {}", number(bar)),
                None => String::new(),
            },
            reached: match figure.is_reached() {
                Some(true) => "ok",
                Some(false) => "**not reached**",
                None => "",
            },
        }
    }
}

/// Some three significant digits, thousands with commas.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let decimals = match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), ""), |(whole, fraction)| (whole, fraction));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        let table = [
            (17_345.678, "17,346"),
            (999.9, "1,000"),
            (123.4, "123"),
            (12.34, "12.3"),
            (0.0, "0"),
            (0.456, "0.46"),
            (-1_234_567.0, "-1,234,567"),
            (f64::NAN, "–"),
        ];
        for (value, expected) in table {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn a_figure_stands_beside_its_bar() {
        let mut report = Report::default();
        report.add("ingest", "acknowledgements", "/s", vec![9_000.0, 11_000.0, 10_000.0]);
        report.bar(Bar::AtLeast(12_000.0));
        report.add("ingest", "p99", "ms", vec![3.0]);
        report.bar(Bar::AtMost(25.0));
        report.check("rows", 5, 5);
        let text = report.markdown();
        assert!(
            text.contains("| acknowledgements | 10,000 /s | 9,000 – 11,000 | ≥ 12,000 | **not reached** |"),
            "{text}"
        );
        assert!(text.contains("| p99 | 3 ms |  | ≤ 25 | ok |"), "{text}");
        report.check("rows", 4, 5);
        assert_eq!(report.mistakes, ["rows: 4, not 5"]);
    }
}
