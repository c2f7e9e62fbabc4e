//! Embeds the window's pages and the list of what they may ask.

use std::fs;
use std::path::Path;

use tauri_build::{AppManifest, Attributes, CodegenContext};

/// The window until its pages are built, which needs Node.
const STAND_IN: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>HubSpot support triage</title>\
    <p>This build has no window: build ui/ first, then the tray app again. The tray's menu and triage-agent do everything.</p></html>";

fn main() {
    let pages = Path::new("../ui/dist");
    if !pages.join("index.html").exists() {
        fs::create_dir_all(pages).expect("the folder of the window's pages can be made");
        fs::write(pages.join("index.html"), STAND_IN).expect("the window's stand-in can be written");
    }
    let commands: &'static [&'static str] = Vec::leak(commands());
    let attributes =
        Attributes::new().codegen(CodegenContext::new()).app_manifest(AppManifest::new().commands(commands));
    tauri_build::try_build(attributes).expect("the configuration, the icons and the capability are whole");
}

/// The commands that the capability allows: any other is refused.
fn commands() -> Vec<&'static str> {
    println!("cargo::rerun-if-changed=capabilities/main.json");
    let text = fs::read_to_string("capabilities/main.json").expect("the capability can be read");
    let capability: serde_json::Value = serde_json::from_str(&text).expect("the capability is JSON");
    let permissions = capability["permissions"].as_array().expect("the capability has permissions");
    let names = permissions.iter().filter_map(|permission| permission.as_str()?.strip_prefix("allow-"));
    names.map(|name| &*name.replace('-', "_").leak()).collect()
}
