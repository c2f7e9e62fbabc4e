//! Against a program that speaks like cloudflared and notes how it was called.

#![cfg(unix)]

use agent::tunnel::Hostname;
use agent::tunnel::cloudflared::{Cloudflared, Problem, Routed};
use secrecy::ExposeSecret as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const SCRIPT: &str = r#"#!/bin/sh
echo "$* ${TUNNEL_TOKEN-none}" >> "$(dirname "$0")/calls"
[ "$1" = tunnel ] && [ "$2" = --config ] && [ -s "$3" ] || exit 255
shift 3
case "$*" in
  login) echo "Please open the following URL:"; echo "https://dash.cloudflare.com/argotunnel?aud=x" >&2
    echo "You have successfully logged in. They have been saved to:"; echo "/home/me/.cloudflared/cert.pem" ;;
  "create box") echo "Created tunnel box with id 11111111-2222-4333-8444-555555555555" ;;
  "route dns box ollama.example.com") echo "record with that host already exists" >&2; exit 1 ;;
  "route dns --overwrite-dns box ollama.example.com") echo "INF Added CNAME ollama.example.com which will route to this tunnel" >&2 ;;
  "list --output json") echo null ;;
  "token box") echo eyJhIjoi ;;
  "ingress validate") echo "Validation failed: no catch-all" >&2; exit 1 ;;
  *) exit 9 ;;
esac
"#;

/// One test with one program: a file that is being written while another test starts a process cannot be started.
#[tokio::test]
async fn each_command_is_called_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("cloudflared");
    std::fs::write(&program, SCRIPT).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (cloudflared, host) = (Cloudflared::new(&program), Hostname::parse("ollama.example.com").unwrap());
    let mut shown = Vec::new();
    let certificate = cloudflared.login(&mut |page| shown.push(page.to_owned())).await.unwrap();
    assert_eq!(certificate, Path::new("/home/me/.cloudflared/cert.pem"));
    assert_eq!(shown, ["https://dash.cloudflare.com/argotunnel?aud=x"]);
    assert_eq!(cloudflared.create("box").await.unwrap().id, "11111111-2222-4333-8444-555555555555");
    let refused = cloudflared.route_dns("box", &host, false).await;
    assert!(matches!(refused, Err(Problem::RecordExists { .. })), "{refused:?}");
    assert_eq!(cloudflared.route_dns("box", &host, true).await, Ok(Routed::Added));
    assert_eq!(cloudflared.list().await, Ok(Vec::new()));
    assert_eq!(cloudflared.token("box").await.unwrap().expose_secret(), "eyJhIjoi");
    let config = folder.path().join("config.yml");
    std::fs::write(&config, "ingress: []\n").unwrap();
    let invalid = Err(Problem::Invalid { words: "no catch-all".to_owned() });
    assert_eq!(cloudflared.validate(&config).await, invalid);
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    assert!(
        calls.lines().all(|line| line.ends_with(" none")),
        "no token of the environment is passed on: {calls}"
    );
    assert!(calls.contains(&format!("--config {} ingress validate", config.display())), "{calls}");
    let missing = Cloudflared::new(folder.path().join("nothing")).list().await;
    assert_eq!(missing, Err(Problem::NotInstalled));
    let no_program = Cloudflared::new(&config).list().await;
    assert!(matches!(no_program, Err(Problem::NotStarted { .. })), "{no_program:?}");
}
