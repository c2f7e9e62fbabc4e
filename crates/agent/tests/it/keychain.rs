//! Against the real `gnome-keyring-daemon` on a bus of its own. Each question is asked by another process: the bus is
//! found by the environment.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use agent::secrets::{Entry, Keeping, Keychain, Problem, Secrets};
use secrecy::ExposeSecret as _;

use sims::session::Session;

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
        Problem::SwitchedOff => "switched off".to_owned(),
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

/// Has the keychain asked by a process within the session.
trait Questions {
    fn ask(&self, question: &str) -> String;
    fn ask_at(&self, address: &str, question: &str) -> String;
    fn wait_for(&self, question: &str, expected: &str);
}

impl Questions for Session {
    fn ask(&self, question: &str) -> String {
        self.ask_at(self.address(), question)
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
