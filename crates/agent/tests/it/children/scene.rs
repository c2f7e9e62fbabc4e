//! A folder with the stand-ins under their real names, a runner, and waiting for what shall come.

use agent::children::launch::{Launch, Value};
use agent::children::logs::{Limits, Log};
use agent::children::pidfile::PidFiles;
use agent::children::runner::{Keep, News, Runner, What};
use agent::children::{cloudflared, guard::Guard, ollama};
use chrono::{DateTime, Utc};
use sims::programs::starts::{self, Start};
use sims::programs::{Program, install};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use supervise::Kind;
use supervise::exit::Exit;
use supervise::program::Run;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// `{"a":"0123","s":"AAAA…=","t":"11111111-2222-4333-8444-555555555555"}`.
pub(crate) const TOKEN: &str = "eyJhIjoiMDEyMyIsInMiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPSIsInQiOiIxMTExMTExMS0yMjIyLTQzMzMtODQ0NC01NTU1NTU1NTU1NTUifQ==";
pub(crate) const TUNNEL: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const RUN: Run = Run(1);

pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) runner: Runner,
    news: mpsc::Receiver<News>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::guarded(None)
    }

    pub(crate) fn guarded(guard: Option<Guard>) -> Self {
        let folder = folder();
        let log = |kind| Log::open(kind, &folder.path().join("logs"), Limits::default(), epoch);
        let keep = Keep {
            guard,
            pids: PidFiles::at(&folder.path().join("run")),
            ollama: log(Kind::Ollama),
            cloudflared: log(Kind::Cloudflared),
        };
        let (sender, news) = mpsc::channel(16);
        Self { folder, runner: Runner::new(sender, keep), news }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn starts(&self) -> Vec<Start> {
        starts::read(&self.path("starts"))
    }

    /// The start of a stand-in that does this wrong.
    pub(crate) fn launch(&self, kind: Kind, behaviours: &str) -> Launch {
        let (mut launch, variable) = match kind {
            Kind::Ollama => {
                let any_port = "127.0.0.1:0".parse().unwrap();
                (ollama::launch(&self.path("bin/ollama"), any_port), "SIM_OLLAMA")
            }
            Kind::Cloudflared => {
                let tunnel =
                    cloudflared::Tunnel::Token { token: TOKEN.into(), runtime_folder: self.path("run") };
                (cloudflared::launch(&self.path("bin/cloudflared"), 0, &tunnel), "SIM_CLOUDFLARED")
            }
        };
        let mut set = |name: &str, value: &str| {
            launch.env.push((name.to_owned(), Value::Plain(value.to_owned())));
        };
        set(variable, behaviours);
        set("SIM_STARTS", self.path("starts").to_str().unwrap());
        // A connected cloudflared takes its grace period to end; one without an edge to reach does not.
        set("SIM_EDGE", "http://127.0.0.1:1");
        launch
    }

    pub(crate) fn spawn(&self, kind: Kind, behaviours: &str) {
        self.runner.spawn(RUN, &self.launch(kind, behaviours));
    }

    pub(crate) async fn next(&mut self) -> What {
        let news = tokio::time::timeout(sims::PATIENCE, self.news.recv()).await.expect("news in time");
        news.expect("the runner lives").what
    }

    pub(crate) async fn spawned(&mut self) -> u32 {
        match self.next().await {
            What::Spawned { pid } => pid,
            other @ (What::SpawnFailed { .. } | What::Exited { .. }) => panic!("{other:?}"),
        }
    }

    pub(crate) async fn exited(&mut self) -> Exit {
        match self.next().await {
            What::Exited { exit, .. } => exit,
            other @ (What::SpawnFailed { .. } | What::Spawned { .. }) => panic!("{other:?}"),
        }
    }

    /// Waits until the program has printed that.
    pub(crate) async fn prints(&self, kind: Kind, part: &str) -> String {
        let log = self.runner.keep().log(kind);
        let find = || log.tail(usize::MAX).into_iter().find(|line| line.text.contains(part));
        until(part, || find().is_some()).await;
        find().unwrap().text.clone()
    }
}

/// A folder whose `bin` holds the stand-ins under their real names.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for program in [Program::Ollama, Program::Cloudflared] {
        install(program, built(), &bin).unwrap();
    }
    folder
}

pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// The program of `keeper.rs`.
pub(crate) fn keeper() -> PathBuf {
    built().join("examples/keeper")
}

/// The folder with the built programs. Cargo builds them with all tests, and not for this test binary alone.
pub(crate) fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().unwrap().parent().unwrap().to_owned();
        let wanted = ["sim-ollama", "sim-cloudflared", "examples/keeper"];
        if !wanted.iter().all(|name| folder.join(name).exists()) {
            let words =
                "build --locked -p agent -p sims --bin sim-ollama --bin sim-cloudflared --example keeper";
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(words.split(' ')).current_dir(env!("CARGO_MANIFEST_DIR"));
            if folder.ends_with("release") {
                cargo.arg("--release");
            }
            assert!(cargo.status().unwrap().success());
        }
        folder
    })
}

/// Asks again until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let asking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(sims::PATIENCE, asking).await.is_ok(), "waited for {what}");
}

/// Whether a process runs; one that has ended and is not yet collected does not.
pub(crate) fn runs(pid: u32) -> bool {
    let answer = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(answer.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}
