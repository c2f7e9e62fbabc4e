//! What packages and releases are made of fits together. The heavy part is `scripts/tray check-package`.

#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(json("ui/package.json")["version"], version);
    let lock = json("ui/package-lock.json");
    assert_eq!((&lock["version"], &lock["packages"][""]["version"]), (&version.into(), &version.into()));
    // The bundler takes it from the package, which takes it from the workspace.
    assert_eq!(json("src-tauri/tauri.conf.json").get("version"), None);
    assert!(text("src-tauri/Cargo.toml").contains("\nversion.workspace = true\n"));
}

#[test]
fn the_package_declares_what_the_app_loads_while_it_runs() {
    let config = json("src-tauri/tauri.conf.json");
    let package = &config["bundle"]["linux"]["deb"];
    // What the program is linked with the bundler adds; the one is loaded by name while it runs, the other is read.
    assert_eq!(strings(&package["depends"]), ["libayatana-appindicator3-1", "ca-certificates"]);
    let recommends = strings(&package["recommends"]).join(" ");
    assert!(recommends.contains("gnome-keyring") && recommends.contains("notification-daemon"));
    assert_eq!(package["files"]["/usr/bin/triage-agent"], "../target/release/triage-agent");
    for icon in strings(&config["bundle"]["icon"]) {
        assert!(root().join("src-tauri").join(icon).is_file(), "{icon} is missing: scripts/tray icons");
    }
    assert_eq!(json("src-tauri/tauri.linux.conf.json")["productName"], "hubspot-triage");
}

#[test]
fn the_desktop_file_starts_the_program_and_takes_its_links() {
    let binary = "hubspot-triage-tray";
    // The bundler packs all of them; the first is the one that people start.
    for program in [binary, "hubspot-triage-window"] {
        assert!(text("src-tauri/Cargo.toml").contains(&format!("[[bin]]\nname = \"{program}\"\n")));
    }
    assert!(text("src-tauri/Cargo.toml").contains(&format!("\ndefault-run = \"{binary}\"\n")));
    assert_eq!(entry("Exec"), format!("{binary} %u"));
    // The bundler names the icons after the program.
    assert_eq!(entry("Icon"), binary);
    let config = json("src-tauri/tauri.conf.json");
    assert_eq!(config["bundle"]["linux"]["deb"]["desktopTemplate"], "hubspot-triage.desktop");
    let schemes = strings(&config["plugins"]["deep-link"]["desktop"]["schemes"]);
    assert_eq!(schemes, ["hubspot-triage"]);
    assert_eq!(entry("MimeType"), format!("x-scheme-handler/{};", schemes[0]));
}

#[test]
fn a_copy_that_nobody_gave_a_key_asks_nobody_and_versions_must_be_signed() {
    let config = json("src-tauri/tauri.conf.json");
    let updater = &config["plugins"]["updater"];
    assert_eq!((&updater["pubkey"], &updater["endpoints"]), (&"".into(), &Value::Array(Vec::new())));
    assert_eq!(updater["requireSignedVersion"], true);
    assert_eq!(config["bundle"].get("createUpdaterArtifacts"), None);
}

#[test]
fn the_release_runs_scripts_that_there_are_and_actions_that_are_pinned() {
    let workflow: Value = serde_saphyr::from_str(&text(".github/workflows/release.yml")).unwrap();
    let words: Vec<&str> = strings(&workflow).into_iter().flat_map(str::split_whitespace).collect();
    let mut called = BTreeSet::new();
    for pair in words.windows(2).filter(|pair| pair[0].starts_with("scripts/")) {
        let (script, command) = (pair[0], pair[1]);
        let source = text(script);
        let takes = [format!("    {command}) "), format!("    {command}:")];
        assert!(takes.iter().any(|start| source.contains(start)), "{script} knows no {command}");
        called.insert(script);
    }
    assert_eq!(called, ["scripts/release", "scripts/tray"].into());
    let jobs = workflow["jobs"].as_object().unwrap();
    let steps = jobs.values().flat_map(|job| job["steps"].as_array().unwrap());
    let actions: Vec<&str> = steps.filter_map(|step| step["uses"].as_str()).collect();
    assert!(!actions.is_empty());
    for action in actions {
        let (_, pin) = action.split_once('@').unwrap();
        assert!(
            pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{action} is not pinned"
        );
    }
}

#[test]
fn the_release_gives_the_app_what_it_is_built_with() {
    let (release, app) = (text(".github/workflows/release.yml"), text("src-tauri/src/updates.rs"));
    for name in ["HUBSPOT_TRIAGE_UPDATES_URL", "HUBSPOT_TRIAGE_UPDATES_KEY"] {
        assert!(app.contains(&format!("option_env!(\"{name}\")")), "{name}");
        assert!(release.contains(&format!("{name}: ${{{{ vars.")), "{name}");
        assert!(text("scripts/release").contains(name), "{name}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

/// The value of a key of the desktop file.
fn entry(key: &str) -> String {
    let file = text("src-tauri/hubspot-triage.desktop");
    let value = file.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("{key} is missing")).to_owned()
}

/// All strings in it.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(values) => values.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
