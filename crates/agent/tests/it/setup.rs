//! Set-ups from nothing, and of what people made by hand.

use crate::support::{HOST, World, now};
use agent::tunnel::api;
use agent::tunnel::setup::{Entry, Error, Obstacle, Step};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use sims::cloudflare::Permission;

#[tokio::test]
async fn from_nothing_to_a_protected_address() {
    let world = World::new().await;
    assert_eq!(
        world.sentences().await,
        [
            "Create service token \"triage-orchestrator\", valid for a year, and keep its secret in the keychain",
            "Create Service Auth policy \"Service Token Access\" that lets in service token \"triage-orchestrator\" only",
            "Create Access application \"Ollama API\" that protects ollama.example.com",
            "Create tunnel \"ollama-tunnel\"",
            "Set the ingress of tunnel \"ollama-tunnel\": ollama.example.com leads to Ollama with Host localhost:11434, model calls only",
            "Keep the token of tunnel \"ollama-tunnel\" in the keychain",
            "Create DNS record ollama.example.com that leads to tunnel \"ollama-tunnel\"",
        ]
    );
    world.run().await.unwrap();
    let contents = world.cloudflare.contents();
    assert_eq!(contents["policies"][0]["decision"], "non_identity");
    assert_eq!(contents["apps"][0]["policies"], json!([contents["policies"][0]["id"]]));
    let rule = &contents["configurations"][0]["config"]["ingress"][0];
    assert_eq!(rule["path"], "^/api/(version|tags|ps|show|chat)$");
    assert_eq!(rule["originRequest"]["httpHostHeader"], "localhost:11434");
    let check = json!({"required": true, "teamName": "acme", "audTag": [contents["apps"][0]["aud"]]});
    assert_eq!(rule["originRequest"]["access"], check);
    let tunnel = contents["tunnels"][0]["id"].as_str().unwrap();
    assert_eq!(contents["dns_records"][0]["content"], format!("{tunnel}.cfargotunnel.com"));
    assert_eq!(contents["dns_records"][0]["proxied"], true);
    let kept = |entry| world.keychain.secret(entry).unwrap();
    let pair = (kept(Entry::AccessClientId), kept(Entry::AccessClientSecret));
    assert_eq!(world.cloudflare.credentials(), std::slice::from_ref(&pair));
    assert!(world.keychain.secret(Entry::TunnelToken).is_some());
    let ledger = std::fs::read_to_string(world.ledger_path()).unwrap();
    assert!(!ledger.contains(&pair.1) && !ledger.contains(&kept(Entry::TunnelToken)), "{ledger}");
    assert!(world.sentences().await.is_empty(), "a second run does nothing");
}

/// What the infrastructure document has people do by hand: an Allow policy, a tunnel that config.yml manages.
#[tokio::test]
async fn a_set_up_by_hand_is_found_and_its_policy_mended() {
    let world = World::new().await;
    let tunnel = world.post("ACCOUNT/cfd_tunnel", json!({"name": "ollama-tunnel"})).await;
    let content = format!("{}.cfargotunnel.com", tunnel["id"].as_str().unwrap());
    let record = json!({"type": "CNAME", "name": HOST, "content": content, "proxied": true});
    world.post("ZONE/dns_records", record).await;
    let token = world.post("ACCOUNT/access/service_tokens", json!({"name": "triage-orchestrator"})).await;
    world.keychain.set(Entry::AccessClientId, token["client_id"].as_str().unwrap());
    world.keychain.set(Entry::AccessClientSecret, token["client_secret"].as_str().unwrap());
    let include = json!([{"service_token": {"token_id": token["id"]}}]);
    let policy = json!({"name": "Service Token Access", "decision": "allow", "include": include});
    let policy = world.post("ACCOUNT/access/policies", policy).await;
    let app =
        json!({"name": "Ollama API", "type": "self_hosted", "domain": HOST, "policies": [policy["id"]]});
    world.post("ACCOUNT/access/apps", app).await;
    let plan = world.plan().await.unwrap();
    assert!(matches!(plan.steps.as_slice(), [Step::MendPolicy { .. }]), "{plan:?}");
    assert!(plan.steps[0].sentence(&world.wanted).contains("Allow, which sends callers"), "{plan:?}");
    assert!(plan.notes[0].contains("config.yml"), "{plan:?}");
    world.run_to_the_end().await;
    assert_eq!(world.cloudflare.contents()["policies"][0]["decision"], "non_identity");
}

#[tokio::test]
async fn each_drift_is_one_step_and_mended() {
    let world = World::new().await;
    world.run_to_the_end().await;
    let contents = world.cloudflare.contents();
    let id = |list: &str| contents[list][0]["id"].as_str().unwrap().to_owned();
    let token = id("service_tokens");
    let policy_body = |decision: &str, include: Value| json!({"name": "Service Token Access", "decision": decision, "include": include});
    let ours = json!({"service_token": {"token_id": token}});
    let policy = format!("ACCOUNT/access/policies/{}", id("policies"));
    let app = format!("ACCOUNT/access/apps/{}", id("apps"));
    let record = format!("ZONE/dns_records/{}", id("dns_records"));
    let config = format!("ACCOUNT/cfd_tunnel/{}/configurations", id("tunnels"));
    let content = contents["dns_records"][0]["content"].clone();
    let bare = json!({"config": {"ingress": [{"hostname": HOST, "service": "http://127.0.0.1:11434"}, {"service": "http_status:404"}]}});
    for (path, body, words) in [
        (policy.clone(), policy_body("allow", json!([ours])), "Allow, which sends"),
        (policy.clone(), policy_body("non_identity", json!([ours, {"everyone": {}}])), "lets in others"),
        (policy.clone(), policy_body("non_identity", json!([])), "does not let in this service token"),
        (app, json!({"name": "Ollama API", "domain": HOST, "policies": []}), "Add policy"),
        (config, bare, "Mend the ingress of tunnel \"ollama-tunnel\": its path is missing"),
        (
            record.clone(),
            json!({"type": "CNAME", "name": HOST, "content": content, "proxied": false}),
            "and not proxied",
        ),
        (
            record,
            json!({"type": "A", "name": HOST, "content": "203.0.113.9", "proxied": true}),
            "A to 203.0.113.9",
        ),
        (format!("ACCOUNT/access/service_tokens/{token}"), json!({"enabled": false}), "Enable service token"),
    ] {
        world.made(Method::PUT, &path, body).await;
        let sentences = world.sentences().await;
        assert!(sentences.len() == 1 && sentences[0].contains(words), "{words}: {sentences:?}");
        world.run_to_the_end().await;
    }
}

#[tokio::test]
async fn a_secret_that_is_not_known_is_rotated_and_a_token_that_ends_is_extended() {
    let world = World::new().await;
    world.post("ACCOUNT/access/service_tokens", json!({"name": "triage-orchestrator"})).await;
    let soon = (now() + Duration::days(29)).to_rfc3339();
    world.cloudflare.set_expiry("triage-orchestrator", &soon);
    let sentences = world.sentences().await;
    assert!(sentences[0].starts_with("Extend service token"), "{sentences:?}");
    assert!(sentences[1].contains("not in the keychain and cannot be read again"), "{sentences:?}");
    world.run_to_the_end().await;
    let secret = world.keychain.secret(Entry::AccessClientSecret).unwrap();
    assert_eq!(world.cloudflare.credentials()[0].1, secret);
    let mut again = world;
    again.wanted.new_secret = true;
    again.run().await.unwrap();
    let fresh = again.keychain.secret(Entry::AccessClientSecret).unwrap();
    assert!(fresh != secret && again.cloudflare.credentials()[0].1 == fresh);
}

#[tokio::test]
async fn what_only_a_person_can_decide_stops_everything() {
    let mut world = World::new().await;
    let record = json!({"type": "CNAME", "name": HOST, "content": "shop.example.net", "proxied": true});
    world.post("ZONE/dns_records", record).await;
    let before = world.cloudflare.contents();
    let Err(Error::Obstacles(obstacles)) = world.run().await else { panic!("it went ahead") };
    assert!(matches!(obstacles.as_slice(), [Obstacle::RecordElsewhere { .. }]), "{obstacles:?}");
    assert!(
        obstacles[0].to_string().contains("CNAME to shop.example.net")
            && obstacles[0].fix().contains("--overwrite-dns")
    );
    assert_eq!(world.cloudflare.contents(), before, "nothing was done");
    world.wanted.overwrite_dns = true;
    let bypass = json!({"name": "All", "decision": "bypass", "include": [{"everyone": {}}]});
    let bypass = world.post("ACCOUNT/access/policies", bypass).await;
    world
        .post("ACCOUNT/access/apps", json!({"name": "Mine", "domain": HOST, "policies": [bypass["id"]]}))
        .await;
    let plan = world.plan().await.unwrap();
    assert!(matches!(plan.obstacles.as_slice(), [Obstacle::OpenPolicy { .. }]), "{plan:?}");
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    for (permission, words) in [
        (Permission::Zone, "Zone › Zone › Read"),
        (Permission::Dns, "Zone › DNS › Edit"),
        (Permission::Tunnel, "Account › Cloudflare Tunnel › Edit"),
        (Permission::AppsAndPolicies, "Access: Apps and Policies"),
        (Permission::ServiceTokens, "Access: Service Tokens"),
    ] {
        let world = World::new().await;
        world.cloudflare.revoke(permission);
        let problem = world.run().await.unwrap_err();
        assert!(problem.fix().contains(words), "{permission:?}: {problem} {}", problem.fix());
    }
    let world = World::new().await;
    world.cloudflare.revoke(Permission::Organizations);
    world.run_to_the_end().await;
    let rule = &world.cloudflare.contents()["configurations"][0]["config"]["ingress"][0];
    assert!(
        rule["originRequest"].get("access").is_none(),
        "without the team's name there is no check: {rule}"
    );
}

#[tokio::test]
async fn api_failures_have_their_kind() {
    let world = World::new().await;
    world.api.verify_token().await.unwrap();
    world.cloudflare.faults.script("429 once wait 7s; 500 once; bad json once; drop once").unwrap();
    let mut kinds = Vec::new();
    for _ in 0..4 {
        let Err(Error::Api { source, .. }) = world.run().await else { panic!("no failure") };
        kinds.push(source);
    }
    assert!(
        matches!(
            kinds.as_slice(),
            [
                api::Error::Busy { retry_after: Some(_) },
                api::Error::Failed { status: 500 },
                api::Error::BadAnswer(_),
                api::Error::Unreachable(_)
            ]
        ),
        "{kinds:?}"
    );
    assert!(kinds[0].fix().contains("in 7 seconds"), "{}", kinds[0].fix());
    let stranger = api::Api::new(&world.cloudflare.url(), "wrong".into()).unwrap();
    assert_eq!(stranger.verify_token().await, Err(api::Error::TokenRefused));
    assert!(api::Api::new("http://api.cloudflare.com/client/v4", "t".into()).is_err(), "never in the clear");
}

#[tokio::test]
async fn a_domain_that_is_not_there_is_named() {
    let mut world = World::new().await;
    world.wanted.hostname = agent::tunnel::Hostname::parse("a.b.example.net").unwrap();
    let problem = world.plan().await.unwrap_err();
    assert!(
        problem.to_string().ends_with("looked for b.example.net and example.net and a.b.example.net"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_tunnel_that_serves_another_name_goes_on_serving_it() {
    let world = World::new().await;
    let tunnel = json!({"name": "ollama-tunnel", "config_src": "cloudflare"});
    let tunnel = world.post("ACCOUNT/cfd_tunnel", tunnel).await;
    let path = format!("ACCOUNT/cfd_tunnel/{}/configurations", tunnel["id"].as_str().unwrap());
    let wiki = json!({"hostname": "wiki.example.com", "service": "http://127.0.0.1:8080"});
    let ingress = json!({"config": {"ingress": [wiki, {"service": "http_status:404"}]}});
    world.made(Method::PUT, &path, ingress).await;
    world.run_to_the_end().await;
    let rules = world.cloudflare.contents()["configurations"][0]["config"]["ingress"].clone();
    assert_eq!((&rules[0]["hostname"], &rules[1]), (&json!(HOST), &wiki));
}

#[tokio::test]
async fn a_bookmark_of_that_name_protects_nothing() {
    let world = World::new().await;
    let bookmark = json!({"name": "Shortcut", "type": "bookmark", "domain": HOST, "policies": []});
    world.post("ACCOUNT/access/apps", bookmark).await;
    let sentences = world.sentences().await;
    assert!(sentences.iter().any(|step| step.starts_with("Create Access application")), "{sentences:?}");
    world.run_to_the_end().await;
    assert_eq!(world.cloudflare.contents()["apps"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_name_that_needs_a_certificate_of_its_own_is_noted() {
    let mut world = World::new().await;
    assert!(world.plan().await.unwrap().notes.is_empty());
    world.wanted.hostname = agent::tunnel::Hostname::parse("a.b.example.com").unwrap();
    let notes = world.plan().await.unwrap().notes;
    assert!(notes[0].contains("advanced certificate"), "{notes:?}");
}
