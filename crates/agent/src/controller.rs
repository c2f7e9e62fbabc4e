//! The one loop: takes the next piece of news, asks the model what follows, performs it, and feeds the results back.
//! Nothing is decided here.

mod answers;
mod hands;
mod questions;
mod test_ticket;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, Timelike, Utc};
use supervise::Kind;
use supervise::health::overall::Summary;
use supervise::install::Platform;
use supervise::program::{self, Action, State};
use supervise::saying::Saying;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::children::cloudflared;
use crate::children::runner::{News, What};
use crate::environment::Environment;
use crate::evidence::{Exchanges, Places};
use crate::link::{Link, Peer, report};
use crate::model::linked::Said;
use crate::model::{Effect, Input, Model, Now, Wish, apply};
use crate::notices::{Clicked, Notifier};
use crate::paths::Paths;
use crate::probes::{Clocks, Probe, Probes, Seen, Sensed};
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::socket::Asked;
use hands::Hands;
use watch::Watchers;

/// News that waits for the loop, of each kind.
const WAITING: usize = 64;

/// How often time passes for the model.
const TICK: Duration = Duration::from_secs(1);

/// A program that is not installed is looked for again after so many ticks.
const LOOK_FOR_PROGRAMS_EVERY: u64 = 30;

/// Longer than any program is given to end.
const QUIT_WITHIN: Duration = Duration::from_secs(20);

/// What the agent works with.
pub struct Means {
    /// What the environment says.
    pub environment: Environment,
    /// Its folders.
    pub paths: Paths,
    /// What the person set.
    pub settings: Settings,
    /// Its secrets.
    pub secrets: Arc<Secrets>,
    /// Its copy is the guard.
    pub guard_program: PathBuf,
}

/// Where news comes from and goes to.
pub struct Ends {
    /// Where people can be told something.
    pub notifier: Box<dyn Notifier>,
    /// What they click there.
    pub clicks: mpsc::Receiver<Clicked>,
    /// What is asked of it.
    pub questions: mpsc::Receiver<Asked>,
}

/// Keeps the programs at work and tells how things are, until `stop`; then ends what it started.
pub async fn run(means: Means, ends: Ends, stop: CancellationToken) {
    let clocks = Clocks::real();
    let (news, heard) = mpsc::channel(WAITING);
    let (sensed, seen) = mpsc::channel(WAITING);
    let (looked, found) = mpsc::channel(WAITING);
    let hands = Hands::new(means, news, looked);
    let (says, said) = mpsc::channel(WAITING);
    let targets = hands.targets().await;
    let (public, peer) = (targets.public.clone(), hands.peer(&targets).await);
    let probes = Probes::start(targets, clocks.clone(), sensed);
    let settings = hands.settings();
    let model = Model::new(platform(), settings.model.clone(), settings.rules());
    let link = Link::new(report(&model, public.as_deref(), false), Arc::clone(&clocks.wall), says);
    let first = if settings.start_paused { Wish::Pause } else { Wish::Begin };
    let mut controller = Controller {
        model: Some(model),
        hands,
        probes,
        link,
        public,
        clocks,
        notifier: ends.notifier,
        pids: BTreeMap::new(),
        ticks: 0,
        last: None,
        watchers: Watchers::default(),
        exchanges: Exchanges::default(),
    };
    controller.take(Input::Wished(first));
    controller.link(peer);
    let ears = Ears { heard, seen, said, found, questions: ends.questions, clicks: ends.clicks };
    controller.listen(ears, stop).await;
    controller.link.leave().await;
}

/// Where news comes from.
struct Ears {
    heard: mpsc::Receiver<News>,
    seen: mpsc::Receiver<Sensed>,
    said: mpsc::Receiver<Said>,
    found: mpsc::Receiver<(Kind, program::Input)>,
    questions: mpsc::Receiver<Asked>,
    clicks: mpsc::Receiver<Clicked>,
}

struct Controller {
    /// `None` only while it is being asked.
    model: Option<Model>,
    hands: Hands,
    probes: Probes,
    link: Link,
    /// The public address.
    public: Option<String>,
    clocks: Clocks,
    notifier: Box<dyn Notifier>,
    pids: BTreeMap<Kind, u32>,
    ticks: u64,
    last: Option<Summary>,
    watchers: Watchers,
    exchanges: Exchanges,
}

impl Controller {
    async fn listen(&mut self, mut ears: Ears, stop: CancellationToken) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let quit_by = async {
            stop.cancelled().await;
            tokio::time::sleep(QUIT_WITHIN).await;
        };
        tokio::pin!(quit_by);
        let mut is_quitting = false;
        while !(is_quitting && self.model().has_ended()) {
            tokio::select! {
                () = stop.cancelled(), if !is_quitting => {
                    is_quitting = true;
                    self.take(Input::Wished(Wish::Quit));
                }
                () = &mut quit_by => {
                    warn!(event = "quit_late", "a program did not end in time; its group is killed");
                    return;
                }
                Some(news) = ears.heard.recv() => self.hear(news),
                Some(sensed) = ears.seen.recv() => self.see(sensed),
                Some(said) = ears.said.recv() => self.hear_of(said),
                Some((kind, input)) = ears.found.recv() => self.take(Input::Program(kind, input)),
                Some(asked) = ears.questions.recv() => self.answer(asked).await,
                Some(clicked) = ears.clicks.recv() => self.clicked(&clicked),
                _ = tick.tick() => self.tick(),
            }
            self.tell_watchers();
        }
    }

    fn model(&self) -> &Model {
        self.model.as_ref().expect("put back whenever it was asked")
    }

    fn take(&mut self, input: Input) {
        let Some(model) = self.model.take() else { return };
        let local = Local::now();
        let local_minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        let now = Now { moment: self.clocks.moment(), local_minute };
        let (model, effects) = apply(model, input, now);
        self.model = Some(model);
        for effect in effects {
            self.perform(effect);
        }
        let is_unproven = self.link.is_unproven();
        self.link.tell(report(self.model(), self.public.as_deref(), is_unproven));
    }

    fn see(&mut self, Sensed { at, seen }: Sensed) {
        let places = self.places();
        self.exchanges.see(&seen, &places, at);
        if matches!(seen, Seen::Woke { .. }) {
            self.link.begin_anew();
        }
        self.take(Input::Seen(seen));
    }

    fn hear_of(&mut self, said: Said) {
        let places = self.places();
        self.exchanges.hear(&said, &places, self.clocks.moment());
        self.take(Input::Said(said));
    }

    /// Where things are asked.
    fn places(&self) -> Places {
        let settings = self.hands.settings();
        Places {
            ollama: format!("http://{}", settings.ollama_address),
            metrics: format!("http://{}", cloudflared::metrics_address(settings.metrics_port)),
            public: self.public.clone(),
            orchestrator: self.orchestrator(),
        }
    }

    /// The address of the orchestrator that this machine is paired with.
    fn orchestrator(&self) -> Option<String> {
        self.link.peer().map(|peer| peer.url.as_str().trim_end_matches('/').to_owned())
    }

    /// Links with that orchestrator, or with none.
    fn link(&mut self, peer: Option<Peer>) {
        if let Some(said) = self.link.change(peer) {
            self.take(Input::Said(said));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Do(kind, action) => self.act(kind, action),
            Effect::Tell(notice) => {
                info!(event = "notice", kind = ?notice.kind, body = notice.body, "{}", notice.title);
                self.notifier.show(&notice);
            }
            Effect::ProbeAll => Probe::ALL.into_iter().for_each(|probe| self.probes.now(probe)),
            Effect::Redraw => self.note_health(),
        }
    }

    fn act(&mut self, kind: Kind, action: Action) {
        match action {
            Action::LookForAnother => {
                let is_missing = matches!(self.model().program(kind), State::NotInstalled { .. });
                self.hands.look(kind, is_missing);
            }
            Action::Spawn { run } => self.hands.spawn(kind, run),
            Action::ProbeNow { .. } => self.probes.now(probe_of(kind)),
            Action::Terminate { run } => self.hands.runner.terminate(kind, run),
            Action::Kill { run } => self.hands.runner.kill(kind, run),
            Action::Say(saying) => self.say(kind, &saying),
        }
    }

    fn say(&self, kind: Kind, saying: &Saying) {
        let sentence = saying.sentence(kind);
        match saying {
            Saying::Unready
            | Saying::StartsAgain { .. }
            | Saying::EndedForBeingUnready { .. }
            | Saying::Killed
            | Saying::GaveUp(_) => {
                warn!(event = "program", program = %kind, "{sentence}");
            }
            Saying::Adopted | Saying::AdoptedGone | Saying::NotOurs | Saying::Ready | Saying::NotSetUp(_) => {
                info!(event = "program", program = %kind, "{sentence}");
            }
        }
        self.hands.runner.keep().log(kind).note(&sentence);
        if let (Saying::Ready, State::Running { run, .. }) = (saying, self.model().program(kind)) {
            self.hands.runner.ready(kind, *run);
        }
    }

    fn hear(&mut self, news: News) {
        match &news.what {
            What::Spawned { pid } => drop(self.pids.insert(news.kind, *pid)),
            What::SpawnFailed { .. } | What::Exited { .. } => drop(self.pids.remove(&news.kind)),
        }
        self.take(Input::Program(news.kind, news.into_input()));
    }

    fn tick(&mut self) {
        self.ticks += 1;
        self.take(Input::Tick);
        let looks_for_programs = self.ticks.is_multiple_of(LOOK_FOR_PROGRAMS_EVERY);
        for kind in [Kind::Ollama, Kind::Cloudflared] {
            let is_starting = matches!(self.model().program(kind), State::Starting { .. });
            let is_missing = matches!(self.model().program(kind), State::NotInstalled { .. });
            if is_starting {
                self.probes.now(probe_of(kind));
            } else if is_missing && looks_for_programs && self.hands.is_installed(kind) {
                self.take(Input::Program(kind, program::Input::Installed));
            }
        }
    }

    /// One line whenever the one sentence is another.
    fn note_health(&mut self) {
        let summary = self.model().summary().clone();
        if self.last.as_ref() != Some(&summary) {
            info!(event = "health", overall = %summary.overall, "{}", summary.sentence);
            self.last = Some(summary);
        }
    }

    /// The wall clock's time of the moment it is.
    fn wall(&self) -> crate::status::Wall {
        crate::status::Wall { moment: self.clocks.moment(), at: Utc::now() }
    }
}

/// What shows whether a program can be used.
const fn probe_of(kind: Kind) -> Probe {
    match kind {
        Kind::Ollama => Probe::OllamaApi,
        Kind::Cloudflared => Probe::Ready,
    }
}

/// The family of this machine's system.
pub const fn platform() -> Platform {
    if cfg!(target_os = "macos") {
        Platform::Macos
    } else if cfg!(windows) {
        Platform::Windows
    } else {
        Platform::Linux
    }
}
