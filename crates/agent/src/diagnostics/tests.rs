use std::io::Read as _;

use serde_json::json;

use super::*;

const KEPT: [&str; 3] = ["kept-device-token", "plain word", "0123456789abcdef0123456789abcdef.access"];

#[test]
fn no_secret_is_found_in_the_zip_and_the_rest_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diagnostics.zip");
    let planted = [
        r#"{"level":"debug","headers":{"Authorization":["Bearer planted-1"],"Cf-Access-Client-Secret":["planted-2"]}}"#,
        "Authorization: Basic planted-3",
        "cloudflared tunnel run --token planted-4",
        "TUNNEL_TOKEN=planted-5 started",
        r#"{"client_secret":"planted-6","level":"info"}"#,
        "password: 'planted-7 with spaces'",
        "mail from planted-8@example.com",
        "GET https://ollama.example.com/api/tags?subject=planted-9#planted-10",
        r#"[GIN] 200 | 127.0.0.1 | POST "/api/chat?prompt=planted-11""#,
        "https://planted-12:x@example.com/",
        "used cfast_planted13planted13planted13",
        "eyJhIjoicGxhbnRlZC0xNCJ9",
        "https://discord.com/api/webhooks/1234/planted-15",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "kept-device-token and plain word",
    ];
    let said: Vec<String> = ["INF Registered tunnel connection connIndex=0 location=ams01"]
        .into_iter()
        .chain(planted)
        .map(str::to_owned)
        .collect();
    let parts = Parts {
        versions: &[("agent".to_owned(), "0.1.0".to_owned()), ("plain word".to_owned(), "1".to_owned())],
        settings: "model = \"llama3.2:latest\"\n# planted-16@example.com\n",
        status: &json!({"overall": "healthy", "token": "planted-17", "layers": ["plain word", {"bearer planted-18": 1}]}),
        history: &json!({"edge": [{"worst": "ok", "median_ms": 12}]}),
        logs: &[("cloudflared".to_owned(), said)],
        secrets: &KEPT.map(SecretString::from),
    };
    write(&path, &parts).unwrap();
    let (names, text) = unpack(&path);
    assert_eq!(names, ["versions.txt", "config.toml", "status.json", "history.json", "logs/cloudflared.txt"]);
    for secret in KEPT.into_iter().chain(["planted", "cGxhbnRlZC0xNCJ9", "89abcdef0123"]) {
        let found = text.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
    for rest in [
        "agent: 0.1.0",
        "model = \"llama3.2:latest\"",
        "\"overall\": \"healthy\"",
        "\"median_ms\": 12",
        "INF Registered tunnel connection connIndex=0 location=ams01",
        "https://ollama.example.com/api/tags?***",
    ] {
        assert!(text.contains(rest), "{rest}\n{text}");
    }
}

#[test]
fn nothing_is_overwritten_and_the_zip_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.zip");
    let (status, history) = (Value::Null, Value::Null);
    let parts =
        Parts { versions: &[], settings: "", status: &status, history: &history, logs: &[], secrets: &[] };
    write(&path, &parts).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, "mine").unwrap();
    assert!(matches!(write(&path, &parts), Err(Error::Exists(at)) if at == path));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    let nowhere = folder.path().join("nowhere/d.zip");
    assert!(matches!(write(&nowhere, &parts), Err(Error::Io { .. })));
}

#[test]
fn an_empty_secret_masks_nothing_and_usual_lines_stay() {
    let mask = Mask::new(&[SecretString::from("")]);
    for line in [
        "",
        "time=2026-11-23T13:00:00Z level=INFO source=routes.go:1 msg=\"Listening on 127.0.0.1:11434\"",
        "/usr/lib/ollama/cuda_v12/libggml-cuda.so loaded, library=cuda compute=8.6",
    ] {
        assert_eq!(mask.line(line), line);
    }
}

#[test]
fn every_pattern_is_one() {
    assert_eq!(Mask::new(&[]).patterns(), mask::PATTERNS.len());
}

fn unpack(path: &Path) -> (Vec<String>, String) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let (mut names, mut text) = (Vec::new(), String::new());
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        names.push(file.name().unwrap().to_string());
        file.read_to_string(&mut text).unwrap();
    }
    (names, text)
}
