//! The built `triage-agent` with the stand-in programs first in its PATH, from the outside.

pub(crate) mod machine;

use serde_json::Value;
use sims::cloudflare::Cloudflare;
use sims::edge::Edge;
use sims::machine::{layer, program, text};
use sims::notices::Notices;
use sims::ollama::Ollama;
use sims::programs::Program;
use sims::session::Session;

use crate::children::scene::{TOKEN, runs};
use machine::health;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_programs_come_up_and_come_back_after_a_kill() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let up = |status: &Value| {
        ["ollama", "cloudflared"].into_iter().all(|kind| program(status, kind)["state"] == "running")
    };
    let first = agent.until("both programs to run", up).await;
    for kind in ["ollama", "cloudflared"] {
        let pid = program(&first, kind)["pid"].as_u64().unwrap();
        machine::kill(pid);
        let again = |status: &Value| {
            let program = program(status, kind);
            program["state"] == "running" && program["pid"].as_u64() != Some(pid) && program["starts"] == 2
        };
        agent.until("the killed one to run again", again).await;
    }
    assert_eq!(machine.starts().len(), 4, "never started beside another");
    for start in machine.starts() {
        assert!(!start.argv.iter().any(|word| word.contains(TOKEN)), "{start:?}");
    }
    let log = agent.stop().await;
    assert!(!log.contains("event=\"notice\"") && !log.contains(TOKEN), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_killed_leaves_no_program_behind_and_starts_afresh() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let status =
        agent.until("both programs", |status| program(status, "cloudflared")["state"] == "running").await;
    let pids = ["ollama", "cloudflared"].map(|kind| program(&status, kind)["pid"].as_u64().unwrap());
    agent.kill();
    crate::children::scene::until("both to be gone", || {
        !pids.iter().any(|pid| runs(u32::try_from(*pid).unwrap()))
    })
    .await;
    let agent = machine.run().await;
    agent.until("both again", |status| program(status, "cloudflared")["state"] == "running").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_ollama_is_used_and_neither_killed_nor_doubled() {
    let machine = machine::with_token();
    let mut theirs = machine::somebody_elses_ollama(&machine).await;
    let agent = machine.run().await;
    let status = agent.until("it to be used", |status| program(status, "ollama")["state"] == "adopted").await;
    assert_eq!(program(&status, "ollama")["pid"], Value::Null);
    agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
    agent.stop().await;
    assert!(theirs.try_wait().unwrap().is_none(), "it still runs");
    theirs.kill().unwrap();
    theirs.wait().unwrap();
    let ollamas = machine.starts().iter().filter(|start| start.program == "ollama").count();
    assert_eq!(ollamas, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_agent_is_refused_and_says_why() {
    let machine = machine::with_token();
    let agent = machine.run().await;
    let second = machine.ask(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("running already"), "{}", text(&second.stderr));
    agent.stop().await;
    let gone = machine.ask(&["status"]);
    assert!(gone.status.code() == Some(1) && text(&gone.stderr).contains("The agent is not running"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_that_stays_down_is_told_once_and_its_return_once() {
    let Some(session) = Session::start() else { return };
    let desktop = Notices::start_at(session.address()).await;
    let mut machine = machine::with_token();
    machine.set("DBUS_SESSION_BUS_ADDRESS", session.address());
    machine.settings("[notices]\nsettle_seconds = 2\n");
    let agent = machine.run().await;
    agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    let down = desktop.posted(1).await;
    assert_eq!(down.title, "The tunnel is down");
    machine.control(Program::Cloudflared).set("").unwrap();
    let back = desktop.posted(2).await;
    assert_eq!(back.title, "The tunnel is back");
    desktop.closed(down.id).await;
    assert_eq!(desktop.record().posted.len(), 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_without_a_lock_is_told_at_once_and_doctor_says_how_to_close_it() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(Some("test-password"));
    let desktop = Notices::start_at(session.address()).await;
    let ollama = Ollama::start().await.unwrap();
    let edge = Edge::start(&ollama.url(), ID, SECRET).await.unwrap();
    let mut machine = machine::with_token();
    machine.session(&session);
    machine.set("TRIAGE_AGENT_PUBLIC_URL", &edge.url());
    for (entry, secret) in [("cf-access-client-id", ID), ("cf-access-client-secret", SECRET)] {
        machine.set_secret(entry, secret);
    }
    let agent = machine.run().await;
    let closed =
        |status: &Value| health(status, "access_closed") == "ok" && health(status, "public_address") == "ok";
    agent.until("the address to be closed", closed).await;
    let verified = machine.ask(&["tunnel", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
    edge.set_protected(false);
    // It is looked at now and then, and at once when something was set.
    machine.set_secret("cf-access-client-id", ID);
    let told = desktop.posted(1).await;
    assert_eq!(told.title, "The model is exposed");
    let status = agent.until("it to be seen", |status| health(status, "access_closed") == "fail").await;
    let fix = layer(&status, "access_closed")["fix"].as_str().unwrap().to_owned();
    let doctor = machine.ask(&["doctor"]);
    let said = text(&doctor.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(doctor.status.code(), Some(1));
    assert!(said.contains(&fix), "{fix}: {said}");
    let verified = machine.ask(&["tunnel", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified.stdout));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_outlive_a_restart_are_gone_after_unpair_and_are_found_nowhere_else() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(Some("test-password"));
    let mut machine = machine::with_token();
    machine.session(&session);
    machine.unset("TUNNEL_TOKEN");
    machine.set_secret("tunnel-token", TOKEN);
    machine.set_secret("cf-access-client-secret", SECRET);
    for _ in 0..2 {
        let agent = machine.run().await;
        agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
        assert!(!machine::arguments_of_all_processes().contains(TOKEN));
        let zip = machine.path("help.zip");
        let written = machine.ask(&["diagnostics", zip.to_str().unwrap()]);
        assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
        for secret in [TOKEN, SECRET] {
            assert!(!machine::holds(&machine::unzipped(&zip), secret), "the zip");
        }
        std::fs::remove_file(zip).unwrap();
        let log = agent.stop().await;
        assert!(!log.contains(TOKEN) && !log.contains(SECRET), "{log}");
        for secret in [TOKEN, SECRET] {
            machine.assert_no_file_holds(secret);
        }
    }
    assert_eq!(machine.ask(&["unpair", "--all"]).status.code(), Some(0));
    let check = text(&machine.ask(&["secrets", "check"]).stdout);
    assert!(check.contains("○ tunnel-token is not set") && !check.contains("is there"), "{check}");
    let agent = machine.run().await;
    let status = agent
        .until("the tunnel to be missing", |status| program(status, "cloudflared")["state"] == "not set up")
        .await;
    assert!(
        layer(&status, "cloudflared_process")["fix"].as_str().unwrap().contains("secrets set tunnel-token")
    );
    machine.set_secret("tunnel-token", TOKEN);
    agent.until("the tunnel again", |status| program(status, "cloudflared")["state"] == "running").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_paused_neither_a_restart_nor_another_token_opens_the_tunnel() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(Some("test-password"));
    let mut machine = machine::with_token();
    machine.session(&session);
    machine.unset("TUNNEL_TOKEN");
    machine.set_secret("tunnel-token", TOKEN);
    let agent = machine.run().await;
    agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
    assert_eq!(machine.ask(&["pause"]).status.code(), Some(0));
    agent.until("its end", |status| program(status, "cloudflared")["state"] == "stopped").await;

    let refused = machine.ask(&["restart", "cloudflared"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("is paused") && said.contains("Resume first."), "{said}");
    let another = sims::edge::tunnel_token("99999999-2222-4333-8444-555555555555");
    machine.set_secret("tunnel-token", &another);
    assert_eq!(machine.ask(&["restart", "ollama"]).status.code(), Some(0));
    let still = agent
        .until("Ollama again", |status| {
            let ollama = program(status, "ollama");
            ollama["starts"] == 2 && ollama["state"] == "running"
        })
        .await;
    let tunnel = program(&still, "cloudflared");
    assert_eq!((&tunnel["state"], &tunnel["starts"]), (&"stopped".into(), &1.into()));

    assert_eq!(machine.ask(&["resume"]).status.code(), Some(0));
    agent.until("the tunnel again", |status| program(status, "cloudflared")["state"] == "running").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_says_first_what_it_does_goes_on_after_a_failure_and_is_taken_back() {
    let Some(mut session) = Session::start() else { return };
    session.keyring(Some("test-password"));
    let cloudflare = Cloudflare::start().await.unwrap();
    let empty = cloudflare.contents();
    let mut machine = machine::with_token();
    machine.session(&session);
    machine.set("CLOUDFLARE_API_URL", &cloudflare.url());
    machine.set("CLOUDFLARE_API_TOKEN", sims::cloudflare::TOKEN);
    let host = "ollama.example.com";
    let plan = machine.ask(&["tunnel", "setup", "--plan", "--hostname", host]);
    assert_eq!(plan.status.code(), Some(0), "{}", text(&plan.stderr));
    assert!(text(&plan.stdout).contains("  1. "), "{}", text(&plan.stdout));
    assert_eq!(cloudflare.contents(), empty, "a plan changes nothing");
    let unasked = machine.ask(&["tunnel", "setup", "--hostname", host]);
    assert_eq!((unasked.status.code(), cloudflare.contents()), (Some(1), empty.clone()), "nobody agreed");
    cloudflare.faults.script("500 once").unwrap();
    let mut ended = Vec::new();
    for _ in 0..4 {
        let done = machine.ask(&["tunnel", "setup", "--hostname", host, "--yes"]);
        ended.push(done.status.code());
        assert!(!text(&done.stdout).contains("eyJ"), "no token is shown");
    }
    assert_eq!(ended.last(), Some(&Some(0)));
    let made = cloudflare.contents();
    let again = machine.ask(&["tunnel", "setup", "--yes"]);
    assert!(
        text(&again.stdout).contains("there is nothing to do"),
        "{}{}",
        text(&again.stdout),
        text(&again.stderr)
    );
    assert_eq!(cloudflare.contents(), made);
    let undone = machine.ask(&["tunnel", "undo", "--yes"]);
    assert_eq!(undone.status.code(), Some(0), "{}", text(&undone.stderr));
    assert_eq!(cloudflare.contents(), empty);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_of_this_machine_is_made_with_a_config_that_is_shown_and_kept_before_it_is_replaced() {
    let mut machine = machine::with_token();
    machine.unset("TUNNEL_TOKEN");
    let local = ["tunnel", "local", "--hostname", "ollama.example.com"];
    let unlocked = machine.ask(&local);
    assert_eq!(unlocked.status.code(), Some(1));
    assert!(text(&unlocked.stderr).contains("Service Auth"), "{}", text(&unlocked.stderr));
    let file = machine.path("home/.cloudflared/config.yml");
    assert!(!file.exists(), "nobody said that there is a lock");
    let agreed = [&local[..], &["--yes"]].concat();
    let made = machine.ask(&agreed);
    assert_eq!(made.status.code(), Some(0), "{}{}", text(&made.stdout), text(&made.stderr));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("httpHostHeader: localhost:11434"), "{written}");
    assert_eq!(machine.ask(&["tunnel", "check"]).status.code(), Some(0));
    let spoilt = written.replace("httpHostHeader: localhost:11434", "noHappyEyeballs: true");
    std::fs::write(&file, &spoilt).unwrap();
    let checked = machine.ask(&["tunnel", "check"]);
    assert!(
        checked.status.code() == Some(1) && text(&checked.stdout).contains("403"),
        "{}",
        text(&checked.stdout)
    );
    let asked = machine.ask(&agreed[..4]);
    assert_eq!((asked.status.code(), std::fs::read_to_string(&file).unwrap()), (Some(1), spoilt.clone()));
    let mended = machine.ask(&agreed);
    assert!(
        text(&mended.stdout).contains("+      httpHostHeader: localhost:11434"),
        "{}",
        text(&mended.stdout)
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    let backups = std::fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    let backup =
        backups.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "bak"));
    assert_eq!(std::fs::read_to_string(backup.unwrap()).unwrap(), spoilt);
    let agent = machine.run().await;
    agent
        .until("the tunnel of the file", |status| program(status, "cloudflared")["state"] == "running")
        .await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_counted_and_its_last_lines_are_kept() {
    let machine = machine::with_token();
    machine.control(Program::Ollama).set("flood=100000,flood-lines=200000").unwrap();
    let agent = machine.run().await;
    let status = agent
        .until("the flood", |status| {
            program(status, "ollama")["lines"].as_u64() >= Some(1000)
                && program(status, "ollama")["dropped"].as_u64() > Some(100_000)
        })
        .await;
    assert!(program(&status, "ollama")["dropped"].as_u64() > Some(100_000));
    let logs = text(&machine.ask(&["logs", "ollama", "-n", "20"]).stdout);
    assert_eq!(logs.lines().count(), 20, "{logs}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_are_all_named_and_nothing_is_started() {
    let machine = machine::with_token();
    machine.settings("hostnam = \"x\"\n[cloudflared]\nmetrics_port = 0\n");
    let refused = machine.ask(&["run"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{said}");
    assert!(said.contains("hostnam") && said.contains("metrics_port"), "{said}");
    assert!(machine.starts().is_empty());
}

const ID: &str = "0123456789abcdef0123456789abcdef.access";
const SECRET: &str = "cfast_0123456789abcdefghijklmnopqrstuvwxyzABCD01234567";
