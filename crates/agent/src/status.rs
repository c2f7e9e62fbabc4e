//! What people and programs are shown of the agent: made from the model, said over the socket, drawn by whoever asks.
//! PURE.

mod linked;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use link::{Alerts, Desk};
use serde::{Deserialize, Serialize};
use supervise::health::overall::Overall;
use supervise::health::{Health, Layer};
use supervise::history::Bucket;
use supervise::program::{Readiness, State};
use supervise::{Kind, Moment};

use crate::model::Model;
use crate::ollama_api::Loaded;

pub use linked::{OrchestratorStatus, TicketStatus};

/// Everything at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Status {
    /// Version of the agent.
    pub version: String,
    /// Since when it runs, RFC 3339.
    pub started_at: String,
    /// One word.
    pub overall: Overall,
    /// One or two sentences.
    pub sentence: String,
    /// The hop they are about.
    pub layer: Option<Layer>,
    /// The person wants no ticket triaged here.
    pub paused: bool,
    /// The hops, in the order in which one depends on another.
    pub layers: Vec<LayerStatus>,
    /// The programs.
    pub programs: Vec<ProgramStatus>,
    /// The models in memory.
    pub models: Vec<ModelStatus>,
    /// The orchestrator, when this machine is paired.
    pub orchestrator: Option<OrchestratorStatus>,
    /// The last tickets, newest first.
    pub recent: Vec<TicketStatus>,
    /// What the orchestrator wants a person to look at, and what has passed of late.
    pub alerts: Alerts,
    /// What tickets are sorted into; `None` before the orchestrator has said.
    pub desk: Option<Desk>,
    /// When the service token of the public address ends, RFC 3339, if that is known.
    pub access_ends_at: Option<String>,
    /// What the person should know besides, in sentences.
    pub notes: Vec<String>,
}

/// What the model does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Besides {
    /// In sentences.
    pub notes: Vec<String>,
    /// The address of the orchestrator that this machine is paired with.
    pub orchestrator: Option<String>,
    /// When the service token ends.
    pub access_ends: Option<DateTime<Utc>>,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LayerStatus {
    /// Which.
    pub layer: Layer,
    /// Its name for people.
    pub title: String,
    /// How it is doing.
    pub health: Health,
    /// What is known.
    pub sentence: String,
    /// The one thing to do about it.
    pub fix: Option<String>,
    /// The hop before it that has to work first.
    pub because: Option<Layer>,
    /// When `health` last changed, RFC 3339.
    pub since: String,
    /// How long the last answer took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// The last 24 hours in pieces of five minutes, oldest first.
    pub history: Vec<Bucket>,
}

/// One program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ProgramStatus {
    /// Which.
    pub program: Kind,
    /// Its state in a word or two: `running`, `not ready`, `starting`, `adopted`, `waiting`, `stopping`, `gave up`,
    /// `not installed`, `not set up`, `stopped`.
    pub state: String,
    /// Its process, when it is ours.
    pub pid: Option<u32>,
    /// How often it has been started since the agent's start.
    pub starts: u64,
    /// Lines it has written.
    pub lines: u64,
    /// Those of them that were too many to be kept.
    pub dropped: u64,
}

/// A model in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ModelStatus {
    /// With its tag.
    pub name: String,
    /// How much memory it takes.
    pub size_bytes: u64,
    /// How much of it the graphics card holds, in per cent; the rest is computed by the processor, slowly.
    pub gpu_percent: Option<u8>,
}

/// What the model does not know of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process {
    /// Its process, when it is ours.
    pub pid: Option<u32>,
    /// Lines it has written.
    pub lines: u64,
    /// Those of them that were too many to be kept.
    pub dropped: u64,
}

/// The wall clock's time of moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall {
    /// The moment of `at`.
    pub moment: Moment,
    /// What the wall clock says at `moment`.
    pub at: DateTime<Utc>,
}

impl Wall {
    pub(crate) fn time(self, moment: Moment) -> String {
        let ago = TimeDelta::from_std(self.moment.since(moment)).unwrap_or_default();
        (self.at - ago).to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

impl Status {
    /// Of the model at a moment.
    pub fn of(model: &Model, wall: Wall, process: impl Fn(Kind) -> Process, besides: Besides) -> Self {
        let summary = model.summary();
        let layer = |state: &supervise::health::LayerState| LayerStatus {
            layer: state.layer,
            title: state.layer.to_string(),
            health: state.health,
            sentence: state.sentence.clone(),
            fix: state.fix.clone(),
            because: state.because,
            since: wall.time(state.since),
            latency_ms: state.latency_ms,
            history: model
                .history(state.layer)
                .map(|history| history.buckets(wall.moment))
                .unwrap_or_default(),
        };
        let program = |kind| {
            let Process { pid, lines, dropped } = process(kind);
            let state = state_word(model.program(kind)).to_owned();
            ProgramStatus { program: kind, state, pid, starts: model.starts(kind), lines, dropped }
        };
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: wall.time(Moment::default()),
            overall: summary.overall,
            sentence: summary.sentence.clone(),
            layer: summary.layer,
            paused: model.is_paused(),
            layers: model.chain().layers().iter().map(layer).collect(),
            programs: [Kind::Ollama, Kind::Cloudflared].map(program).into(),
            models: model.loaded().iter().map(ModelStatus::of).collect(),
            orchestrator: besides.orchestrator.map(|url| OrchestratorStatus::of(url, model, wall)),
            recent: model.linked().recent().iter().map(TicketStatus::of).collect(),
            alerts: model.linked().alerts().clone(),
            desk: model.linked().desk().cloned(),
            access_ends_at: besides.access_ends.map(|ends| ends.to_rfc3339_opts(SecondsFormat::Secs, true)),
            notes: besides.notes.into_iter().chain(model.linked().notes()).collect(),
        }
    }

    /// Whether people would see a difference. What the programs write is none: it has a place of its own.
    #[must_use]
    pub fn is_news_after(&self, last: &Self) -> bool {
        let quiet = |status: &Self| {
            let mut status = status.clone();
            status.programs.iter_mut().for_each(|program| (program.lines, program.dropped) = (0, 0));
            status
        };
        quiet(self) != quiet(last)
    }

    /// Takes out what tickets say, before it leaves this machine.
    pub fn forget_words_of_tickets(&mut self) {
        self.recent.iter_mut().for_each(|ticket| ticket.subject = None);
    }
}

impl ModelStatus {
    fn of(loaded: &Loaded) -> Self {
        Self {
            name: loaded.name.clone(),
            size_bytes: loaded.size_bytes,
            gpu_percent: loaded.on_gpu_percent(),
        }
    }
}

pub(crate) const fn state_word(state: &State) -> &'static str {
    match state {
        State::NotInstalled { .. } => "not installed",
        State::Stopped | State::Ended => "stopped",
        State::Looking { .. } | State::Starting { .. } => "starting",
        State::Adopted { .. } => "adopted",
        State::Running { readiness: Readiness::Ready { .. }, .. } => "running",
        State::Running { readiness: Readiness::Unready { .. }, .. } => "not ready",
        State::BackingOff { .. } => "waiting",
        State::Stopping { .. } => "stopping",
        State::NotSetUp { .. } => "not set up",
        State::GaveUp { .. } => "gave up",
    }
}

#[cfg(test)]
mod tests {
    use alerts::rule::Rules;
    use supervise::install::Platform;

    use super::*;
    use crate::model::{Input, Now, Wish, apply};

    #[test]
    fn moments_are_said_in_the_wall_clocks_time_and_programs_with_their_process() {
        let model = Model::new(Platform::Linux, "llama3.2".to_owned(), Rules::default());
        let now = Now { moment: Moment::from_millis(5_000), local_minute: 0 };
        let (model, _) = apply(model, Input::Wished(Wish::Begin), now);
        let at = DateTime::from_timestamp(1_795_392_000, 0).unwrap();
        let wall = Wall { moment: Moment::from_millis(65_000), at };
        let process = |kind| match kind {
            Kind::Ollama => Process { pid: Some(42), lines: 7, dropped: 1 },
            Kind::Cloudflared => Process::default(),
        };
        let status = Status::of(
            &model,
            wall,
            process,
            Besides { notes: vec!["A note.".to_owned()], ..Besides::default() },
        );
        assert_eq!(status.started_at, "2026-11-22T23:58:55Z");
        assert_eq!(status.layers[0].since, "2026-11-22T23:59:00Z");
        assert_eq!(status.layers.len(), Layer::ALL.len());
        let ollama = &status.programs[0];
        assert_eq!(
            (ollama.state.as_str(), ollama.pid, ollama.lines, ollama.dropped),
            ("starting", Some(42), 7, 1)
        );
        let mut written = status.clone();
        written.programs[0].lines = 8;
        assert!(!written.is_news_after(&status));
        written.programs[0].pid = None;
        assert!(written.is_news_after(&status));
        let json = serde_json::to_string(&status).unwrap();
        assert_eq!(serde_json::from_str::<Status>(&json).unwrap(), status);
    }
}
