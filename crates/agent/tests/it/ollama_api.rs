//! The calls to Ollama, against its stand-in.

use std::time::Duration;

use agent::ollama_api::{Error, OllamaApi, Progress, Pulling};
use agent::tunnel::http::client;
use sims::ollama::Ollama;

async fn scene() -> (OllamaApi, Ollama) {
    let ollama = Ollama::start().await.expect("a port");
    (OllamaApi::new(client(Duration::from_secs(15)), &format!("{}/", ollama.url())), ollama)
}

async fn to_the_end(mut pulling: Pulling) -> Vec<Result<Progress, Error>> {
    let mut all = Vec::new();
    while let Some(news) = pulling.next().await {
        all.push(news);
    }
    all
}

#[tokio::test]
async fn what_ollama_is_and_has() {
    let (api, ollama) = scene().await;
    ollama.set_models(&["llama3.2", "qwen3:8b"]);
    assert_eq!(api.version().await.as_deref(), Ok("0.33.0"));
    let installed = api.installed().await.unwrap();
    assert_eq!(
        installed.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(),
        ["llama3.2:latest", "qwen3:8b"]
    );
    assert_eq!(installed[0].size_bytes, 2_019_393_189);
    assert_eq!(api.loaded().await, Ok(Vec::new()));
    let preload = serde_json::json!({"model": "qwen3:8b", "messages": []});
    sims::http_client().post(format!("{}/api/chat", ollama.url())).json(&preload).send().await.unwrap();
    let loaded = api.loaded().await.unwrap();
    assert_eq!((loaded[0].name.as_str(), loaded[0].on_gpu_percent()), ("qwen3:8b", Some(100)));
    let details = api.show("llama3.2").await.unwrap();
    assert_eq!((details.parameter_size.as_str(), details.quantization.as_str()), ("3.2B", "Q4_K_M"));
    assert_eq!((details.context_tokens, details.capabilities[0].as_str()), (Some(131_072), "completion"));
    let missing = Err(Error::NoSuchModel { model: "gone".to_owned() });
    assert_eq!(api.show("gone").await, missing);
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let (api, ollama) = scene().await;
    ollama.faults.script("host refused once on /api/version").unwrap();
    assert_eq!(api.version().await, Err(Error::Refused { status: 403, words: String::new() }));
    ollama.faults.script("503 once on /api/tags").unwrap();
    let busy = api.installed().await;
    assert!(
        matches!(&busy, Err(Error::Refused { status: 503, words }) if words.contains("busy")),
        "{busy:?}"
    );
    let elsewhere = OllamaApi::new(client(Duration::from_secs(15)), &format!("{}/x", ollama.url()));
    assert_eq!(elsewhere.version().await, Err(Error::Refused { status: 404, words: String::new() }));
    ollama.stop().await;
    assert!(matches!(api.version().await, Err(Error::Unreachable { .. })));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_by_the_clock() {
    let (api, ollama) = scene().await;
    ollama.faults.script("hang once on /api/version").unwrap();
    assert_eq!(api.version().await, Err(Error::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn a_download_tells_how_far_it_is_and_how_fast() {
    let (api, ollama) = scene().await;
    ollama.set_pull_step(Duration::from_secs(1));
    let all = to_the_end(api.pull("qwen3:8b").await.unwrap()).await;
    let all: Vec<Progress> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(all[0].status, "pulling manifest");
    let last = all.last().unwrap();
    assert_eq!((last.status.as_str(), last.completed_bytes), ("success", 2_019_393_189));
    assert_eq!(last.total_bytes, 2_019_393_189);
    assert!(all.windows(2).all(|two| two[0].completed_bytes <= two[1].completed_bytes), "{all:?}");
    // The weights come in five steps of a second.
    let speed = all[4].bytes_per_second.unwrap();
    assert!((350_000_000..450_000_000).contains(&speed), "{speed}");
    assert_eq!(api.installed().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_download_is_cancelled_and_can_be_taken_up_again() {
    let (api, ollama) = scene().await;
    ollama.set_pull_step(Duration::from_secs(1));
    let mut pulling = api.pull("qwen3:8b").await.unwrap();
    while pulling.next().await.unwrap().unwrap().completed_bytes == 0 {}
    drop(pulling);
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(api.installed().await.unwrap().len(), 1, "nothing went on without us");
    let all = to_the_end(api.pull("qwen3:8b").await.unwrap()).await;
    assert_eq!(all.last().unwrap().as_ref().unwrap().status, "success");
}

#[tokio::test]
async fn a_download_that_cannot_be_says_why_and_ends() {
    let (api, ollama) = scene().await;
    let none = api.pull("nope").await.err();
    assert_eq!(none, Some(Error::NoSuchModel { model: "nope".to_owned() }));
    ollama.set_pull_step(Duration::from_secs(60));
    let mut pulling = api.pull("qwen3:8b").await.unwrap();
    ollama.stop().await;
    let cut = pulling.next().await;
    assert!(matches!(cut, Some(Err(Error::Unreachable { .. }))), "{cut:?}");
    assert_eq!(pulling.next().await, None);
}
