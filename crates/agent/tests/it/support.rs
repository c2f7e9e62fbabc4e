//! An account at Cloudflare, a keychain in memory, and a place for the ledger.

use agent::tunnel::Hostname;
use agent::tunnel::api::Api;
use agent::tunnel::setup::{Entry, Error, Ledger, Plan, Secrets, SecretsError, Session, Wanted};
use agent::tunnel::setup::{find, plan, run, undo};
use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sims::cloudflare::{ACCOUNT_ID, Cloudflare, TOKEN, ZONE_ID};
use std::collections::BTreeMap;
use std::sync::Mutex;

pub(crate) const HOST: &str = "ollama.example.com";

/// A keychain that can refuse.
#[derive(Default)]
pub(crate) struct Keychain {
    kept: Mutex<BTreeMap<Entry, String>>,
    /// So many are still kept before one is refused.
    refuse_after: Mutex<Option<usize>>,
}

impl Keychain {
    pub(crate) fn refuse_after(&self, puts: usize) {
        *self.refuse_after.lock().expect("never held over a panic") = Some(puts);
    }

    pub(crate) fn secret(&self, entry: Entry) -> Option<String> {
        self.kept.lock().expect("never held over a panic").get(&entry).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.lock().expect("never held over a panic").len()
    }

    pub(crate) fn set(&self, entry: Entry, secret: &str) {
        self.kept.lock().expect("never held over a panic").insert(entry, secret.to_owned());
    }
}

impl Secrets for Keychain {
    fn get(&self, entry: Entry) -> Result<Option<SecretString>, SecretsError> {
        Ok(self.secret(entry).map(SecretString::from))
    }

    fn put(&self, entry: Entry, secret: &SecretString) -> Result<(), SecretsError> {
        let mut refuse_after = self.refuse_after.lock().expect("never held over a panic");
        if let Some(left) = *refuse_after {
            *refuse_after = left.checked_sub(1);
            if left == 0 {
                return Err(SecretsError { entry, why: "locked".to_owned() });
            }
        }
        self.set(entry, secret.expose_secret());
        Ok(())
    }

    fn remove(&self, entry: Entry) -> Result<(), SecretsError> {
        self.kept.lock().expect("never held over a panic").remove(&entry);
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) cloudflare: Cloudflare,
    pub(crate) keychain: Keychain,
    pub(crate) wanted: Wanted,
    pub(crate) api: Api,
    folder: tempfile::TempDir,
    seeder: reqwest::Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        let cloudflare = Cloudflare::start().await.expect("a scene can be made");
        let api = Api::new(&cloudflare.url(), SecretString::from(TOKEN)).expect("a scene can be made");
        Self {
            cloudflare,
            keychain: Keychain::default(),
            wanted: Wanted::new(Hostname::parse(HOST).expect("a scene can be made")),
            api,
            folder: tempfile::tempdir().expect("a scene can be made"),
            seeder: sims::http_client(),
        }
    }

    pub(crate) fn ledger_path(&self) -> std::path::PathBuf {
        self.folder.path().join("state/tunnel-setup.json")
    }

    fn session(&self) -> Session<'_> {
        let ledger = Ledger::open(&self.ledger_path(), &self.wanted.hostname).expect("a scene can be made");
        Session { api: &self.api, secrets: &self.keychain, ledger }
    }

    pub(crate) async fn plan(&self) -> Result<Plan, Error> {
        let found = find(&mut self.session(), &self.wanted).await?;
        Ok(plan(&self.wanted, &found, now()))
    }

    /// What the plan says, a sentence a step.
    pub(crate) async fn sentences(&self) -> Vec<String> {
        let plan = self.plan().await.expect("a scene can be made");
        plan.steps.iter().map(|step| step.sentence(&self.wanted)).collect()
    }

    /// One go. After every step: a name that leads somewhere is protected.
    pub(crate) async fn run(&self) -> Result<(), Error> {
        let mut session = self.session();
        let found = find(&mut session, &self.wanted).await?;
        let plan = plan(&self.wanted, &found, now());
        let was_open = self.is_open();
        run(&mut session, &self.wanted, &found, &plan, &mut |step| {
            assert!(was_open || !self.is_open(), "open to the world after {step:?}");
        })
        .await
    }

    /// Whether the name leads to a tunnel and nothing protects it.
    fn is_open(&self) -> bool {
        let contents = self.cloudflare.contents();
        let has = |list: &str, test: &dyn Fn(&Value) -> bool| {
            contents[list].as_array().is_some_and(|all| all.iter().any(test))
        };
        let leads =
            |record: &Value| record["content"].as_str().is_some_and(|to| to.ends_with(".cfargotunnel.com"));
        has("dns_records", &|record| record["name"] == HOST && leads(record))
            && !has("apps", &|app| app["domain"] == HOST)
    }

    /// Goes until nothing is left to do.
    pub(crate) async fn run_to_the_end(&self) {
        for _ in 0..20 {
            if self.run().await.is_ok() && self.plan().await.is_ok_and(|plan| plan.steps.is_empty()) {
                return;
            }
        }
        panic!("never done: {:?}", self.plan().await);
    }

    pub(crate) async fn undo(&self, leave_open: bool) -> Result<Vec<String>, Error> {
        let mut sentences = Vec::new();
        let mut done = |sentence: &str| {
            assert!(leave_open || !self.is_open(), "open to the world after {sentence}");
            sentences.push(sentence.to_owned());
        };
        undo(&mut self.session(), &self.wanted, leave_open, &mut done).await?;
        Ok(sentences)
    }

    pub(crate) async fn undo_to_the_end(&self) {
        for _ in 0..20 {
            if self.undo(true).await.is_ok() {
                assert!(!self.ledger_path().exists(), "an empty ledger has no file");
                return;
            }
        }
        panic!("never undone: {:?}", self.undo(true).await);
    }

    /// A call that a person made before.
    pub(crate) async fn made(&self, method: Method, path: &str, body: Value) -> Value {
        let path = path
            .replace("ACCOUNT", &format!("accounts/{ACCOUNT_ID}"))
            .replace("ZONE", &format!("zones/{ZONE_ID}"));
        let url = format!("{}/{path}", self.cloudflare.url());
        let answer = self
            .seeder
            .request(method, url)
            .bearer_auth(TOKEN)
            .json(&body)
            .send()
            .await
            .expect("a scene can be made");
        let answer: Value = answer.json().await.expect("a scene can be made");
        assert_eq!(answer["success"], true, "{path} {answer}");
        answer["result"].clone()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.made(Method::POST, path, body).await
    }
}

#[expect(clippy::disallowed_methods, reason = "the stand-in's tokens end a year after the real now")]
pub(crate) fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

/// The contents with every id replaced by the order of its first appearance, so that two accounts can be compared.
pub(crate) fn shape(contents: &Value) -> String {
    let mut ids = Vec::new();
    collect(contents, &mut ids);
    let mut text = serde_json::to_string_pretty(contents).expect("a scene can be made");
    for (number, id) in ids.iter().enumerate() {
        text = text.replace(id, &format!("<{number}>"));
    }
    text
}

fn collect(value: &Value, ids: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        if let Some(id) = value.as_str().filter(|_| ["id", "client_id", "aud"].contains(&key.as_str())) {
            ids.push(id.to_owned());
        }
        collect(value, ids);
    }
    value.as_array().into_iter().flatten().for_each(|item| collect(item, ids));
}
