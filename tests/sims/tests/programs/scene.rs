//! A folder for one test, and processes whose output is collected while they run.

use rustix::process::{Pid, Signal, kill_process};
use sims::programs::starts::{self, Start};
use sims::programs::{Control, Program};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// Everything is 50 times faster than the real program's waits.
const PACE: &str = "50";
/// `{"a":"0123","s":"AAAA…=","t":"11111111-2222-4333-8444-555555555555"}`.
pub(crate) const TOKEN: &str = "eyJhIjoiMDEyMyIsInMiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPSIsInQiOiIxMTExMTExMS0yMjIyLTQzMzMtODQ0NC01NTU1NTU1NTU1NTUifQ==";
pub(crate) const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub(crate) const TUNNEL: &str = "11111111-2222-4333-8444-555555555555";

pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn control(&self) -> Control {
        Control::at(&self.path("control"))
    }

    pub(crate) fn starts(&self) -> Vec<Start> {
        starts::read(&self.path("starts"))
    }

    pub(crate) fn ollama(&self, words: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_sim-ollama"), words);
        command.env("OLLAMA_HOST", "127.0.0.1:0").env("SIM_OLLAMA_CONTROL", self.path("control"));
        command
    }

    pub(crate) fn cloudflared(&self, words: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_sim-cloudflared"), words);
        command.env("SIM_CLOUDFLARED_CONTROL", self.path("control"));
        command
    }

    /// A tunnel run by token with its metrics on a free port.
    pub(crate) fn tunnel(&self) -> Command {
        let words = "tunnel --no-autoupdate --metrics 127.0.0.1:0 --output json --grace-period 10ms run";
        let mut command = self.cloudflared(words);
        command.env("TUNNEL_TOKEN", TOKEN);
        command
    }

    pub(crate) fn program(&self, program: Program) -> Command {
        match program {
            Program::Ollama => self.ollama("serve"),
            Program::Cloudflared => self.tunnel(),
        }
    }

    fn command(&self, binary: &str, words: &str) -> Command {
        let mut command = Command::new(binary);
        command.args(words.split_whitespace()).env_clear().env("HOME", self.folder.path());
        command.env("SIM_PACE", PACE).env("SIM_STARTS", self.path("starts"));
        command
    }
}

/// Lines of one pipe.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<(Vec<String>, bool)>>);

impl Lines {
    fn collect(pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Self::default();
        let kept = lines.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                kept.0.lock().unwrap().0.push(line);
            }
            kept.0.lock().unwrap().1 = true;
        });
        lines
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().0.clone()
    }

    pub(crate) fn text(&self) -> String {
        self.all().join("\n")
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.0.lock().unwrap().1
    }

    pub(crate) async fn find(&self, part: &str) -> String {
        let found = || self.0.lock().unwrap().0.iter().find(|line| line.contains(part)).cloned();
        until(&format!("a line with {part}"), async || found().is_some()).await;
        found().unwrap()
    }
}

pub(crate) struct Running {
    child: Child,
    pub(crate) out: Lines,
    pub(crate) err: Lines,
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, out: Lines::collect(out), err: Lines::collect(err) }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Where a server of it listens, from the line that says so.
    pub(crate) async fn url(&self, before: &str) -> String {
        let line = self.err.find(before).await;
        let rest = line.split(before).nth(1).unwrap();
        let address = rest.split(|letter: char| letter != '.' && letter != ':' && !letter.is_ascii_digit());
        format!("http://{}", address.into_iter().next().unwrap())
    }

    pub(crate) async fn metrics(&self) -> String {
        self.url("Starting metrics server on ").await
    }

    /// Waits for the process alone; a pipe may stay open behind it.
    pub(crate) async fn dies(&mut self) -> std::process::ExitStatus {
        tokio::time::timeout(sims::PATIENCE, self.child.wait()).await.expect("it ends").unwrap()
    }

    pub(crate) async fn ends(mut self) -> Ended {
        let status = self.dies().await;
        until("its pipes to close", async || self.out.has_ended() && self.err.has_ended()).await;
        Ended { code: status.code(), signal: status.signal(), out: self.out.text(), err: self.err.text() }
    }
}

/// Runs a command to its end.
pub(crate) async fn done(command: Command) -> Ended {
    Running::start(command).ends().await
}

/// Asks again until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(sims::PATIENCE, asking).await.is_ok(),
        "waited {:?} for {what}",
        sims::PATIENCE
    );
}

/// Status and body of a plain call.
pub(crate) async fn get(url: &str) -> (u16, String) {
    let answer = sims::http_client().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub(crate) async fn json(url: &str) -> (u16, serde_json::Value) {
    let (status, text) = get(url).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// Waits until `/ready` speaks of that many connections.
pub(crate) async fn ready(metrics: &str, count: u64) {
    let url = format!("{metrics}/ready");
    until(&format!("{count} connections"), async || json(&url).await.1["readyConnections"] == count).await;
}

pub(crate) fn is_secret_free(starts: &[Start], secret: &str) -> bool {
    starts.iter().all(|start| start.argv.iter().all(|word| !word.contains(secret)))
}
