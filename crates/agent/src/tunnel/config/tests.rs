use super::*;
use chrono::{DateTime, Utc};
use proptest::prelude::*;

const TUNNEL: &str = "11111111-2222-4333-8444-555555555555";

fn settings() -> Settings {
    Settings {
        tunnel_id: TUNNEL.to_owned(),
        credentials_file: format!("/home/me/.cloudflared/{TUNNEL}.json"),
        metrics: METRICS.to_owned(),
        hostname: Hostname::parse("ollama.example.com").unwrap(),
        access: Some(AccessCheck { team: "acme".to_owned(), audience: "0123abcd".to_owned() }),
    }
}

fn expected() -> Expected {
    Expected { hostname: settings().hostname, tunnel_id: Some(TUNNEL.to_owned()) }
}

fn problems(text: &str) -> Vec<Problem> {
    check(text, &expected()).into_iter().map(|finding| finding.problem).collect()
}

fn now() -> DateTime<Utc> {
    "2026-11-23T13:05:00Z".parse().unwrap()
}

#[test]
fn what_is_built_is_what_the_design_says_and_is_right() {
    let text = build(&settings());
    assert_eq!(
        text,
        "tunnel: '11111111-2222-4333-8444-555555555555'\n\
         credentials-file: /home/me/.cloudflared/11111111-2222-4333-8444-555555555555.json\n\
         metrics: '127.0.0.1:20241'\n\
         no-autoupdate: true\n\
         \n\
         ingress:\n  \
           - hostname: ollama.example.com\n    \
             path: ^/api/(version|tags|ps|show|chat)$\n    \
             service: http://127.0.0.1:11434\n    \
             originRequest:\n      \
               httpHostHeader: localhost:11434\n      \
               connectTimeout: 10s\n      \
               access:\n        \
                 required: true\n        \
                 teamName: acme\n        \
                 audTag:\n          \
                   - '0123abcd'\n  \
           - service: http_status:404\n"
    );
    assert_eq!(problems(&text), []);
    assert_eq!(problems(&build(&Settings { access: None, ..settings() })), []);
}

/// The file of the infrastructure document runs; what it leaves open is said.
#[test]
fn the_file_made_by_hand_is_understood() {
    let text = format!(
        "tunnel: {TUNNEL}\ncredentials-file: /Users/youruser/.cloudflared/{TUNNEL}.json\n\ningress:\n  - hostname: ollama.example.com\n    \
         service: http://localhost:11434\n    originRequest:\n      httpHostHeader: localhost\n      connectTimeout: 30s\n      \
         noTLSVerify: false\n  - service: http_status:404\n"
    );
    let findings = check(&text, &expected());
    let found: Vec<Problem> = findings.iter().map(|finding| finding.problem).collect();
    assert_eq!(found, [Problem::SelfUpdate, Problem::NoAllowList]);
    assert!(findings.iter().all(|finding| finding.severity() == Severity::Warning));
}

#[test]
fn every_mistake_is_found_alone() {
    let right = build(&settings());
    let change = |from: &str, to: &str| {
        assert!(right.contains(from), "{from}");
        right.replace(from, to)
    };
    for (text, problem) in [
        (change("ingress:\n", "ingress: [\n"), Problem::NotYaml),
        (change("no-autoupdate: true", "no-autoupdate: true\nno-autoupdate: true"), Problem::NotYaml),
        (change(&format!("tunnel: '{TUNNEL}'\n"), ""), Problem::NoTunnel),
        (
            change(&format!("tunnel: '{TUNNEL}'"), "tunnel: 99999999-2222-4333-8444-555555555555"),
            Problem::OtherTunnel,
        ),
        (change("credentials-file: /home", "origincert: /home"), Problem::NoCredentials),
        (change("no-autoupdate: true", "no-autoupdate: false"), Problem::SelfUpdate),
        (change("'127.0.0.1:20241'", "0.0.0.0:20241"), Problem::OpenMetrics),
        (change("no-autoupdate", "token: eyJh\nno-autoupdate"), Problem::SecretInFile),
        (change("no-autoupdate", "logLevel: info\nno-autoupdate"), Problem::UnknownKey),
        (change("    path:", "    pathes: x\n    path:"), Problem::UnknownKey),
        (change("connectTimeout", "connecttimeout"), Problem::UnknownKey),
        (change("  - service: http_status:404\n", ""), Problem::NoCatchAll),
        (change("http_status:404", "http://127.0.0.1:11434"), Problem::OpenCatchAll),
        (change("ingress:\n", "ingress:\n  - service: http_status:404\n"), Problem::UnreachableRules),
        (change("ollama.example.com", "other.example.com"), Problem::NoRule),
        (change("service: http://127.0.0.1:11434", "service: localhost:11434"), Problem::NoScheme),
        (change("    service: http://127.0.0.1:11434\n", ""), Problem::NoService),
        (change("127.0.0.1:11434", "127.0.0.1:8080"), Problem::OtherService),
        (change("127.0.0.1:11434", "192.168.0.7:11434"), Problem::OtherService),
        (change("      httpHostHeader: localhost:11434\n", ""), Problem::HostHeader),
        (change("localhost:11434", "ollama.example.com"), Problem::HostHeader),
        (change("    path: ^/api/(version|tags|ps|show|chat)$\n", ""), Problem::NoAllowList),
        (change("|chat)$", "|chat|delete)$"), Problem::OtherAllowList),
        (change("connectTimeout: 10s", "noTLSVerify: true"), Problem::NoTlsVerify),
        (change("required: true", "required: false"), Problem::AccessCheck),
        (change("teamName: acme\n", "teamName: ''\n"), Problem::AccessCheck),
        (right.split("ingress").next().unwrap().to_owned(), Problem::NoIngress),
    ] {
        let findings = check(&text, &expected());
        let found: Vec<Problem> = findings.iter().map(|finding| finding.problem).collect();
        assert_eq!(found, [problem], "{text}");
        assert!(!findings[0].fix().is_empty() && findings[0].sentence.ends_with('.'), "{:?}", findings[0]);
    }
}

#[test]
fn a_host_header_for_all_rules_counts() {
    let text = build(&settings()).replace("      httpHostHeader: localhost:11434\n", "");
    let text = text.replace("ingress:", "originRequest:\n  httpHostHeader: 127.0.0.1\ningress:");
    assert_eq!(problems(&text), []);
}

#[test]
fn what_would_change_is_shown_before_it_does() {
    let right = build(&settings());
    assert_eq!(plan_writing(None, &right), WritePlan::New);
    assert_eq!(plan_writing(Some(&right), &right), WritePlan::Unchanged);
    let old = right.replace("connectTimeout: 10s", "connectTimeout: 30s");
    let WritePlan::Differs { diff } = plan_writing(Some(&old), &right) else { panic!("no difference") };
    assert!(diff.contains("-      connectTimeout: 30s\n+      connectTimeout: 10s\n"), "{diff}");
}

#[test]
fn a_file_is_replaced_when_that_is_confirmed_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/config.yml");
    let unasked = WriteConfig { confirm: false };
    assert_eq!(write(&path, "a: 1\n", unasked, now()).unwrap(), Written::New);
    assert_eq!(write(&path, "a: 1\n", unasked, now()).unwrap(), Written::Unchanged);
    let Err(WriteError::NotConfirmed { diff, .. }) = write(&path, "a: 2\n", unasked, now()) else {
        panic!("replaced unasked")
    };
    assert!(diff.contains("-a: 1") && diff.contains("+a: 2"), "{diff}");
    assert_eq!(read(&path).unwrap().as_deref(), Some("a: 1\n"));
    let mut backups = Vec::new();
    for text in ["a: 2\n", "a: 3\n"] {
        let written = write(&path, text, WriteConfig { confirm: true }, now()).unwrap();
        let Written::Replaced { backup } = written else { panic!("{written:?}") };
        backups.push(read(&backup).unwrap().unwrap());
        assert!(backup.to_string_lossy().contains("config.yml.2026-11-23T13-05-00Z"), "{backup:?}");
    }
    assert_eq!(backups, ["a: 1\n", "a: 2\n"], "two in one second have two names");
    assert_eq!(read(&path).unwrap().as_deref(), Some("a: 3\n"));
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yml");
    write(&path, "a: 1\n", WriteConfig { confirm: false }, now()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

proptest! {
    #[test]
    fn any_path_survives_the_way_through_yaml(path in "\\PC{1,40}", team in "[ -~]{1,20}") {
        let access = Some(AccessCheck { team: team.clone(), audience: "1e3".to_owned() });
        let text = build(&Settings { credentials_file: path.clone(), access, ..settings() });
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        prop_assert_eq!(read["credentials-file"].as_str(), Some(path.as_str()));
        let access = &read["ingress"][0]["originRequest"]["access"];
        prop_assert_eq!(access["teamName"].as_str(), Some(team.as_str()));
        prop_assert_eq!(access["audTag"][0].as_str(), Some("1e3"));
    }

    #[test]
    fn no_text_makes_the_check_fall_over(text in "\\PC{0,200}") {
        prop_assert!(!check(&text, &expected()).is_empty());
    }
}
