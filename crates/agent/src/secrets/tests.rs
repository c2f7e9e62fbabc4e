use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;
use crate::tunnel::setup;

const LONG: Duration = Duration::from_secs(60);
const TOKEN: &str =
    "eyJhIjoiYWNjIiwicyI6ImMyVmpjbVYwIiwidCI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NSJ9";

#[test]
fn what_is_pasted_is_understood() {
    let id = "0123456789abcdef0123456789abcdef.access";
    let token = [
        TOKEN.to_owned(),
        format!("{TOKEN}\r\n"),
        format!("\"{TOKEN}\""),
        format!("sudo cloudflared service install {TOKEN}\n"),
        format!("cloudflared tunnel run --token {TOKEN}"),
        format!("/usr/bin/cloudflared tunnel run --token={TOKEN} --edge-ip-version 4"),
        format!("docker run cloudflare/cloudflared:latest tunnel --no-autoupdate run --token {TOKEN}"),
        format!("cloudflared.exe service install {TOKEN}"),
        format!("TUNNEL_TOKEN={TOKEN}"),
        format!("TUNNEL_TOKEN='{TOKEN}'"),
    ];
    let rows = token.into_iter().map(|text| (Entry::TunnelToken, text, TOKEN)).chain([
        (Entry::AccessClientId, format!(" {id}\n"), id),
        (Entry::AccessClientId, format!("CF-Access-Client-Id: {id}"), id),
        (Entry::AccessClientSecret, "CF-Access-Client-Secret: cfast_x".to_owned(), "cfast_x"),
        (Entry::AccessClientSecret, "CF_ACCESS_CLIENT_SECRET=\"cfast_x\"".to_owned(), "cfast_x"),
        (Entry::AccessClientSecret, "a:b".to_owned(), "a:b"),
        (Entry::DeviceToken, "dev_1\n".to_owned(), "dev_1"),
    ]);
    for (entry, text, expected) in rows {
        let secret = read(entry, &text);
        assert_eq!(secret.as_ref().map(|secret| secret.expose_secret()), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_the_secret_is_refused() {
    let encoded = |json: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, json);
    let rows = [
        (Entry::DeviceToken, String::new(), NotASecret::Empty),
        (Entry::DeviceToken, " \r\n".to_owned(), NotASecret::Empty),
        (Entry::DeviceToken, "''".to_owned(), NotASecret::Empty),
        (Entry::AccessClientSecret, "CF-Access-Client-Secret:".to_owned(), NotASecret::Empty),
        (Entry::AccessClientSecret, "one two".to_owned(), NotASecret::Spaces),
        (Entry::AccessClientSecret, "one\r\ntwo".to_owned(), NotASecret::Spaces),
        (Entry::DeviceToken, "sch\u{f6}n".to_owned(), NotASecret::Spaces),
        (Entry::AccessClientId, "cfast_x".to_owned(), NotASecret::NoAccessId),
        (Entry::AccessClientId, ".access".to_owned(), NotASecret::NoAccessId),
        (Entry::AccessClientSecret, "0123.access".to_owned(), NotASecret::IdForSecret),
        (Entry::TunnelToken, "cloudflared tunnel login".to_owned(), NotASecret::Empty),
        (Entry::TunnelToken, TOKEN[..TOKEN.len() - 8].to_owned(), NotASecret::NoTunnelToken),
        (Entry::TunnelToken, encoded("{}"), NotASecret::NoTunnelToken),
        (Entry::TunnelToken, encoded(r#"{"a":"acc","s":"c2VjcmV0","t":"no-id"}"#), NotASecret::NoTunnelToken),
        (
            Entry::TunnelToken,
            encoded(r#"{"a":"acc","s":"","t":"11111111-2222-4333-8444-555555555555"}"#),
            NotASecret::NoTunnelToken,
        ),
    ];
    for (entry, text, expected) in rows {
        assert_eq!(read(entry, &text).err(), Some(expected), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_reading_fall_over_and_what_is_read_fits_into_a_header(text in any::<String>(), at in 0usize..4) {
        if let Ok(secret) = read(Entry::ALL[at], &text) {
            let secret = secret.expose_secret();
            prop_assert!(!secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(text.contains(secret));
        }
    }
}

#[test]
fn names_are_those_of_the_keychain() {
    let names = Entry::ALL.map(Entry::name);
    assert_eq!(names, ["cf-access-client-id", "cf-access-client-secret", "tunnel-token", "device-token"]);
    assert_eq!(names.map(Entry::find), Entry::ALL.map(Some));
    assert_eq!(Entry::find("tunnel_token"), None);
}

#[tokio::test]
async fn a_keychain_keeps_and_forgets() {
    let secrets = Secrets::open(Box::new(SessionOnly::default()), LONG).await;
    assert_eq!(secrets.keeping(), &Keeping::ForGood);
    assert_eq!(secrets.set(Entry::DeviceToken, &"one".into()).await, Keeping::ForGood);
    assert_eq!(get(&secrets, Entry::DeviceToken).await, Ok(Some("one".to_owned())));
    assert_eq!(secrets.delete(Entry::DeviceToken).await, Ok(()));
    assert_eq!(get(&secrets, Entry::DeviceToken).await, Ok(None));
    for entry in Entry::ALL {
        secrets.set(entry, &"two".into()).await;
    }
    assert_eq!(secrets.delete_all().await, Ok(()));
    for entry in Entry::ALL {
        assert_eq!(get(&secrets, entry).await, Ok(None), "{entry:?}");
    }
}

#[tokio::test]
async fn a_lent_secret_serves_one_run_and_a_kept_one_takes_its_place() {
    let secrets = Secrets::open(Box::new(SessionOnly::default()), LONG).await;
    secrets.set(Entry::TunnelToken, &"kept".into()).await;
    secrets.lend(Entry::TunnelToken, &"lent".into());
    assert_eq!(get(&secrets, Entry::TunnelToken).await, Ok(Some("lent".to_owned())));
    let kept = setup::Secrets::get(&secrets, setup::Entry::TunnelToken).unwrap().unwrap();
    assert_eq!(kept.expose_secret(), "kept");
    secrets.set(Entry::TunnelToken, &"new".into()).await;
    assert_eq!(get(&secrets, Entry::TunnelToken).await, Ok(Some("new".to_owned())));
}

#[tokio::test]
async fn without_a_keychain_it_goes_on_for_this_session_and_says_so() {
    let problem = Problem::NoKeychain { why: "no bus".to_owned() };
    let secrets = Secrets::open(Box::new(Broken(problem.clone())), LONG).await;
    assert_eq!(secrets.keeping(), &Keeping::ForThisSession(problem.clone()));
    assert_eq!(get(&secrets, Entry::DeviceToken).await, Ok(None));
    let kept = secrets.set(Entry::DeviceToken, &"one".into()).await;
    assert_eq!(kept, Keeping::ForThisSession(problem.clone()));
    assert_eq!(get(&secrets, Entry::DeviceToken).await, Ok(Some("one".to_owned())));
    assert_eq!(secrets.delete_all().await, Err(problem.clone()));
    assert_eq!(get(&secrets, Entry::DeviceToken).await, Ok(None));
    let refused = setup::Secrets::put(&secrets, setup::Entry::AccessClientSecret, &"s".into()).unwrap_err();
    assert!(refused.why.contains("no bus") && refused.why.contains(problem.what_to_do()), "{refused}");
    assert_eq!(get(&secrets, Entry::AccessClientSecret).await, Ok(None));
}

#[tokio::test]
async fn a_keychain_that_refuses_is_not_taken_for_an_empty_one() {
    let problem = Problem::Refused { why: "no".to_owned() };
    let secrets = Secrets::open(Box::new(Broken(problem.clone())), LONG).await;
    assert_eq!(get(&secrets, Entry::TunnelToken).await, Err(problem.clone()));
    assert_eq!(secrets.check().await, Err(problem));
}

#[tokio::test(start_paused = true)]
async fn a_keychain_that_waits_for_a_person_counts_as_locked_and_what_nobody_waits_for_is_not_done() {
    let (answer, person) = mpsc::channel();
    let (asked, journal) = mpsc::channel();
    let store = Waits { person: Mutex::new(person), asked: Mutex::new(asked) };
    let secrets = Secrets::open(Box::new(store), LONG).await;
    assert_eq!(secrets.keeping(), &Keeping::ForThisSession(Problem::Locked));
    assert_eq!(
        secrets.set(Entry::DeviceToken, &"one".into()).await,
        Keeping::ForThisSession(Problem::Locked)
    );
    assert_eq!(get(&secrets, Entry::DeviceToken).await, Ok(Some("one".to_owned())));
    assert_eq!(get(&secrets, Entry::TunnelToken).await, Err(Problem::Locked));
    // The person answers the question that the thread came to ask first; of the others none is asked.
    drop(answer);
    drop(secrets);
    assert!(journal.iter().count() <= 1);
}

#[test]
fn a_set_up_does_not_wait_for_ever_either() {
    let (_answer, person) = mpsc::channel();
    let store = Waits { person: Mutex::new(person), asked: Mutex::new(mpsc::channel().0) };
    let worker = worker::Worker::start(Box::new(store), Duration::from_millis(1));
    assert_eq!(worker.ask_blocking(|store| store.delete(Entry::DeviceToken)), Err(Problem::Locked));
}

#[tokio::test]
async fn a_set_up_keeps_its_secrets_there() {
    let secrets = Secrets::open(Box::new(SessionOnly::default()), LONG).await;
    for entry in [setup::Entry::AccessClientId, setup::Entry::AccessClientSecret, setup::Entry::TunnelToken] {
        setup::Secrets::put(&secrets, entry, &"made".into()).unwrap();
        assert_eq!(entry.name(), Entry::from(entry).name());
        assert_eq!(get(&secrets, entry.into()).await, Ok(Some("made".to_owned())));
        setup::Secrets::remove(&secrets, entry).unwrap();
        assert!(setup::Secrets::get(&secrets, entry).unwrap().is_none());
    }
}

#[test]
fn nothing_shows_a_secret() {
    let store = SessionOnly::default();
    store.set(Entry::DeviceToken, &"geheim".into()).unwrap();
    assert!(!format!("{store:?}").contains("geheim"));
    assert!(!format!("{:?}", read(Entry::DeviceToken, "geheim")).contains("geheim"));
}

async fn get(secrets: &Secrets, entry: Entry) -> Result<Option<String>, Problem> {
    Ok(secrets.get(entry).await?.map(|secret| secret.expose_secret().to_owned()))
}

/// A keychain that always fails.
struct Broken(Problem);

impl SecretStore for Broken {
    fn get(&self, _: Entry) -> Result<Option<SecretString>, Problem> {
        Err(self.0.clone())
    }

    fn set(&self, _: Entry, _: &SecretString) -> Result<(), Problem> {
        Err(self.0.clone())
    }

    fn delete(&self, _: Entry) -> Result<(), Problem> {
        Err(self.0.clone())
    }

    fn check(&self) -> Result<(), Problem> {
        Err(self.0.clone())
    }
}

/// A keychain that asks a person each time, and refuses when the person is gone.
struct Waits {
    person: Mutex<mpsc::Receiver<()>>,
    asked: Mutex<mpsc::Sender<String>>,
}

impl Waits {
    fn wait(&self, question: &str) -> Result<(), Problem> {
        drop(self.asked.lock().unwrap().send(question.to_owned()));
        self.person.lock().unwrap().recv().map_err(|_| Problem::Locked)
    }
}

impl SecretStore for Waits {
    fn get(&self, entry: Entry) -> Result<Option<SecretString>, Problem> {
        self.wait(&format!("get {}", entry.name())).map(|()| None)
    }

    fn set(&self, entry: Entry, _: &SecretString) -> Result<(), Problem> {
        self.wait(&format!("set {}", entry.name()))
    }

    fn delete(&self, entry: Entry) -> Result<(), Problem> {
        self.wait(&format!("delete {}", entry.name()))
    }

    fn check(&self) -> Result<(), Problem> {
        self.wait("check")
    }
}
