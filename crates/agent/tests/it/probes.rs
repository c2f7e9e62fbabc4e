//! The senses, against an edge, an Ollama, and small servers for what else is looked at. The clock stands still except
//! where nothing else is left to happen.

mod scene;

use std::time::Duration;

use agent::probes::{Probe, Seen};
use scene::{METRICS_READY, Scene};
use supervise::health::facts::{Binding, Fact};
use supervise::health::reading::{CallError, Reading, read};
use supervise::health::{Health, Layer};

fn reading(fact: &Fact<supervise::health::reading::Call>) -> Option<Reading> {
    match fact {
        Fact::Known { answer, .. } => Some(read(answer)),
        Fact::NotYet | Fact::NotSetUp => None,
    }
}

#[tokio::test(start_paused = true)]
async fn at_first_everything_is_looked_at_once_and_no_model_is_called() {
    let mut scene = Scene::new().await;
    for _ in Probe::ALL {
        let at = scene.next().await.at;
        assert!(at.as_millis() < 1_000, "{at:?}");
    }
    let facts = &scene.facts;
    let ollama = Some(Reading::Ollama { version: "0.33.0".to_owned() });
    assert_eq!((reading(&facts.ollama_api), reading(&facts.public)), (ollama.clone(), ollama));
    assert_eq!(reading(&facts.without_token), Some(Reading::LoginAsked));
    assert!(matches!(&facts.models, Fact::Known { answer, .. } if answer.installed == ["llama3.2:latest"]));
    if cfg!(target_os = "linux") {
        assert_eq!(facts.binding, Binding::Loopback);
    }
    for layer in [Layer::OllamaApi, Layer::Model, Layer::Edge, Layer::PublicAddress, Layer::AccessClosed] {
        assert_eq!(scene.health(layer), Health::Ok, "{layer}");
    }
    let calls = scene.ollama.journal.entries();
    assert!(calls.iter().all(|call| ["/api/version", "/api/tags", "/api/ps"].contains(&call.path.as_str())));
    assert!(calls.iter().all(|call| call.header("cf-access-client-secret").is_none()));
}

#[tokio::test(start_paused = true)]
async fn each_thing_is_looked_at_in_its_own_rhythm() {
    let mut scene = Scene::new().await;
    let mut seen = [0; Probe::ALL.len()];
    loop {
        let sensed = scene.next().await;
        if sensed.at.as_millis() > 30 * 60 * 1000 + 500 {
            break;
        }
        let index = match sensed.seen {
            Seen::OllamaApi(_) => 0,
            Seen::Models(..) => 1,
            Seen::Binding(_) => 2,
            Seen::Ready(_) => 3,
            Seen::Public(_) => 4,
            Seen::WithoutToken(_) => 5,
            Seen::Woke { .. } => panic!("nobody slept"),
        };
        seen[index] += 1;
    }
    // Half an hour; a few milliseconds of the timer are lost with each look.
    for (index, expected) in [180, 30, 6, 360, 15, 2].into_iter().enumerate() {
        let most = expected + 1;
        assert!((expected * 9 / 10..=most).contains(&seen[index]), "{:?}: {seen:?}", Probe::ALL[index]);
    }
    // A client for each look would open a connection each.
    assert!(scene.metrics.connections() <= 2, "{}", scene.metrics.connections());
}

#[tokio::test(start_paused = true)]
async fn the_public_address_is_read_in_each_of_its_moods() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    for (fault, expected) in [
        ("tunnel down", Reading::TunnelGone),
        ("origin down", Reading::OriginDown),
        ("524", Reading::TooSlow),
        ("1010", Reading::Firewall),
        ("429", Reading::RateLimited),
        ("access refused", Reading::LoginAsked),
        ("bad json", Reading::SomethingElse),
        ("522", Reading::Unexpected(522)),
        ("hang", Reading::Nobody(CallError::TimedOut)),
    ] {
        scene.edge.faults.script(fault).unwrap();
        scene.probes.now(Probe::Public);
        scene.until(|facts| reading(&facts.public) == Some(expected.clone())).await;
        assert_eq!(scene.health(Layer::PublicAddress), Health::Fail, "{fault}");
        scene.edge.faults.clear();
        scene.until(|facts| matches!(reading(&facts.public), Some(Reading::Ollama { .. }))).await;
    }
    scene.edge.set_host_header(None);
    scene.until(|facts| reading(&facts.public) == Some(Reading::HostRefused)).await;
    scene.edge.stop().await;
    scene.until(|facts| reading(&facts.public) == Some(Reading::Nobody(CallError::Unreachable))).await;
}

#[tokio::test(start_paused = true)]
async fn an_address_without_a_lock_is_exposed_and_its_lock_is_seen_within_a_minute() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    scene.edge.set_protected(false);
    scene.probes.now(Probe::WithoutToken);
    let exposed =
        scene.until(|facts| matches!(reading(&facts.without_token), Some(Reading::Ollama { .. }))).await;
    assert!(scene.chain().is_exposed());
    scene.edge.set_protected(true);
    let closed = scene.until(|facts| reading(&facts.without_token) == Some(Reading::LoginAsked)).await;
    assert!(!scene.chain().is_exposed());
    assert!(closed.since(exposed) <= Duration::from_secs(61), "{:?}", closed.since(exposed));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_says_it_is_ready_and_carries_nothing_is_found_out() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    scene.edge.require_connection(true);
    scene.probes.now(Probe::Public);
    scene.until(|facts| reading(&facts.public) == Some(Reading::TunnelGone)).await;
    assert_eq!((scene.health(Layer::Edge), scene.health(Layer::PublicAddress)), (Health::Ok, Health::Fail));
}

#[tokio::test(start_paused = true)]
async fn cloudflareds_word_is_passed_on_as_it_is() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    for (status, body, expected) in [
        (503, r#"{"status":503,"readyConnections":0,"connectorId":"x"}"#, Health::Fail),
        (200, "OK", Health::Warn),
        (200, METRICS_READY, Health::Ok),
    ] {
        scene.metrics.answer("/ready", status, body);
        scene
            .until(|facts| matches!(&facts.ready, Fact::Known { answer: Ok(it), .. } if it.body == body))
            .await;
        assert_eq!(scene.health(Layer::Edge), expected, "{status} {body}");
    }
    scene.metrics.hang("/ready");
    scene.until(|facts| reading(&facts.ready) == Some(Reading::Nobody(CallError::TimedOut))).await;
    assert_eq!(scene.health(Layer::Edge), Health::Warn);
}

#[tokio::test(start_paused = true)]
async fn an_ollama_that_hangs_is_given_five_seconds_and_asked_more_often() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    scene.ollama.faults.script("hang on /api/version").unwrap();
    let hangs = |facts: &supervise::health::facts::Facts| {
        reading(&facts.ollama_api) == Some(Reading::Nobody(CallError::TimedOut))
    };
    scene.until(hangs).await;
    let Fact::Known { latency, .. } = &scene.facts.ollama_api else { panic!("it was known") };
    assert!((5_000..5_100).contains(&latency.as_millis()), "{latency:?}");
    scene.ollama.stop().await;
    scene.ollama.faults.clear();
    let refused = |facts: &supervise::health::facts::Facts| {
        reading(&facts.ollama_api) == Some(Reading::Nobody(CallError::Unreachable))
    };
    let first = scene.until(refused).await;
    let second = scene.until_seen(|seen| matches!(seen, Seen::OllamaApi(_))).await;
    assert!(second.since(first) <= Duration::from_millis(5_100), "{:?}", second.since(first));
    scene.ollama.set_models(&["qwen3:8b"]);
    scene.ollama.restart().unwrap();
    let back = scene.until(|facts| matches!(reading(&facts.ollama_api), Some(Reading::Ollama { .. }))).await;
    let listed = scene
        .until(
            |facts| matches!(&facts.models, Fact::Known { answer, .. } if answer.installed == ["qwen3:8b"]),
        )
        .await;
    assert!(listed.since(back) < Duration::from_secs(1), "a restarted Ollama is listed at once");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_says_so_first_and_looks_at_everything_anew() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    // This look would end, badly, after the machine woke.
    scene.edge.faults.script("hang").unwrap();
    scene.probes.now(Probe::Public);
    scene.edge.journal.wait_for(3).await;
    scene.sleep(Duration::from_hours(8));
    scene.edge.faults.clear();
    let woke = scene.until_seen(|seen| matches!(seen, Seen::Woke { .. })).await;
    let mut seen_anew = Vec::new();
    while seen_anew.len() < Probe::ALL.len() {
        let sensed = scene.next().await;
        assert!(sensed.at.since(woke) < Duration::from_secs(1), "{sensed:?}");
        let kind = std::mem::discriminant(&sensed.seen);
        assert!(!seen_anew.contains(&kind), "{sensed:?}");
        seen_anew.push(kind);
    }
    assert!(matches!(reading(&scene.facts.public), Some(Reading::Ollama { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_is_looked_at_at_once() {
    let mut scene = Scene::new().await;
    let before = scene.settle().await;
    scene.probes.now(Probe::WithoutToken);
    let after = scene.until_seen(|seen| matches!(seen, Seen::WithoutToken(_))).await;
    assert!(after.since(before) < Duration::from_secs(1), "{:?}", after.since(before));
}

/// The look under way may have begun before what it is asked about came to be.
#[tokio::test(start_paused = true)]
async fn what_is_asked_for_during_a_look_is_looked_at_again() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    scene.metrics.hang("/ready");
    scene.probes.now(Probe::Ready);
    scene.metrics.called("/ready", 2).await;
    scene.metrics.answer("/ready", 502, "");
    scene.probes.now(Probe::Ready);
    let is_ready = |seen: &Seen| matches!(seen, Seen::Ready(_));
    let first = scene.until_seen(is_ready).await;
    let second = scene.until_seen(is_ready).await;
    assert!(second.since(first) < Duration::from_secs(1), "{:?}", second.since(first));
    assert!(matches!(&scene.facts.ready, Fact::Known { answer: Ok(answer), .. } if answer.status == 502));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_set_up_is_left_alone_until_it_is() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    let all = scene.targets.clone();
    let mut few = all.clone();
    (few.metrics, few.credentials) = (None, None);
    scene.probes.change(few.clone());
    scene.until(|facts| facts.public == Fact::NotSetUp).await;
    scene.until(|facts| facts.ready == Fact::NotSetUp).await;
    assert_eq!(scene.health(Layer::AccessClosed), Health::Ok, "a stranger needs no token to call");
    few.public = Some("http://ollama.example.com".to_owned());
    scene.probes.change(few);
    scene.until(|facts| facts.without_token == Fact::NotSetUp).await;
    let calls = scene.edge.journal.count();
    let changed = scene.until_seen(|seen| matches!(seen, Seen::Binding(_))).await;
    let later = scene.until_seen(|seen| matches!(seen, Seen::Binding(_))).await;
    assert!(later.since(changed) >= Duration::from_secs(299), "minutes passed");
    assert_eq!(scene.edge.journal.count(), calls);
    scene.probes.change(all);
    scene.until(|facts| matches!(reading(&facts.public), Some(Reading::Ollama { .. }))).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_looked_at_once_nobody_wants_to_know() {
    let mut scene = Scene::new().await;
    scene.settle().await;
    drop(scene.probes);
    while scene.news.recv().await.is_some() {}
    let calls = scene.ollama.journal.count();
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(scene.ollama.journal.count(), calls);
}
