//! A machine of a test's own for one built `triage-agent`, which is driven as a person would: by commands.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "whatever cannot be made or read here fails the test that wanted it, where it wanted it"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::programs::starts::{self, Start};
use crate::programs::{Control, Program, install};
use crate::session::Session;

/// Built programs on a busy machine take their time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with the stand-ins for both programs under their real names in `bin`, an empty `home`, what the agent keeps
/// in `agent`; ports nobody listens on; and the environment that leads to all of it.
pub struct Machine {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    agent: PathBuf,
    ports: [u16; 2],
}

/// A running agent; killed when dropped.
pub struct Agent<'a> {
    machine: &'a Machine,
    process: Child,
    log: PathBuf,
}

impl Machine {
    /// A machine with the programs of this folder and without desktop session, tunnel or secrets.
    #[must_use]
    pub fn new(built: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for program in [Program::Ollama, Program::Cloudflared] {
            install(program, built, &folder.path().join("bin")).unwrap();
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        let environment = [
            ("PATH", format!("{}:/usr/bin:/bin", path("bin"))),
            ("HOME", path("home")),
            ("TRIAGE_AGENT_HOME", path("agent")),
            ("SIM_STARTS", path("starts")),
            ("SIM_PACE", "20".to_owned()),
            ("SIM_OLLAMA_CONTROL", path("ollama.control")),
            ("SIM_CLOUDFLARED_CONTROL", path("cloudflared.control")),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        // Held together, so that they differ.
        let held = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
        let ports = held.map(|listener| listener.local_addr().unwrap().port());
        let machine = Self { folder, environment, agent: built.join("triage-agent"), ports };
        machine.settings("");
        machine
    }

    /// A file or folder of the machine.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where its Ollama shall listen.
    #[must_use]
    pub fn ollama(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// Sets a variable for whatever is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable away.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Puts the machine into a desktop session, whose keychain it waits for.
    pub fn session(&mut self, session: &Session) {
        self.set("DBUS_SESSION_BUS_ADDRESS", session.address());
        self.set("XDG_RUNTIME_DIR", &session.home().display().to_string());
        let begun = std::time::Instant::now();
        while !self.ask(&["secrets", "check"]).status.success() {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for the keychain");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Writes what a person sets into `config.toml`, and this machine's ports below it.
    pub fn settings(&self, text: &str) {
        let mut text = text.to_owned();
        let [ollama, metrics] = self.ports;
        for (table, port) in [
            ("[ollama]\n", format!("address = \"127.0.0.1:{ollama}\"\n")),
            ("[cloudflared]\n", format!("metrics_port = {metrics}\n")),
        ] {
            if !text.contains(table) {
                text = format!("{text}{table}{port}");
            }
        }
        fs::create_dir_all(self.path("agent/config")).unwrap();
        fs::write(self.path("agent/config/config.toml"), text).unwrap();
    }

    /// What is in `config.toml`.
    #[must_use]
    pub fn settings_text(&self) -> String {
        fs::read_to_string(self.path("agent/config/config.toml")).unwrap()
    }

    /// What goes wrong with a program from now on.
    #[must_use]
    pub fn control(&self, program: Program) -> Control {
        Control::at(&self.path(&format!("{}.control", program.name())))
    }

    /// Every start of a program so far.
    #[must_use]
    pub fn starts(&self) -> Vec<Start> {
        starts::read(&self.path("starts"))
    }

    /// All files below a folder of the machine.
    #[must_use]
    pub fn files(&self, below: &str) -> Vec<PathBuf> {
        let (mut files, mut folders) = (Vec::new(), vec![self.path(below)]);
        while let Some(folder) = folders.pop() {
            // What runs meanwhile also removes.
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => files.push(entry.path()),
                    _ => {}
                }
            }
        }
        files
    }

    /// Of what the agent has written, keychain aside.
    pub fn assert_no_file_holds(&self, secret: &str) {
        for file in self.files("agent").into_iter().chain([self.log()]) {
            let bytes = fs::read(&file).unwrap_or_default();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", file.display());
        }
    }

    /// Runs a command of the agent to its end.
    pub fn ask(&self, words: &[&str]) -> Output {
        self.command(&self.agent, words).stdin(Stdio::null()).output().unwrap()
    }

    /// The same with a line on its standard input.
    pub fn tell(&self, words: &[&str], line: &str) -> Output {
        let mut command = self.command(&self.agent, words);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Puts a secret into the keychain, as a person does.
    pub fn set_secret(&self, name: &str, secret: &str) {
        let done = self.tell(&["secrets", "set", name], secret);
        assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    }

    /// Starts the agent and waits until it answers.
    pub async fn run(&self) -> Agent<'_> {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let process = self.command(&self.agent, &["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let agent = Agent { machine: self, process, log: self.log() };
        agent.until("it to answer", |_| true).await;
        agent
    }

    /// What starts a program on this machine.
    #[must_use]
    pub fn command(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).env_clear().envs(&self.environment).current_dir(self.folder.path());
        command
    }

    fn log(&self) -> PathBuf {
        self.path("agent.log")
    }
}

impl Agent<'_> {
    /// Waits until the status is so, and gives it.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
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
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        waited.unwrap_or_else(|_| {
            panic!("waited for {what}: {}{}", text(&self.machine.ask(&["status"]).stdout), self.log())
        })
    }

    /// Waits until a layer is so.
    pub async fn layer(&self, name: &str, health: &str) -> Value {
        self.until(&format!("{name} to be {health}"), |status| layer(status, name)["health"] == health).await
    }

    /// What it has logged so far, and those before it.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end; its log.
    pub async fn stop(mut self) -> String {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ending = async {
            loop {
                if let Some(status) = self.process.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, ending).await;
        assert_eq!(ended.ok().and_then(|status| status.code()), Some(0), "{}", self.log());
        self.log()
    }

    /// As by `kill -9`.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        // An error means that it has ended already. Its guard ends the programs.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A layer of a status.
#[must_use]
pub fn layer<'a>(status: &'a Value, name: &str) -> &'a Value {
    one_of(&status["layers"], "layer", name)
}

/// A program of a status.
#[must_use]
pub fn program<'a>(status: &'a Value, name: &str) -> &'a Value {
    one_of(&status["programs"], "program", name)
}

fn one_of<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one[key] == name).unwrap_or(&Value::Null)
}

/// What a process printed, as text.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
