//! The program `ollama`.

use crate::scene::{Running, Scene, done, json};
use rustix::process::Signal;
use serde_json::{Value, json as value};
use sims::programs::{Program, install};
use std::path::Path;

async fn serve(scene: &Scene) -> (Running, String) {
    let running = Running::start(scene.ollama("serve"));
    let url = running.url("Listening on ").await;
    (running, url)
}

#[tokio::test]
async fn serve_says_where_answers_and_ends_cleanly() {
    let scene = Scene::new();
    let (running, url) = serve(&scene).await;
    assert_eq!(json(&format!("{url}/api/version")).await, (200, value!({"version": "0.33.0"})));
    assert_eq!(json(&format!("{url}/api/tags")).await.1["models"][0]["name"], "llama3.2:latest");
    assert_eq!(json(&format!("{url}/api/ps")).await.1, value!({"models": []}));
    let access = running.err.find("\"/api/ps\"").await;
    assert!(access.starts_with("[GIN] ") && access.contains("| 200 |"), "{access}");
    running.signal(Signal::TERM);
    let ended = running.ends().await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
    let listening = ended.err.lines().find(|line| line.contains("Listening on")).unwrap();
    assert!(
        listening.starts_with("time=") && listening.contains(" level=INFO source=routes.go:"),
        "{listening}"
    );
}

#[tokio::test]
async fn a_taken_port_ends_with_1_and_the_real_line() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut command = scene.ollama("serve");
    command.env("OLLAMA_HOST", address.to_string());
    let ended = done(command).await;
    assert_eq!(ended.code, Some(1));
    let last = ended.err.lines().last().unwrap();
    assert_eq!(last, format!("Error: listen tcp {address}: bind: address already in use"));
}

#[tokio::test]
async fn it_asks_a_running_server_and_says_when_there_is_none() {
    let scene = Scene::new();
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let ask = |words: &str, host: &str| {
        let mut command = scene.ollama(words);
        command.env("OLLAMA_HOST", host);
        done(command)
    };
    let alone = ask("--version", &free).await;
    assert_eq!(alone.code, Some(0));
    assert!(
        alone.out.starts_with("Warning: could not connect to a running Ollama instance"),
        "{}",
        alone.out
    );
    let refused = ask("pull tiny", &free).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("could not connect to ollama server"), "{}", refused.err);
    let (_running, url) = serve(&scene).await;
    let url = url.trim_start_matches("http://").to_owned();
    assert_eq!(ask("-v", &url).await.out, "ollama version is 0.33.0");
    let pulled = ask("pull tiny:1b", &url).await;
    assert_eq!((pulled.code, pulled.err.lines().last()), (Some(0), Some("success")), "{}", pulled.err);
    assert!(ask("list", &url).await.out.contains("tiny:1b "));
    let unknown = ask("pull nope", &url).await;
    assert_eq!(
        (unknown.code, unknown.err.as_str()),
        (Some(1), "Error: pull model manifest: file does not exist")
    );
}

#[tokio::test]
async fn a_pull_shows_every_layer_and_counts_only_when_it_is_whole() {
    let scene = Scene::new();
    let mut command = scene.ollama("serve");
    command.env("SIM_OLLAMA", "no-models,pull-step=1h");
    let running = Running::start(command);
    let url = running.url("Listening on ").await;
    let pull = || {
        let call = sims::http_client().post(format!("{url}/api/pull")).json(&value!({"model": "llama3.2"}));
        async { call.send().await.unwrap() }
    };
    let tags = async || json(&format!("{url}/api/tags")).await;
    drop(pull().await);
    assert_eq!(tags().await.1["models"], value!([]), "a cut pull leaves nothing");
    scene.control().apply("").await.unwrap();
    let text = pull().await.text().await.unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["status"], &lines.last().unwrap()["status"]),
        (&value!("pulling manifest"), &value!("success"))
    );
    let sum = |key: &str, wanted: fn(&&Value) -> bool| -> u64 {
        lines.iter().filter(wanted).filter_map(|line| line[key].as_u64()).sum()
    };
    let begun = |line: &&Value| line["total"].is_u64() && line.get("completed").is_none();
    let whole = |line: &&Value| line["total"].is_u64() && line["completed"] == line["total"];
    assert_eq!(lines.iter().filter(begun).count(), 6);
    assert_eq!((sum("total", begun), sum("completed", whole)), (2_019_393_189, 2_019_393_189));
    let digest = lines[1]["digest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    assert_eq!(tags().await.1["models"][0]["name"], "llama3.2:latest");
}

#[tokio::test]
async fn without_a_home_it_panics() {
    let scene = Scene::new();
    let mut command = scene.ollama("serve");
    command.env_remove("HOME");
    let ended = done(command).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.starts_with("panic: $HOME is not defined"), "{}", ended.err);
}

#[tokio::test]
async fn it_is_found_in_a_path_under_its_real_name() {
    let scene = Scene::new();
    let built = Path::new(env!("CARGO_BIN_EXE_sim-ollama")).parent().unwrap();
    let folder = scene.path("programs");
    std::fs::create_dir(&folder).unwrap();
    for program in [Program::Ollama, Program::Cloudflared] {
        install(program, built, &folder).unwrap();
        let mut command = tokio::process::Command::new(program.name());
        command.arg("--version").env("PATH", &folder).env("OLLAMA_HOST", "127.0.0.1:1");
        let ended = done(command).await;
        assert_eq!(ended.code, Some(0));
        assert!(ended.out.contains("version"), "{}", ended.out);
    }
}
