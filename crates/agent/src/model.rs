//! Everything the agent knows, and what follows from each piece of news. PURE: no clock, no files, no network.
//!
//! [`apply`] takes one input and says what is to be done; the controller performs it and feeds the results back. What a
//! program does next is decided by `supervise`, what a person is told by `alerts`; this is where the two meet.

pub mod linked;
mod troubles;

use std::collections::BTreeMap;
use std::time::Duration;

use alerts::notice::Notice;
use alerts::rule::{self, Click, Event, Memory, Rules};
use supervise::health::chain::Chain;
use supervise::health::facts::{Binding, Fact, Facts, Outside};
use supervise::health::overall::{Elsewhere, Summary, overall};
use supervise::health::reading::{Call, CallError, Reading, connections};
use supervise::health::{Layer, reading};
use supervise::history::History;
use supervise::install::Platform;
use supervise::limits::Limits;
use supervise::program::{self, Action, Probe, Program, State};
use supervise::{Kind, Moment};

use crate::ollama_api::Loaded;
use crate::probes::Seen;
use linked::{Linked, Said};

/// The time, twice: for measuring, and for quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// On the agent's own, steady clock.
    pub moment: Moment,
    /// Minutes since local midnight.
    pub local_minute: u16,
}

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Everything is to run: at the agent's start.
    Begin,
    /// No ticket is to be triaged here.
    Pause,
    /// Tickets are to be triaged here again.
    Resume,
    /// A program is to start afresh, or to be tried again after it was given up. The tunnel stays closed while paused.
    Restart(Kind),
    /// The agent is to end.
    Quit,
}

/// News for the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Of a program.
    Program(Kind, program::Input),
    /// From a probe.
    Seen(Seen),
    /// From the orchestrator.
    Said(Said),
    /// From a person.
    Wished(Wish),
    /// Time has passed; wanted about once a second.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// With a program.
    Do(Kind, Action),
    /// Tell the person.
    Tell(Notice),
    /// Look at everything now, out of turn.
    ProbeAll,
    /// What people see has changed.
    Redraw,
}

/// What the agent knows.
#[derive(Debug, Clone)]
pub struct Model {
    programs: BTreeMap<Kind, Program>,
    facts: Facts,
    chain: Chain,
    summary: Summary,
    histories: BTreeMap<Layer, History>,
    loaded: Vec<Loaded>,
    linked: Linked,
    memory: Memory,
    rules: Rules,
    is_paused: bool,
}

impl Model {
    /// Before anything is known.
    pub fn new(platform: Platform, wanted_model: String, rules: Rules) -> Self {
        let facts = Facts {
            platform,
            ollama: State::Stopped,
            cloudflared: State::Stopped,
            ollama_api: Fact::NotYet,
            models: Fact::NotYet,
            wanted_model,
            binding: Binding::NotKnown,
            ready: Fact::NotYet,
            public: Fact::NotYet,
            without_token: Fact::NotYet,
            outside: Outside::NotKnown,
            link: Fact::NotYet,
            view: Fact::NotSetUp,
        };
        let programs = [Kind::Ollama, Kind::Cloudflared].map(|kind| (kind, Program::new(kind)));
        Self {
            programs: programs.into(),
            facts,
            chain: Chain::default(),
            summary: overall(&[], false, Elsewhere::NotKnown),
            histories: BTreeMap::new(),
            loaded: Vec::new(),
            linked: Linked::default(),
            memory: Memory::default(),
            rules,
            is_paused: false,
        }
    }

    /// The settings are others.
    pub fn set(&mut self, wanted_model: String, rules: Rules) {
        self.facts.wanted_model = wanted_model;
        self.rules = rules;
    }

    /// The layers as they were last judged.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Everything in one word and one sentence.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The last day of a layer, if anything was seen of it.
    pub fn history(&self, layer: Layer) -> Option<&History> {
        self.histories.get(&layer)
    }

    /// Where a program stands.
    pub fn program(&self, kind: Kind) -> &State {
        match kind {
            Kind::Ollama => &self.facts.ollama,
            Kind::Cloudflared => &self.facts.cloudflared,
        }
    }

    /// The models in memory.
    pub fn loaded(&self) -> &[Loaded] {
        &self.loaded
    }

    /// What is known through the link to the orchestrator.
    pub fn linked(&self) -> &Linked {
        &self.linked
    }

    /// The model that tickets are triaged with.
    pub fn wanted_model(&self) -> &str {
        &self.facts.wanted_model
    }

    /// The version of the Ollama that answers.
    pub fn ollama_version(&self) -> Option<String> {
        let Fact::Known { answer, .. } = &self.facts.ollama_api else { return None };
        let Reading::Ollama { version } = reading::read(answer) else { return None };
        Some(version)
    }

    /// How often a program has been started.
    pub fn starts(&self, kind: Kind) -> u64 {
        self.programs.get(&kind).map_or(0, Program::starts)
    }

    /// The person wants no ticket triaged here.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Whether a program may be started afresh. Paused, the tunnel is closed on purpose.
    pub fn may_restart(&self, kind: Kind) -> bool {
        match kind {
            Kind::Ollama => true,
            Kind::Cloudflared => !self.is_paused,
        }
    }

    /// Nothing is left to wait for after [`Wish::Quit`].
    pub fn has_ended(&self) -> bool {
        self.programs.values().all(|program| *program.state() == State::Ended)
    }
}

/// Takes one piece of news: what is known after it, and what is to be done, in order.
pub fn apply(model: Model, input: Input, now: Now) -> (Model, Vec<Effect>) {
    let mut turn = Turn { model, now, effects: Vec::new() };
    turn.take(input);
    (turn.model, turn.effects)
}

struct Turn {
    model: Model,
    now: Now,
    effects: Vec<Effect>,
}

impl Turn {
    fn take(&mut self, input: Input) {
        match input {
            Input::Program(kind, input) => self.program(kind, input),
            Input::Seen(seen) => self.see(seen),
            Input::Said(said) => {
                let model = &mut self.model;
                let event = model.linked.take(said, &mut model.facts, self.now.moment);
                if let Some(event) = event {
                    self.observe(&event);
                }
            }
            Input::Wished(wish) => self.wish(wish),
            Input::Tick => {
                self.programs(&program::Input::Tick);
                self.observe(&Event::Tick);
            }
        }
        self.judge();
    }

    fn programs(&mut self, input: &program::Input) {
        for kind in [Kind::Ollama, Kind::Cloudflared] {
            self.program(kind, input.clone());
        }
    }

    fn program(&mut self, kind: Kind, input: program::Input) {
        let Some(program) = self.model.programs.remove(&kind) else { return };
        let was_alive = program.state().alive().is_some();
        let (program, actions) = program::step(program, input, self.now.moment, &Limits::of(kind));
        // What was seen of a process that has ended says nothing about the next one.
        if was_alive && program.state().alive().is_none() {
            match kind {
                Kind::Ollama => self.model.facts.ollama_api = Fact::NotYet,
                Kind::Cloudflared => self.model.facts.ready = Fact::NotYet,
            }
        }
        let state = program.state().clone();
        match kind {
            Kind::Ollama => self.model.facts.ollama = state,
            Kind::Cloudflared => self.model.facts.cloudflared = state,
        }
        self.model.programs.insert(kind, program);
        self.effects.extend(actions.into_iter().map(|action| Effect::Do(kind, action)));
    }

    fn see(&mut self, seen: Seen) {
        let of_program = match &seen {
            Seen::Woke { .. } => {
                self.programs(&program::Input::Woke);
                self.observe(&Event::Woke);
                None
            }
            Seen::OllamaApi(fact) => Some(Kind::Ollama).zip(self.seen(Kind::Ollama, fact)),
            Seen::Ready(fact) => Some(Kind::Cloudflared).zip(self.seen(Kind::Cloudflared, fact)),
            Seen::Models(_, loaded) => {
                self.model.loaded.clone_from(loaded);
                None
            }
            Seen::Binding(_) | Seen::Public(_) | Seen::WithoutToken(_) => None,
        };
        seen.enter(&mut self.model.facts);
        if let Some((kind, input)) = of_program {
            self.program(kind, input);
        }
    }

    /// What an answer says of the program: of ours whether it is ready, of somebody else's whether it is still there.
    fn seen(&self, kind: Kind, fact: &Fact<Call>) -> Option<program::Input> {
        let Fact::Known { answer, .. } = fact else { return None };
        let probe = read(kind, answer);
        let state = self.model.program(kind);
        if let Some((run, _)) = state.alive() {
            return Some(program::Input::Probed { run, probe });
        }
        let is_adopted = matches!(state, State::Adopted { .. });
        is_adopted.then_some(match (probe, answer) {
            (Probe::Ready, _) => program::Input::AnotherAnswers,
            (_, Err(CallError::Unreachable)) => program::Input::NobodyAnswers,
            (Probe::NotReady | Probe::NoAnswer, _) => program::Input::AnotherHolds,
        })
    }

    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Begin => {
                self.programs(&program::Input::Start);
                self.observe(&Event::Clicked(Click::Started));
                self.effects.push(Effect::ProbeAll);
            }
            // Only the way to the model is closed; whoever else uses it on this machine still can.
            Wish::Pause => {
                self.model.is_paused = true;
                self.observe(&Event::Clicked(Click::Halted));
                self.program(Kind::Cloudflared, program::Input::Stop);
            }
            Wish::Resume => {
                self.model.is_paused = false;
                self.observe(&Event::Clicked(Click::Started));
                self.programs(&program::Input::Start);
            }
            Wish::Restart(kind) if !self.model.may_restart(kind) => {}
            Wish::Restart(kind) => {
                self.observe(&Event::Clicked(Click::Started));
                let has_given_up = matches!(self.model.program(kind), State::GaveUp { .. });
                let input = if has_given_up { program::Input::Retry } else { program::Input::Restart };
                self.program(kind, input);
            }
            Wish::Quit => {
                self.observe(&Event::Clicked(Click::Halted));
                self.programs(&program::Input::Quit);
            }
        }
    }

    /// Judges everything anew and tells what deserves a person.
    fn judge(&mut self) {
        let model = &mut self.model;
        let chain = model.chain.assess(&model.facts, self.now.moment);
        let summary = overall(chain.layers(), model.is_paused, model.linked.elsewhere());
        for state in chain.layers() {
            let latency = state.latency_ms.map(Duration::from_millis);
            model.histories.entry(state.layer).or_default().record(state.health, latency, self.now.moment);
        }
        let has_changed = chain != model.chain || summary != model.summary;
        (model.chain, model.summary) = (chain, summary);
        if has_changed {
            self.effects.push(Effect::Redraw);
        }
        for event in troubles::of(&self.model) {
            self.observe(&event);
        }
    }

    fn observe(&mut self, event: &Event) {
        let now = rule::Now {
            moment: Duration::from_millis(self.now.moment.as_millis()),
            local_minute: self.now.local_minute,
        };
        let memory = std::mem::take(&mut self.model.memory);
        let (memory, notices) = rule::observe(memory, event, now, &self.model.rules);
        self.model.memory = memory;
        self.effects.extend(notices.into_iter().map(Effect::Tell));
    }
}

fn read(kind: Kind, call: &Call) -> Probe {
    let Ok(answer) = call else { return Probe::NoAnswer };
    let is_ready = match kind {
        Kind::Ollama => answer.status == 200,
        Kind::Cloudflared => connections(answer).is_some_and(|connections| connections > 0),
    };
    if is_ready { Probe::Ready } else { Probe::NotReady }
}

#[cfg(test)]
mod tests;
