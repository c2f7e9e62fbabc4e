//! What can be made to go wrong, in both programs where both have it.

use crate::scene::{Running, Scene, TOKEN, done, get, json, ready, until};
use rustix::process::{Pid, Signal, kill_process_group};
use sims::programs::Program;
use std::time::Duration;

const BOTH: [(Program, &str); 2] =
    [(Program::Ollama, "SIM_OLLAMA"), (Program::Cloudflared, "SIM_CLOUDFLARED")];

#[tokio::test]
async fn it_ends_when_and_as_it_is_told() {
    let scene = Scene::new();
    for (program, variable) in BOTH {
        for (behaviours, code) in [("exit=3", 3), ("crash-after=50ms", 2), ("crash-after=50ms,exit=11", 11)] {
            let mut command = scene.program(program);
            command.env(variable, behaviours);
            assert_eq!(done(command).await.code, Some(code), "{program:?} {behaviours}");
        }
    }
    assert_eq!(scene.starts().len(), 6);
}

#[tokio::test]
async fn a_running_one_can_be_told_to_end_with_a_last_line_that_is_no_log() {
    for (program, _) in BOTH {
        let scene = Scene::new();
        let running = Running::start(scene.program(program));
        scene.control().apply("").await.unwrap();
        scene.control().set("exit=10,bare-last-line").unwrap();
        let ended = running.ends().await;
        let last = ended.err.lines().last().unwrap();
        assert_eq!(ended.code, Some(10));
        assert!(!last.starts_with('{') && !last.starts_with("time="), "{last}");
    }
}

#[tokio::test]
async fn it_ignores_sigterm_until_it_is_told_to_listen_again() {
    for (program, line, path) in [
        (Program::Ollama, "Listening on ", "/api/version"),
        (Program::Cloudflared, "metrics server on ", "/healthcheck"),
    ] {
        let scene = Scene::new();
        let running = Running::start(scene.program(program));
        let url = format!("{}{path}", running.url(line).await);
        scene.control().apply("ignore-term").await.unwrap();
        running.signal(Signal::TERM);
        running.signal(Signal::INT);
        assert_eq!(get(&url).await.0, 200, "{program:?}");
        assert_eq!(get(&url).await.0, 200, "{program:?}");
        scene.control().apply("").await.unwrap();
        running.signal(Signal::TERM);
        assert_eq!(running.ends().await.code, Some(0), "{program:?}");
    }
}

#[tokio::test]
async fn slow_ollama_has_no_port_until_it_is_ready() {
    let scene = Scene::new();
    let mut command = scene.ollama("serve");
    command.env("SIM_OLLAMA", "slow-ready=1h");
    let running = Running::start(command);
    running.err.find("total unused blobs").await;
    assert!(!running.err.text().contains("Listening on"));
    scene.control().apply("").await.unwrap();
    let url = running.url("Listening on ").await;
    assert_eq!(json(&format!("{url}/api/version")).await.0, 200);
}

#[tokio::test]
async fn slow_cloudflared_says_503_until_it_is_ready() {
    let scene = Scene::new();
    let mut command = scene.tunnel();
    command.env("SIM_CLOUDFLARED", "slow-ready=1h");
    let running = Running::start(command);
    let metrics = running.metrics().await;
    assert_eq!(get(&format!("{metrics}/ready")).await.0, 503);
    scene.control().apply("").await.unwrap();
    ready(&metrics, 4).await;
}

#[tokio::test]
async fn a_port_can_be_said_to_be_taken() {
    let scene = Scene::new();
    for (program, variable) in BOTH {
        let mut command = scene.program(program);
        command.env(variable, "port-taken");
        let ended = done(command).await;
        assert_eq!(ended.code, Some(1));
        assert!(ended.err.ends_with("bind: address already in use"), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_flood_comes_whole_and_in_order() {
    for (program, variable) in BOTH {
        let scene = Scene::new();
        let mut command = scene.program(program);
        command.env(variable, "flood=100000,flood-lines=100000");
        let running = Running::start(command);
        let number = |line: &str| -> Option<u64> {
            let digits = line.split("\"event\":").nth(1).filter(|_| line.contains("39997"));
            let digits = digits.or_else(|| line.split("attempt=").nth(1))?;
            digits.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        };
        let last =
            running.err.find(if program == Program::Ollama { "attempt=100000" } else { "\"event\":100000," });
        last.await;
        let numbers: Vec<u64> = running.err.all().iter().filter_map(|line| number(line)).collect();
        assert!(numbers.iter().copied().eq(1..=100_000), "{program:?}: {} lines", numbers.len());
        if program == Program::Cloudflared {
            let flooding = running.err.find("39997").await;
            let line: serde_json::Value = serde_json::from_str(&flooding).unwrap();
            assert_eq!((&line["level"], &line["message"]), (&"error".into(), &"Serve tunnel error".into()));
        }
    }
}

#[tokio::test]
async fn an_orphan_outlives_a_killed_parent_and_ends_with_its_group() {
    for (program, variable) in BOTH {
        let scene = Scene::new();
        let mut command = scene.program(program);
        command.env(variable, "orphan,ignore-term").process_group(0);
        let mut running = Running::start(command);
        until("the orphan", async || scene.starts().len() == 2).await;
        let [parent, orphan] = &scene.starts()[..] else { panic!("two starts") };
        assert_eq!(orphan.program, format!("{}-orphan", program.name()));
        assert_eq!((orphan.parent, orphan.group), (parent.pid, parent.group));
        running.signal(Signal::KILL);
        running.dies().await;
        let group = Pid::from_raw(parent.group).unwrap();
        kill_process_group(group, Signal::TERM).expect("someone is left in the group");
        assert!(!running.err.has_ended(), "the orphan holds the pipe");
        kill_process_group(group, Signal::KILL).expect("and ignores SIGTERM");
        until("the pipe to close", async || running.err.has_ended()).await;
    }
}

#[tokio::test]
async fn http_that_hangs_is_accepted_and_not_answered() {
    for (program, line, path) in [
        (Program::Ollama, "Listening on ", "/api/version"),
        (Program::Cloudflared, "metrics server on ", "/ready"),
    ] {
        let scene = Scene::new();
        let running = Running::start(scene.program(program));
        let url = format!("{}{path}", running.url(line).await);
        assert!(get(&url).await.0 > 0);
        scene.control().apply("hang").await.unwrap();
        let patience = Duration::from_millis(100);
        until("calls to hang", async || {
            let call = sims::http_client().get(&url).timeout(patience).send().await;
            call.is_err_and(|problem| problem.is_timeout() && !problem.is_connect())
        })
        .await;
        scene.control().apply("").await.unwrap();
        until("answers", async || sims::http_client().get(&url).timeout(patience).send().await.is_ok()).await;
    }
}

#[tokio::test]
async fn connections_follow_what_is_asked_for() {
    let scene = Scene::new();
    let running = Running::start(scene.tunnel());
    let metrics = running.metrics().await;
    for count in [4, 2, 0, 3, 1, 4] {
        scene.control().apply(&format!("connections={count}")).await.unwrap();
        ready(&metrics, count).await;
        let expected = if count > 0 { 200 } else { 503 };
        assert_eq!(get(&format!("{metrics}/ready")).await.0, expected);
    }
}

#[tokio::test]
async fn a_list_that_is_not_understood_is_refused_at_the_start() {
    let scene = Scene::new();
    let mut command = scene.tunnel();
    command.env("SIM_CLOUDFLARED", "explode");
    let ended = done(command).await;
    assert_eq!(ended.code, Some(64));
    assert!(ended.err.contains("\"explode\" is no behaviour of cloudflared"), "{}", ended.err);
    assert!(!ended.err.contains(TOKEN));
}
