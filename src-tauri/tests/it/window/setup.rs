//! From nothing to a machine that triages, in the window alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use e2e::machine::{ACCESS_ID, ACCESS_SECRET, TUNNEL};
use sims::edge::tunnel_token;
use sims::hubspot::{PORTAL_ID, Ticket};
use sims::programs::Program;
use sims::sender::Event;

use super::driver::Page;
use super::scene::Scene;
use super::{closed, keyboard};
use crate::app::{App, until};
use crate::menu::TrayItem;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_machine_is_set_up_in_the_window_and_shows_its_tickets_as_text() {
    let Some(scene) = Scene::start().await else { return };
    scene.machine.control(Program::Ollama).set("no-models,pull-step=60ms").unwrap();
    let opened = stand_in_browser(&scene);
    let mut app = scene.machine.start(&[]);
    let item = scene.desktop.item().await;
    let page = scene.page(&mut app).await;
    page.until_place("#/setup").await;
    page.until("0 of 5 done").await;
    scene.desktop.shoot("setup-1-first-run");
    pair(&scene, &page).await;
    download(&scene, &page).await;
    connect(&scene, &page).await;
    scene.close(page, &app).await;

    item.click("Open").await;
    let page = scene.page(&mut app).await;
    page.go("Setup").await;
    for title in ["Orchestrator", "Ollama and model", "Tunnel"] {
        done(&page, title).await;
    }
    scene.desktop.shoot("setup-7-taken-up-again");
    lock(&scene, &page, &app).await;
    send(&scene, &page).await;
    closed::nothing_leaves_the_window(&page).await;
    closed::no_secret_comes_back(&page).await;
    closed::tickets_are_text(&scene, &page).await;
    keyboard::every_page_and_the_main_actions(&scene, &page).await;
    open_in_hubspot(&scene, &item, &opened).await;
    page.leave();
    item.click("Quit").await;
    app.until_ended(0).await;
    nothing_lies_about(&scene);
}

/// What opens pages on this machine; the file has a line for each page.
fn stand_in_browser(scene: &Scene) -> PathBuf {
    let (program, opened) = (scene.machine.path("bin/xdg-open"), scene.machine.path("opened"));
    std::fs::write(&program, "#!/bin/sh\necho \"$1\" >>\"$(dirname \"$0\")/../opened\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    opened
}

async fn pair(scene: &Scene, page: &Page) {
    let link = scene.pairing_link();
    let (start, _) = link.split_once("code=").unwrap();
    page.write("Pairing link", &format!("{start}code=2222-2222")).await;
    page.press("Pair").await;
    page.until("compare them with what orchestrator pair printed").await;
    scene.desktop.shoot("setup-2-wrong-code");
    page.write("Pairing link", &link).await;
    page.until("Pairs this machine with http://127.0.0.1:").await;
    page.press("Pair").await;
    done(page, "Orchestrator").await;
}

async fn download(scene: &Scene, page: &Page) {
    page.until("Model").await;
    page.press("Download").await;
    page.find("//main//progress[@max]").await;
    scene.desktop.shoot("setup-3-download");
    done(page, "Ollama and model").await;
    scene.desktop.shoot("setup-4-model");
}

async fn connect(scene: &Scene, page: &Page) {
    page.write("Public address", "ollama.example.com").await;
    page.write("Tunnel token", &tunnel_token(TUNNEL)).await;
    page.press("Set up").await;
    done(page, "Tunnel").await;
    scene.desktop.shoot("setup-5-tunnel");
}

async fn lock(scene: &Scene, page: &Page, app: &App) {
    page.write("Client ID", ACCESS_ID).await;
    page.write("Client secret", &ACCESS_SECRET.replace("012345", "543210")).await;
    page.press("Save and test").await;
    page.until("refuse").await;
    scene.desktop.shoot("setup-8-wrong-credential");
    page.write("Client secret", ACCESS_SECRET).await;
    page.press("Save and test").await;
    done(page, "Access credentials").await;
    scene.until_usable(app).await;
    scene.desktop.shoot("setup-9-credentials");
    let kept = scene.kept().await;
    for secret in [ACCESS_ID, ACCESS_SECRET, &tunnel_token(TUNNEL)] {
        assert!(kept.iter().any(|kept| kept == secret), "{secret} is not in the keychain");
    }
}

/// The test ticket takes the whole way, to the message that people see.
async fn send(scene: &Scene, page: &Page) {
    page.press("Send a test ticket").await;
    page.until("It is in Discord").await;
    done(page, "Test ticket").await;
    page.until("Everything is set up.").await;
    scene.desktop.shoot("setup-10-test-ticket");
    let way = page.find("//main//ol[@aria-label=\"The test ticket's way\"]").await;
    let way = way.text().await.unwrap();
    assert_eq!(way.matches('✓').count(), 6, "{way}");
    assert!(!page.text().await.contains("triaged by"), "the machine's own model triaged it");
    let messages = scene.world.discord.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].text().to_lowercase().contains("test"), "{messages:?}");
}

/// A click on a ticket in the icon's menu shows it where HubSpot has it.
async fn open_in_hubspot(scene: &Scene, item: &TrayItem, opened: &Path) {
    scene.world.hubspot.add_ticket(Ticket::new(104, "The printer is on fire", "It burns since noon."));
    let told = scene.orchestrator.sender().events(&[Event::creation(104)]).await.unwrap();
    assert_eq!(told.status, 202);
    let is_triaged = |line: &str| line.contains("The printer is on fire (");
    let line = item.until_line("the ticket with its verdict", is_triaged).await;
    item.click(&line).await;
    let mut pages = String::new();
    until("the ticket in the browser", || {
        pages = std::fs::read_to_string(opened).unwrap_or_default();
        !pages.is_empty()
    })
    .await;
    assert_eq!(pages.trim(), format!("https://app.hubspot.com/contacts/{PORTAL_ID}/record/0-5/104"));
}

/// Waits until a step is.
async fn done(page: &Page, title: &str) {
    let word = "//following-sibling::span[normalize-space()='Done']";
    page.find(&format!("//main//h2/button/span[span[normalize-space()='{title}']]{word}")).await;
}

fn nothing_lies_about(scene: &Scene) {
    let mut written = scene.machine.written();
    written.extend(scene.world.written());
    for secret in [ACCESS_SECRET, &ACCESS_SECRET.replace("012345", "543210"), &tunnel_token(TUNNEL), "hst_"] {
        let found = written.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} was written somewhere");
    }
}
