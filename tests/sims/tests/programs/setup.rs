//! Setting a tunnel up by hand: login, create, route, list, token, delete, and checking the rules.

use crate::scene::{Ended, Running, Scene, done, ready};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

const RULES: &str = "ingress:
  - hostname: ollama.example.com
    path: ^/api/(version|tags|ps|show|chat)$
    service: http://127.0.0.1:11434
  - service: http_status:404
";

async fn tunnel(scene: &Scene, words: &str) -> Ended {
    done(scene.cloudflared(&format!("tunnel {words}"))).await
}

async fn logged_in() -> Scene {
    let scene = Scene::new();
    assert_eq!(tunnel(&scene, "login").await.code, Some(0));
    scene
}

#[tokio::test]
async fn without_a_certificate_nothing_can_be_created() {
    let scene = Scene::new();
    for words in ["create box", "list", "route dns box ollama.example.com", "token box", "delete box"] {
        let ended = tunnel(&scene, words).await;
        assert_eq!(ended.code, Some(1), "{words}");
        assert!(ended.err.contains("Cannot determine default origin certificate path"), "{}", ended.err);
        assert!(ended.err.ends_with("Error locating origin cert: client didn't specify origincert path"));
    }
}

#[tokio::test]
async fn login_waits_for_the_browser_and_does_not_overwrite() {
    let scene = Scene::new();
    let mut command = scene.cloudflared("tunnel login");
    command.env("SIM_CLOUDFLARED", "login-waits");
    let running = Running::start(command);
    running.out.find("https://dash.cloudflare.com/argotunnel").await;
    let certificate = scene.path(".cloudflared/cert.pem");
    assert!(!certificate.exists());
    scene.control().set("").unwrap();
    let ended = running.ends().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.contains("You have successfully logged in."), "{}", ended.out);
    let written = std::fs::read_to_string(&certificate).unwrap();
    assert!(written.starts_with("-----BEGIN ARGO TUNNEL TOKEN-----"));
    let elsewhere = tunnel(&scene, "--origincert /nowhere/cert.pem list").await;
    assert_eq!(elsewhere.code, Some(1), "{}", elsewhere.err);
    let again = tunnel(&scene, "login").await;
    assert!(again.err.contains("You have an existing certificate at"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(&certificate).unwrap(), written);
}

#[tokio::test]
async fn a_created_tunnel_is_listed_routed_and_run_by_name() {
    let scene = logged_in().await;
    assert_eq!(tunnel(&scene, "list --output json").await.out, "null");
    let created = tunnel(&scene, "create box").await;
    assert!(created.out.contains("Created tunnel box with id "), "{}", created.out);
    let id = created.out.rsplit(' ').next().unwrap().to_owned();
    let file = scene.path(&format!(".cloudflared/{id}.json"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
    let again = tunnel(&scene, "create box").await;
    assert_eq!(again.code, Some(1));
    assert!(again.err.ends_with("tunnel with name already exists"), "{}", again.err);
    let listed: Value = serde_json::from_str(&tunnel(&scene, "list --output json").await.out).unwrap();
    assert_eq!((&listed[0]["id"], &listed[0]["name"]), (&Value::from(id.clone()), &Value::from("box")));
    assert_eq!(listed[0]["deleted_at"], "0001-01-01T00:00:00Z");
    let routed = tunnel(&scene, "route dns box ollama.example.com").await;
    assert_eq!(routed.code, Some(0));
    assert!(
        routed.err.contains("Added CNAME ollama.example.com which will route to this tunnel"),
        "{}",
        routed.err
    );
    let rules = scene.write("config.yml", RULES);
    let words = format!("--metrics 127.0.0.1:0 --config {} run box", rules.display());
    let running = Running::start(scene.cloudflared(&format!("tunnel --output json {words}")));
    ready(&running.metrics().await, 4).await;
}

#[tokio::test]
async fn an_existing_record_is_only_replaced_on_request() {
    let scene = logged_in().await;
    for name in ["old", "new"] {
        assert_eq!(tunnel(&scene, &format!("create {name}")).await.code, Some(0));
    }
    assert_eq!(tunnel(&scene, "route dns old ollama.example.com").await.code, Some(0));
    let refused = tunnel(&scene, "route dns new ollama.example.com").await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("record with that host already exists"), "{}", refused.err);
    let forced = tunnel(&scene, "route dns --overwrite-dns new ollama.example.com").await;
    assert_eq!(forced.code, Some(0));
    let same = tunnel(&scene, "route dns new ollama.example.com").await;
    assert!(same.err.contains("is already configured to route to your tunnel"), "{}", same.err);
    let unknown = tunnel(&scene, "route dns nobody ollama.example.com").await;
    assert!(unknown.err.contains("nobody is neither the ID nor the name of any of your tunnels"));
}

#[tokio::test]
async fn a_tunnels_token_runs_it_and_deleting_it_takes_its_file() {
    let scene = logged_in().await;
    let created: Value = serde_json::from_str(&tunnel(&scene, "create --output json box").await.out).unwrap();
    let token = tunnel(&scene, "token box").await.out;
    let mut command = scene.tunnel();
    command.env("TUNNEL_TOKEN", &token);
    let running = Running::start(command);
    let metrics = running.metrics().await;
    ready(&metrics, 4).await;
    let diag = crate::scene::json(&format!("{metrics}/diag/tunnel")).await.1;
    assert_eq!(diag["tunnelID"], created["id"]);
    let info: Value = serde_json::from_str(&tunnel(&scene, "info --output json box").await.out).unwrap();
    assert_eq!((&info["id"], &info["conns"]), (&created["id"], &Value::Array(Vec::new())));
    assert_eq!(tunnel(&scene, "cleanup box").await.code, Some(0));
    let file = scene.path(&format!(".cloudflared/{}.json", created["id"].as_str().unwrap()));
    assert!(file.exists());
    assert_eq!(tunnel(&scene, "delete box").await.code, Some(0));
    assert!(!file.exists());
    assert_eq!(tunnel(&scene, "list --output json").await.out, "null");
}

#[tokio::test]
async fn rules_are_checked_as_the_real_program_checks_them() {
    let scene = Scene::new();
    let check = async |text: &str| {
        let file = scene.write("config.yml", text);
        tunnel(&scene, &format!("--config {} ingress validate", file.display())).await
    };
    let good = check(RULES).await;
    assert!(
        good.code == Some(0) && good.out.starts_with("Validating rules from ") && good.out.ends_with("\nOK")
    );
    let open = check("ingress:\n  - hostname: a.example.com\n    service: http://127.0.0.1:1\n").await;
    assert_eq!(open.code, Some(1));
    assert!(
        open.err.starts_with("Validation failed: The last ingress rule must match all URLs"),
        "{}",
        open.err
    );
    let bare = check("ingress:\n  - service: localhost:11434\n").await;
    assert!(
        bare.code == Some(1) && bare.err.contains("localhost:11434 is an invalid address"),
        "{}",
        bare.err
    );
    let typed = check(&format!("tunel: x\nloglevel: info\n{RULES}")).await;
    assert!(typed.code == Some(0) && typed.out.contains("unused keys") && typed.out.ends_with("\ntunel"));
    let broken = check("ingress: [").await;
    assert!(broken.code == Some(1) && broken.err.starts_with("error parsing YAML"), "{}", broken.err);
    let none = tunnel(&scene, "ingress validate").await;
    assert!(none.code == Some(1) && none.err.starts_with("No configuration file was found"), "{}", none.err);
}

#[tokio::test]
async fn the_rule_for_an_address_is_shown() {
    let scene = Scene::new();
    let file = scene.write("config.yml", RULES);
    let rule = async |url: &str| {
        tunnel(&scene, &format!("--config {} ingress rule {url}", file.display())).await.out
    };
    let first = rule("https://ollama.example.com/api/chat").await;
    assert!(first.contains("Matched rule #0\n\thostname: ollama.example.com\n\tpath: ^/api/"), "{first}");
    let last = rule("https://ollama.example.com/api/delete").await;
    assert!(last.ends_with("Matched rule #1\n\tservice: http_status:404"), "{last}");
}
