//! A machine of its own for one tray app, and the running app.

use std::fs::{self, File};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use agent::socket::{Reply, Request, ask};
use agent::status::Status;
use rustix::process::{Pid, Signal, kill_process};
use sims::programs::Program;

use crate::desktop::Desktop;
use crate::menu::TrayItem;

/// Several desktops share a small machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const TRAY: &str = env!("CARGO_BIN_EXE_hubspot-triage-tray");
const WINDOW: &str = env!("CARGO_BIN_EXE_hubspot-triage-window");

/// Its environment is that of a desktop.
pub(crate) struct Machine(sims::machine::Machine);

/// A running tray app; killed with its test.
pub(crate) struct App {
    process: Child,
    log: PathBuf,
    socket: PathBuf,
}

impl Machine {
    /// One that somebody has set up, so no window comes by itself.
    pub(crate) fn new(desktop: &Desktop) -> Self {
        let mut machine = sims::machine::Machine::new(built());
        machine.set("TUNNEL_TOKEN", &sims::edge::tunnel_token("11111111-2222-4333-8444-555555555555"));
        // No software renderer of a graphics card.
        machine.set("GDK_GL", "disable");
        machine.set("LIBGL_ALWAYS_SOFTWARE", "1");
        for (name, value) in desktop.environment() {
            machine.set(&name, &value);
        }
        let machine = Self(machine);
        machine.good_settings();
        machine
    }

    pub(crate) fn good_settings(&self) {
        self.settings("orchestrator = \"https://triage.example.com\"\n");
    }

    /// Everything that the app has written, and its pages: folders, logs, what the browser engine keeps.
    pub(crate) fn written(&self) -> Vec<u8> {
        let files = self.files("").into_iter();
        files.flat_map(|file| fs::read(file).unwrap_or_default()).collect()
    }

    pub(crate) fn start(&self, words: &[&str]) -> App {
        self.start_program(Path::new(TRAY), words)
    }

    /// The agent alone, without an icon.
    pub(crate) fn start_agent(&self) -> App {
        self.start_program(&e2e::program("triage-agent"), &["run"])
    }

    pub(crate) fn start_program(&self, program: &Path, words: &[&str]) -> App {
        static STARTED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = self.path(&format!("tray-{number}.log"));
        let mut command = self.command(program, words);
        let out = File::create(&log).unwrap();
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out).spawn().unwrap();
        App { process, log, socket: self.path("agent/run/agent.sock") }
    }
}

impl Deref for Machine {
    type Target = sims::machine::Machine;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Machine {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl App {
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    async fn status(&self) -> Option<Status> {
        let mut answer = ask(&self.socket, &Request::Status).await.ok()?;
        match answer.next().await {
            Ok(Some(Reply::Status(status))) => Some(*status),
            Ok(_) | Err(_) => None,
        }
    }

    pub(crate) async fn until_status(&self, what: &str, is_so: impl Fn(&Status) -> bool) -> Status {
        let asking = async {
            loop {
                if let Some(status) = self.status().await.filter(&is_so) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        waited.unwrap_or_else(|_| panic!("waited for {what}: {}", self.log()))
    }

    pub(crate) async fn until_answering(&self) {
        self.until_status("the agent to answer", |_| true).await;
    }

    /// Waits until both programs run.
    pub(crate) async fn until_running(&self) {
        let both = |status: &Status| status.programs.iter().all(|program| program.state == "running");
        self.until_status("both programs to run", both).await;
    }

    pub(crate) async fn pid_of(&self, program: &str) -> u32 {
        let find = |status: &Status| {
            let is_it = |kind: supervise::Kind| kind.to_string().eq_ignore_ascii_case(program);
            status.programs.iter().find(|one| is_it(one.program)).and_then(|one| one.pid)
        };
        let status = self.until_status("its process", |status| find(status).is_some()).await;
        find(&status).unwrap()
    }

    /// Waits until the app shows its window.
    pub(crate) async fn until_window(&mut self, desktop: &Desktop) {
        let begun = std::time::Instant::now();
        while desktop.windows() != 1 {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "no window, {ended:?}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the window's browser engine runs; returns the processes of both.
    pub(crate) async fn until_engine(&self) -> Vec<u32> {
        let mut pids = Vec::new();
        until("the window's browser engine", || {
            pids = self.processes_of_the_window();
            pids.len() >= 2
        })
        .await;
        pids
    }

    /// The app and its guard: neither the window nor the programs.
    pub(crate) fn own_processes(&self) -> Vec<u32> {
        let id = self.process.id();
        let guards = children(id).into_iter().filter(|child| command_of(*child).ends_with(" guard "));
        guards.chain([id]).collect()
    }

    fn processes_of_the_window(&self) -> Vec<u32> {
        let windows =
            children(self.process.id()).into_iter().filter(|id| command_of(*id).starts_with(WINDOW));
        let mut found: Vec<u32> = windows.collect();
        let mut next = 0;
        while let Some(id) = found.get(next) {
            found.extend(children(*id));
            next += 1;
        }
        found
    }

    pub(crate) async fn until_logged(&self, words: &str) {
        until(words, || self.log().contains(words)).await;
    }

    /// Waits until it has ended with that code.
    pub(crate) async fn until_ended(&mut self, code: i32) {
        let mut ended = None;
        until("the app to end", || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        assert_eq!(ended.and_then(|status| status.code()), Some(code), "{}", self.log());
    }

    /// Clicks Quit.
    pub(crate) async fn quit(mut self, item: &TrayItem) {
        item.click("Quit").await;
        self.until_ended(0).await;
        assert!(!self.log().contains("panicked"), "{}", self.log());
    }

    /// Asks it to end.
    pub(crate) async fn stop(mut self) {
        kill_process(pid(self.process.id()), Signal::TERM).unwrap();
        self.until_ended(0).await;
    }

    /// As by `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

pub(crate) fn kill(id: u32) {
    kill_process(pid(id), Signal::KILL).unwrap();
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// Whether a process runs; one that has ended and is not yet collected does not.
pub(crate) fn runs(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

/// Its words, each followed by a space.
fn command_of(id: u32) -> String {
    fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default().replace('\0', " ")
}

fn children(of: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Asks again until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let asking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "waited for {what}");
}

/// The folder with the built stand-ins, which cargo does not build for these tests alone.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(TRAY).parent().unwrap().to_owned();
        let binaries = [Program::Ollama, Program::Cloudflared].map(Program::binary);
        if !binaries.iter().all(|name| folder.join(name).exists()) {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--locked", "-p", "sims", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
            assert!(cargo.status().unwrap().success());
        }
        folder
    })
}
