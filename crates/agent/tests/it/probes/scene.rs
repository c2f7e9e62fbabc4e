//! A machine on which all is well, to be broken in one place.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use agent::probes::{Clocks, Probe, Probes, Seen, Sensed, Targets};
use agent::tunnel::verify::Credentials;
use sims::edge::Edge;
use sims::ollama::Ollama;
use supervise::Moment;
use supervise::health::chain::Chain;
use supervise::health::facts::{Binding, Fact, Facts, Outside};
use supervise::health::{Health, Layer};
use supervise::install::Platform;
use supervise::program::State;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) const METRICS_READY: &str = r#"{"status":200,"readyConnections":4,"connectorId":"x"}"#;
const ID: &str = "0123456789abcdef0123456789abcdef.access";
const SECRET: &str = "cfast_sims";
/// More news than this without what is waited for means that it does not come.
const MOST_NEWS: usize = 2_000;

pub(crate) struct Scene {
    pub(crate) ollama: Ollama,
    pub(crate) edge: Edge,
    /// cloudflared's metrics.
    pub(crate) metrics: Scripted,
    pub(crate) targets: Targets,
    pub(crate) probes: Probes,
    pub(crate) news: mpsc::Receiver<Sensed>,
    pub(crate) facts: Facts,
    slept_seconds: Arc<AtomicU64>,
    at: Moment,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let ollama = Ollama::start().await.expect("a port");
        let edge = Edge::start(&ollama.url(), ID, SECRET).await.expect("a port");
        let metrics = Scripted::start().await;
        metrics.answer("/ready", 200, METRICS_READY);
        let targets = Targets {
            ollama: ollama.url(),
            metrics: Some(metrics.url.clone()),
            public: Some(edge.url()),
            credentials: Some(Credentials { client_id: ID.to_owned(), client_secret: SECRET.into() }),
        };
        let slept_seconds = Arc::new(AtomicU64::new(0));
        let (slept, started) = (Arc::clone(&slept_seconds), Instant::now());
        let wall = move || {
            let slept = Duration::from_secs(slept.load(Ordering::Relaxed));
            SystemTime::UNIX_EPOCH + started.elapsed() + slept
        };
        let (sensed, news) = mpsc::channel(64);
        let clocks = Clocks { started, wall: Arc::new(wall) };
        let probes = Probes::start(targets.clone(), clocks, sensed);
        let (facts, at) = (unknown(), Moment::default());
        Self { ollama, edge, metrics, targets, probes, news, facts, slept_seconds, at }
    }

    pub(crate) async fn next(&mut self) -> Sensed {
        let sensed = self.news.recv().await.expect("the senses are at work");
        sensed.seen.clone().enter(&mut self.facts);
        self.at = sensed.at;
        sensed
    }

    /// Lets everything be looked at for the first time.
    pub(crate) async fn settle(&mut self) -> Moment {
        for _ in Probe::ALL {
            self.next().await;
        }
        self.at
    }

    pub(crate) async fn until(&mut self, is_so: impl Fn(&Facts) -> bool) -> Moment {
        for _ in 0..MOST_NEWS {
            if is_so(&self.facts) {
                return self.at;
            }
            self.next().await;
        }
        panic!("it never was so: {:?}", self.facts);
    }

    pub(crate) async fn until_seen(&mut self, is_it: impl Fn(&Seen) -> bool) -> Moment {
        for _ in 0..MOST_NEWS {
            let sensed = self.next().await;
            if is_it(&sensed.seen) {
                return sensed.at;
            }
        }
        panic!("it was never seen: {:?}", self.facts);
    }

    pub(crate) fn chain(&self) -> Chain {
        Chain::default().assess(&self.facts, self.at)
    }

    pub(crate) fn health(&self, layer: Layer) -> Health {
        self.chain().layer(layer).expect("every layer is judged").health
    }

    /// The wall clock gets ahead of the steady one.
    pub(crate) fn sleep(&self, time: Duration) {
        self.slept_seconds.fetch_add(time.as_secs(), Ordering::Relaxed);
    }
}

fn unknown() -> Facts {
    Facts {
        platform: Platform::Linux,
        ollama: State::Adopted { gone_since: None },
        cloudflared: State::Adopted { gone_since: None },
        ollama_api: Fact::NotYet,
        models: Fact::NotYet,
        wanted_model: "llama3.2".to_owned(),
        binding: Binding::NotKnown,
        ready: Fact::NotYet,
        public: Fact::NotYet,
        without_token: Fact::NotYet,
        outside: Outside::NotKnown,
        link: Fact::NotYet,
        view: Fact::NotYet,
    }
}

/// A server that says what it was told to say.
pub(crate) struct Scripted {
    url: String,
    script: Script,
    connections: Arc<AtomicUsize>,
}

/// By path.
type Script = Arc<Mutex<HashMap<String, Line>>>;

#[derive(Clone, Default)]
struct Line {
    /// Status and body; `None` for never an answer.
    answer: Option<(u16, String)>,
    calls: usize,
}

impl Scripted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("it has one"));
        let (script, connections) = (Script::default(), Arc::new(AtomicUsize::new(0)));
        let (known, count) = (Arc::clone(&script), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&known)));
            }
        });
        Self { url, script, connections }
    }

    pub(crate) fn answer(&self, path: &str, status: u16, body: &str) {
        self.line(path, |line| line.answer = Some((status, body.to_owned())));
    }

    pub(crate) fn hang(&self, path: &str) {
        self.line(path, |line| line.answer = None);
    }

    /// Waits until a path was called that often.
    pub(crate) async fn called(&self, path: &str, times: usize) {
        while self.line(path, |line| line.calls) < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn line<T>(&self, path: &str, act: impl FnOnce(&mut Line) -> T) -> T {
        act(self.script.lock().expect("never held over a panic").entry(path.to_owned()).or_default())
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(mut stream: TcpStream, script: Script) {
    let mut request = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut request).await {
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        let answer = {
            let mut script = script.lock().expect("never held over a panic");
            let line = script.get_mut(path).expect("only known paths are called");
            line.calls += 1;
            line.answer.clone()
        };
        let Some((status, body)) = answer else { return std::future::pending().await };
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        request.clear();
    }
}
