//! Paired machines, from the outside: the commands, and what a start says.

use e2e::{World, text, wait_until};
use serde_json::{Value, json};

async fn pair(url: &str, code: &str) -> (u16, Value) {
    let device = json!({ "name": "Anna's Mac", "platform": "macos", "version": "0.1.0" });
    let request = sims::http_client().post(format!("{url}/api/v1/pair"));
    let answer = request.json(&json!({ "code": code, "device": device })).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn me(url: &str, token: &str) -> u16 {
    let request = sims::http_client().get(format!("{url}/api/v1/me")).bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_pairs_a_machine_sees_it_and_revokes_it() {
    let world = World::start().await;
    let orchestrator = world.serve().await;
    assert!(text(&world.run(&["devices", "list"]).stdout).contains("No machine is paired"));
    let said = text(&world.run(&["pair"]).stdout);
    let code = said.lines().next().unwrap().split_whitespace().last().unwrap().to_owned();
    assert!(said.contains("hubspot-triage://pair?url=http%3A%2F%2F127.0.0.1%3A"), "{said}");
    assert!(said.contains(&format!("&code={code}\n")) && said.contains("this machine only"), "{said}");
    let (status, paired) = pair(&orchestrator.url, &code).await;
    assert_eq!(status, 201, "{paired}");
    let (id, token) = (paired["device_id"].as_str().unwrap(), paired["token"].as_str().unwrap());
    assert_eq!(me(&orchestrator.url, token).await, 200);

    let made: Value = serde_json::from_slice(&world.run(&["pair", "--json"]).stdout).unwrap();
    assert_eq!(made["code"].as_str().map(str::len), Some(9), "{made}");
    let list = text(&world.run(&["devices", "list"]).stdout);
    assert!(list.contains(id) && list.contains("Anna's Mac") && list.contains("never"), "{list}");
    let list: Value = serde_json::from_slice(&world.run(&["devices", "list", "--json"]).stdout).unwrap();
    assert_eq!(list["items"][0]["id"].as_str(), Some(id));

    let unknown = world.run(&["devices", "revoke", "nobody"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("There is no device nobody"), "{}", text(&unknown.stderr));
    assert_eq!(world.run(&["devices", "revoke", id]).status.code(), Some(0));
    assert_eq!(me(&orchestrator.url, token).await, 401, "at once, in the running service");
    let log = orchestrator.log();
    assert!(!log.contains(&code) && !log.contains(token), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_says_how_to_pair_a_machine() {
    let mut world = World::start().await;
    world.set("PUBLIC_URL", "https://triage.example.com");
    let orchestrator = world.serve().await;
    wait_until("the code to be said", async || orchestrator.count("pairing_code") == 1).await;
    let log = orchestrator.log();
    let line: Value = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find(|line: &Value| line["event"] == "pairing_code")
        .unwrap();
    let code = line["code"].as_str().unwrap();
    let link = format!("hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code={code}");
    assert_eq!(line["link"].as_str(), Some(&*link));
    assert_eq!(pair(&orchestrator.url, code).await.0, 201);
    assert_eq!(orchestrator.terminate().await, Some(0));

    let again = world.serve().await;
    assert!(text(&world.run(&["devices", "list"]).stdout).contains("Anna's Mac"));
    assert_eq!(again.terminate().await, Some(0));
}
