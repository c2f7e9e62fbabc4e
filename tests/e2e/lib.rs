//! Drives the built programs as a person would: processes, their output, HTTP. Nothing of the orchestrator is linked in.
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]

pub mod chaos;
pub mod machine;
pub mod postgres;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sims::discord::Discord;
use sims::edge::Edge;
use sims::groq::Groq;
use sims::hubspot::HubSpot;
pub use sims::machine::text;
use sims::ollama::Ollama;
use sims::sender::Sender;
use tempfile::TempDir;

/// Shared secret of the webhooks.
pub const TOKEN: &str = "webhook-token-of-the-tests";

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The outside services and the settings that lead to them.
pub struct World {
    /// The model's server.
    pub ollama: Ollama,
    /// Cloudflare in front of it.
    pub edge: Edge,
    /// The cloud model.
    pub groq: Groq,
    /// The team's channel.
    pub discord: Discord,
    /// The CRM.
    pub hubspot: HubSpot,
    /// Environment of the orchestrator.
    pub settings: BTreeMap<String, String>,
    folder: TempDir,
}

/// A running `orchestrator serve`; killed when dropped.
pub struct Orchestrator {
    child: std::process::Child,
    log: PathBuf,
    /// Where it listens.
    pub url: String,
}

impl World {
    /// Stand-ins for everything outside, an embedded database.
    pub async fn start() -> Self {
        let ollama = Ollama::start().await.unwrap();
        ollama.set_queue(16, 512);
        let edge = Edge::start(&ollama.url(), "id.access", "secret-of-the-tests").await.unwrap();
        let (groq, discord) = (Groq::start().await.unwrap(), Discord::start().await.unwrap());
        let hubspot = HubSpot::start().await.unwrap();
        discord.unlimited();
        groq.unlimited();
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("triage.sqlite").display());
        let settings = [
            ("LOG_FORMAT", "json".to_owned()),
            ("DATABASE_URL", database),
            ("HUBSPOT_WEBHOOK_TOKEN", TOKEN.to_owned()),
            ("HUBSPOT_API_URL", hubspot.url()),
            ("HUBSPOT_ACCESS_TOKEN", sims::hubspot::TOKEN.to_owned()),
            ("DISCORD_WEBHOOK_URL", discord.webhook_url()),
            ("LOCAL_LLM_URL", edge.url()),
            ("CF_ACCESS_CLIENT_ID", "id.access".to_owned()),
            ("CF_ACCESS_CLIENT_SECRET", "secret-of-the-tests".to_owned()),
            ("GROQ_API_URL", groq.base_url()),
            ("GROQ_API_KEY", sims::groq::KEY.to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        Self { ollama, edge, groq, discord, hubspot, settings, folder }
    }

    /// Sets a variable of the orchestrator's environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// Runs a command of the orchestrator to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts `orchestrator serve` on a free port and waits until it is ready.
    pub async fn serve(&self) -> Orchestrator {
        let orchestrator = self.serve_unready().await;
        wait_until("the orchestrator to be ready", async || {
            let answer = sims::http_client().get(format!("{}/health/ready", orchestrator.url)).send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        orchestrator
    }

    /// Starts `orchestrator serve` on a free port, which its log tells.
    pub async fn serve_unready(&self) -> Orchestrator {
        self.listening(self.command(&["serve"])).await
    }

    /// The same as the last thing that a shell does: `before` sets up the process.
    pub async fn serve_after(&self, before: &str) -> Orchestrator {
        let mut command = self.program("sh");
        command.args(["-c", &format!("{before}; exec \"$0\" serve")]).arg(program("orchestrator"));
        self.listening(command).await
    }

    async fn listening(&self, mut command: Command) -> Orchestrator {
        let (log, path) = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap().keep().unwrap();
        if !self.settings.contains_key("PORT") {
            command.env("PORT", "0");
        }
        command.stderr(log).stdin(Stdio::null());
        let mut orchestrator =
            Orchestrator { child: command.spawn().unwrap(), log: path, url: String::new() };
        wait_until("the orchestrator to listen", async || {
            let log = orchestrator.log();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            let listening = lines.into_iter().find(|line| line["event"] == "listening");
            let port =
                listening.and_then(|line| Some(line["address"].as_str()?.rsplit_once(':')?.1.to_owned()));
            orchestrator.url = port.map(|port| format!("http://127.0.0.1:{port}")).unwrap_or_default();
            !orchestrator.url.is_empty()
        })
        .await;
        orchestrator
    }

    /// Everything that the orchestrators have written: database and logs.
    pub fn written(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().flatten();
        files.flat_map(|file| std::fs::read(file.path()).unwrap_or_default()).collect()
    }

    /// Leaves the folder with the logs where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(program("orchestrator"));
        command.args(arguments);
        command
    }

    fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        // No stray .env, no stray variable.
        command.env_clear().envs(&self.settings).current_dir(self.folder.path());
        command
    }
}

impl Orchestrator {
    /// Sends webhooks to it.
    pub fn sender(&self) -> Sender {
        Sender::new(&format!("{}/webhooks/hubspot", self.url), TOKEN)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Where its log is.
    pub fn log_file(&self) -> PathBuf {
        self.log.clone()
    }

    /// How often it has logged that event.
    pub fn count(&self, event: &str) -> usize {
        self.log().matches(&format!("\"event\":\"{event}\"")).count()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL; returns when the process is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM.
    pub fn ask_to_end(&self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Sends SIGTERM and returns the exit code.
    pub async fn terminate(self) -> Option<i32> {
        self.ask_to_end();
        self.ended().await
    }

    /// Waits until it ends by itself and returns the exit code.
    pub async fn ended(mut self) -> Option<i32> {
        let mut code = None;
        wait_until("the orchestrator to end", async || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        })
        .await;
        code.and_then(|code| code.code())
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition.
pub async fn wait_until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    let mut look_again = tokio::time::interval(Duration::from_millis(20));
    while !look().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain for: {what}");
        look_again.tick().await;
    }
}

/// A new database on the Postgres server of `TEST_DATABASE_URL`, if there is one; made by `psql`.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting")]
pub fn postgres_database(name: &str) -> Option<String> {
    let server = std::env::var("TEST_DATABASE_URL").ok()?;
    for statement in
        [format!("drop database if exists {name} with (force)"), format!("create database {name}")]
    {
        let done = Command::new("psql").args([&server, "-q", "-c", &statement]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let (base, _) = server.rsplit_once('/').unwrap();
    Some(format!("{base}/{name}"))
}

/// A program of this workspace, built when it is not yet.
pub fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--workspace", "--exclude", "tray", "--bins"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        // What cargo tells a test about its package would make build scripts of others run anew.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
            if !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&name.as_str()) {
                build.env_remove(name);
            }
        }
        assert!(build.status().unwrap().success(), "the programs do not build");
        let test = std::env::current_exe().unwrap();
        test.ancestors().find(|folder| folder.join("deps").is_dir()).map(Path::to_owned).unwrap()
    });
    folder.join(name)
}
