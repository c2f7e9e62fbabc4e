//! The tunnel set up in each of the three ways, from a process that is not the agent's.

use std::ffi::OsString;
use std::process::Command;
use std::sync::Mutex;

use agent::context::Context;
use agent::environment::Environment;
use agent::handle::Handle;
use agent::paths::Paths;
use agent::tunnel::setup::Entry;
use agent::tunnel_setup::{Progress, Step, by_api, by_login, by_token};
use secrecy::SecretString;
use sims::cloudflare::{Cloudflare, TOKEN as API_TOKEN};
use sims::machine::{Machine, program, text};
use sims::programs::Program;
use tokio::sync::watch;

use crate::children::scene::TOKEN;
use crate::support::{HOST, Keychain};
use crate::whole::machine;

/// What another process of this machine works with.
fn context(machine: &Machine, api_url: Option<String>) -> Context {
    let home = machine.path("home");
    let environment = Environment {
        agent_home: Some(OsString::from(machine.path("agent"))),
        home: home.clone(),
        api_url,
        ..Environment::default()
    };
    let paths = Paths::find(environment.agent_home.clone()).expect("a scene can be made");
    let settings = agent::settings::read(&paths.settings_file(), &home).expect("a scene can be made");
    Context { environment, paths, settings }
}

/// The program as it is on that machine: this process has another home.
fn with_program(machine: &Machine, mut context: Context) -> Context {
    let wrapper = machine.path("cloudflared-there");
    // Written by a process of its own: what this one has open for writing while it starts another cannot be started.
    let script = format!(
        "printf '#!/bin/sh\\nHOME={} SIM_CLOUDFLARED_CONTROL={} exec {} \"$@\"\\n' > \"$0\" && chmod 755 \"$0\"",
        machine.path("home").display(),
        machine.path("cloudflared.control").display(),
        machine.path("bin/cloudflared").display(),
    );
    let made = Command::new("sh").args(["-c", &script]).arg(&wrapper).status().expect("a scene can be made");
    assert!(made.success());
    context.settings.cloudflared_path = Some(wrapper);
    context
}

/// Every state of the steps, as they were told.
#[derive(Default)]
struct Told(Mutex<Vec<Vec<Step>>>);

impl Told {
    fn tell(&self) -> impl FnMut(&[Step]) + Send {
        |steps: &[Step]| self.0.lock().expect("no test ended in between").push(steps.to_vec())
    }

    fn last(&self) -> Vec<Step> {
        self.0.lock().expect("no test ended in between").last().cloned().unwrap_or_default()
    }

    fn states(&self) -> Vec<Progress> {
        self.last().iter().map(|step| step.state).collect()
    }
}

fn all_done(told: &Told) -> bool {
    told.states().iter().all(|state| *state == Progress::Done)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_runs_its_tunnel_and_what_is_wrong_changes_nothing() {
    let mut machine = machine::with_token();
    machine.unset("TUNNEL_TOKEN");
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let before = machine.settings_text();
    for (host, token, code) in
        [("https://a.example.com/", TOKEN, "wrong_hostname"), (HOST, "no token", "not_a_secret")]
    {
        let told = Told::default();
        let context = context(&machine, None);
        let refused = by_token(&context, &handle, host, &SecretString::from(token), &mut told.tell()).await;
        assert_eq!(refused.unwrap_err().code, code);
        assert_eq!(told.states(), [Progress::Failed, Progress::Waiting, Progress::Waiting]);
        assert_eq!(machine.settings_text(), before);
    }
    let told = Told::default();
    let token = SecretString::from(TOKEN);
    by_token(&context(&machine, None), &handle, HOST, &token, &mut told.tell()).await.unwrap();
    assert!(told.states().len() == 3 && all_done(&told), "{:?}", told.last());
    assert!(machine.settings_text().contains(HOST));
    agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
    machine.assert_no_file_holds(TOKEN);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_shows_its_page_makes_the_tunnel_and_can_be_broken_off() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let context = with_program(&machine, context(&machine, None));
    let unlocked = by_login(&context, &handle, HOST, false, &mut |_: &[Step]| {}).await.unwrap_err();
    assert!(unlocked.code == "not_locked" && unlocked.what_to_do.contains("Service Auth"), "{unlocked:?}");
    machine.control(Program::Cloudflared).set("login-waits").unwrap();
    let told = Told::default();
    let (shown, mut seen) = watch::channel(None);
    let mut tell = told.tell();
    let mut tell = |steps: &[Step]| {
        tell(steps);
        shown.send_replace(steps[0].open_url.clone());
    };
    // A person who does not log in, and then ends it.
    tokio::select! {
        ended = by_login(&context, &handle, HOST, true, &mut tell) => panic!("it waits for a person: {ended:?}"),
        page = seen.wait_for(Option::is_some) => {
            let page = page.unwrap().clone().unwrap();
            assert!(page.starts_with("https://dash.cloudflare.com/argotunnel"), "{page}");
        }
    }
    assert!(!machine.path("home/.cloudflared/cert.pem").exists());
    machine.control(Program::Cloudflared).set("").unwrap();
    by_login(&context, &handle, HOST, true, &mut told.tell()).await.unwrap();
    assert!(told.states().len() == 5 && all_done(&told), "{:?}", told.last());
    let rules = std::fs::read_to_string(machine.path("home/.cloudflared/config.yml")).unwrap();
    assert!(rules.contains(HOST) && rules.contains("^/api/(version|tags|ps|show|chat)$"), "{rules}");
    let settings = machine.settings_text();
    assert!(settings.contains(HOST) && settings.contains("config.yml"), "{settings}");
    by_login(&context, &handle, HOST, true, &mut told.tell()).await.unwrap();
    assert_eq!(told.last()[1].sentence, "It is there already.");
    assert!(told.last()[2].sentence.contains("as it should be"), "{:?}", told.last());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_token_does_everything_step_by_step_and_is_kept_nowhere() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let handle = Handle::There(machine.path("agent/run/agent.sock"));
    let cloudflare = Cloudflare::start().await.unwrap();
    let (keychain, context) = (Keychain::default(), context(&machine, Some(cloudflare.url())));
    let go = async |token: &str, told: &Told| {
        let token = SecretString::from(token);
        by_api(&context, &handle, &keychain, HOST, token, &mut told.tell()).await
    };
    let told = Told::default();
    let refused = go("wrong", &told).await.unwrap_err();
    assert!(refused.code == "not_set_up" && !refused.what_to_do.is_empty(), "{refused:?}");
    assert_eq!(told.states(), [Progress::Failed, Progress::Waiting]);
    assert_eq!(keychain.len(), 0);
    go(API_TOKEN, &told).await.unwrap();
    let last = told.last();
    assert!(last.len() == 9 && all_done(&told), "{last:?}");
    assert!(last[3].step.starts_with("Create Access application"), "{last:?}");
    let contents = cloudflare.contents();
    assert_eq!(contents["dns_records"][0]["name"], HOST);
    assert!(
        keychain.secret(Entry::AccessClientSecret).is_some() && keychain.secret(Entry::TunnelToken).is_some()
    );
    machine.assert_no_file_holds(API_TOKEN);
    assert!(machine.settings_text().contains(HOST));
    go(API_TOKEN, &told).await.unwrap();
    assert_eq!(told.last()[0].sentence, "Everything is as it should be.");
    assert_eq!(cloudflare.contents(), contents, "another go changes nothing");
    let shown = text(&machine.ask(&["status"]).stdout);
    assert!(!shown.contains("is not set up"), "{shown}");
    agent.stop().await;
}
