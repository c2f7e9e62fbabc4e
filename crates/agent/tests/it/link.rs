//! The built `triage-agent` and an orchestrator that it is linked with.

pub(crate) mod orchestrator;
mod rhythm;
mod test_ticket;

use std::time::{Duration, Instant};

use link::{TunnelOffer, Usability};
use serde_json::{Value, json};
use sims::cloudflare::Cloudflare;
use sims::edge::Edge;
use sims::machine::{Agent, Machine, layer, program, text};
use sims::notices::Notices;
use sims::ollama::Ollama;
use tokio_util::sync::CancellationToken;

use crate::whole::machine::{self, health};
use orchestrator::{Orchestrator, TIME};
use sims::session::Session;

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef.access";
pub(crate) const SECRET: &str = "cfast_0123456789abcdefghijklmnopqrstuvwxyzABCD01234567";
const CODE: &str = "ABCD-EFGH";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_pairs_the_running_agent_and_unpair_ends_it_on_both_sides() {
    let Some(scene) = Scene::new().await else { return };
    let agent = scene.machine.run().await;
    agent.until("it to say so", |status| health(status, "link") == "warn").await;
    let said = scene.pair(&["--name", "Under the desk"]);
    assert!(
        said.contains("paired with the orchestrator 9.9.9") && said.contains("everything is linked"),
        "{said}"
    );
    let paired = scene.orchestrator.paired();
    assert_eq!((paired[0].code.as_str(), paired[0].device.name.as_str()), (CODE, "Under the desk"));
    let status = agent.until("the link", |status| health(status, "link") == "ok").await;
    assert_eq!(status["orchestrator"]["url"], scene.orchestrator.url());
    let shown = text(&scene.machine.ask(&["status"]).stdout);
    assert!(shown.contains("Paired with http://127.0.0.1"), "{shown}");
    let doctor = text(&scene.machine.ask(&["doctor"]).stdout);
    assert!(doctor.contains("knows this machine as"), "{doctor}");
    let token = scene.orchestrator.tokens().remove(0);
    scene.machine.assert_no_file_holds(&token);
    // Again, by the link: the device before is tidied up.
    scene.orchestrator.code("WXYZ", None);
    let url = scene.orchestrator.url().replace(':', "%3A");
    let link = format!("hubspot-triage://pair?url={url}&code=WXYZ");
    assert_eq!(scene.machine.ask(&["pair", &link]).status.code(), Some(0));
    assert_eq!(scene.orchestrator.tokens(), ["hst_device-token-2"]);
    let unpaired = scene.machine.ask(&["unpair"]);
    assert_eq!(unpaired.status.code(), Some(0), "{}", text(&unpaired.stderr));
    assert!(scene.orchestrator.tokens().is_empty());
    let status = agent.until("it to be unpaired", |status| health(status, "link") == "warn").await;
    assert_eq!(status["orchestrator"], Value::Null);
    let check = text(&scene.machine.ask(&["secrets", "check"]).stdout);
    assert!(check.contains("○ device-token is not set"), "{check}");
    assert!(check.contains("● cf-access-client-secret is there"), "the tunnel's secrets stay: {check}");
    let log = agent.stop().await;
    assert!(!log.contains(&token) && !log.contains(CODE), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refusal_is_shown_in_the_orchestrators_words_and_changes_nothing() {
    let Some(scene) = Scene::new().await else { return };
    scene.orchestrator.code("OLD", Some((410, "expired_code", "This code has expired.")));
    scene.orchestrator.code("USED", Some((410, "used_code", "This code was used.")));
    scene.orchestrator.code("MANY", Some((429, "too_many_tries", "Too many wrong tries.")));
    let url = scene.orchestrator.url();
    for (words, expected) in [
        (&["pair", &url, "NEVER"][..], "This code pairs nobody."),
        (&["pair", &url, "OLD"], "This code has expired."),
        (&["pair", &url, "USED"], "This code was used."),
        (&["pair", &url, "MANY"], "Too many wrong tries."),
        (&["pair", &url], "there is no code"),
        (&["pair", "http://triage.example.com", "X"], "must begin with https://"),
        (&["pair", "hubspot-triage://open?code=X"], "no link that pairs"),
        (&["pair", "http://127.0.0.1:1", "X"], "cannot be reached"),
    ] {
        let refused = scene.machine.ask(words);
        let said = text(&refused.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(refused.status.code(), Some(1), "{words:?}");
        assert!(said.contains("Pairing failed") && said.contains(expected), "{words:?}: {said}");
    }
    assert!(text(&scene.machine.ask(&["secrets", "check"]).stdout).contains("○ device-token is not set"));
    assert!(!scene.machine.settings_text().contains("orchestrator"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_the_agent_keeps_the_token_and_without_both_no_code_is_used_up() {
    let orchestrator = Orchestrator::start().await;
    orchestrator.code(CODE, None);
    let machine = machine::with_token();
    let refused = machine.ask(&["pair", &orchestrator.url(), CODE]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(orchestrator.paired().is_empty(), "{}", text(&refused.stderr));
    let agent = machine.run().await;
    let paired = machine.ask(&["pair", &orchestrator.url(), CODE]);
    assert_eq!(paired.status.code(), Some(0), "{}", text(&paired.stderr));
    assert!(text(&paired.stderr).contains("until the agent ends"), "{}", text(&paired.stderr));
    agent.until("the link", |status| health(status, "link") == "ok").await;
    machine.assert_no_file_holds(&orchestrator.tokens()[0]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_that_goes_down_is_told_at_once_and_its_return_and_the_agents_end_too() {
    let Some(scene) = Scene::new().await else { return };
    let agent = scene.linked().await;
    let status =
        agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
    scene.orchestrator.heartbeat(0, |beat| beat.standing.state == Usability::Usable).await;
    let (from, killed) = (scene.orchestrator.heartbeats(), Instant::now());
    machine::kill(program(&status, "cloudflared")["pid"].as_u64().unwrap());
    let (at, beat) =
        scene.orchestrator.heartbeat(from, |beat| beat.standing.state == Usability::Unusable).await;
    // The next one in turn would come after a minute.
    assert!(at.duration_since(killed) < Duration::from_secs(10), "{:?}", at.duration_since(killed));
    let why = beat.standing.why.unwrap();
    assert!(why.contains("cloudflared") && !why.ends_with('.'), "{why}");
    scene.orchestrator.heartbeat(from, |beat| beat.standing.state == Usability::Usable).await;
    assert_eq!(scene.machine.ask(&["pause"]).status.code(), Some(0));
    let paused =
        |beat: &link::Heartbeat| beat.standing.why.as_deref().is_some_and(|why| why.contains("paused"));
    scene.orchestrator.heartbeat(from, paused).await;
    scene.machine.ask(&["resume"]);
    let from = scene.orchestrator.heartbeats();
    scene.orchestrator.heartbeat(from, |beat| beat.standing.state == Usability::Usable).await;
    let from = scene.orchestrator.heartbeats();
    agent.stop().await;
    let last = |beat: &link::Heartbeat| beat.standing.state == Usability::Unusable;
    scene.orchestrator.heartbeat(from, last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orchestrator_that_is_away_for_a_while_is_heard_again() {
    let Some(Scene { machine, mut orchestrator, session: _session, edge: _edge, _ollama }) =
        Scene::new().await
    else {
        return;
    };
    orchestrator.beat_every(5_000);
    assert_eq!(machine.ask(&["pair", &orchestrator.url(), CODE]).status.code(), Some(0));
    let agent = machine.run().await;
    agent.until("the link", |status| health(status, "link") == "ok").await;
    orchestrator.go_away().await;
    let down = agent.until("it to be missed", |status| health(status, "link") == "fail").await;
    assert!(layer(&down, "link")["sentence"].as_str().unwrap().contains("cannot be reached"));
    assert_ne!(down["overall"], "down", "tickets may still come through the tunnel");
    let from = orchestrator.heartbeats();
    orchestrator.come_back().await;
    orchestrator.heartbeat(from, |_| true).await;
    agent.until("the link", |status| health(status, "link") == "ok").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_device_says_so_leaves_the_orchestrator_alone_and_can_be_paired_again() {
    let Some(scene) = Scene::new().await else { return };
    let agent = scene.linked().await;
    scene.orchestrator.revoke();
    // Something to tell, so that nobody has to wait for the next heartbeat.
    scene.machine.ask(&["pause"]);
    let refused = |status: &Value| {
        let sentence = layer(status, "link")["sentence"].as_str().unwrap_or_default().to_owned();
        sentence.contains("does not know this machine")
    };
    agent.until("it to be refused", refused).await;
    let calls = scene.orchestrator.calls();
    scene.machine.ask(&["resume"]);
    agent.until("the tunnel", |status| program(status, "cloudflared")["state"] == "running").await;
    assert_eq!(scene.orchestrator.calls(), calls, "there is nothing to tell to whoever does not listen");
    scene.orchestrator.code(CODE, None);
    assert!(scene.pair(&[]).contains("everything is linked"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tunnel_is_handed_over_once_it_works_and_a_refusal_is_noted() {
    let Some(scene) = Scene::new().await else { return };
    scene.orchestrator.refuse_tunnels(Some("The model is not there."));
    let agent = scene.linked().await;
    scene.orchestrator.until_offered(1).await;
    let noted = |status: &Value| status["notes"].to_string().contains("The model is not there.");
    agent.until("the refusal", noted).await;
    scene.orchestrator.refuse_tunnels(None);
    // What changes is offered at once.
    scene.machine.set_secret("cf-access-client-secret", SECRET);
    let status = agent.until("it to be taken", |status| health(status, "orchestrator_view") == "ok").await;
    assert_eq!(status["orchestrator"]["tunnel"]["url"], scene.edge.url());
    assert_eq!(status["sentence"], "Tickets are triaged on this machine.", "{status}");
    let offer = scene.orchestrator.taken().unwrap();
    assert_eq!(
        (offer.access_client_id.as_deref(), offer.access_client_secret.as_deref()),
        (Some(ID), Some(SECRET))
    );
    let offers = scene.orchestrator.offers().len();
    scene.orchestrator.heartbeat(scene.orchestrator.heartbeats() - 1, |_| true).await;
    assert_eq!(scene.orchestrator.offers().len(), offers, "what was taken is not offered again");
    // Wrong credentials of a person change nothing over there.
    scene.machine.set_secret("cf-access-client-secret", "cfast_wrong");
    let from = scene.orchestrator.heartbeats();
    agent.until("them to be refused", |status| health(status, "public_address") == "fail").await;
    let (_, beat) = scene
        .orchestrator
        .heartbeat(from.saturating_sub(1), |beat| {
            beat.layers
                .iter()
                .any(|layer| layer.layer == "public_address" && layer.health == link::LayerHealth::Fail)
        })
        .await;
    assert_eq!(beat.standing.state, Usability::Unknown, "the orchestrator has others");
    assert_eq!(scene.orchestrator.taken().unwrap().access_client_secret.as_deref(), Some(SECRET));
    let log = agent.stop().await;
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_open_from_outside_is_exposed_with_its_date() {
    let Some(scene) = Scene::new().await else { return };
    let check = |refused: bool| json!({"what": "/api/pull", "refused": refused, "status": 200, "sentence": "Ollama answered."});
    let receipt = |closed: bool| json!({"checked_at": TIME, "url": scene.edge.url(), "closed": closed, "checks": [check(closed)]});
    scene.orchestrator.set_receipt(receipt(false));
    let agent = scene.linked().await;
    let status = agent.until("it to be told", |status| health(status, "access_closed") == "fail").await;
    let sentence = layer(&status, "access_closed")["sentence"].as_str().unwrap();
    assert_eq!(sentence, "Exposed: seen from outside, /api/pull was answered (2026-11-23 10:00 UTC).");
    let verified = scene.machine.ask(&["tunnel", "verify"]);
    assert_eq!((verified.status.code(), scene.orchestrator.looks()), (Some(1), 1));
    assert!(text(&verified.stdout).contains("from the orchestrator, /api/pull: Ollama answered."));
    scene.orchestrator.set_receipt(receipt(true));
    assert_eq!(scene.machine.ask(&["tunnel", "verify"]).status.code(), Some(0));
    scene.machine.set_secret("cf-access-client-id", ID);
    agent.until("it to be closed", |status| health(status, "access_closed") == "ok").await;
    let shown = text(&scene.machine.ask(&["status"]).stdout);
    assert!(shown.contains("Seen from outside 2026-11-23 10:00 UTC: everything"), "{shown}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_followed_over_every_cut_and_one_that_needs_a_person_is_told_once() {
    let Some(scene) = Scene::new().await else { return };
    let desktop = Notices::start_at(scene.session.address()).await;
    scene.orchestrator.tickets(vec![serde_json::from_value(ticket(1, "triaged")).unwrap()]);
    let agent = scene.linked().await;
    agent.until("what was before", |status| status["recent"][0]["ticket_id"] == "1").await;
    for number in 2..=6 {
        scene.orchestrator.push(serde_json::from_value(change(number, "triaged")).unwrap());
        let id = number.to_string();
        agent.until("the next one", |status| status["recent"][0]["ticket_id"] == id.as_str()).await;
        if number % 2 == 0 {
            scene.orchestrator.cut();
        }
    }
    scene.orchestrator.cut();
    scene.orchestrator.until_resumed(scene.orchestrator.resumed().len() + 1).await;
    assert_eq!(scene.orchestrator.resumed()[0], None);
    assert_eq!(scene.orchestrator.resumed().last().unwrap().as_deref(), Some("6"));
    let change = serde_json::from_value(change(7, "needs_review")).unwrap();
    scene.orchestrator.push(change);
    let posted = desktop.posted(1).await;
    assert_eq!(posted.title, "A ticket needs a review");
    let status = agent.until("it", |status| status["recent"][0]["status"] == "needs_review").await;
    let ids: Vec<_> =
        status["recent"].as_array().unwrap().iter().map(|one| one["ticket_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["7", "6", "5", "4", "3", "2", "1"]);
    let shown = text(&scene.machine.ask(&["status"]).stdout);
    assert!(shown.contains("Recent tickets") && shown.contains("Words of ticket 7"), "{shown}");
    let zip = scene.machine.path("help.zip");
    assert_eq!(scene.machine.ask(&["diagnostics", zip.to_str().unwrap()]).status.code(), Some(0));
    assert!(!machine::holds(&machine::unzipped(&zip), "Words of ticket"), "the zip");
    let log = agent.stop().await;
    assert!(!log.contains("Words of"), "{log}");
    assert_eq!(desktop.record().posted.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_known_from_before_and_as_they_come_and_go_and_the_desk_too() {
    let Some(scene) = Scene::new().await else { return };
    scene.orchestrator.alerts(vec![serde_json::from_value(alert("a1", None)).unwrap()]);
    let agent = scene.linked().await;
    let open = |status: &Value| status["alerts"]["open"].as_array().map_or(0, Vec::len);
    let status = agent.until("the alert from before", |status| open(status) == 1).await;
    assert_eq!(status["desk"]["categories"][0]["label"], "Marmalade", "{status}");
    let shown = text(&scene.machine.ask(&["status"]).stdout);
    assert!(shown.contains("Alert: Half of the calls fail.") && shown.contains("→ Look at them."), "{shown}");
    for (number, id, cleared_at) in [(1, "a2", None), (2, "a1", Some(TIME)), (3, "a2", Some(TIME))] {
        let change = json!({
            "id": number, "kind": "alert", "at": TIME, "ticket_id": null, "triage": null, "alert": alert(id, cleared_at),
        });
        scene.orchestrator.push(serde_json::from_value(change).unwrap());
    }
    let passed = |status: &Value| status["alerts"]["recent"].as_array().map_or(0, Vec::len);
    agent.until("them to pass", |status| open(status) == 0 && passed(status) == 2).await;
    assert!(!text(&scene.machine.ask(&["status"]).stdout).contains("Alert:"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_reaches_the_orchestrator_with_no_call_refused_in_between() {
    let Some(mut scene) = Scene::new().await else { return };
    let cloudflare = Cloudflare::start().await.unwrap();
    scene.machine.set("CLOUDFLARE_API_URL", &cloudflare.url());
    scene.machine.set("CLOUDFLARE_API_TOKEN", sims::cloudflare::TOKEN);
    for entry in ["cf-access-client-id", "cf-access-client-secret"] {
        scene.machine.ask(&["secrets", "forget", entry]);
    }
    let host = "ollama.example.com";
    let made = scene.machine.ask(&["tunnel", "setup", "--hostname", host, "--yes"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    cloudflare.show(&scene.edge, host);
    let agent = scene.linked().await;
    agent.until("the hand-over", |status| health(status, "orchestrator_view") == "ok").await;
    let before = scene.orchestrator.taken().unwrap();
    assert!(before.expires_at.as_deref().is_some_and(|ends| ends.starts_with("20")), "{before:?}");
    let stop = CancellationToken::new();
    let calling = tokio::spawn(call_as_the_orchestrator(
        scene.orchestrator.what_is_taken(),
        scene.edge.url(),
        stop.clone(),
    ));
    let rotated = scene.machine.ask(&["tunnel", "rotate", "--yes"]);
    assert_eq!(rotated.status.code(), Some(0), "{}{}", text(&rotated.stdout), text(&rotated.stderr));
    let said = text(&rotated.stdout);
    assert!(said.contains("the orchestrator has tried the new secret"), "{said}");
    let after = scene.orchestrator.taken().unwrap();
    assert_eq!(after.access_client_id, before.access_client_id);
    assert_ne!(after.access_client_secret, before.access_client_secret);
    assert!(!said.contains(after.access_client_secret.as_deref().unwrap()), "{said}");
    agent.until("it to go on", |status| health(status, "public_address") == "ok").await;
    stop.cancel();
    let (calls, refused) = calling.await.unwrap();
    assert!(calls > 0 && refused == 0, "{refused} of {calls} calls were refused");
    agent.stop().await;
    // The keychain cannot take a new secret: nothing is changed at Cloudflare.
    let made = cloudflare.credentials();
    scene.session.end_keyring();
    let refused = scene.machine.ask(&["tunnel", "rotate", "--yes"]);
    assert_eq!((refused.status.code(), cloudflare.credentials()), (Some(1), made));
    assert!(text(&refused.stderr).contains("Nothing was changed"), "{}", text(&refused.stderr));
}

/// How many calls with what the orchestrator has were made, and how many of them were refused.
async fn call_as_the_orchestrator(
    taken: impl Fn() -> Option<TunnelOffer>,
    url: String,
    stop: CancellationToken,
) -> (usize, usize) {
    let (client, mut refused, mut calls) = (sims::http_client(), 0, 0);
    while !stop.is_cancelled() {
        let offer = taken().expect("a scene can be made");
        let call = client
            .get(format!("{url}/api/version"))
            .header("CF-Access-Client-Id", offer.access_client_id.expect("a scene can be made"))
            .header("CF-Access-Client-Secret", offer.access_client_secret.expect("a scene can be made"));
        refused += usize::from(call.send().await.expect("a scene can be made").status() != 200);
        calls += 1;
    }
    (calls, refused)
}

/// A machine with a keychain and a public address, and an orchestrator.
pub(crate) struct Scene {
    session: Session,
    pub(crate) orchestrator: Orchestrator,
    edge: Edge,
    pub(crate) machine: Machine,
    _ollama: Ollama,
}

impl Scene {
    pub(crate) async fn new() -> Option<Self> {
        let mut session = Session::start()?;
        session.keyring(Some("test-password"));
        let orchestrator = Orchestrator::start().await;
        orchestrator.code(CODE, None);
        let ollama = Ollama::start().await.expect("a scene can be made");
        let edge = Edge::start(&ollama.url(), ID, SECRET).await.expect("a scene can be made");
        let mut machine = machine::with_token();
        machine.session(&session);
        machine.set("TRIAGE_AGENT_PUBLIC_URL", &edge.url());
        for (entry, secret) in [("cf-access-client-id", ID), ("cf-access-client-secret", SECRET)] {
            machine.set_secret(entry, secret);
        }
        Some(Self { session, orchestrator, edge, machine, _ollama: ollama })
    }

    fn pair(&self, more: &[&str]) -> String {
        let url = self.orchestrator.url();
        let words = [&["pair", &url, CODE], more].concat();
        let paired = self.machine.ask(&words);
        assert_eq!(paired.status.code(), Some(0), "{}{}", text(&paired.stdout), text(&paired.stderr));
        text(&paired.stdout)
    }

    /// A running agent that the orchestrator has heard of.
    pub(crate) async fn linked(&self) -> Agent<'_> {
        self.pair(&[]);
        let agent = self.machine.run().await;
        agent.until("the link", |status| health(status, "link") == "ok").await;
        agent
    }
}

pub(crate) fn ticket(number: i64, status: &str) -> Value {
    json!({
        "ticket_id": number.to_string(), "subject": format!("Words of ticket {number}"), "url": null,
        "status": status, "provider": "local", "model": "m", "device_id": null, "latency_ms": 900,
        "attempts": 1, "received_at": format!("2026-11-23T10:00:{number:02}Z"), "triaged_at": null,
        "deliveries": [], "error": null,
        "verdict": {"category": "billing", "priority": "high", "sentiment": "neutral", "language": "en",
            "summary": "Words of its summary", "reason": "Words of its reason", "confidence": 0.4,
            "team": "billing", "suggested_reply": null},
    })
}

fn alert(id: &str, cleared_at: Option<&str>) -> Value {
    json!({
        "id": id, "kind": "success_rate", "subject": "", "severity": "page", "sentence": "Half of the calls fail.",
        "what_to_do": "Look at them.", "raised_at": TIME, "cleared_at": cleared_at,
    })
}

fn change(number: i64, status: &str) -> Value {
    json!({
        "id": number, "kind": status, "at": TIME, "ticket_id": number.to_string(),
        "triage": ticket(number, status), "alert": null,
    })
}
