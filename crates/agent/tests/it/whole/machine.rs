//! A machine of its own for one agent: folders, ports, programs, an environment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use sims::programs::starts::{self, Start};
use sims::programs::{Control, Program};
use tempfile::TempDir;

use crate::children::scene::{TOKEN, folder};
use sims::session::Session;

const AGENT: &str = env!("CARGO_BIN_EXE_triage-agent");

pub(crate) struct Machine {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    ollama: u16,
    metrics: u16,
}

/// A running agent; killed with its test.
pub(crate) struct Agent<'a> {
    machine: &'a Machine,
    process: Child,
    log: PathBuf,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = folder();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let environment = [
            ("PATH", format!("{}:/usr/bin:/bin", path("bin"))),
            ("HOME", path("home")),
            ("TRIAGE_AGENT_HOME", path("agent")),
            ("TUNNEL_TOKEN", TOKEN.to_owned()),
            ("SIM_STARTS", path("starts")),
            ("SIM_PACE", "20".to_owned()),
            ("SIM_OLLAMA_CONTROL", path("ollama.control")),
            ("SIM_CLOUDFLARED_CONTROL", path("cloudflared.control")),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        let [ollama, metrics] = free_ports();
        fs::create_dir_all(folder.path().join("home")).expect("a machine can be made");
        let machine = Self { folder, environment, ollama, metrics };
        machine.settings("");
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    pub(crate) fn bus(&mut self, address: &str) {
        self.set("DBUS_SESSION_BUS_ADDRESS", address);
    }

    /// With the keyring of a session.
    pub(crate) fn session(&mut self, session: &Session) {
        self.bus(session.address());
        self.set("XDG_RUNTIME_DIR", session.home().to_str().expect("a machine can be made"));
        let machine = &*self;
        wait("the keychain", || machine.ask(&["secrets", "check"]).status.success());
    }

    /// What the person sets, besides the ports of this machine.
    pub(crate) fn settings(&self, more: &str) {
        let folder = self.path("agent/config");
        fs::create_dir_all(&folder).expect("a machine can be made");
        let ports = format!(
            "[ollama]\naddress = \"127.0.0.1:{}\"\n[cloudflared]\nmetrics_port = {}\n",
            self.ollama, self.metrics
        );
        let both = more.contains("[cloudflared]");
        let text = if both { more.to_owned() } else { format!("{ports}{more}") };
        fs::write(folder.join("config.toml"), text).expect("a machine can be made");
    }

    pub(crate) fn control(&self, program: Program) -> Control {
        let file = match program {
            Program::Ollama => "ollama.control",
            Program::Cloudflared => "cloudflared.control",
        };
        Control::at(&self.path(file))
    }

    pub(crate) fn starts(&self) -> Vec<Start> {
        starts::read(&self.path("starts"))
    }

    pub(crate) async fn run(&self) -> Agent<'_> {
        let log = self.path("agent.log");
        let mut command = self.command(&["run"]);
        let process = command
            .stderr(File::create(&log).expect("a machine can be made"))
            .stdout(Stdio::null())
            .spawn()
            .expect("a machine can be made");
        let agent = Agent { machine: self, process, log };
        agent.until("it to answer", |_| true).await;
        agent
    }

    /// A command to its end.
    pub(crate) fn ask(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().expect("a machine can be made")
    }

    pub(crate) fn set_secret(&self, name: &str, secret: &str) {
        let mut command = self.command(&["secrets", "set", name]);
        let mut setting = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a machine can be made");
        setting
            .stdin
            .take()
            .expect("a machine can be made")
            .write_all(format!("{secret}\n").as_bytes())
            .expect("a machine can be made");
        let done = setting.wait_with_output().expect("a machine can be made");
        assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    }

    pub(crate) async fn somebody_elses_ollama(&self) -> Child {
        let mut command = Command::new(self.path("bin/ollama"));
        command.arg("serve").env_clear().envs(&self.environment);
        command.env("OLLAMA_HOST", format!("127.0.0.1:{}", self.ollama)).stderr(Stdio::null());
        let child = command.spawn().expect("a machine can be made");
        let address = format!("127.0.0.1:{}", self.ollama);
        crate::children::scene::until("Ollama", || std::net::TcpStream::connect(&address).is_ok()).await;
        child
    }

    /// Of what the agent has written, keychain aside.
    pub(crate) fn assert_no_file_holds(&self, secret: &str) {
        for file in files(&self.path("agent")) {
            let mut bytes = Vec::new();
            File::open(&file)
                .expect("a machine can be made")
                .read_to_end(&mut bytes)
                .expect("a machine can be made");
            assert!(!holds(&bytes, secret), "{}", file.display());
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(AGENT);
        command.args(words).env_clear().envs(&self.environment).current_dir(self.folder.path());
        command
    }
}

impl Agent<'_> {
    /// Waits until the status is so, and gives it.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let answer = self.machine.ask(&["status", "--json"]);
                let status: Option<Value> = serde_json::from_slice(&answer.stdout).ok();
                if let Some(status) = status.filter(&is_so) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(sims::PATIENCE, asking).await;
        waited.unwrap_or_else(|_| {
            let status = text(&self.machine.ask(&["status"]).stdout);
            panic!(
                "waited for {what}: {status}{}",
                fs::read_to_string(&self.log).expect("a machine can be made")
            )
        })
    }

    /// Asks it to end; its log.
    pub(crate) async fn stop(mut self) -> String {
        let pid =
            rustix::process::Pid::from_raw(i32::try_from(self.process.id()).expect("a machine can be made"))
                .expect("a machine can be made");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a machine can be made");
        let mut ended = None;
        crate::children::scene::until("the agent to end", || {
            ended = self.process.try_wait().expect("a machine can be made");
            ended.is_some()
        })
        .await;
        let log = fs::read_to_string(&self.log).expect("a machine can be made");
        assert_eq!(ended.and_then(|status| status.code()), Some(0), "{log}");
        log
    }

    /// As by `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().expect("a machine can be made");
        self.process.wait().expect("a machine can be made");
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

pub(crate) fn program<'a>(status: &'a Value, kind: &str) -> &'a Value {
    find(&status["programs"], "program", kind)
}

pub(crate) fn layer<'a>(status: &'a Value, name: &str) -> &'a Value {
    find(&status["layers"], "layer", name)
}

pub(crate) fn health<'a>(status: &'a Value, name: &str) -> &'a str {
    layer(status, name)["health"].as_str().unwrap_or_default()
}

fn find<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    list.as_array()
        .expect("a machine can be made")
        .iter()
        .find(|one| one[key] == name)
        .unwrap_or(&Value::Null)
}

pub(crate) fn kill(pid: u64) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a machine can be made"))
        .expect("a machine can be made");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("a machine can be made");
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn arguments_of_all_processes() -> String {
    text(&Command::new("ps").args(["-eo", "args"]).output().expect("a machine can be made").stdout)
}

pub(crate) fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Everything in a zip, one after the other.
pub(crate) fn unzipped(path: &Path) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(File::open(path).expect("a machine can be made"))
        .expect("a machine can be made");
    let mut bytes = Vec::new();
    for index in 0..archive.len() {
        archive
            .by_index(index)
            .expect("a machine can be made")
            .read_to_end(&mut bytes)
            .expect("a machine can be made");
    }
    assert!(!bytes.is_empty());
    bytes
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a machine can be made").flatten() {
        let kind = entry.file_type().expect("a machine can be made");
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

/// Two ports nobody listens on, outside of those that cloudflared takes by itself.
fn free_ports() -> [u16; 2] {
    let held = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).expect("a machine can be made"));
    held.map(|listener| listener.local_addr().expect("a machine can be made").port())
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..200 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("waited for {what}");
}
