//! Running a tunnel without an edge: lines, metrics, refusals, the graceful end.

use crate::scene::{Running, SECRET, Scene, TOKEN, TUNNEL, done, get, is_secret_free, json, ready, until};
use rustix::process::Signal;
use serde_json::Value;

#[tokio::test]
async fn a_token_tunnel_comes_up_and_goes_down_as_the_real_one() {
    let scene = Scene::new();
    let mut command = scene.tunnel();
    command.env("TUNNEL_PIDFILE", scene.path("pid"));
    let running = Running::start(command);
    let metrics = running.metrics().await;
    ready(&metrics, 4).await;
    let (status, answer) = json(&format!("{metrics}/ready")).await;
    assert_eq!((status, &answer["status"]), (200, &Value::from(200)));
    let (_, tunnel) = json(&format!("{metrics}/diag/tunnel")).await;
    assert_eq!((&tunnel["tunnelID"], &tunnel["connectorID"]), (&Value::from(TUNNEL), &answer["connectorId"]));
    let first = &tunnel["connections"][0];
    assert!(first.get("index").is_none() && first["protocol"] == 1, "{first}");
    assert_eq!(tunnel["connections"][3]["index"], 3);
    assert_eq!(get(&format!("{metrics}/healthcheck")).await, (200, "OK\n".to_owned()));
    assert_eq!(json(&format!("{metrics}/config")).await.1["version"], -1);
    until("the pid file", async || scene.path("pid").exists()).await;
    running.signal(Signal::TERM);
    let ended = running.ends().await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
    let lines: Vec<Value> = ended.err.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let said = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
    assert_eq!(lines[0]["message"], "Starting tunnel");
    assert_eq!((said("Registered tunnel connection"), said("Unregistered tunnel connection")), (4, 4));
    assert_eq!(said("Initiating graceful shutdown due to signal terminated ..."), 1);
    assert_eq!((said("Tunnel server stopped"), said("Metrics server stopped")), (1, 1));
    let starts = scene.starts();
    assert_eq!((starts.len(), starts[0].program.as_str()), (1, "cloudflared"));
    assert_eq!(starts[0].parent, std::process::id());
    assert!(starts[0].environment.contains(&"TUNNEL_TOKEN".to_owned()));
    assert!(is_secret_free(&starts, TOKEN) && is_secret_free(&starts, SECRET));
}

#[tokio::test]
async fn a_token_that_is_none_ends_with_255_in_plain_text() {
    let scene = Scene::new();
    let empty = scene.write("empty", "");
    let run = |words: &str| scene.cloudflared(&format!("tunnel --output json run {words}"));
    let mut bad = run("");
    bad.env("TUNNEL_TOKEN", "eyJhbad");
    let mut blank = run("");
    blank.env("TUNNEL_TOKEN", "");
    for (command, text) in [
        (bad, "Provided Tunnel token is not valid."),
        (blank, "Provided Tunnel token is not valid."),
        (run("--token nonsense"), "Provided Tunnel token is not valid."),
        (run(&format!("--token-file {}", empty.display())), "Provided Tunnel token is not valid."),
        (run("--token-file /nowhere/token"), "Failed to read token file"),
        (run(""), "requires the ID or name of the tunnel"),
    ] {
        let ended = done(command).await;
        assert_eq!(ended.code, Some(255), "{}", ended.err);
        assert!(ended.err.starts_with(text) || ended.err.contains(text), "{}", ended.err);
        assert!(!ended.err.starts_with('{'), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_token_file_is_as_good_as_the_variable() {
    let scene = Scene::new();
    let file = scene.write("token", &format!("{TOKEN}\n"));
    let flags = "--metrics 127.0.0.1:0 --output json --protocol http2";
    let running =
        Running::start(scene.cloudflared(&format!("tunnel {flags} run --token-file {}", file.display())));
    let metrics = running.metrics().await;
    ready(&metrics, 4).await;
    let (_, tunnel) = json(&format!("{metrics}/diag/tunnel")).await;
    assert!(
        tunnel["connections"][0].get("protocol").is_none(),
        "http2 is 0, and zeros are left out: {tunnel}"
    );
    assert!(is_secret_free(&scene.starts(), TOKEN));
}

#[tokio::test]
async fn a_local_tunnel_that_cannot_work_ends_with_1() {
    let scene = Scene::new();
    let config = |name: &str, text: &str| format!("--config {}", scene.write(name, text).display());
    let rules = "credentials-file: /nowhere.json\ningress:\n  - service: http_status:404\n";
    for (flags, reference, text) in [
        (config("empty", ""), TUNNEL, "tunnel credentials file not found"),
        (config("rules", rules), TUNNEL, "tunnel credentials file not found"),
        (config("none", ""), "box", "error parsing tunnel ID: Error locating origin cert"),
        (config("broken", "ingress: ["), TUNNEL, "error parsing YAML in config file"),
        ("--config /nowhere.yml".to_owned(), TUNNEL, "Cannot read configuration file /nowhere.yml"),
    ] {
        let ended = done(scene.cloudflared(&format!("tunnel {flags} run {reference}"))).await;
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(ended.err.contains(text), "{text}: {}", ended.err);
    }
}

#[tokio::test]
async fn an_unknown_flag_ends_with_0_and_pages_of_help() {
    let scene = Scene::new();
    for words in ["tunnel --no-such-flag run", "tunnel run --metrics 127.0.0.1:0", "tunnel no-such-command"] {
        let mut command = scene.cloudflared(words);
        command.env("TUNNEL_TOKEN", TOKEN);
        let ended = done(command).await;
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{words}");
        assert!(ended.out.starts_with("Incorrect Usage") && ended.out.lines().count() > 20, "{}", ended.out);
    }
}

#[tokio::test]
async fn a_taken_metrics_port_ends_with_1() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let words = format!("tunnel --metrics {} run", taken.local_addr().unwrap());
    let mut command = scene.cloudflared(&words);
    command.env("TUNNEL_TOKEN", TOKEN);
    let ended = done(command).await;
    assert_eq!(ended.code, Some(1));
    let last = ended.err.lines().last().unwrap();
    assert!(last.starts_with("Error opening metrics server listener: listen tcp 127.0.0.1:"), "{last}");
    assert!(last.ends_with("bind: address already in use"), "{last}");
}

#[tokio::test]
async fn without_a_network_it_ends_with_1_before_metrics_are_there() {
    let scene = Scene::new();
    let mut command = scene.tunnel();
    command.env("SIM_CLOUDFLARED", "no-network");
    let ended = done(command).await;
    assert_eq!(ended.code, Some(1));
    assert!(!ended.err.contains("Starting metrics server"), "{}", ended.err);
    let last = ended.err.lines().last().unwrap();
    assert!(
        last.starts_with("Could not lookup srv records on _v2-origintunneld._tcp.argotunnel.com"),
        "{last}"
    );
}

#[tokio::test]
async fn refused_for_good_it_stays_up_and_the_gauge_lies() {
    let scene = Scene::new();
    let mut command = scene.tunnel();
    command.env("SIM_CLOUDFLARED", "refuse-registration").env("TUNNEL_GRACE_PERIOD", "1h");
    let running = Running::start(command);
    let metrics = running.metrics().await;
    running.err.find("Register tunnel error from server side").await;
    let (status, answer) = json(&format!("{metrics}/ready")).await;
    assert_eq!((status, &answer["readyConnections"]), (503, &Value::from(0)));
    assert!(get(&format!("{metrics}/metrics")).await.1.contains("\ncloudflared_tunnel_ha_connections 1\n"));
    running.signal(Signal::TERM);
    assert_eq!(running.ends().await.code, Some(0), "nothing is open, so nothing is waited for");
}

#[tokio::test]
async fn a_second_sigterm_kills_it_within_the_grace_period() {
    let scene = Scene::new();
    let mut command = scene.cloudflared("tunnel --metrics 127.0.0.1:0 --grace-period 1h run");
    command.env("TUNNEL_TOKEN", TOKEN);
    let running = Running::start(command);
    let metrics = running.metrics().await;
    ready(&metrics, 4).await;
    running.signal(Signal::TERM);
    ready(&metrics, 0).await;
    assert_eq!(get(&format!("{metrics}/ready")).await.0, 503);
    running.signal(Signal::TERM);
    let ended = running.ends().await;
    assert_eq!((ended.code, ended.signal), (None, Some(Signal::TERM.as_raw())));
    assert!(ended.err.contains(" INF Registered tunnel connection connIndex=0 connection="), "{}", ended.err);
}

#[tokio::test]
async fn its_ready_command_tells_by_its_code() {
    let scene = Scene::new();
    let running = Running::start(scene.tunnel());
    let metrics = running.metrics().await;
    ready(&metrics, 4).await;
    let address = metrics.trim_start_matches("http://").to_owned();
    let ask = || done(scene.cloudflared(&format!("tunnel --metrics {address} ready")));
    assert_eq!(ask().await.code, Some(0));
    scene.control().apply("connections=0").await.unwrap();
    ready(&metrics, 0).await;
    assert_eq!(ask().await.code, Some(1));
}

#[tokio::test]
async fn it_tells_its_version() {
    let ended = done(Scene::new().cloudflared("--version")).await;
    assert_eq!((ended.code, ended.out.starts_with("cloudflared version 2026.8.2 ")), (Some(0), true));
}
