//! The team's machine: the built `triage-agent` with stand-ins for Ollama and cloudflared, in a desktop session of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use sims::edge::{Edge, tunnel_token};
use sims::programs::{Control, Program, install};
use sims::session::Session;
use tempfile::TempDir;

use crate::{program, text, wait_until};

/// The tunnel of the machine.
pub const TUNNEL: &str = "11111111-2222-4333-8444-555555555555";

/// Id of the service token that opens the public address.
pub const ACCESS_ID: &str = "0123456789abcdef0123456789abcdef.access";

/// Its secret.
pub const ACCESS_SECRET: &str = "cfast_0123456789abcdefghijklmnopqrstuvwxyzABCD01234567";

/// Folders, ports, programs and secrets of one machine.
pub struct Machine {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    _session: Session,
}

/// A running agent; killed when dropped.
pub struct Agent<'a> {
    machine: &'a Machine,
    process: Child,
    log: PathBuf,
}

impl Machine {
    /// A machine whose tunnel ends at `edge`, which lets its service token in; `None` where the desktop's programs are
    /// not installed.
    pub fn new(edge: &Edge) -> Option<Self> {
        let mut session = Session::start()?;
        session.keyring(Some("password-of-the-tests"));
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["bin", "home", "agent/config"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let built = program("triage-agent").parent().unwrap().to_owned();
        for program in [Program::Ollama, Program::Cloudflared] {
            install(program, &built, &folder.path().join("bin")).unwrap();
        }
        let [ollama, metrics] = free_ports();
        let settings =
            format!("[ollama]\naddress = \"127.0.0.1:{ollama}\"\n[cloudflared]\nmetrics_port = {metrics}\n");
        fs::write(folder.path().join("agent/config/config.toml"), settings).unwrap();
        edge.add_token(ACCESS_ID, ACCESS_SECRET);
        edge.lead_tunnel(TUNNEL, &format!("http://127.0.0.1:{ollama}")).unwrap();
        let environment = [
            ("PATH", format!("{}:/usr/bin:/bin", path("bin"))),
            ("HOME", path("home")),
            ("TRIAGE_AGENT_HOME", path("agent")),
            ("TRIAGE_AGENT_PUBLIC_URL", edge.url()),
            ("SIM_EDGE", edge.url()),
            ("SIM_PACE", "20".to_owned()),
            ("SIM_CLOUDFLARED_CONTROL", path("cloudflared.control")),
            ("DBUS_SESSION_BUS_ADDRESS", session.address().to_owned()),
            ("XDG_RUNTIME_DIR", session.home().display().to_string()),
            ("NO_COLOR", "1".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        Some(Self { folder, environment, _session: session })
    }

    /// Puts the secrets of the tunnel and of its lock into the keychain.
    pub async fn keep_secrets(&self) {
        wait_until("the keychain", async || self.ask(&["secrets", "check"]).status.success()).await;
        for (name, secret) in [
            ("tunnel-token", tunnel_token(TUNNEL).as_str()),
            ("cf-access-client-id", ACCESS_ID),
            ("cf-access-client-secret", ACCESS_SECRET),
        ] {
            self.set_secret(name, secret);
        }
    }

    /// Puts one secret into the keychain, as a person does.
    pub fn set_secret(&self, name: &str, secret: &str) {
        let done = self.tell(&["secrets", "set", name], secret);
        assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    }

    /// Starts the agent and waits until it answers.
    pub async fn run(&self) -> Agent<'_> {
        let log = self.folder.path().join("agent.log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let process = self.command(&["run"]).stderr(file).stdout(Stdio::null()).spawn().unwrap();
        let agent = Agent { machine: self, process, log };
        agent.until("the agent to answer", |_| true).await;
        agent
    }

    /// Runs a command of the agent to its end.
    pub fn ask(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    /// The same with something on standard input.
    pub fn tell(&self, words: &[&str], input: &str) -> Output {
        let mut command = self.command(words);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{input}\n").as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What the running agent answers a window: one line of JSON for one line of JSON on its socket.
    #[cfg(unix)]
    pub fn request(&self, request: &Value) -> Value {
        use std::io::{BufRead as _, BufReader};
        let socket = self.folder.path().join("agent/run/agent.sock");
        let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// What goes wrong with cloudflared from now on.
    pub fn cloudflared(&self) -> Control {
        Control::at(&self.folder.path().join("cloudflared.control"))
    }

    /// Everything that the agent has written outside of the keychain.
    pub fn written(&self) -> Vec<u8> {
        let mut bytes = fs::read(self.folder.path().join("agent.log")).unwrap_or_default();
        let mut folders = vec![self.folder.path().join("agent")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => bytes.extend(fs::read(entry.path()).unwrap()),
                    _ => {}
                }
            }
        }
        bytes
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program("triage-agent"));
        command.args(words).env_clear().envs(&self.environment).current_dir(self.folder.path());
        command
    }
}

impl Agent<'_> {
    /// Waits until the status is so, and gives it.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut found = Value::Null;
        let look = async || {
            let answer = self.machine.ask(&["status", "--json"]);
            found = serde_json::from_slice(&answer.stdout).unwrap_or_default();
            found != Value::Null && is_so(&found)
        };
        let waiting = std::panic::AssertUnwindSafe(wait_until(what, look));
        let waited = futures::FutureExt::catch_unwind(waiting).await;
        assert!(waited.is_ok(), "{}{}", text(&self.machine.ask(&["status"]).stdout), self.log());
        found
    }

    /// Waits until a layer is so.
    pub async fn layer(&self, name: &str, health: &str) -> Value {
        let what = format!("{name} to be {health}");
        self.until(&what, |status| layer(status, name)["health"] == health).await
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        // Politely: its programs end with it.
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// A layer of a status.
pub fn layer<'a>(status: &'a Value, name: &str) -> &'a Value {
    let layers = status["layers"].as_array().unwrap();
    layers.iter().find(|layer| layer["layer"] == name).unwrap_or(&Value::Null)
}

/// Two ports nobody listens on.
fn free_ports() -> [u16; 2] {
    let held = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
