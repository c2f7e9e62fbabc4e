//! Against the real `gnome-keyring-daemon` on a bus of its own. Each question is asked by another process: the bus is
//! found by the environment.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agent::secrets::{Entry, Keeping, Keychain, Problem, Secrets};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

/// For one answer of the keychain: a locked one never gives it.
const PATIENCE: Duration = Duration::from_secs(2);
const QUESTION: &str = "AGENT_TEST_QUESTION";
const ANSWER: &str = "AGENT_TEST_ANSWER";

/// What a test asks in another process.
#[test]
#[ignore = "run by the tests below, in a session of their own"]
fn in_a_session() {
    let (Some(question), Some(answer)) = (std::env::var_os(QUESTION), std::env::var_os(ANSWER)) else {
        return;
    };
    let question = question.into_string().expect("the session works");
    let words: Vec<&str> = question.split(' ').collect();
    let entry = |name: &str| Entry::find(name).expect("the session works");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("the session works");
    let said = runtime.block_on(async {
        let secrets = Secrets::open(Box::new(Keychain), PATIENCE).await;
        match words[..] {
            ["get", name] => secrets.get(entry(name)).await.map(|secret| {
                secret.map_or_else(|| "none".to_owned(), |secret| secret.expose_secret().to_owned())
            }),
            ["set", name, secret] => match secrets.set(entry(name), &secret.into()).await {
                Keeping::ForGood => Ok("done".to_owned()),
                Keeping::ForThisSession(problem) => Err(problem),
            },
            ["delete", name] => secrets.delete(entry(name)).await.map(|()| "done".to_owned()),
            ["delete-all"] => secrets.delete_all().await.map(|()| "done".to_owned()),
            ["check"] => secrets.check().await.map(|()| "done".to_owned()),
            _ => panic!("{question}"),
        }
    });
    let said = said.unwrap_or_else(|problem| match problem {
        Problem::NoKeychain { why } => format!("no keychain: {why}"),
        Problem::Locked => "locked".to_owned(),
        Problem::Refused { why } => format!("refused: {why}"),
    });
    fs::write(answer, said).expect("the session works");
}

#[test]
fn an_unlocked_keyring_keeps_updates_and_forgets_across_processes() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(Some("test-password"));
    session.wait_for("check", "done");
    assert_eq!(session.ask("get tunnel-token"), "none");
    assert_eq!(session.ask("set tunnel-token one"), "done");
    assert_eq!(session.ask("set device-token gr\u{fc}n"), "done");
    assert_eq!(session.ask("get tunnel-token"), "one");
    assert_eq!(session.ask("set tunnel-token two"), "done");
    assert_eq!(session.ask("get tunnel-token"), "two");
    assert_eq!(session.ask("get device-token"), "gr\u{fc}n");
    for entry in Entry::ALL {
        assert_eq!(session.ask(&format!("delete {}", entry.name())), "done");
        assert_eq!(session.ask(&format!("get {}", entry.name())), "none");
        assert_eq!(session.ask(&format!("set {} again", entry.name())), "done");
    }
    assert_eq!(session.ask("delete-all"), "done");
    for entry in Entry::ALL {
        assert_eq!(session.ask(&format!("get {}", entry.name())), "none");
    }
    assert_eq!(session.ask("delete tunnel-token"), "done");
}

#[test]
fn a_session_without_a_bus_or_without_the_service_has_no_keychain() {
    let Some(session) = Session::start() else { return };
    assert_eq!(session.ask("get tunnel-token"), "none");
    for question in ["delete-all", "set tunnel-token one", "delete tunnel-token", "check"] {
        let said = session.ask(question);
        assert!(said.starts_with("no keychain: "), "{question}: {said}");
        let said = session.ask_at("unix:path=/nowhere", question);
        assert!(said.starts_with("no keychain: "), "{question}: {said}");
    }
}

#[test]
fn a_service_without_a_keyring_is_found_out_by_the_check_and_not_by_reading() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(None);
    let expected = "no keychain: no keyring has been made yet";
    session.wait_for("check", expected);
    assert_eq!(session.ask("set tunnel-token one"), expected);
    assert_eq!(session.ask("get tunnel-token"), "none");
}

#[test]
fn a_locked_keyring_that_nobody_unlocks_is_told_apart() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(Some("test-password"));
    session.wait_for("check", "done");
    assert_eq!(session.ask("set tunnel-token one"), "done");
    session.end_keyring();
    session.keyring(None);
    session.wait_for("get tunnel-token", "locked");
    assert_eq!(session.ask("set tunnel-token two"), "locked");
    assert_eq!(session.ask("delete tunnel-token"), "locked");
}

/// A bus and a home of its own; both end with the test.
struct Session {
    folder: TempDir,
    address: String,
    bus: Child,
    keyring: Option<Child>,
}

impl Session {
    /// `None` where the programs are not installed, which is no excuse in CI.
    fn start() -> Option<Self> {
        let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !(is_there("dbus-daemon") && is_there("gnome-keyring-daemon")) {
            assert!(std::env::var_os("CI").is_none(), "dbus-daemon and gnome-keyring are needed");
            let told = writeln!(std::io::stderr(), "skipped: apt-get install dbus-daemon gnome-keyring");
            told.expect("the session works");
            return None;
        }
        let folder = tempfile::tempdir().expect("the session works");
        let (config, socket) = (folder.path().join("bus.conf"), folder.path().join("bus"));
        // No folder of services: nothing is started by itself.
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            socket.display()
        );
        fs::write(&config, text).expect("the session works");
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the session works");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("the session works"))
            .read_line(&mut address)
            .expect("the session works");
        Some(Self { folder, address: address.trim().to_owned(), bus, keyring: None })
    }

    fn keyring(&mut self, password: Option<&str>) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(password.map(|_| "--unlock"));
        self.surround(&mut command, &self.address);
        let mut keyring = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the session works");
        let mut stdin = keyring.stdin.take().expect("the session works");
        stdin.write_all(password.unwrap_or_default().as_bytes()).expect("the session works");
        self.keyring = Some(keyring);
    }

    fn end_keyring(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            keyring.kill().expect("the session works");
            keyring.wait().expect("the session works");
        }
    }

    fn surround(&self, command: &mut Command, address: &str) {
        command
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.home())
            .env_remove("XDG_DATA_HOME")
            .env_remove("GNOME_KEYRING_CONTROL");
    }

    fn home(&self) -> &Path {
        self.folder.path()
    }

    fn ask(&self, question: &str) -> String {
        self.ask_at(&self.address, question)
    }

    fn ask_at(&self, address: &str, question: &str) -> String {
        let answer: PathBuf = self.home().join("answer");
        let mut command = Command::new(std::env::current_exe().expect("the session works"));
        command.args(["--exact", "keychain::in_a_session", "--ignored"]);
        command.env(QUESTION, question).env(ANSWER, &answer);
        self.surround(&mut command, address);
        let done = command.output().expect("the session works");
        assert!(done.status.success(), "{question}: {}", String::from_utf8_lossy(&done.stdout));
        let said = fs::read_to_string(&answer).expect("the session works");
        fs::remove_file(&answer).expect("the session works");
        said
    }

    fn wait_for(&self, question: &str, expected: &str) {
        let started = Instant::now();
        loop {
            let said = self.ask(question);
            if said == expected {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{question}: {said}");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for process in self.keyring.iter_mut().chain([&mut self.bus]) {
            drop(process.kill());
            drop(process.wait());
        }
    }
}
