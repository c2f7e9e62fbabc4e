//! The two halves together: the built orchestrator, the built agent on a machine of its own, the edge between them.

use std::process::Output;
use std::time::{Duration, Instant};

use e2e::machine::{ACCESS_ID, ACCESS_SECRET, Machine, TUNNEL};
use e2e::{Orchestrator, World, text, wait_until};
use serde_json::Value;
use sims::hubspot::Ticket;
use sims::machine::{Agent, layer};
use sims::programs::Program;

/// What takes a moment, with room for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(10);

/// 32 bytes in base64.
const SECRETS_KEY: &str = "c2VhbHMtc2VjcmV0cy1vZi10aGUtdGVzdHMtMzJieXQ=";

/// What the administration proves itself with.
const ADMIN_TOKEN: &str = "admin-token-of-the-tests";

/// A world in which the way to the model is known to nobody before a machine brings it.
async fn world() -> World {
    let mut world = World::start().await;
    for name in ["LOCAL_LLM_URL", "CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET"] {
        world.settings.remove(name);
    }
    world.set("SECRETS_KEY", SECRETS_KEY);
    world.set("ADMIN_TOKEN", ADMIN_TOKEN);
    world
}

/// Makes a pairing code; `(code, link)`.
fn pairing_code(world: &World, orchestrator: &Orchestrator) -> (String, String) {
    let made = world.run(&["pair", "--json"]);
    let code: Value = serde_json::from_slice(&made.stdout).unwrap_or_default();
    let code = code["code"].as_str().unwrap_or_default().to_owned();
    let url = orchestrator.url.replace(':', "%3A").replace('/', "%2F");
    (code.clone(), format!("hubspot-triage://pair?url={url}&code={code}"))
}

/// An agent that is paired and whose every hop is well.
async fn paired<'a>(world: &World, orchestrator: &Orchestrator, machine: &'a Machine) -> Agent<'a> {
    machine.keep_secrets();
    let agent = machine.run().await;
    let (_, link) = pairing_code(world, orchestrator);
    let done = machine.ask(&["pair", &link]);
    assert!(done.status.success(), "{}", said(&done));
    usable(&agent).await;
    agent
}

async fn usable(agent: &Agent<'_>) {
    for name in ["public_address", "access_closed", "link", "orchestrator_view"] {
        agent.layer(name, "ok").await;
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

async fn send(orchestrator: &Orchestrator, id: u64) {
    let ticket =
        Ticket::new(id, "Marmalade invoice", "The invoice for marmalade shows the wrong VAT number.");
    let answer = orchestrator.sender().workflow(&ticket).await.expect("the orchestrator answers");
    assert_eq!(answer.status, 202);
}

async fn triaged_by(world: &World, id: u64, provider: &str) -> Value {
    let mut shown = Value::Null;
    wait_until(&format!("ticket {id} to be triaged"), async || {
        shown = serde_json::from_slice(&world.run(&["triage", "show", &id.to_string(), "--json"]).stdout)
            .unwrap_or_default();
        shown["status"] == "triaged"
    })
    .await;
    assert_eq!(shown["provider"], provider, "{shown}");
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_paired_by_link_triages_and_leaves_again() {
    let world = world().await;
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let agent = paired(&world, &orchestrator, &machine).await;
    send(&orchestrator, 4711).await;
    let shown = triaged_by(&world, 4711, "local").await;
    let devices: Value =
        serde_json::from_slice(&world.run(&["devices", "list", "--json"]).stdout).unwrap_or_default();
    assert_eq!(shown["device_id"], devices["items"][0]["id"], "{shown} {devices}");
    let recent = |status: &Value| status["recent"].as_array().is_some_and(|all| !all.is_empty());
    agent.until("the ticket among the recent ones", recent).await;
    let doctor = world.run(&["doctor"]);
    assert!(said(&doctor).contains("/debug/pprof") || doctor.status.success(), "{}", said(&doctor));
    let left = machine.ask(&["unpair"]);
    assert!(left.status.success(), "{}", said(&left));
    agent.layer("link", "warn").await;
    let devices = text(&world.run(&["devices", "list", "--json"]).stdout);
    assert_eq!(serde_json::from_str::<Value>(&devices).unwrap_or_default()["items"], serde_json::json!([]));
    send(&orchestrator, 4712).await;
    triaged_by(&world, 4712, "groq").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_from_the_window_is_stored_and_comes_back_and_a_category_the_desk_lacks_is_refused() {
    let world = world().await;
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let agent = paired(&world, &orchestrator, &machine).await;
    send(&orchestrator, 4711).await;
    triaged_by(&world, 4711, "local").await;
    let ask =
        |question: Value| machine.request(&serde_json::json!({"ask": "orchestrator", "question": question}));
    let correct = |category: &str| {
        let correction = serde_json::json!({"category": category, "priority": "urgent", "note": null});
        ask(serde_json::json!({"about": "correct", "ticket_id": "4711", "correction": correction}))
    };
    let status = agent.until("the desk", |status| !status["desk"].is_null()).await;
    let offered =
        |key: &str| status["desk"]["categories"].as_array().unwrap().iter().any(|one| one["key"] == key);
    assert!(offered("legal") && !offered("marmalade"), "{status}");
    let refused = correct("marmalade");
    assert!(refused["why"].as_str().unwrap().contains("There is no category `marmalade`"), "{refused}");
    assert_eq!(correct("legal")["answer"], "answered");
    let detail = ask(serde_json::json!({"about": "triage", "ticket_id": "4711"}))["value"].take();
    assert_eq!(
        (&detail["correction"]["category"], &detail["correction"]["priority"]),
        (&"legal".into(), &"urgent".into())
    );
    assert_eq!(detail["calls"][0]["provider"], "local", "{detail}");
    let page = ask(serde_json::json!({"about": "triages", "limit": 5}));
    assert_eq!(page["value"]["items"][0]["correction"]["category"], "legal", "{page}");
    let stats = ask(serde_json::json!({"about": "stats", "window": "1h"}));
    assert_eq!(stats["value"]["triaged"], 1, "{stats}");
    let again = ask(serde_json::json!({"about": "retry", "ticket_id": "4711"}));
    assert_eq!(again["value"]["ticket_id"], "4711", "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_that_are_wrong_used_or_guessed_at_are_refused_each_in_its_own_words() {
    let world = world().await;
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    machine.keep_secrets();
    let (code, _) = pairing_code(&world, &orchestrator);
    let pair = |code: &str| {
        let done = machine.ask(&["pair", &orchestrator.url, code]);
        (done.status.code(), said(&done))
    };
    let wrong = pair("22222222");
    assert_eq!(wrong.0, Some(1), "{}", wrong.1);
    let right = pair(&code);
    assert_eq!(right.0, Some(0), "{}", right.1);
    let used = pair(&code);
    assert_eq!(used.0, Some(1), "{}", used.1);
    assert!(used.1 != wrong.1 && used.1.contains("paired a machine already"), "{} {}", wrong.1, used.1);
    let (code, _) = pairing_code(&world, &orchestrator);
    for _ in 0..5 {
        assert_eq!(pair("22222222").0, Some(1));
    }
    let ended = pair(&code);
    assert_eq!(ended.0, Some(1), "{}", ended.1);
    assert!(ended.1 != wrong.1 && ended.1 != used.1, "{}", ended.1);
    let (code, _) = pairing_code(&world, &orchestrator);
    let new = pair(&code);
    assert_eq!(new.0, Some(0), "a new one serves: {}", new.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_go_to_groq_at_once_when_the_machine_says_that_its_tunnel_is_down_and_back() {
    let world = world().await;
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let agent = paired(&world, &orchestrator, &machine).await;
    send(&orchestrator, 1).await;
    triaged_by(&world, 1, "local").await;
    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    agent.layer("cloudflared_process", "fail").await;
    let noticed = Instant::now();
    wait_until("the orchestrator to know", async || {
        text(&world.run(&["devices", "list", "--json"]).stdout).contains("\"unusable\"")
    })
    .await;
    assert!(noticed.elapsed() < SOON, "not with the next regular heartbeat: {:?}", noticed.elapsed());
    let calls = world.edge.journal.entries_on("/api/chat").len();
    for id in 2..12 {
        send(&orchestrator, id).await;
    }
    for id in 2..12 {
        let shown = triaged_by(&world, id, "groq").await;
        assert_eq!(shown["calls"].as_array().map(Vec::len), Some(1), "{shown}");
    }
    assert_eq!(world.edge.journal.entries_on("/api/chat").len(), calls, "nobody asked on the local side");
    machine.control(Program::Cloudflared).set("").unwrap();
    usable(&agent).await;
    send(&orchestrator, 20).await;
    triaged_by(&world, 20, "local").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_cloud_tickets_wait_for_the_tunnel_and_run_when_it_is_back() {
    let mut world = world().await;
    world.set("CLOUD_FALLBACK", "off");
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let _agent = paired(&world, &orchestrator, &machine).await;
    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    wait_until("the orchestrator to know", async || {
        text(&world.run(&["devices", "list", "--json"]).stdout).contains("\"unusable\"")
    })
    .await;
    for id in 1..=5 {
        send(&orchestrator, id).await;
    }
    for id in 1..=5_u64 {
        wait_until("the ticket to wait", async || {
            text(&world.run(&["triage", "show", &id.to_string(), "--json"]).stdout).contains("\"waiting\"")
        })
        .await;
    }
    machine.control(Program::Cloudflared).set("").unwrap();
    for id in 1..=5 {
        triaged_by(&world, id, "local").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_service_token_takes_over_under_load_without_a_failed_call() {
    let world = world().await;
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let agent = paired(&world, &orchestrator, &machine).await;
    let (new_id, new_secret) = (
        "ffffffffffffffffffffffffffffffff.access",
        "cfast_newnewnewnewnewnewnewnewnewnewnewnewnewnewnewnewn",
    );
    world.edge.add_token(new_id, new_secret);
    for id in 1..=25 {
        send(&orchestrator, id).await;
    }
    machine.set_secret("cf-access-client-id", new_id);
    machine.set_secret("cf-access-client-secret", new_secret);
    for id in 26..=50 {
        send(&orchestrator, id).await;
    }
    wait_until("the new token to be used", async || {
        let chats = world.edge.journal.entries_on("/api/chat");
        chats.last().is_some_and(|chat| chat.header("cf-access-client-id") == Some(new_id))
    })
    .await;
    world.edge.remove_token(ACCESS_ID);
    for id in 1..=50 {
        triaged_by(&world, id, "local").await;
    }
    let chats = world.edge.journal.entries_on("/api/chat");
    assert!(chats.iter().all(|chat| chat.status == Some(200)), "{} calls", chats.len());
    assert!(chats.iter().any(|chat| chat.header("cf-access-client-id") == Some(ACCESS_ID)));
    usable(&agent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_device_loses_its_stream_at_once_and_is_told_what_to_do() {
    let world = world().await;
    let orchestrator = world.serve().await;
    let http = sims::http_client();
    let made: Value = http
        .post(format!("{}/api/v1/devices", orchestrator.url))
        .bearer_auth(ADMIN_TOKEN)
        .json(&serde_json::json!({ "name": "box", "platform": "linux", "version": "0.1.0" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let (id, token) = (made["device_id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let url = format!("{}/api/v1/events", orchestrator.url);
    let mut stream = http.get(&url).bearer_auth(token).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    send(&orchestrator, 1).await;
    let mut heard = String::new();
    while !heard.contains("\"triaged\"") {
        heard.push_str(&text(&stream.chunk().await.unwrap().expect("the stream to go on")));
    }
    let revoked = world.run(&["devices", "revoke", id]);
    assert!(revoked.status.success(), "{}", said(&revoked));
    let since = Instant::now();
    while stream.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    assert!(since.elapsed() < SOON, "not with the next comment: {:?}", since.elapsed());
    let me = format!("{}/api/v1/me", orchestrator.url);
    for address in [&me, &url] {
        assert_eq!(http.get(address).bearer_auth(token).send().await.unwrap().status(), 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orchestrator_that_was_away_is_found_again_and_no_secret_lies_about() {
    let mut world = world().await;
    let mut orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let (code, link) = pairing_code(&world, &orchestrator);
    machine.keep_secrets();
    let agent = machine.run().await;
    let done = machine.ask(&["pair", &link]);
    assert!(done.status.success(), "{}", said(&done));
    usable(&agent).await;
    let port = orchestrator.url.rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap_or_default();
    orchestrator.kill();
    agent.layer("link", "fail").await;
    world.set("PORT", &port);
    let again = world.serve().await;
    usable(&agent).await;
    send(&again, 1).await;
    triaged_by(&world, 1, "local").await;
    let tunnel_token = sims::edge::tunnel_token(TUNNEL);
    let written = world.written();
    for secret in
        [&code, &code.replace('-', ""), ACCESS_SECRET, SECRETS_KEY, ADMIN_TOKEN, &tunnel_token, "hst_"]
    {
        machine.assert_no_file_holds(secret);
        let found = written.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} was written somewhere");
    }
    assert!(layer(&agent.until("anything", |_| true).await, "link")["health"] == "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_ticket_passes_every_hop_or_names_the_one_that_it_does_not() {
    let mut world = world().await;
    world.set("HUBSPOT_WRITE_BACK", "note");
    let orchestrator = world.serve().await;
    let Some(machine) = Machine::new(&world.edge) else { return };
    let agent = paired(&world, &orchestrator, &machine).await;
    let done = machine.ask(&["test-ticket"]);
    let shown = said(&done);
    assert_eq!(done.status.code(), Some(0), "{shown}{}", orchestrator.log());
    for hop in ["Orchestrator", "Cloudflare", "cloudflared", "Ollama", "Model", "Discord"] {
        let row = shown.lines().find(|line| line.contains(&format!("● {hop} "))).unwrap_or_default();
        assert!(row.ends_with(" ms") || row.ends_with(" s"), "{hop} was passed and measured: {shown}");
    }
    assert!(shown.contains("It is in Discord: "), "{shown}");
    let messages = world.discord.messages_text();
    assert!(messages.contains("Test: cannot download") && messages.contains("on your machine"), "{messages}");
    let soon = machine.ask(&["test-ticket"]);
    assert!(soon.status.code() == Some(1) && said(&soon).contains("a moment ago"), "{}", said(&soon));

    machine.control(Program::Cloudflared).set("exit=1").unwrap();
    agent.layer("cloudflared_process", "fail").await;
    let mut shown = String::new();
    wait_until("another test ticket to be allowed", async || {
        shown = said(&machine.ask(&["test-ticket"]));
        !shown.contains("a moment ago")
    })
    .await;
    assert!(shown.contains("● Orchestrator ") && shown.contains("✕ cloudflared "), "{shown}");
    assert!(shown.contains("○ Model ") && shown.contains("● Discord "), "{shown}");
    assert!(shown.contains("It is in Discord, triaged by Groq: "), "{shown}");
    assert_eq!(world.discord.messages().len(), 2);
    let asked = world.hubspot.journal.entries();
    assert!(
        asked.iter().all(|call| !call.path.contains("test-") && !call.body.contains("test-")),
        "{asked:#?}"
    );
}
