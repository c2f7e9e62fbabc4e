//! The guard ends the programs when the program that keeps them is killed.

use super::scene::{RUN, Scene, TOKEN, folder, keeper, runs, until};
use agent::children::guard::Guard;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sims::programs::starts::{self, Start};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use supervise::Kind;

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The keeper's process, ended with its test; the guard then ends the rest.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

fn keep(folder: &Path, behaviours: &str) -> Kept {
    let mut command = Command::new(keeper());
    command.arg(folder).env("KEEPER_TOKEN", TOKEN).env("SIM_STARTS", folder.join("starts"));
    command.env("SIM_OLLAMA", behaviours).env("SIM_CLOUDFLARED", behaviours);
    Kept(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn told(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("keeper.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

async fn until_kept(folder: &Path, count: usize) -> Vec<Start> {
    let file = folder.join("starts");
    until("both programs and what they start", || {
        starts::read(&file).len() == count
            && told(folder)["programs"].as_array().is_some_and(|all| all.len() == 2)
    })
    .await;
    starts::read(&file)
}

#[tokio::test]
async fn a_killed_agent_leaves_nothing_behind() {
    for behaviours in ["orphan", "orphan,ignore-term"] {
        let folder = folder();
        let mut keeper = keep(folder.path(), behaviours);
        let starts = until_kept(folder.path(), 4).await;
        let guard = u32::try_from(told(folder.path())["guard"].as_u64().unwrap()).unwrap();
        assert!(runs(guard) && starts.iter().all(|start| runs(start.pid)));
        kill(keeper.0.id());
        keeper.0.wait().unwrap();
        until("the end of all", || starts.iter().all(|start| !runs(start.pid))).await;
        until("the guard's end", || !runs(guard)).await;
    }
}

#[tokio::test]
async fn another_guard_takes_over_and_knows_what_the_first_one_knew() {
    let folder = folder();
    let mut keeper = keep(folder.path(), "");
    let starts = until_kept(folder.path(), 2).await;
    let parent = keeper.0.id().to_string();
    let guards = || children_named_guard(&parent);
    let first = guards();
    assert_eq!(first.len(), 1);
    kill(first[0]);
    until("another guard", || guards().iter().any(|pid| *pid != first[0] && runs(*pid))).await;
    assert!(starts.iter().all(|start| runs(start.pid)), "a guard's end is not our end");
    kill(keeper.0.id());
    keeper.0.wait().unwrap();
    until("the end of all", || starts.iter().all(|start| !runs(start.pid))).await;
}

fn children_named_guard(parent: &str) -> Vec<u32> {
    let answer = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().unwrap();
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let of_parent = |line: &str| {
        let mut words = line.split_whitespace();
        let (pid, of) = (words.next()?, words.next()?);
        (of == parent && words.last() == Some("guard")).then(|| pid.parse().ok()).flatten()
    };
    text.lines().filter_map(of_parent).collect()
}

#[tokio::test]
async fn a_program_that_has_ended_is_no_business_of_the_guard() {
    let guard = Guard::start(&keeper()).unwrap();
    let pid = guard.pid().unwrap();
    let mut scene = Scene::guarded(Some(guard));
    scene.spawn(Kind::Ollama, "");
    scene.spawned().await;
    scene.runner.kill(Kind::Ollama, RUN);
    scene.exited().await;
    drop(scene);
    until("the guard's end", || !runs(pid)).await;
}

#[tokio::test]
async fn the_guard_is_out_of_the_terminals_reach_and_replaced_when_it_dies() {
    let guard = Guard::start(&keeper()).unwrap();
    let mut scene = Scene::guarded(Some(guard.clone()));
    let own_group = rustix::process::getpgrp();
    let pid = Pid::from_raw(i32::try_from(guard.pid().unwrap()).unwrap()).unwrap();
    assert_ne!(rustix::process::getpgid(Some(pid)), Ok(own_group), "out of reach of the terminal's Ctrl+C");
    scene.spawn(Kind::Ollama, "");
    let ollama = scene.spawned().await;
    scene.prints(Kind::Ollama, "Listening").await;
    assert!(runs(ollama));
    kill(guard.pid().unwrap());
    let first = guard.pid();
    until("another guard", || guard.pid().is_some() && guard.pid() != first).await;
    assert!(runs(ollama));
    scene.runner.kill(Kind::Ollama, RUN);
    scene.exited().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_guard_holds_no_descriptor_that_it_inherited() {
    let script = format!("exec 7</dev/null 9</dev/null; exec {} guard", keeper().display());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut guard = command.spawn().unwrap();
    let folder = format!("/proc/{}/fd", guard.id());
    let mut open = Vec::new();
    until("only the standard descriptors", || {
        let Ok(listed) = std::fs::read_dir(&folder) else { return false };
        open = listed.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect();
        open.sort();
        let name = std::fs::read_to_string(format!("/proc/{}/comm", guard.id())).unwrap_or_default();
        name.trim() == "keeper" && open == ["0", "1", "2"]
    })
    .await;
    let mut pipe = guard.stdin.take().unwrap();
    pipe.write_all(b"+nonsense\n+999999999 never:1\n").unwrap();
    drop(pipe);
    assert!(guard.wait().unwrap().success());
}
