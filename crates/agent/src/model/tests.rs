use super::*;
use alerts::notice::Kind as Told;
use supervise::exit::{Ending, Exit, Reason};
use supervise::health::facts::Models;
use supervise::health::overall::Overall;
use supervise::health::reading::HttpAnswer;
use supervise::program::SpawnFailure;

#[test]
fn from_the_start_to_healthy() {
    let mut world = World::new();
    assert_eq!(
        world.wish(Wish::Begin).looks(),
        [Kind::Ollama, Kind::Cloudflared],
        "never started beside another"
    );
    world.program(Kind::Ollama, program::Input::NobodyAnswers);
    world.program(Kind::Cloudflared, program::Input::NobodyAnswers);
    assert_eq!(world.spawned, [Kind::Ollama, Kind::Cloudflared]);
    world.sense_all();
    assert_eq!(world.model.summary().overall, Overall::Healthy, "{:?}", world.model.chain());
    assert!(world.told.is_empty());
}

#[test]
fn a_killed_tunnel_that_comes_back_late_is_told_once_and_its_return_once() {
    let mut world = World::healthy();
    world.keep_ending = true;
    world.kill(Kind::Cloudflared);
    world.pass(29);
    assert!(world.told.is_empty(), "it may be back in a moment");
    world.pass(300);
    assert_eq!(world.told, [(Told::TunnelDown, false)]);
    assert!(
        world.spawned.iter().filter(|kind| **kind == Kind::Cloudflared).count() > 5,
        "it is tried again and again"
    );
    world.keep_ending = false;
    world.pass(120);
    assert_eq!(world.told, [(Told::TunnelDown, false), (Told::TunnelDown, true)]);
}

#[test]
fn a_blip_is_neither_told_nor_answered_by_a_restart_but_45_seconds_are() {
    let mut world = World::healthy();
    world.ready = ready(503, 0);
    world.pass(10);
    world.ready = ready(200, 4);
    world.pass(60);
    assert_eq!((world.ended.len(), world.told.len()), (0, 0));
    world.ready = ready(503, 0);
    world.pass(44);
    assert!(world.ended.is_empty());
    world.pass(3);
    assert_eq!(world.ended, [Kind::Cloudflared]);
    assert_eq!(world.told, [(Told::TunnelDown, false)]);
}

#[test]
fn what_a_person_asked_for_is_no_news() {
    let mut world = World::healthy();
    world.wish(Wish::Pause);
    assert_eq!(world.ended, [Kind::Cloudflared], "whoever else uses the model still can");
    world.pass(600);
    assert_eq!(world.model.summary().overall, Overall::Paused);
    world.wish(Wish::Resume);
    world.pass(60);
    assert_eq!(world.model.summary().overall, Overall::Healthy);
    world.wish(Wish::Restart(Kind::Cloudflared));
    world.pass(60);
    assert_eq!(world.model.summary().overall, Overall::Healthy);
    assert!(world.told.is_empty());
}

#[test]
fn while_paused_the_tunnel_is_not_started_by_anything_but_resume() {
    let mut world = World::healthy();
    world.wish(Wish::Pause);
    world.pass(5);
    world.spawned.clear();
    world.looked.clear();
    assert!(world.model.may_restart(Kind::Ollama) && !world.model.may_restart(Kind::Cloudflared));
    world.wish(Wish::Restart(Kind::Cloudflared));
    world.pass(60);
    assert_eq!((world.spawned.as_slice(), world.looks()), (&[][..], &[][..]));
    world.wish(Wish::Restart(Kind::Ollama));
    world.pass(5);
    assert_eq!(world.spawned, [Kind::Ollama], "who uses the model on this machine is not paused");
    assert_eq!(world.model.summary().overall, Overall::Paused);
    world.wish(Wish::Resume);
    world.pass(60);
    assert_eq!(world.spawned, [Kind::Ollama, Kind::Cloudflared]);
    assert!(world.model.may_restart(Kind::Cloudflared) && world.told.is_empty());
}

#[test]
fn a_new_machine_says_that_its_tunnel_is_not_set_up_and_alarms_nobody() {
    let mut world = World::new();
    world.wish(Wish::Begin);
    // Something fails before it is known that there is no tunnel.
    world.program(Kind::Ollama, program::Input::NotInstalled);
    assert_eq!(world.model.summary().overall, Overall::Down);
    world.refuse = Some(SpawnFailure::NotSetUp(missing()));
    world.program(Kind::Cloudflared, program::Input::NobodyAnswers);
    world.pass(600);
    assert!(world.told.is_empty(), "{:?}", world.told);
    world.program(Kind::Ollama, program::Input::Installed);
    world.pass(600);
    let summary = world.model.summary();
    assert_eq!((summary.overall, summary.layer), (Overall::Down, Some(Layer::CloudflaredProcess)));
    assert_eq!(summary.sentence, "The tunnel is not set up. New tickets go to Groq.");
    let layer = world.model.chain().layer(Layer::CloudflaredProcess).unwrap();
    assert_eq!(layer.fix.as_deref(), Some("Set it up."));
    world.refuse = None;
    world.wish(Wish::Restart(Kind::Cloudflared));
    world.pass(120);
    assert_eq!(world.model.summary().overall, Overall::Healthy);
    assert!(world.told.is_empty(), "{:?}", world.told);
}

#[test]
fn a_tunnel_program_that_is_not_installed_is_news_only_to_who_has_set_a_tunnel_up() {
    for (public, told) in [(Fact::NotSetUp, 0), (known(refused()), 1)] {
        let mut world = World::new();
        world.wish(Wish::Begin);
        world.take(Input::Seen(Seen::Public(public)));
        world.program(Kind::Ollama, program::Input::NobodyAnswers);
        world.program(Kind::Cloudflared, program::Input::NotInstalled);
        for _ in 0..120 {
            world.millis += 1000;
            world.take(Input::Tick);
        }
        assert_eq!(world.told.len(), told, "{:?}", world.told);
    }
}

#[test]
fn an_address_open_to_the_world_is_told_at_once() {
    let mut world = World::healthy();
    world.without_token = answer(200, r#"{"version":"0.33.0"}"#);
    world.sense_all();
    assert_eq!(world.told, [(Told::Exposed, false)]);
    assert_eq!(world.model.summary().overall, Overall::Degraded);
    assert_eq!(world.model.summary().layer, Some(Layer::AccessClosed));
    world.without_token = refused();
    world.pass(120);
    assert_eq!(world.told, [(Told::Exposed, false), (Told::Exposed, true)]);
}

#[test]
fn somebody_elses_ollama_is_used_watched_and_left_alone() {
    let mut world = World::new();
    world.wish(Wish::Begin);
    world.program(Kind::Ollama, program::Input::AnotherAnswers);
    world.program(Kind::Cloudflared, program::Input::NobodyAnswers);
    world.sense_all();
    assert_eq!(world.model.summary().overall, Overall::Healthy);
    world.wish(Wish::Quit);
    assert_eq!(world.ended, [Kind::Cloudflared]);
    world.pass(1);
    assert!(world.model.has_ended());
    assert!(!world.spawned.contains(&Kind::Ollama));
}

#[test]
fn somebody_elses_ollama_that_goes_away_is_replaced() {
    let mut world = World::new();
    world.wish(Wish::Begin);
    world.program(Kind::Ollama, program::Input::AnotherAnswers);
    world.sense_all();
    world.ollama = Err(CallError::TimedOut);
    world.pass(120);
    assert!(!world.spawned.contains(&Kind::Ollama), "it is busy, not gone");
    world.ollama = Err(CallError::Unreachable);
    world.pass(40);
    assert!(world.spawned.contains(&Kind::Ollama));
}

#[test]
fn a_token_that_is_refused_is_given_up_told_and_tried_again_on_request() {
    let mut world = World::healthy();
    world.end(Kind::Cloudflared, Ending::Code(255), "Provided Tunnel token is not valid.");
    assert!(world.told.contains(&(Told::GaveUp, false)), "{:?}", world.told);
    let spawned = world.spawned.len();
    world.pass(600);
    assert_eq!(world.spawned.len(), spawned, "it cannot help");
    world.wish(Wish::Restart(Kind::Cloudflared));
    world.pass(1);
    assert_eq!(world.spawned.len(), spawned + 1);
}

/// Performs what the model says, as a machine would on which everything works unless told otherwise.
struct World {
    model: Model,
    millis: u64,
    ollama: Call,
    ready: Call,
    without_token: Call,
    keep_ending: bool,
    /// Why the tunnel cannot be started.
    refuse: Option<SpawnFailure>,
    spawned: Vec<Kind>,
    ended: Vec<Kind>,
    told: Vec<(Told, bool)>,
    looked: Vec<Kind>,
}

impl World {
    fn new() -> Self {
        Self {
            model: Model::new(Platform::Linux, "llama3.2".to_owned(), Rules::default()),
            millis: 0,
            ollama: answer(200, r#"{"version":"0.33.0"}"#),
            ready: ready(200, 4),
            without_token: refused(),
            keep_ending: false,
            refuse: None,
            spawned: Vec::new(),
            ended: Vec::new(),
            told: Vec::new(),
            looked: Vec::new(),
        }
    }

    fn healthy() -> Self {
        let mut world = Self::new();
        world.wish(Wish::Begin);
        world.program(Kind::Ollama, program::Input::NobodyAnswers);
        world.program(Kind::Cloudflared, program::Input::NobodyAnswers);
        world.pass(120);
        assert_eq!(world.model.summary().overall, Overall::Healthy, "{:?}", world.model.chain());
        world.spawned.clear();
        world
    }

    fn looks(&self) -> &[Kind] {
        &self.looked
    }

    fn wish(&mut self, wish: Wish) -> &Self {
        self.take(Input::Wished(wish))
    }

    fn program(&mut self, kind: Kind, input: program::Input) {
        self.take(Input::Program(kind, input));
    }

    fn kill(&mut self, kind: Kind) {
        self.exited(kind, Exit { ending: Ending::Signal(9), last_lines: Vec::new() });
    }

    fn end(&mut self, kind: Kind, ending: Ending, line: &str) {
        self.exited(kind, Exit { ending, last_lines: vec![line.to_owned()] });
    }

    fn exited(&mut self, kind: Kind, exit: Exit) {
        if let Some((run, _)) = self.model.program(kind).alive() {
            self.program(kind, program::Input::Exited { run, exit });
        }
    }

    /// Seconds in which every probe is repeated and every look finds nobody.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.millis += 1000;
            self.take(Input::Tick);
            for kind in [Kind::Ollama, Kind::Cloudflared] {
                if matches!(self.model.program(kind), State::Looking { .. }) {
                    self.program(kind, program::Input::NobodyAnswers);
                }
            }
            if self.keep_ending {
                self.kill(Kind::Cloudflared);
            }
            self.sense_all();
        }
    }

    fn sense_all(&mut self) {
        let runs = |state: &State| state.alive().is_some() || matches!(state, State::Adopted { .. });
        if runs(self.model.program(Kind::Ollama)) {
            self.take(Input::Seen(Seen::OllamaApi(known(self.ollama.clone()))));
        }
        if runs(self.model.program(Kind::Cloudflared)) {
            self.take(Input::Seen(Seen::Ready(known(self.ready.clone()))));
        }
        let models = Models { installed: vec!["llama3.2:latest".into()], ..Models::default() };
        let public = answer(200, r#"{"version":"0.33.0"}"#);
        for seen in [
            Seen::Models(known(models), Vec::new()),
            Seen::Binding(Binding::Loopback),
            Seen::Public(known(public)),
            Seen::WithoutToken(known(self.without_token.clone())),
        ] {
            self.take(Input::Seen(seen));
        }
        self.take(Input::Said(heard()));
    }

    fn take(&mut self, input: Input) -> &Self {
        let now = Now { moment: Moment::from_millis(self.millis), local_minute: 600 };
        let before = std::mem::replace(&mut self.model, Self::new().model);
        let (model, effects) = apply(before, input, now);
        self.model = model;
        for effect in effects {
            self.perform(effect);
        }
        self
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Do(kind, Action::LookForAnother) => self.looked.push(kind),
            Effect::Do(Kind::Cloudflared, Action::Spawn { run }) if self.refuse.is_some() => {
                let failure = self.refuse.clone().unwrap();
                self.program(Kind::Cloudflared, program::Input::SpawnFailed { run, failure });
            }
            Effect::Do(kind, Action::Spawn { run }) => {
                self.spawned.push(kind);
                self.program(kind, program::Input::Spawned { run });
            }
            Effect::Do(kind, Action::Terminate { run }) => {
                self.ended.push(kind);
                let exit = Exit { ending: Ending::Code(0), last_lines: Vec::new() };
                self.program(kind, program::Input::Exited { run, exit });
            }
            Effect::Do(kind, Action::Kill { run }) => {
                let exit = Exit { ending: Ending::Signal(9), last_lines: Vec::new() };
                self.program(kind, program::Input::Exited { run, exit });
            }
            Effect::Tell(notice) => self.told.push((notice.kind, notice.is_recovery)),
            Effect::Do(_, Action::ProbeNow { .. } | Action::Say(_)) | Effect::ProbeAll | Effect::Redraw => {}
        }
    }
}

fn missing() -> Reason {
    Reason { why: "The tunnel is not set up.".to_owned(), what_to_do: "Set it up.".to_owned() }
}

fn known<T>(answer: T) -> Fact<T> {
    Fact::Known { answer, latency: Duration::from_millis(12) }
}

fn answer(status: u16, body: &str) -> Call {
    Ok(HttpAnswer {
        status,
        body: body.to_owned(),
        content_type: Some("application/json".into()),
        location: None,
    })
}

fn heard() -> Said {
    let answer = serde_json::json!({
        "server": {"version": "0.1.0", "public_url": null}, "time": "2026-11-23T10:00:00Z", "next_in_ms": 15_000,
        "view": {"state": "usable", "why": null}, "layers": [], "elsewhere": "groq", "tunnel": null, "receipt": null,
    });
    let answer = serde_json::from_value(answer).unwrap();
    Said::Heard { answer, latency: Duration::from_millis(5), ahead_seconds: 0 }
}

fn refused() -> Call {
    let location =
        Some("https://acme.cloudflareaccess.com/cdn-cgi/access/login/ollama.example.com".to_owned());
    Ok(HttpAnswer { status: 302, location, ..HttpAnswer::default() })
}

fn ready(status: u16, connections: u32) -> Call {
    answer(status, &format!(r#"{{"status":{status},"readyConnections":{connections},"connectorId":"c"}}"#))
}
