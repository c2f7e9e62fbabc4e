//! Whose process is it?

use super::scene::{RUN, Scene, runs, until};
use agent::children::pidfile::PidFiles;
use serde_json::{Value, json};
use supervise::Kind;

#[tokio::test]
async fn a_program_that_outlived_us_is_recognised_and_ended() {
    let mut scene = Scene::new();
    scene.spawn(Kind::Ollama, "ignore-term");
    let pid = scene.spawned().await;
    scene.prints(Kind::Ollama, "Listening").await;
    let later = PidFiles::at(&scene.path("run"));
    let survivor = later.own_survivor(Kind::Ollama).unwrap();
    assert_eq!(survivor.pid, pid);
    assert_eq!(later.own_survivor(Kind::Cloudflared), None);
    survivor.terminate();
    survivor.kill();
    scene.exited().await;
    assert!(!survivor.is_running() && !runs(pid));
    until("the note to go", || !scene.path("run/ollama.pid").exists()).await;
}

#[tokio::test]
async fn a_number_given_again_is_not_ours() {
    let mut scene = Scene::new();
    scene.spawn(Kind::Ollama, "");
    scene.spawned().await;
    let (file, pids) = (scene.path("run/ollama.pid"), PidFiles::at(&scene.path("run")));
    assert!(pids.own_survivor(Kind::Ollama).is_some());
    let mut note: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    note["started"] = json!(format!("{}1", note["started"].as_str().unwrap()));
    std::fs::write(&file, note.to_string()).unwrap();
    assert_eq!(pids.own_survivor(Kind::Ollama), None);
    for broken in ["", "{", "{\"pid\":0,\"started\":\"\"}", "{\"pid\":-1}"] {
        std::fs::write(&file, broken).unwrap();
        assert_eq!(pids.own_survivor(Kind::Ollama), None, "{broken}");
    }
    scene.runner.kill(Kind::Ollama, RUN);
    scene.exited().await;
}

#[test]
fn only_the_note_of_that_process_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let pids = PidFiles::at(folder.path());
    let own = std::process::id();
    pids.record(Kind::Ollama, own).unwrap();
    pids.forget(Kind::Ollama, own + 1);
    assert_eq!(pids.own_survivor(Kind::Ollama).unwrap().pid, own);
    pids.forget(Kind::Ollama, own);
    assert_eq!(pids.own_survivor(Kind::Ollama), None);
    assert!(pids.record(Kind::Ollama, u32::MAX).is_err(), "there is no such process");
}
